"""The engine. It fetches credentials when it makes a connection, uses READ COMMITTED, and has one connection for each
process.

Timeouts are in seconds and shorter than the function's own 29. A lock is waited for at most 3
(innodb_lock_wait_timeout). The client's timeouts end nothing on the server, which continues an abandoned statement and
keeps the locks of a frozen process. The server's own limits end those (terraform/database.tf, dev/mysql/server.py).
They are set on the server, because a request that set them would pin a connection of the proxy.
"""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import pymysql
from pymysql.constants.SERVER_STATUS import SERVER_STATUS_IN_TRANS
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState, QueuePool

from lambda_function.domain.errors import UnavailableError

# MariaDB answers the second for some names that no user has.
ACCESS_DENIED = frozenset({1045, 1698})
# Errors that somebody with the old secret meets after it has changed to another host or database.
_MOVED = frozenset({1044, 1049, 2003, 2005})
# An outage looks the same, so these errors fetch the secret no more often than this.
REFRESH_PAUSE = 30.0
_CONNECT_TIMEOUT = 3
# The server ends a SELECT earlier (max_execution_time, max_statement_time), so this only matters if the server is lost.
STATEMENT_TIMEOUT = 6
# This is below the server's wait_timeout, so that a connection that the server has closed is never used.
RECYCLE = 25
# Statements of operators and migrations may take as long as their functions run.
_EXEMPT_TIMEOUT = 900
_EXEMPT_IDLE = 28800


@dataclass(frozen=True, slots=True)
class Credentials:
    """The address of the database, and the user to connect as."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    database: str

    @classmethod
    def in_secret(cls, secret: Mapping[str, Any]) -> Self:
        """Reads credentials from the standard keys of RDS. Raises UnavailableError if one is missing or invalid."""
        try:
            return cls(
                host=_text(secret["host"]),
                port=int(secret["port"]),
                username=_text(secret["username"]),
                password=_text(secret["password"]),
                database=_text(secret["dbname"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            # The cause is dropped, because its text may hold a part of the secret.
            raise UnavailableError(f"The database secret cannot be used ({type(error).__name__}).") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


class CredentialSource(Protocol):
    """`current` may answer from a cache; `refreshed` may not."""

    def current(self) -> Credentials: ...

    def refreshed(self) -> Credentials: ...


def connect(credentials: Credentials, **arguments: Any) -> "pymysql.Connection[Any]":
    return pymysql.connect(
        host=credentials.host,
        port=credentials.port,
        user=credentials.username,
        password=credentials.password,
        database=credentials.database,
        **arguments,
    )


def security(tls: ssl.SSLContext | None) -> dict[str, Any]:
    """Returns the TLS settings in the driver's form: one context or none. The driver's default would build a context
    for every connection.
    """
    return {"ssl": tls} if tls else {"ssl_disabled": True}


def lift_limits(connection: Any, record: object) -> None:
    """Removes the server's limits on statements and idling from a new connection. Never use this in a request: see the
    top.
    """
    statements = "max_statement_time" if "mariadb" in connection.get_server_info().lower() else "max_execution_time"
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION {statements} = 0, SESSION wait_timeout = {_EXEMPT_IDLE}")


class _Connector:
    """Makes connections with the credentials of the source, which is asked again when they no longer work."""

    def __init__(self, source: CredentialSource, monotonic: Callable[[], float]) -> None:
        self._source = source
        self._monotonic = monotonic
        self._not_before = 0.0

    def connect(self, parameters: Mapping[str, Any]) -> "pymysql.Connection[Any]":
        credentials = self._source.current()
        try:
            return connect(credentials, **parameters)
        except pymysql.err.OperationalError as error:
            fresh = self._source.refreshed() if self._may_be_stale(error) else credentials
            if fresh == credentials:
                raise
        return connect(fresh, **parameters)

    def _may_be_stale(self, error: pymysql.err.OperationalError) -> bool:
        number = error.args[0]
        if number in _MOVED and self._monotonic() >= self._not_before:
            self._not_before = self._monotonic() + REFRESH_PAUSE
            return True
        return number in ACCESS_DENIED


def build_engine(
    source: CredentialSource,
    tls: ssl.SSLContext | None,
    *,
    exempt: bool = False,
    monotonic: Callable[[], float] = time.monotonic,
) -> Engine:
    """Returns an unconnected engine. Without `tls` nothing is encrypted, which is for local servers only.

    All connections share the context, because building one costs more than connecting. With `exempt`, for operators,
    neither client nor server limits statements.
    """
    statement_timeout = _EXEMPT_TIMEOUT if exempt else STATEMENT_TIMEOUT
    connector = _Connector(source, monotonic)
    engine = create_engine(
        "mysql+pymysql://",
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=_CONNECT_TIMEOUT,
        pool_pre_ping=True,
        pool_reset_on_return=None,  # `reset` does it
        pool_recycle=RECYCLE,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args={
            "charset": "utf8mb4",
            "connect_timeout": _CONNECT_TIMEOUT,
            "read_timeout": statement_timeout,
            "write_timeout": statement_timeout,
            **security(tls),
        },
    )

    def do_connect(
        dialect: Dialect, record: ConnectionPoolEntry, arguments: tuple[Any, ...], parameters: dict[str, Any]
    ) -> "pymysql.Connection[Any]":
        # `parameters` belongs to the engine, which uses it again, so it must not be changed here.
        return connector.connect(parameters)

    def reset(connection: Any, record: ConnectionPoolEntry, state: PoolResetState) -> None:
        # Sessions have already ended their transaction, so the pool's own rollback would be a useless round trip.
        if not state.terminate_only and connection.server_status & SERVER_STATUS_IN_TRANS:
            connection.rollback()

    event.listen(engine, "do_connect", do_connect)
    event.listen(engine, "reset", reset)
    if exempt:
        event.listen(engine, "connect", lift_limits)
    return engine
