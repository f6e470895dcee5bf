"""The clients that `make clients` generates. Their quick starts are type-checked, and book on the local stack."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.token import access_token
from lambda_function.api.app import Api
from tests.api_client import ApiClient
from tests.clock import Clock
from tests.dev.http_server import Client
from tests.dev.running_stack import MAKE, REPOSITORY, RunningStack
from tests.docs.in_process import served
from tests.docs.troubled_way import Way, troubled_way
from tests.moved_clock import moved_to

QUICKSTART = REPOSITORY / "clients" / "python" / "quickstart.py"


def generate(target: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return run(*MAKE, f"CLIENTS={folder}", target, **environment)


def run(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | environment
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clients")
    made = generate("client-python", folder)
    assert (made.returncode, made.stderr) == (0, "")
    return folder / "python"


def booked_by(stack: RunningStack, *command: str, **environment: str) -> None:
    """Runs a quick start, and checks its effect on the stack."""
    token = access_token(stack.folder, "pat")
    ran = run(*command, API=f"http://127.0.0.1:{stack.port}", TOKEN=token, **environment)
    assert (ran.returncode, ran.stderr) == (0, "")
    told = re.fullmatch(
        r"Booked appointment (\d+) with [\w ]+\nBooked visits: ([\d ]+)\nCancelled appointment (\d+)\n", ran.stdout
    )
    assert told, ran.stdout
    assert told[1] == told[3]
    assert told[1] in told[2].split()
    path = f"/appointments/{told[1]}"
    assert Client(stack.port).send("GET", path, [("Authorization", f"Bearer {token}")]).json()["status"] == "CANCELLED"


def test_the_python_client_books_lists_and_cancels(stack: RunningStack, python_client: Path) -> None:
    booked_by(stack, sys.executable, str(QUICKSTART), PYTHONPATH=str(python_client))


@pytest.fixture
def way(api: Api, client: ApiClient) -> Iterator[Way]:
    with served(api) as port, troubled_way(port, rival=lambda _: None) as way:
        yield way


def test_the_python_client_waits_when_it_is_asked_to(
    way: Way, clock: Clock, tmp_path: Path, python_client: Path
) -> None:
    way.troubles = ["BUSY", "THROTTLED"]
    moved = moved_to(clock.now, tmp_path)
    moved["PYTHONPATH"] += f"{os.pathsep}{python_client}"

    ran = run(sys.executable, str(QUICKSTART), API=way.url, TOKEN="pat", **moved)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(way.keys) == 3
    assert len(set(way.keys)) == 1


def test_the_python_client_understands_the_gateway(stack: RunningStack, python_client: Path) -> None:
    """An expired token is the most common error. It is not a problem of ours, because API Gateway answers it in its own
    format.
    """
    api = f"http://127.0.0.1:{stack.port}"
    ran = run(sys.executable, str(QUICKSTART), PYTHONPATH=str(python_client), API=api, TOKEN="expired")
    assert (ran.returncode, ran.stderr) == (1, 'The service answers 401: {"message":"Unauthorized"}\n')


def test_the_python_client_takes_codes_that_are_newer_than_itself(python_client: Path) -> None:
    problem = {"type": "", "title": "", "status": 409, "detail": "", "code": "newer", "request_id": ""}
    coding = {"system": "urn:dentist-appointments:problem", "code": "newest"}
    program = (
        "from dentist_client.models import OutcomeCoding, Problem\n"
        f"print(Problem.from_dict({problem}).code, OutcomeCoding.from_dict({coding}).code)"
    )
    ran = run(sys.executable, "-c", program, PYTHONPATH=str(python_client))
    assert (ran.stderr, ran.stdout) == ("", "newer newest\n")


def test_the_python_client_is_typed(python_client: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(QUICKSTART.read_text().replace("doctor_id=slot.doctor_id", "doctor_id=str(slot.doctor_id)"))
    mypy = [sys.executable, "-m", "mypy", "--config-file=", "--strict", f"--cache-dir={tmp_path}"]
    right = run(*mypy, str(QUICKSTART), MYPYPATH=str(python_client))
    assert right.returncode == 0, right.stdout
    refused = run(*mypy, str(wrong), MYPYPATH=str(python_client)).stdout
    assert 'Argument "doctor_id" to "NewAppointment" has incompatible type "str"' in refused
    assert "Found 1 error" in refused


@pytest.mark.skipif(not shutil.which("npm"), reason="the TypeScript client needs Node.js, which is not on this machine")
def test_the_typescript_client_is_typed_and_books_and_waits_when_it_is_asked_to(
    stack: RunningStack, way: Way, clock: Clock, tmp_path: Path
) -> None:
    made = generate("client-typescript", tmp_path)  # tsc is the last step of make
    assert (made.returncode, made.stderr) == (0, ""), made.stdout
    quickstart = str(tmp_path / "typescript" / "quickstart.js")
    booked_by(stack, "node", quickstart)

    way.troubles = ["BUSY", "THROTTLED"]
    ran = run("node", quickstart, API=way.url, TOKEN="pat", **moved_to(clock.now, tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(way.keys) == 3
    assert len(set(way.keys)) == 1


def test_without_node_the_typescript_client_says_what_it_needs(tmp_path: Path) -> None:
    needed = tmp_path / "bin"
    needed.mkdir()
    for program in ("make", "sh"):
        (needed / program).symlink_to(str(shutil.which(program)))
    made = generate("client-typescript", tmp_path, PATH=str(needed))
    assert made.returncode != 0
    assert made.stderr.startswith("The TypeScript client needs Node.js 20 or later with npm")
