"""The quick starts of docs/examples, on a bad connection, at any time, and against the local stack."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from dev.token import access_token
from lambda_function.api.app import Api
from lambda_function.db.models import WorkingHours
from tests import profiles
from tests.api_client import ApiClient
from tests.clock import Clock
from tests.dev.running_stack import REPOSITORY, RunningStack
from tests.docs.in_process import served
from tests.docs.troubled_way import Way, troubled_way
from tests.factories import Practice
from tests.moved_clock import INSTANTS, moved_to

EXAMPLES = REPOSITORY / "docs" / "examples"
PROGRAMS = {"book.sh": ["sh"], "book.py": [sys.executable], "book.mjs": ["node"]}
NEEDED = {"book.sh": "curl", "book.py": sys.executable, "book.mjs": "node"}


@pytest.fixture
def port(api: Api, client: ApiClient) -> Iterator[int]:
    with served(api) as port:
        yield port


@pytest.fixture
def way(port: int, client: ApiClient) -> Iterator[Way]:
    taken: list[int] = []

    def rival(wanted: bytes) -> None:
        taken.append(client.post("kim", "/appointments", wanted).status)

    with troubled_way(port, rival) as way:
        yield way
    assert taken == [201]


def visits(client: ApiClient) -> dict[int, str]:
    """Returns all visits of pat with their status."""
    items = client.get("pat", "/appointments", limit=100).json["items"]
    return {item["appointment_id"]: item["status"] for item in items}


def run(name: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    if not shutil.which(NEEDED[name]):
        pytest.skip(f"{name} needs {NEEDED[name]}, which is not on this machine")
    command = [*PROGRAMS[name], str(EXAMPLES / name)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def booked(ran: "subprocess.CompletedProcess[str]") -> int:
    """Returns the appointment that a run has booked, listed and cancelled."""
    assert ran.returncode == 0, ran.stderr
    told = re.fullmatch(
        r"Booked appointment (\d+) at \S+Z\nBooked visits: ([\d ]+)\nCancelled appointment (\d+)\n", ran.stdout
    )
    assert told, ran.stdout
    assert told[1] == told[3]
    assert told[1] in told[2].split()
    return int(told[1])


def test_no_example_goes_untried() -> None:
    # tests/cli/test_importing.py and test_recalls_import.py import these files.
    files = {"patients.csv", "recalls.csv"}
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == {*PROGRAMS, *files}


def turns() -> list[tuple[str, str]]:
    """Returns programs with instants. Usually the programs take turns, and in the full profile each meets every
    instant.
    """
    of = profiles.examples(usual=len(PROGRAMS), full=1)
    return [
        (name, instant)
        for number, instant in enumerate(INSTANTS)
        for place, name in enumerate(PROGRAMS)
        if (number + place) % of == 0
    ]


@pytest.fixture
def moved(instant: str, clock: Clock, tmp_path: Path) -> dict[str, str]:
    """The environment of a program at that instant, to which the service's clock is also set."""
    clock.now = INSTANTS[instant]
    return moved_to(clock.now, tmp_path)


@pytest.mark.parametrize(("name", "instant"), turns())
def test_an_example_books_once_whatever_happens_and_whenever(
    way: Way, client: ApiClient, moved: dict[str, str], name: str
) -> None:
    way.troubles = ["BUSY", "THROTTLED", "TAKEN", "LOST"]

    made = booked(run(name, API=way.url, TOKEN="pat", **moved))

    assert visits(client) == {made: "CANCELLED"}
    assert way.troubles == []
    # One was sent three times, since the service was busy and then throttled, and the one whose answer was lost twice.
    # How many came between depends on the day, since a doctor whose time is taken is not free a quarter of an hour
    # later either.
    busy, throttled, again, *refused, lost, once_more = way.keys
    assert (throttled, again, once_more) == (busy, busy, lost)
    assert len({busy, *refused, lost}) == len(way.keys) - 3


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_works_at_the_local_stack(stack: RunningStack, name: str) -> None:
    booked(
        run(
            name,
            API=f"http://127.0.0.1:{stack.port}",
            TOKEN=access_token(stack.folder, "pat"),
        )
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_says_what_the_service_says(port: int, clock: Clock, tmp_path: Path, name: str) -> None:
    ran = run(name, API=f"http://127.0.0.1:{port}", TOKEN="drjay", **moved_to(clock.now, tmp_path))
    assert ran.returncode != 0
    assert "The service answers 422" in ran.stderr
    assert "patient_id" in ran.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_says_that_there_is_no_free_time(
    port: int, practice: Practice, clock: Clock, tmp_path: Path, name: str
) -> None:
    practice.session.execute(delete(WorkingHours))
    practice.session.commit()
    ran = run(name, API=f"http://127.0.0.1:{port}", TOKEN="pat", **moved_to(clock.now, tmp_path))
    assert ran.returncode != 0
    assert "There is no free time." in ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_asks_for_the_token(name: str) -> None:
    ran = run(name, TOKEN="")
    assert ran.returncode != 0
    assert "make -s token AS=pat" in ran.stderr
