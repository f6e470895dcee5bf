"""The folder of the local stack: its lock, its data and logs, and the addresses of a running stack. The drill locks its
own folder in the same way.
"""

import fcntl
import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / ".local"


class StackError(Exception):
    """Something went wrong. The message tells the person at the terminal all they need to know."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a running stack, which other commands need."""

    api: str
    aws: str
    pool_id: str
    client_id: str

    @contextmanager
    def published(self, folder: Path) -> Iterator[None]:
        """Publishes the addresses for other commands until the block ends."""
        file = _addresses_file(folder)
        file.write_text(json.dumps(asdict(self)))
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    @classmethod
    def of_running_stack(cls, folder: Path) -> "Addresses":
        """Returns the addresses of the stack that runs in the folder.

        Raises:
            StackError: no stack is running there.
        """
        try:
            return cls(**json.loads(_addresses_file(folder).read_text()))
        except FileNotFoundError:
            raise StackError("The local stack is not running. Start it with: make run") from None


@contextmanager
def locked(folder: Path, who: str = "local stack") -> Iterator[None]:
    """Makes the folder, and locks it until the block ends.

    Raises:
        StackError: another of them is running in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"A {who} is already running in the folder {shown(folder)}.") from None
        yield


def shown(path: Path) -> str:
    """Returns the path as a person in the current folder would write it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def elsewhere(folder: Path) -> str:
    """Returns the variable that make needs, after a blank, when the folder is not the default one."""
    return "" if folder.resolve() == DEFAULT_FOLDER else f" FOLDER={shlex.quote(str(folder.resolve()))}"


def _addresses_file(folder: Path) -> Path:
    return folder / "stack.json"
