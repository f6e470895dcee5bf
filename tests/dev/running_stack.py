"""`python -m dev.run` as a person starts it, on free ports and in its own folder."""

import re
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.dev import packages

REPOSITORY = Path(__file__).resolve().parents[2]
_LAST_LINE = "Press Ctrl-C to stop everything"
_MARK = "DENTIST_STACK_TEST"
# Without these options, make would first bring the virtual environment up to date.
MAKE = ("make", "-o", ".venv/.installed-run", "-o", ".venv/.installed", f"BIN={Path(sys.executable).parent}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class RunningStack:
    """One run of the stack, with only the packages that `make run` installs. `introduction` is what it prints when it
    is ready.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.aws_port = free_port()
        self._mark = uuid.uuid4().hex
        ports = {"PORT": str(self.port), "AWS_PORT": str(self.aws_port)}
        self.environment = packages.environment() | ports
        self.introduction = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dev.run", "--folder", str(folder)],
            cwd=REPOSITORY,
            env=self.environment | {_MARK: self._mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait(self, last_line: str = _LAST_LINE) -> None:
        """Waits until it prints that line, by default the last one, or fails."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.introduction += line
            if line.startswith(last_line):
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Stops it, and returns the exit code and everything on standard error."""
        self.process.send_signal(how)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=90)
        return self.process.returncode, errors

    def left_behind(self) -> list[str]:
        """Returns the command lines of its processes that still run."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if f"{_MARK}={self._mark}".encode() in (process / "environ").read_bytes():
                    found.append(f"{process.name} {(process / 'cmdline').read_text()}".replace("\0", " "))
            except OSError:
                continue  # it has just ended, or belongs to another user
        return found

    def pid_of(self, module: str) -> int:
        line = next(line for line in self.left_behind() if module in line)
        return int(line.split()[0])

    def make(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs a target of make on this stack, with the programs of this test run."""
        command = [*MAKE, "-s", f"FOLDER={self.folder}", *arguments]
        return subprocess.run(
            command, cwd=REPOSITORY, env=self.environment, capture_output=True, text=True, check=False
        )

    def curl(self) -> str:
        """Runs the printed command, with the programs of this test run."""
        command = re.search(r"^curl .*?'$", self.introduction, re.DOTALL | re.MULTILINE)
        assert command, self.introduction
        return command[0].replace("make", " ".join(MAKE), 1)


@contextmanager
def running_stack(folder: Path) -> Iterator[RunningStack]:
    stack = RunningStack(folder)
    try:
        stack.wait()
        assert _LAST_LINE in stack.introduction, stack.ended()
        yield stack
    finally:
        if stack.process.poll() is None:
            stack.stop()
        for stream in (stack.process.stdout, stack.process.stderr):
            if stream:
                stream.close()
