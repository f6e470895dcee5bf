"""All blocks of a drill run in one bash, which stops at the first command that fails; see dev/drill/shell.py."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dev.drill import shell
from dev.drill.shell import BlockError, Shell


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Shell]:
    with shell.running(tmp_path, {"PATH": os.environ["PATH"]}, tmp_path) as running:
        yield running


def run(session: Shell, commands: str, typed: str = "", seconds: float = 60) -> str:
    return session.run(commands, typed, time.monotonic() + seconds)


def test_functions_and_variables_stay_for_later_blocks(session: Shell) -> None:
    run(session, 'greet() { echo "Hello, $1 of $PLACE"; }\nPLACE=Cusco')
    assert run(session, "greet Ana") == "Hello, Ana of Cusco\n"


def test_a_block_reads_what_is_typed(session: Shell) -> None:
    assert run(session, 'read first; read second; echo "$second $first"', "one\ntwo\n") == "two one\n"


@pytest.mark.parametrize(
    "commands", ["echo said >&2; false; echo after", "echo said; cat nothing | cat", "echo said $NO"]
)
def test_a_command_that_fails_ends_the_drill_and_its_output_is_shown(session: Shell, commands: str) -> None:
    with pytest.raises(BlockError, match=r"It failed\.(.|\n)*(said|unbound variable)") as refused:
        run(session, commands)
    assert "after" not in str(refused.value)


def test_a_block_that_does_not_end_is_given_up(session: Shell) -> None:
    with pytest.raises(BlockError, match="It did not end in time"):
        run(session, "tail -f /dev/null", seconds=0.2)


def test_what_a_block_leaves_running_ends_with_the_shell(tmp_path: Path) -> None:
    with shell.running(tmp_path, {"PATH": os.environ["PATH"]}, tmp_path) as running:
        process = int(run(running, "(exec tail -f /dev/null) & echo $!"))
    wait_for_the_end(process)


def test_a_block_ends_with_the_drill_even_if_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from dev.drill import shell\n"
        "with shell.running(Path(sys.argv[1]), dict(os.environ), Path(sys.argv[1])) as running:\n"
        "    print(running.run('echo $$', '', 1e9), flush=True)\n"
        "    running.run('tail -f /dev/null', '', 1e9)"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True) as drill:
        bash = int(drill.stdout.readline()) if drill.stdout else 0
        drill.kill()
    wait_for_the_end(bash)


def wait_for_the_end(process: int) -> None:
    """Returns once the process has ended, even if whoever adopted it does not notice that."""
    deadline = time.monotonic() + 30
    with suppress(FileNotFoundError):
        while Path(f"/proc/{process}/stat").read_text().split()[2] != "Z":
            assert time.monotonic() < deadline
