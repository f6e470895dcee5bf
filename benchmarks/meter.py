"""Measures what one call costs: time, time in the database, statements, and the longest transaction."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, event


class TooLongError(BaseException):
    """The call took too long. This is not an Exception, so that no handler on the way catches it."""


@dataclass(slots=True)
class Cost:
    """The cost of one call, with times in milliseconds. `longest` is the time of the longest transaction."""

    outcome: str = ""
    total: float = 0.0
    database: float = 0.0
    longest: float = 0.0
    statements: int = 0
    size: int = 0


@dataclass(slots=True)
class _Meter:
    cost: Cost
    _asked: float = 0.0
    _begun: float = 0.0

    def asks(self, *_: Any) -> None:
        self.cost.statements += 1
        self._asked = perf_counter()

    def answered(self, *_: Any) -> None:
        self.cost.database += (perf_counter() - self._asked) * 1000

    def commits(self, *_: Any) -> None:
        self.cost.statements += 1
        self._asked = perf_counter()

    def begins(self, *_: Any) -> None:
        self._begun = perf_counter()

    def ends(self, *_: Any) -> None:
        self.cost.longest = max(self.cost.longest, (perf_counter() - self._begun) * 1000)


@contextmanager
def metered(engine: Engine) -> Iterator[Cost]:
    """Counts statements as tests/api/test_query_budgets.py does: with COMMITs, without the pool's pings."""
    cost = Cost()
    meter = _Meter(cost)
    listeners: dict[str, Callable[..., None]] = {
        "before_cursor_execute": meter.asks,
        "after_cursor_execute": meter.answered,
        "handle_error": meter.answered,
        "commit": meter.commits,
        "checkout": meter.begins,
        "checkin": meter.ends,
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    begun = perf_counter()
    try:
        yield cost
    finally:
        cost.total = (perf_counter() - begun) * 1000
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
