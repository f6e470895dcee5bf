"""The signals that stop the local stack: the first of them is raised as Stopped."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_came: list[int] = []


class Stopped(BaseException):
    """Somebody wants us to stop. It is no KeyboardInterrupt because one that hits an `exec` makes CPython end with that
    signal instead of our exit code, even when it is caught.
    """


def listen() -> None:
    """From now on the first signal raises Stopped, and further ones do not disturb the stopping."""
    for stop in _STOPS:
        signal.signal(stop, _interrupt)


def check() -> None:
    """Raises Stopped once more after a signal: Python drops one that hits a weak reference's callback."""
    if _came:
        raise Stopped


@contextmanager
def held_back() -> Iterator[None]:
    """Signals wait for the end of the block."""
    waiting: list[int] = []
    usual = {stop: signal.signal(stop, lambda number, _: waiting.append(number)) for stop in _STOPS}
    try:
        yield
    finally:
        for stop, handler in usual.items():
            signal.signal(stop, handler)
        for number in waiting[:1]:
            signal.raise_signal(number)


def say(text: str) -> None:
    """Tells the person at the terminal, who may be gone."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    _came.append(number)
    for stop in _STOPS:
        signal.signal(stop, signal.SIG_IGN)
    say("\nStopping …")
    raise Stopped
