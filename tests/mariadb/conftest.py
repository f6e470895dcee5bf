"""The database fixtures on MariaDB. All tests of this folder run there with the application's rights, whichever server
the rest of the suite uses.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import URL, Engine

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from tests.registers import new_register
from tests.servers import app_user, reader_user


@pytest.fixture(scope="session")
def server_url(mariadb_server_url: URL) -> URL:
    return mariadb_server_url


@pytest.fixture(scope="session")
def migrated_url(mariadb_url: URL) -> URL:
    return mariadb_url


@pytest.fixture(scope="session")
def app_url(mariadb_url: URL) -> Iterator[URL]:
    with app_user(mariadb_url) as url:
        yield url


@pytest.fixture(scope="session")
def engine(app_url: URL) -> Iterator[Engine]:
    engine = build_engine(UrlCredentials(app_url), tls=None)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def reader_url(app_url: URL, mariadb_url: URL) -> URL:
    return reader_user(mariadb_url)


@pytest.fixture(scope="session")
def register_url(mariadb_server_url: URL, worker_id: str) -> Iterator[URL]:
    with new_register(mariadb_server_url, worker_id) as url:
        yield url
