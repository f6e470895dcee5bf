"""Fixtures of the tests with many clients at once."""

from collections.abc import Iterator

import pytest
from sqlalchemy import URL

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
