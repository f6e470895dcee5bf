"""Fixtures of the whole suite. A test that uses none of the database fixtures needs no server."""

import gc
import io
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

import pytest
from moto import mock_aws
from sqlalchemy import URL, Engine, make_url

from dev.mysql import running_server
from lambda_function.api.app import Api, create_app
from lambda_function.bootstrap.alembic_setup import upgrade
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.observability import logger
from tests import profiles
from tests.api_client import ApiClient
from tests.aws import SECRET_ID, share_descriptions_of_services
from tests.bus import Delivery
from tests.clock import NOW, Clock
from tests.db.agreement import versions_without_message
from tests.dev.running_stack import RunningStack, running_stack
from tests.factories import Practice
from tests.needed_grants import NeededGrants, Statements
from tests.registers import PeruvianRegister, new_register
from tests.servers import app_user, empty_tables, new_database, reader_user, start_server
from tests.services.notifications.messages import PUBLIC_URL

_servers = ExitStack()
_stacks = ExitStack()
# In the order in which their tests run. Those of the first four may use the local stack.
_SLOW = ("clients", "chain", "dev", "docs", "db", "mariadb")
_AT_THE_STACK = _SLOW[:4]
_grants = NeededGrants()
_SERVER_URL = "server_url"

profiles.register()
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")


class XdistHooks:
    """Gives all workers of a run one server, which the process that starts them owns."""

    url: str | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        if self.url is None:
            self.url = start_server(_servers).url.render_as_string(hide_password=False)
        node.workerinput[_SERVER_URL] = self.url


# It is not one of the XdistHooks because it is asked before pytest_configure.
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, since some tests wait for programs that start or locks that time out."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(XdistHooks())
    config.pluginmanager.register(_grants)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Everything that is imported and collected stays, so the search for garbage need not look through it. In each
    worker that would take 8 s of the 19 s of collecting the whole suite.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the folders with the slowest files first, so that no worker is still busy with one of them at the end."""
    items.sort(key=lambda item: _SLOW.index(_folder(item)) if _folder(item) in _SLOW else len(_SLOW))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(item.config.rootpath / "tests").parts[0]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Stops this worker's local stack after the last folder that uses it. Even idle it takes a tenth of a core."""
    if _folder(item) not in _AT_THE_STACK:
        _stacks.close()


def pytest_unconfigure() -> None:
    _servers.close()


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> URL:
    """The administrator's URL of the server, without a database."""
    shared = getattr(request.config, "workerinput", {}).get(_SERVER_URL)
    return make_url(shared) if shared else start_server(_servers).url


@pytest.fixture(scope="session")
def migrated_url(server_url: URL, worker_id: str) -> Iterator[URL]:
    """A database of this worker, migrated to head."""
    with new_database(server_url, f"dentist_test_{worker_id}") as url:
        upgrade(url)
        yield url


@pytest.fixture(scope="session")
def mariadb_server_url() -> Iterator[URL]:
    """The administrator's URL of this worker's MariaDB, whatever server the other tests use."""
    with running_server(flavour="mariadb") as server:
        yield server.url


@pytest.fixture(scope="session")
def mariadb_url(mariadb_server_url: URL, worker_id: str) -> Iterator[URL]:
    """A database on MariaDB, migrated to head."""
    with new_database(mariadb_server_url, f"dentist_test_{worker_id}") as url:
        upgrade(url)
        yield url


@pytest.fixture
def database_url(migrated_url: URL) -> Iterator[URL]:
    """The migrated database, empty again after the test."""
    yield migrated_url
    empty_tables(migrated_url)


@pytest.fixture(scope="session")
def app_url(migrated_url: URL) -> Iterator[URL]:
    """The migrated database as one of the application's users, with the rights that the migrating Lambda grants."""
    with app_user(migrated_url) as url:
        yield url


@pytest.fixture(scope="session")
def engine(app_url: URL, migrated_url: URL) -> Iterator[Engine]:
    """The application's own engine, so that all statements run with the application's rights. It has one connection.
    Threads of a test build their own engines.
    """
    engine = build_engine(UrlCredentials(app_url), tls=None)
    statements = Statements()
    statements.watch(engine)
    yield engine
    engine.dispose()
    _grants.judge(migrated_url, app_url, statements)


@pytest.fixture(scope="session")
def reader_url(app_url: URL, migrated_url: URL) -> URL:
    """The same database as a user who reads what the registers of countries hold, with exactly those rights."""
    return reader_user(migrated_url)


@pytest.fixture(scope="session")
def register_url(server_url: URL, worker_id: str) -> Iterator[URL]:
    """The register of a country, as its processor's user, with the rights that the migrating Lambda grants."""
    with new_register(server_url, worker_id) as url:
        yield url


_CLOCK = Clock(NOW)


@lru_cache
def _app_over(engine: Engine) -> Api:
    """The application, which reads its routes' signatures once and not for each test."""
    return create_app(Database(engine, _CLOCK))


@pytest.fixture
def clock() -> Clock:
    """The same clock for each test, set back to its start."""
    _CLOCK.now = NOW
    return _CLOCK


@pytest.fixture
def database(engine: Engine, database_url: URL, clock: Clock) -> Database:
    return Database(engine, clock)


@pytest.fixture
def practice(database_url: URL) -> Iterator[Practice]:
    """The demo practice (dev/demo.py), written without a scope. Whatever the test does to a visit, other systems are
    told of its version.
    """
    with Practice.open(database_url) as practice:
        yield practice
        assert versions_without_message(practice.session) == []


@pytest.fixture
def api(engine: Engine, database: Database) -> Api:
    """The application over that database."""
    return _app_over(engine)


@pytest.fixture
def client(api: Api, practice: Practice) -> ApiClient:
    """Calls the real handler with real events, as any person of the practice."""
    return ApiClient(api)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An AWS inside this process, and an environment that leads nowhere else."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "DATABASE_CA_FILE", "DATABASE_URL", "DATABASE_SECRET_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        share_descriptions_of_services()
        yield monkeypatch


@pytest.fixture
def lambda_environment(aws: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a Lambda whose database is named by a secret."""
    aws.setenv("DATABASE_SECRET_ID", SECRET_ID)
    aws.setenv("DATABASE_TLS", "off")
    aws.setenv("PUBLIC_URL", PUBLIC_URL)
    return aws


@pytest.fixture
def delivery(aws: pytest.MonkeyPatch) -> Delivery:
    return Delivery()


@pytest.fixture
def peru(
    reader_url: URL, register_url: URL, practice: Practice, delivery: Delivery, clock: Clock
) -> Iterator[PeruvianRegister]:
    """The processor of Peru, whose register is empty again after the test."""
    peru = PeruvianRegister(reader_url, register_url, practice, delivery, clock)
    yield peru
    peru.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The whole local stack over HTTP, for tests that leave it as usable as they found it."""
    yield _stacks.enter_context(running_stack(tmp_path_factory.mktemp("stack")))
    _stacks.close()


@pytest.fixture
def log_text(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Returns everything that the process has logged since the last call, including metrics."""
    handler: Any = logger.registered_handler
    before = handler.stream
    logged = handler.stream = io.StringIO()  # pytest gives a test another stdout than its fixtures

    def written() -> str:
        captured = capsys.readouterr()
        text = logged.getvalue() + captured.out + captured.err
        logged.seek(0)
        logged.truncate()
        return text

    yield written
    handler.stream = before
