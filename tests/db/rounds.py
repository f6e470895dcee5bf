"""Races that are played round after round, each client over a connection of its own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import DomainError
from lambda_function.services.operators import checking
from tests.clock import NOW
from tests.factories import Practice
from tests.servers import empty_tables

CLIENTS = 4


class _Scene(Protocol):
    """What a race is played in."""

    def next_round(self) -> None: ...
    def check(self) -> None: ...


Act = Callable[[Database], object]
_S = TypeVar("_S", bound=_Scene)
MakeScene = Callable[[Practice, list[Database], ThreadPoolExecutor], _S]


@contextmanager
def playing(url: URL, make: MakeScene[_S], *, rounds: int, together: int) -> Iterator[Iterator[_S]]:
    """Yields the scene once for each round, which is checked at its end. The database is emptied after `together`
    rounds, because each round is checked against everything in it.
    """
    engines = [build_engine(UrlCredentials(url), tls=None) for _ in range(CLIENTS)]
    databases = [Database(engine, lambda: NOW) for engine in engines]
    with ThreadPoolExecutor(CLIENTS) as pool:
        yield _played(url, lambda practice: make(practice, databases, pool), rounds, together)
    for engine in engines:
        engine.dispose()


def _played(url: URL, make: Callable[[Practice], _S], rounds: int, together: int) -> Iterator[_S]:
    for start in range(0, rounds, together):
        with Practice.open(url) as practice:
            scene = make(practice)
            for _ in range(start, min(start + together, rounds)):
                scene.next_round()
                yield scene
                scene.check()
        empty_tables(url)


def at_once(pool: ThreadPoolExecutor, databases: Sequence[Database], acts: Sequence[Act]) -> list[object]:
    """Runs all at the same time. Returns what each answers, or the code of its refusal."""
    barrier = Barrier(len(acts))

    def one(act: Act, database: Database) -> object:
        barrier.wait()
        try:
            return act(database) or "done"
        except DomainError as refusal:
            return refusal.code

    return list(pool.map(one, acts, databases))


def is_merged(outcome: object) -> bool:
    """Returns whether an outcome is the document of a merge that was done."""
    return isinstance(outcome, dict) and outcome["merged"]


def findings(database: Database) -> list[dict[str, Any]]:
    """Returns what `check` finds. Its search for references that lead nowhere is left out: it takes most of its time,
    and the database has refused such references.
    """
    checks = [
        check
        for check in checking.checks(database)
        if isinstance(check, partial) and check.func is not checking._orphans
    ]
    assert len(checks) > 5
    return [finding for check in checks for finding in check()]
