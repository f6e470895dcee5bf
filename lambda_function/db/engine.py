"""The engine: credentials fetched when a connection is made, READ COMMITTED, one connection a process.

Timeouts are in seconds and below the function's own 29: a lock is waited for 3 (innodb_lock_wait_timeout).
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import pymysql
from pymysql.constants.SERVER_STATUS import SERVER_STATUS_IN_TRANS
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState, QueuePool

from lambda_function.domain.errors import UnavailableError

ACCESS_DENIED = 1045
_CONNECT_TIMEOUT = 3
_STATEMENT_TIMEOUT = 6
_RECYCLE = 240  # below the five minutes after which the network may forget an idle connection


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the database is and as whom to connect."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    database: str

    @classmethod
    def in_secret(cls, secret: Mapping[str, Any]) -> Self:
        """From the standard keys of RDS. Raises UnavailableError when one is missing or makes no sense."""
        try:
            return cls(
                host=_text(secret["host"]),
                port=int(secret["port"]),
                username=_text(secret["username"]),
                password=_text(secret["password"]),
                database=_text(secret["dbname"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            # From None: the text of the error may hold a piece of the secret.
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
    """As the driver wants it: one context, or none, for its default builds a context on every connect."""
    return {"ssl": tls} if tls else {"ssl_disabled": True}


def build_engine(source: CredentialSource, tls: ssl.SSLContext | None) -> Engine:
    """An engine that has not connected yet. Without `tls` the connection is in the clear: for local servers only.

    The context is shared by all connections, since building one costs more than connecting.
    """
    engine = create_engine(
        "mysql+pymysql://",
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=_CONNECT_TIMEOUT,
        pool_pre_ping=True,
        pool_reset_on_return=None,  # `reset` does it
        pool_recycle=_RECYCLE,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args={
            "charset": "utf8mb4",
            "connect_timeout": _CONNECT_TIMEOUT,
            "read_timeout": _STATEMENT_TIMEOUT,
            "write_timeout": _STATEMENT_TIMEOUT,
            **security(tls),
        },
    )

    def do_connect(
        dialect: Dialect, record: ConnectionPoolEntry, arguments: tuple[Any, ...], parameters: dict[str, Any]
    ) -> "pymysql.Connection[Any]":
        # `parameters` belongs to the engine and is used again: it is read here, never changed.
        try:
            return connect(source.current(), **parameters)
        except pymysql.err.OperationalError as error:
            if error.args[0] != ACCESS_DENIED:
                raise
        return connect(source.refreshed(), **parameters)

    def reset(connection: Any, record: ConnectionPoolEntry, state: PoolResetState) -> None:
        # Sessions have ended their transaction by now, and the pool's own rollback would be a second trip for nothing.
        if not state.terminate_only and connection.server_status & SERVER_STATUS_IN_TRANS:
            connection.rollback()

    event.listen(engine, "do_connect", do_connect)
    event.listen(engine, "reset", reset)
    return engine
