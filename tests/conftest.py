"""Fixtures of the whole suite. A test that asks for none of the database ones needs no server."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from zoneinfo import reset_tzpath

import pytest
from sqlalchemy import URL, Engine, make_url

from lambda_function.api.app import Api, create_app
from lambda_function.bootstrap.migrations import upgrade
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from tests import profiles
from tests.api_client import ApiClient
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.servers import FixedCredentials, app_user, empty_tables, new_database, start_server

_servers = ExitStack()
_SERVER_URL = "server_url"

# As bootstrap does it: zones come from the tzdata package.
reset_tzpath(to=())
profiles.register()
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")


class XdistHooks:
    """One server for all workers of a run, started by the process that starts them."""

    url: str | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        if self.url is None:
            self.url = start_server(_servers).url.render_as_string(hide_password=False)
        node.workerinput[_SERVER_URL] = self.url


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(XdistHooks())


def pytest_unconfigure() -> None:
    _servers.close()


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> URL:
    """The administrator of the server, without a database."""
    shared = getattr(request.config, "workerinput", {}).get(_SERVER_URL)
    return make_url(shared) if shared else start_server(_servers).url


@pytest.fixture(scope="session")
def migrated_url(server_url: URL, worker_id: str) -> Iterator[URL]:
    """A database of this worker's own, at head."""
    with new_database(server_url, f"dentist_test_{worker_id}") as url:
        upgrade(url)
        yield url


@pytest.fixture
def database_url(migrated_url: URL) -> Iterator[URL]:
    """The migrated database, empty again after the test."""
    yield migrated_url
    empty_tables(migrated_url)


@pytest.fixture(scope="session")
def app_url(migrated_url: URL) -> Iterator[URL]:
    """The migrated database as one of the application's users, with the rights that the migrating Lambda gives."""
    with app_user(migrated_url) as url:
        yield url


@pytest.fixture(scope="session")
def engine(app_url: URL) -> Iterator[Engine]:
    """The application's own engine, so that whatever it runs is run with the application's rights: one connection.
    Threads of a test build their own.
    """
    engine = build_engine(FixedCredentials(app_url), tls=None)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def database(engine: Engine, database_url: URL, clock: Clock) -> Database:
    return Database(engine, clock)


@pytest.fixture
def practice(database_url: URL) -> Iterator[Practice]:
    """The demo practice (dev/demo.py), written without a scope."""
    with Practice.open(database_url) as practice:
        yield practice


@pytest.fixture
def api(database: Database) -> Api:
    return create_app(database)


@pytest.fixture
def client(api: Api, practice: Practice) -> ApiClient:
    """Calls the real handler with real events, as anybody of the practice."""
    return ApiClient(api)
