"""Fixtures of the tests with many clients at once."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from lambda_function.db import scoping
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.actor import Actor
from tests.db.races import Clients
from tests.servers import empty_tables


@pytest.fixture(params=["mysql", "mariadb"])
def race_url(request: pytest.FixtureRequest) -> Iterator[URL]:
    """A migrated database on each kind of server in turn, emptied after the test."""
    url: URL = request.getfixturevalue("migrated_url" if request.param == "mysql" else "mariadb_url")
    yield url
    empty_tables(url)


@pytest.fixture
def clients(app_url: URL, database_url: URL) -> Iterator[Clients]:
    """Many clients with the application's rights, on the database that is emptied after the test."""
    clients = Clients(app_url)
    yield clients
    clients.close()


@pytest.fixture
def sessions(database: Database, engine: Engine) -> Iterator[Callable[[Actor | None], Session]]:
    """Opens scoped sessions as `Database` does, one at a time, because the engine has one connection."""
    opened: list[Session] = []

    def as_(actor: Actor | None) -> Session:
        for session in opened:
            session.close()
        opened.append(database._sessions())
        if actor is not None:
            scoping.act_as(opened[-1], actor)
        return opened[-1]

    yield as_
    for session in opened:
        session.close()
