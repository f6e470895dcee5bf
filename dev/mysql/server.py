"""What every source of a server has in common: the answer it gives, its errors and the settings it keeps."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import sqlalchemy
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

Flavour = Literal["mysql", "mariadb"]
NAMES: Final[dict[Flavour, str]] = {"mysql": "MySQL", "mariadb": "MariaDB"}

# MySQL's own default, which MariaDB has to be told.
_SQL_MODE: Final = (
    "ONLY_FULL_GROUP_BY",
    "STRICT_TRANS_TABLES",
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "NO_ENGINE_SUBSTITUTION",
)
# What the application counts on, and the limits that terraform/database.tf sets on AWS. The isolation level is missing
# on purpose: the application sets it itself, and a server that set it too would hide it when the application forgets.
SETTINGS: Final = (
    "--character-set-server=utf8mb4",
    "--default-time-zone=+00:00",
    "--innodb-lock-wait-timeout=3",
    "--interactive-timeout=60",
    "--lock-wait-timeout=5",
    "--loose-max-execution-time=5000",  # MySQL, in ms, of a SELECT
    "--loose-max-statement-time=5",  # MariaDB, in s, of any statement
    "--loose-mysqlx=OFF",
    "--net-write-timeout=30",
    "--skip-log-bin",
    "--skip-name-resolve",
    f"--sql-mode={','.join(_SQL_MODE)}",
    "--wait-timeout=30",
)
# For data that nobody misses after a power cut.
THROW_AWAY_SETTINGS: Final = (
    "--innodb-buffer-pool-size=64M",
    "--innodb-doublewrite=OFF",
    "--innodb-flush-log-at-trx-commit=0",
    "--loose-innodb-log-file-size=16M",  # MariaDB
    "--loose-innodb-redo-log-capacity=32M",  # MySQL
    "--performance-schema=OFF",
)
DURABLE_SETTINGS: Final = ("--innodb-buffer-pool-size=128M", "--innodb-flush-log-at-trx-commit=1")

_SECONDS_TO_START: Final = 120


@dataclass(frozen=True)
class Server:
    """A running server. The URL names no database and belongs to an administrator, who may make both
    databases and users; `origin` tells a person in one line where the server comes from.
    """

    url: URL
    flavour: Flavour
    origin: str


class NoDatabaseServerError(Exception):
    """No server could be started, and the message tells a person what to do. Show it without traceback."""


class SourceUnavailableError(Exception):
    """This source has nothing to offer here; the next one is asked."""


class SourceFailedError(SourceUnavailableError):
    """This source should have worked, so a person is told in one line before the next one is asked."""


def version(url: URL, *, encrypted: bool) -> str:
    """Ask a server for its version. Raises OperationalError while it does not answer."""
    # A TLS context costs 50 ms a connection, and the servers started here listen on the loopback only.
    arguments = {} if encrypted else {"ssl_disabled": True}
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, connect_args=arguments)
    with engine.connect() as connection:
        return str(connection.scalar(sqlalchemy.text("SELECT VERSION()")))


def version_when_ready(url: URL, *, pause: Callable[[], None]) -> str:
    """Wait for a server that is starting. `pause` passes a moment, and raises once the server is dead."""
    end = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            return version(url, encrypted=False)
        except OperationalError as error:
            pause()
            if time.monotonic() > end:
                raise SourceFailedError(
                    f"The server did not answer within {_SECONDS_TO_START} s: {error.orig}"
                ) from error


def tls_settings(certificates: Path | None) -> tuple[str, ...]:
    """The settings for the certificate in this folder, if one is given."""
    if certificates is None:
        return ()
    return (f"--ssl-cert={certificates / 'server.pem'}", f"--ssl-key={certificates / 'server.key'}")


def flavour_of(version: str) -> Flavour:
    """Tell by a version string: a MariaDB says so, in whatever costume it comes."""
    return "mariadb" if "mariadb" in version.lower() else "mysql"
