"""The folder of the local stack: its lock, its data and logs, and the addresses of a running one."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / ".local"


class StackError(Exception):
    """What a person at the terminal must know, in one message."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """What other commands must know about a running stack."""

    api: str
    aws: str
    pool_id: str
    client_id: str

    @contextmanager
    def published(self, folder: Path) -> Iterator[None]:
        """Leaves the addresses for other commands until the block ends."""
        file = _addresses_file(folder)
        file.write_text(json.dumps(asdict(self)))
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    @classmethod
    def of_running_stack(cls, folder: Path) -> "Addresses":
        """The addresses that a running stack has left.

        Raises:
            StackError: none is running.
        """
        try:
            return cls(**json.loads(_addresses_file(folder).read_text()))
        except FileNotFoundError:
            raise StackError("The local stack is not running. Start it with: make run") from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Makes the folder, and keeps it to ourselves until the block ends.

    Raises:
        StackError: a stack is running in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"A local stack is already running in the folder {shown(folder)}.") from None
        yield


def shown(path: Path) -> str:
    """The path as a person in the current folder would write it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _addresses_file(folder: Path) -> Path:
    return folder / "stack.json"
