"""One bash for all blocks, so that functions and variables of earlier blocks are there in later ones."""

import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL

_LINES_SHOWN = 40


class BlockError(RuntimeError):
    """A command of a block failed, or its answer says that something did. The message shows the end of its output."""


class Shell:
    def __init__(self, process: "subprocess.Popen[str]", reports: int, written: int, logs: Path) -> None:
        self._process = process
        self._reports = reports
        self._written = written  # the number of the other end of that pipe, which only the shell has open
        self._logs = logs
        self._count = 0

    def run(self, commands: str, typed: str, deadline: float) -> str:
        """Runs the commands and returns what they printed. `typed` is what a person types into them.

        Raises:
            BlockError: a command failed, or the deadline, a time of the monotonic clock, came first.
        """
        self._count += 1
        script, answers, log = (self._logs / f"{self._count:02}.{ending}" for ending in ("sh", "in", "log"))
        script.write_text(f"{commands}\n")
        answers.write_text(typed)
        if self._process.stdin is None:
            raise BlockError("The shell has no input.")
        self._process.stdin.write(f"source {script} <{answers} >{log} 2>&1; echo done >&{self._written}\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._reports], [], [], max(0, deadline - time.monotonic()))
        done = bool(ready) and os.read(self._reports, 100) != b""
        output = log.read_text(errors="replace")
        if not done:
            why = "It failed" if ready else "It did not end in time"
            raise BlockError("\n".join([f"{why}. The end of {log}:", *output.splitlines()[-_LINES_SHOWN:]]))
        return output


@contextmanager
def running(folder: Path, environment: Mapping[str, str], logs: Path) -> Iterator[Shell]:
    """Runs bash in the folder until the block ends; whatever it has started ends with it, and with this process too."""
    reports, written = os.pipe()
    life, held = os.pipe()
    process = subprocess.Popen(
        ["bash", "--noprofile", "--norc"],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        pass_fds=(written, life),
        text=True,
        start_new_session=True,
    )
    os.close(written)
    os.close(life)
    try:
        shell = Shell(process, reports, written, logs)
        if process.stdin:
            # Nobody writes into that pipe, so `cat` ends when this process does, however it ends.
            process.stdin.write(f"(cat <&{life}; kill -KILL -- -$$) {written}>&- &\nset -euo pipefail\n")
        yield shell
    finally:
        with process:
            os.killpg(process.pid, SIGKILL)
        os.close(reports)
        os.close(held)
