"""The signals that stop the local stack: the first of them is raised as Stopped."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_came: list[int] = []


class Stopped(BaseException):
    """Somebody wants us to stop. It is not a KeyboardInterrupt, because one that is raised inside an `exec` makes
    CPython end with the signal instead of our exit code, even when it is caught.
    """


def listen() -> None:
    """Makes the first signal raise Stopped and further ones have no effect, so that stopping is not disturbed."""
    for stop in _STOPS:
        signal.signal(stop, _interrupt)


def check() -> None:
    """Raises Stopped again after a signal, because Python loses one raised in a weak reference's callback."""
    if _came:
        raise Stopped


@contextmanager
def held_back() -> Iterator[None]:
    """Delays signals until the end of the block."""
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
    """Prints the text on standard error, even if the terminal is gone."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    _came.append(number)
    for stop in _STOPS:
        signal.signal(stop, signal.SIG_IGN)
    say("\nStopping …")
    raise Stopped
