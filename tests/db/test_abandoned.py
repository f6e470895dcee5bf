"""What clients leave behind on the server: a process that freezes in the middle of a transaction, or an endless
statement.

The tests use a server whose limits are shorter than production's, which tests/terraform checks.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy import URL

from dev.mysql import Flavour, running_server
from dev.mysql.server import flavour_of
from lambda_function.api.app import create_app
from lambda_function.bootstrap.alembic_setup import migration_engine, upgrade
from lambda_function.bootstrap.operator_context import UrlCredentials, operators_database
from lambda_function.db.engine import STATEMENT_TIMEOUT, build_engine
from lambda_function.db.scoping import UNSCOPED
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import UnavailableError
from lambda_function.settings import MigrationSettings, TlsSettings
from tests.api.desk import Desk, at
from tests.api_client import ApiClient, access_claims, http_event
from tests.clock import NOW, Clock
from tests.db import frozen_handler
from tests.factories import Practice
from tests.servers import new_database, plain_engine

_IDLE_SECONDS, _STATEMENT_SECONDS = 3, 4  # a statement may wait 3 s for a lock
_LIMITS: dict[Flavour, tuple[str, int]] = {
    "mysql": ("@@max_execution_time", _STATEMENT_SECONDS * 1000),
    "mariadb": ("@@max_statement_time", _STATEMENT_SECONDS),
}
# This computes a billion sums.
_ENDLESS = sa.text(
    "SELECT MAX(a.stripe + b.stripe + c.stripe) FROM idempotency_lock a, idempotency_lock b, idempotency_lock c"
)


@pytest.fixture(scope="module", params=["mysql", "mariadb"])
def url(request: pytest.FixtureRequest) -> Iterator[URL]:
    """A migrated database on a separate server."""
    flavour: Flavour = request.param
    with ExitStack() as stack:
        server = stack.enter_context(running_server(flavour=flavour))
        url = stack.enter_context(new_database(server.url, "abandoned"))
        upgrade(url)
        name, value = _LIMITS[flavour]
        with plain_engine(server.url).connect() as connection:
            connection.execute(
                sa.text(f"SET GLOBAL {name.removeprefix('@@')} = {value}, GLOBAL wait_timeout = {_IDLE_SECONDS}")
            )
        yield url


@pytest.fixture
def database(url: URL) -> Iterator[Database]:
    engine = build_engine(UrlCredentials(url), tls=None)
    yield Database(engine, Clock(NOW))
    engine.dispose()


@pytest.fixture
def desk(url: URL, database: Database) -> Iterator[Desk]:
    with Practice.open(url) as practice:
        yield Desk(ApiClient(create_app(database)), practice)


@contextmanager
def frozen(url: URL, desk: Desk, starts_at: str) -> "Iterator[subprocess.Popen[str]]":
    """A handler that holds the doctor's lock, and neither continues nor ends."""
    request = http_event(
        "POST",
        "/appointments",
        headers={"content-type": "application/json"},
        body=json.dumps(desk.visit(starts_at)),
        claims=access_claims("rita"),
    )
    command = [sys.executable, "-m", frozen_handler.__name__, url.render_as_string(hide_password=False)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin
            process.stdin.write(json.dumps(request))
            process.stdin.close()
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status), "it has ended"
            yield process
        finally:
            process.kill()


def test_others_book_within_a_minute_of_a_freeze_and_the_frozen_booking_is_none(url: URL, desk: Desk) -> None:
    with frozen(url, desk, at("15:00")) as process:
        before = time.monotonic()
        assert desk.book("rita", at("15:00"), patient="kim").status == 201
        assert time.monotonic() - before < 60

        process.send_signal(signal.SIGCONT)
        assert process.stdout
        *_, told = process.stdout.read().splitlines()
        assert json.loads(told) == {"status": 503}


def test_the_server_ends_a_statement_before_its_client_gives_up(database: Database) -> None:
    def count(work: UnitOfWork) -> object:
        return work.session.scalar(_ENDLESS, execution_options=UNSCOPED)

    before = time.monotonic()
    with pytest.raises(UnavailableError):
        database.transact(count, commit=False)
    assert time.monotonic() - before < STATEMENT_TIMEOUT


def test_a_connection_that_has_idled_too_long_is_replaced_unseen(url: URL, desk: Desk, database: Database) -> None:
    def number(work: UnitOfWork) -> object:
        return work.session.scalar(sa.text("SELECT CONNECTION_ID()"), execution_options=UNSCOPED)

    idle = database.transact(number, commit=False)
    connections = sa.text("SELECT COUNT(*) FROM information_schema.processlist WHERE id = :id")
    with plain_engine(url).connect() as connection:
        while connection.scalar(connections, {"id": idle}):
            connection.rollback()

    assert desk.client.get("pat", "/me").status == 200


@pytest.mark.parametrize("purpose", ["operators", "migrations"])
def test_operators_and_migrations_are_exempt(url: URL, purpose: str) -> None:
    settings = MigrationSettings(TlsSettings(verify=False), url=url.render_as_string(hide_password=False))
    limits = sa.text(f"SELECT @@wait_timeout, {_LIMITS[_flavour(url)][0]}")
    if purpose == "migrations":
        with migration_engine(settings).connect() as connection:
            found = connection.execute(limits).one()
    else:
        found = operators_database(settings).transact(
            lambda work: work.session.execute(limits, execution_options=UNSCOPED).one(), commit=False
        )
    assert tuple(found) == (28800, 0)


def _flavour(url: URL) -> Flavour:
    with plain_engine(url).connect() as connection:
        return flavour_of(str(connection.scalar(sa.text("SELECT VERSION()"))))
