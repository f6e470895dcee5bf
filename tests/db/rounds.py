"""Races that are played round after round, each client over a connection of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

from sqlalchemy import URL

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from tests.clock import NOW
from tests.factories import Practice
from tests.servers import empty_tables

CLIENTS = 4


class _Scene(Protocol):
    """What a race is played in."""

    def next_round(self) -> None: ...
    def check(self) -> None: ...


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
