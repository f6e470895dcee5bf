"""The quick starts of docs/examples against the local stack, on a bad day."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dev.token import access_token
from tests.dev.http_server import Client
from tests.dev.running_stack import REPOSITORY, RunningStack
from tests.docs.troubled_way import Way, troubled_way

EXAMPLES = REPOSITORY / "docs" / "examples"
PROGRAMS = {"book.sh": ["sh"], "book.py": [sys.executable], "book.mjs": ["node"]}
NEEDED = {"book.sh": "curl", "book.py": sys.executable, "book.mjs": "node"}


def _as(stack: RunningStack, user_name: str) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {access_token(stack.folder, user_name)}"), ("Content-Type", "application/json")]


@pytest.fixture
def way(stack: RunningStack) -> Iterator[Way]:
    taken = []

    def rival(wanted: bytes) -> None:
        taken.append(Client(stack.port).send("POST", "/appointments", _as(stack, "kim"), wanted))

    with troubled_way(stack.port, rival) as way:
        yield way
    for answer in taken:
        assert answer.status == 201, answer.body
        path = f"/appointments/{answer.json()['appointment_id']}/cancel"
        assert Client(stack.port).send("POST", path, _as(stack, "kim"), b'{"reason": "Only a test"}').status == 200


def visits(stack: RunningStack) -> dict[int, str]:
    """All of pat's, with their status."""
    items = Client(stack.port).send("GET", "/appointments?limit=100", _as(stack, "pat")).json()["items"]
    return {item["appointment_id"]: item["status"] for item in items}


def run(name: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    if not shutil.which(NEEDED[name]):
        pytest.skip(f"{name} needs {NEEDED[name]}, which is not on this machine")
    command = [*PROGRAMS[name], str(EXAMPLES / name)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_no_example_goes_untried() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == PROGRAMS.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_books_once_whatever_happens(stack: RunningStack, way: Way, name: str) -> None:
    before = visits(stack)
    way.troubles = ["BUSY", "TAKEN", "LOST"]

    ran = run(name, API=way.url, TOKEN=access_token(stack.folder, "pat"))

    assert ran.returncode == 0, ran.stderr
    told = re.fullmatch(
        r"Booked appointment (\d+) at \S+Z\nBooked visits: ([\d ]+)\nCancelled appointment (\d+)\n", ran.stdout
    )
    assert told, ran.stdout
    made = {number: status for number, status in visits(stack).items() if number not in before}
    assert made == {int(told[1]): "CANCELLED"}
    assert told[1] == told[3]
    assert told[1] in told[2].split()
    first, again, second, once_more = way.keys
    assert first == again != second == once_more


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_says_what_the_service_says(stack: RunningStack, name: str) -> None:
    ran = run(name, API=f"http://127.0.0.1:{stack.port}", TOKEN=access_token(stack.folder, "drjay"))
    assert ran.returncode != 0
    assert "The service answers 422" in ran.stderr
    assert "patient_id" in ran.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_asks_for_the_token(name: str) -> None:
    ran = run(name, TOKEN="")
    assert ran.returncode != 0
    assert "make -s token AS=pat" in ran.stderr
