"""The engine against a real server: isolation, credentials, reconnecting, TLS."""

import os
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pymysql
import pytest
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from lambda_function.bootstrap.database import tls_context
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import REFRESH_PAUSE, Credentials, build_engine
from lambda_function.settings import TlsSettings
from tests.servers import plain_engine


class ChangingCredentials(UrlCredentials):
    """Cached credentials that have become stale, with fresh ones behind them."""

    def __init__(self, stale: Credentials, fresh: Credentials) -> None:
        self.cached, self.fresh = stale, fresh
        self.refreshes = 0

    def current(self) -> Credentials:
        return self.cached

    def refreshed(self) -> Credentials:
        self.refreshes += 1
        self.cached = self.fresh
        return self.cached


@pytest.fixture
def good(migrated_url: URL) -> Credentials:
    return UrlCredentials(migrated_url).current()


@pytest.fixture
def stale(good: Credentials) -> Credentials:
    return Credentials(good.host, good.port, good.username, "yesterday's", good.database)


@pytest.fixture
def own_engine(migrated_url: URL) -> Iterator[Engine]:
    """An engine that the test may break."""
    engine = build_engine(UrlCredentials(migrated_url), tls=None)
    yield engine
    engine.dispose()


def _scalar(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement))


def test_transactions_are_read_committed(own_engine: Engine) -> None:
    with own_engine.connect() as connection:
        assert connection.get_isolation_level() == "READ COMMITTED"


@pytest.mark.skipif(bool(os.environ.get("TEST_DATABASE_URL")), reason="A server that is given has its own parameters.")
def test_locks_are_waited_for_three_seconds(own_engine: Engine) -> None:
    assert _scalar(own_engine, "SELECT @@innodb_lock_wait_timeout") == 3


def test_a_process_has_one_connection(own_engine: Engine) -> None:
    first = _scalar(own_engine, "SELECT CONNECTION_ID()")
    assert _scalar(own_engine, "SELECT CONNECTION_ID()") == first


def test_a_connection_that_the_server_dropped_is_replaced(own_engine: Engine, server_url: URL) -> None:
    lost = _scalar(own_engine, "SELECT CONNECTION_ID()")
    with plain_engine(server_url).connect() as administrator:
        administrator.execute(text(f"KILL {lost}"))
    assert _scalar(own_engine, "SELECT CONNECTION_ID()") != lost


def test_refused_credentials_are_fetched_anew_once(stale: Credentials, good: Credentials) -> None:
    source = ChangingCredentials(stale, good)
    engine = build_engine(source, tls=None)
    assert _scalar(engine, "SELECT 1") == 1
    assert source.refreshes == 1
    engine.dispose()


def test_credentials_that_work_are_not_fetched_again(good: Credentials) -> None:
    source = ChangingCredentials(good, good)
    engine = build_engine(source, tls=None)
    for _ in range(3):
        _scalar(engine, "SELECT 1")
        engine.dispose()
    assert source.refreshes == 0


def test_a_user_who_is_gone_is_a_refusal_whatever_the_name(good: Credentials) -> None:
    """MariaDB answers 1698 for some names, and 1045 for the others."""
    for number in range(20):
        source = ChangingCredentials(replace(good, username=f"gone_{number}"), good)
        engine = build_engine(source, tls=None)
        assert _scalar(engine, "SELECT 1") == 1
        engine.dispose()


def test_credentials_that_stay_wrong_are_refused_after_one_refetch(stale: Credentials) -> None:
    source = ChangingCredentials(stale, stale)
    with pytest.raises(OperationalError):
        _scalar(build_engine(source, tls=None), "SELECT 1")
    assert source.refreshes == 1


@pytest.mark.parametrize("moved", [{"host": "no.such.host.invalid"}, {"port": 1}, {"database": "renamed"}], ids=str)
def test_a_secret_that_names_another_place_is_fetched_again(good: Credentials, moved: dict[str, Any]) -> None:
    source = ChangingCredentials(replace(good, **moved), good)
    engine = build_engine(source, tls=None)

    assert _scalar(engine, "SELECT 1") == 1
    assert source.refreshes == 1
    engine.dispose()


def test_an_outage_fetches_the_secret_twice_a_minute_at_most(good: Credentials) -> None:
    away = replace(good, port=1)
    source = ChangingCredentials(away, away)
    moments: list[float] = []
    engine = build_engine(source, tls=None, monotonic=lambda: moments[-1])

    for moment in (0.0, 1.0, REFRESH_PAUSE - 1, REFRESH_PAUSE, REFRESH_PAUSE + 1):
        moments.append(moment)
        with pytest.raises(OperationalError):
            _scalar(engine, "SELECT 1")
    assert source.refreshes == 2


def test_the_engines_own_arguments_stay_clean(stale: Credentials, good: Credentials) -> None:
    engine = build_engine(ChangingCredentials(stale, good), tls=None)
    _scalar(engine, "SELECT 1")
    _, arguments = engine.dialect.create_connect_args(engine.url)
    assert "password" not in arguments
    engine.dispose()


def test_building_an_engine_connects_to_nothing() -> None:
    build_engine(UrlCredentials(URL.create("mysql+pymysql", "u", "p", "192.0.2.1", 1, "d")), tls=None)


def test_tls_verifies_certificate_and_host_name() -> None:
    context = tls_context(TlsSettings(verify=True))
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_server_with_a_certificate_of_its_own_making_is_refused(migrated_url: URL) -> None:
    engine = build_engine(UrlCredentials(migrated_url), tls_context(TlsSettings(verify=True)))
    with pytest.raises(OperationalError) as refused:
        _scalar(engine, "SELECT 1")
    assert isinstance(refused.value.orig, pymysql.err.OperationalError)
    assert "CERTIFICATE_VERIFY_FAILED" in str(refused.value.orig) or "SSL" in str(refused.value.orig)


def test_errors_do_not_show_parameters(own_engine: Engine) -> None:
    with own_engine.connect() as connection, pytest.raises(ProgrammingError) as failure:
        connection.execute(text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": "Ada Private"})
    assert "Ada Private" not in str(failure.value)
