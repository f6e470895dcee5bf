"""Folders that outlive a run: locked by one process at a time, made whole or not at all."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from dev.mysql.server import NAMES, Flavour, NoDatabaseServerError, SourceFailedError

_STAMP: Final = "server.json"
# Long enough for a server whose parent was killed a moment ago to shut down cleanly.
_SECONDS_TO_WAIT: Final = 10


@dataclass(frozen=True)
class Stamp:
    """Who made the data in a folder: the only one who may open them again. `made_by` is the server's version
    for a private instance, the image for Docker.
    """

    source: Literal["docker", "private"]
    flavour: Flavour
    made_by: str

    def __str__(self) -> str:
        return f"{'Docker,' if self.source == 'docker' else NAMES[self.flavour]} {self.made_by}"


def read_stamp(folder: Path) -> Stamp | None:
    try:
        return Stamp(**json.loads((folder / _STAMP).read_text()))
    except FileNotFoundError:
        return None


def write_stamp(folder: Path, stamp: Stamp) -> None:
    part = folder / f"{_STAMP}.part"
    part.write_text(json.dumps(asdict(stamp)) + "\n")
    part.replace(folder / _STAMP)


@contextmanager
def data_folder(folder: Path) -> Iterator[int]:
    """Make the folder if need be and hold its lock. A server inherits the descriptor given, and the lock."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, folder)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    end = time.monotonic() + _SECONDS_TO_WAIT
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise NoDatabaseServerError(
                    f"Another database server is running on {folder}. Stop it first, or use another folder."
                ) from None
        time.sleep(0.05)  # between two tries: flock waits for ever or not at all


def cache_folder() -> Path:
    """Where downloads and templates are kept between runs; it may be removed at any time."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dentist-appointments"


def made_once(target: Path, make: Callable[[Path], None]) -> Path:
    """Make a folder unless it is there. It appears whole or not at all, and of several processes that want it
    one makes it while the others wait.
    """
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(target.with_name(f"{target.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SourceFailedError(f"Cannot write to the cache folder (XDG_CACHE_HOME chooses it): {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            part = target.with_name(f"{target.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            make(part)
            part.rename(target)
    finally:
        os.close(lock)
    return target


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a tree without writing zeros: a new server's files are mostly that, and memory holds them."""
    shutil.copytree(source, target, copy_function=_copy_file_sparse)


def _copy_file_sparse(source: str, target: str) -> None:
    block_size = 1 << 16
    zeros = bytes(block_size)
    with Path(source).open("rb") as reader, Path(target).open("wb") as writer:
        while block := reader.read(block_size):
            if block == zeros:
                writer.seek(block_size, os.SEEK_CUR)
            else:
                writer.write(block)
        writer.truncate()
