"""The clock of the local stack, which a person may set ahead or back. All its programs read it from one file; the
emulated Cognito keeps the real time, so tokens stay valid.
"""

import json
import os
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

_VARIABLE = "LOCAL_CLOCK"
_LIMIT_DAYS = 3660
LIMIT_SECONDS = _LIMIT_DAYS * 24 * 60 * 60


class BadOffsetError(ValueError):
    """The message says how to set the clock."""


class StackClock:
    """Callable as the application's clock. Without its file, it shows the real time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds)

    @property
    def offset_seconds(self) -> float:
        try:
            return float(self._file.read_text())
        except FileNotFoundError:
            return 0

    def set(self, offset_seconds: float) -> None:
        """Sets it for all programs at once. They never see half a file."""
        written = self._file.with_suffix(f".{uuid.uuid4().hex}")
        written.write_text(str(offset_seconds))
        written.replace(self._file)


def clock_in(folder: Path) -> StackClock:
    """Returns the clock of the stack that has its data in the folder."""
    return StackClock(_file(folder))


def stack_clock() -> StackClock:
    """Returns the clock of the stack that has started this program."""
    return StackClock(Path(os.environ[_VARIABLE]))


def environment(folder: Path) -> dict[str, str]:
    """Returns what tells a program of the stack where the clock is."""
    return {_VARIABLE: str(_file(folder))}


def offset_in(body: bytes) -> float:
    """Returns the offset of a request's body, `{"offset_seconds": 86400}`. Raises BadOffsetError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise BadOffsetError(
            'The body is not JSON. Send {"offset_seconds": 86400} to set the clock a day ahead.'
        ) from None
    if not isinstance(document, dict) or document.keys() != {"offset_seconds"}:
        raise BadOffsetError('Send an object with nothing but offset_seconds, such as {"offset_seconds": 86400}.')
    offset = document["offset_seconds"]
    if isinstance(offset, bool) or not isinstance(offset, int | float) or not abs(offset) <= LIMIT_SECONDS:
        raise BadOffsetError(
            f"offset_seconds must be a number from -{LIMIT_SECONDS} to {LIMIT_SECONDS}, which is about ten years."
        )
    return float(offset)


def _file(folder: Path) -> Path:
    return folder.resolve() / "clock"
