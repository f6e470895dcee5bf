"""The programs that the local stack and the drill start. They end with their parent, whatever happens to it."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

from dev import stops
from dev.stack import StackError, shown

_PATIENCE_SECONDS = 60


class Child:
    """A running program of the stack."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name = name
        self._log = log
        self._process = process

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def wait_until_it_answers(self, url: str) -> None:
        """Returns as soon as a GET of the address is answered with 200.

        Raises:
            StackError: the program has ended, or takes too long.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _answers(url):
            stops.check()
            if self.has_ended:
                raise StackError(f"{self.name} could not start. {self.last_words()}")
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} does not answer at {url}. {self.last_words()}")
            time.sleep(0.1)  # between two attempts: the child cannot notify us

    def last_words(self) -> str:
        """Returns the end of its log, for a message."""
        lines = self._log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f"The end of {shown(self._log)}:", *(line[:200] for line in lines)])

    def stop(self) -> None:
        """Asks the program to end, and kills it if it does not."""
        with self._process:
            self._process.terminate()
            try:
                self._process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                print(f"{self.name} does not stop, so it is being killed.", file=sys.stderr)
            finally:
                # Its own children as well, because they outlive it if it was killed.
                with suppress(ProcessLookupError, PermissionError):  # the latter on macOS
                    os.killpg(self._process.pid, signal.SIGKILL)


@contextmanager
def running(
    name: str, module: str, *arguments: str, log: Path, environment: Mapping[str, str], python: str = sys.executable
) -> Iterator[Child]:
    """Runs one of our modules until the block ends, by our Python or another, and writes its output to `log`.

    The program gets its own session, so that Ctrl-C at the terminal reaches only us, and a standard input that
    ends when we do: see end_with_parent.
    """
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        # A signal in the middle of the start would lose track of the child.
        with stops.held_back():
            process = subprocess.Popen(
                [python, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )
            child = Child(name, process, log)
            stack.callback(child.stop)
        yield child


def end_with_parent() -> None:
    """Makes the calling program stop with SIGTERM when its standard input ends, even if its parent was killed."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def _answers(url: str) -> bool:
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with directly.open(url, timeout=5):
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False
