"""The local stack from start to stop, with all the real parts of `make run`."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pymysql
import pytest

from dev.token import access_token
from tests.dev.http_server import Client
from tests.dev.running_stack import MAKE, REPOSITORY, RunningStack, running_stack

# A shell lets what it runs in the background ignore Ctrl-C, and every program inherits that. A terminal does not.
_AT_A_TERMINAL = (
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])",
)

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="the printed command needs curl")


def book(stack: RunningStack) -> "subprocess.CompletedProcess[str]":
    command = ["/bin/sh", "-c", stack.curl()]
    return subprocess.run(command, cwd=REPOSITORY, env=stack.environment, capture_output=True, text=True, check=False)


def module(name: str, stack: RunningStack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", name, "--folder", str(stack.folder), *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=stack.environment, capture_output=True, text=True, check=False)


def token(stack: RunningStack, user_name: str) -> str:
    return module("dev.token", stack, user_name).stdout.strip()


def test_a_token_is_printed(stack: RunningStack) -> None:
    headers = [("Authorization", f"Bearer {token(stack, 'rita')}")]
    assert Client(stack.port).send("GET", "/me", headers).json()["user_name"] == "rita"


@pytest.mark.parametrize("user_name", ["drjay", "drwu", "drsol", "rita", "rosa", "pat", "kim"])
def test_everybody_it_names_can_log_in(stack: RunningStack, user_name: str) -> None:
    headers = [("Authorization", f"Bearer {access_token(stack.folder, user_name)}")]
    assert user_name in stack.introduction
    assert Client(stack.port).send("GET", "/me", headers).json()["user_name"] == user_name


def test_the_printed_command_of_operators_lists_everybody(stack: RunningStack) -> None:
    told = re.search(r'make operator ARGS="(.*?)"', stack.introduction)
    assert told
    done = stack.make("operator", f"ARGS={told[1]}")
    assert (done.returncode, done.stderr) == (0, "")
    assert {"drjay", "rita", "pat"} <= {line.split()[1] for line in done.stdout.splitlines()}


def test_an_operators_refusal_is_make_s_failure(stack: RunningStack) -> None:
    done = stack.make("operator", "ARGS=users deactivate nobody")
    assert done.returncode != 0
    assert "There is no such person." in done.stderr


def test_ctrl_c_ends_an_operators_command_without_a_traceback(stack: RunningStack, tmp_path: Path) -> None:
    file = tmp_path / "practice.yaml"
    os.mkfifo(file)
    running = subprocess.Popen(
        [*_AT_A_TERMINAL, *MAKE, "-s", f"FOLDER={stack.folder}", "operator", f"ARGS=practice plan {file}"],
        cwd=REPOSITORY,
        env=stack.environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # This waits until the command has opened the file. What is pressed just before it reads is seen when the file ends.
    with file.open("w"):
        os.killpg(running.pid, signal.SIGINT)
    errors = running.communicate(timeout=60)[1]

    assert running.returncode != 0
    assert "Traceback" not in errors


def test_operators_are_told_that_no_stack_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dev.operator", "--folder", str(tmp_path), "--", "users", "list"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The local stack is not running. Start it with: make run\n"


def test_the_printed_line_lets_a_client_into_the_database(stack: RunningStack) -> None:
    line = next(line for line in stack.introduction.splitlines() if line.startswith("MySQL "))
    words = dict(word.removeprefix("--").split("=", 1) for word in shlex.split(line) if word.startswith("--"))
    connection = pymysql.connect(
        host=words["host"],
        port=int(words["port"]),
        user=words["user"],
        password=words["password"],
        database=shlex.split(line)[-1],
        ssl_disabled=True,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM clinic")
        assert cursor.fetchone() == (2,)
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            cursor.execute("DELETE FROM user")


def test_nobody_passes_without_a_token(stack: RunningStack) -> None:
    assert Client(stack.port).send("GET", "/me").status == HTTPStatus.UNAUTHORIZED


def test_the_documents_are_served(stack: RunningStack) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.port}/openapi.json") as answer:
        assert "/appointments" in json.load(answer)["paths"]
    assert Client(stack.port).send("GET", "/docs").status == HTTPStatus.OK


def test_a_second_start_in_the_same_folder_is_refused(stack: RunningStack) -> None:
    second = module("dev.run", stack)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith("A local stack is already running in the folder")
    assert Client(stack.port).send("GET", "/health/ready").status == HTTPStatus.OK


def test_the_data_are_not_deleted_while_it_runs(stack: RunningStack) -> None:
    reset = module("dev.reset", stack)
    assert (reset.returncode, reset.stdout) == (1, "")
    assert "already running" in reset.stderr
    assert Client(stack.port).send("GET", "/health/ready").status == HTTPStatus.OK


@pytest.fixture(scope="module")
def started_again(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, RunningStack]]:
    """What the printed command has booked, and the stack that was started after Ctrl-C, with the same data."""
    folder = tmp_path_factory.mktemp("again")
    with running_stack(folder) as first:
        answer = book(first).stdout
        assert answer.startswith("HTTP/1.1 201 Created"), answer
        assert first.stop() == (0, "\nStopping …\nStopped.\n")
        assert first.left_behind() == []
    with running_stack(folder) as second:
        yield json.loads(answer.splitlines()[-1]), second


def test_what_the_printed_command_books_is_there_after_ctrl_c_and_the_next_start(
    started_again: tuple[Any, RunningStack],
) -> None:
    booked, stack = started_again
    names = (booked["doctor"]["full_name"], booked["patient"]["full_name"], booked["receptionist"]["full_name"])
    assert names == ("Jay Quispe", "Pat Rojas", "Rita Flores")
    headers = [("Authorization", f"Bearer {access_token(stack.folder, 'pat')}")]
    reply = Client(stack.port).send("GET", f"/appointments/{booked['appointment_id']}", headers)
    assert reply.json()["status"] == "BOOKED"


def test_when_the_emulator_dies_everything_stops(started_again: tuple[Any, RunningStack]) -> None:
    kill("dev.aws_server", "The AWS emulator", started_again[1])


def test_when_the_api_dies_everything_stops(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        kill("dev.api_server", "The API", stack)


def kill(program: str, name: str, stack: RunningStack) -> None:
    """Kills a program of the stack, and checks that everything stops and says why."""
    os.kill(stack.pid_of(program), signal.SIGKILL)
    code, errors = stack.ended()
    assert (code, stack.left_behind()) == (1, [])
    assert errors.startswith(f"{name} has ended unexpectedly, so everything stops.")
    assert "Traceback" not in errors


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_in_the_middle_of_the_start_leaves_nothing_behind(tmp_path: Path, how: signal.Signals) -> None:
    stack = RunningStack(tmp_path)
    stack.wait("Starting the AWS emulator and the database")
    assert stack.stop(how) == (0, "\nStopping …\nStopped.\n")
    assert stack.left_behind() == []


@pytest.mark.parametrize("variable", ["PORT", "AWS_PORT"])
def test_a_port_in_use_is_one_message(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "dev.run", "--folder", str(tmp_path)],
            cwd=REPOSITORY,
            env=os.environ | {variable: str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    expected = f"Port {port} cannot be used (Address already in use). Choose another: make run {variable}=<port>\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_reset_deletes_the_data(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    folder.mkdir()
    (folder / "old").touch()
    (folder / "lock").touch()
    subprocess.run([sys.executable, "-m", "dev.reset", "--folder", str(folder)], cwd=REPOSITORY, check=True)
    assert not folder.exists()


def test_reset_leaves_a_folder_alone_that_is_no_stacks(tmp_path: Path) -> None:
    (tmp_path / "thesis").touch()
    ran = subprocess.run([sys.executable, "-m", "dev.reset", "--folder", str(tmp_path)], cwd=REPOSITORY, check=False)
    assert ran.returncode == 1
    assert (tmp_path / "thesis").exists()
