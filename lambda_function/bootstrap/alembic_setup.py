"""Alembic, set up for the command line, for the tests and for the Lambda that migrates."""

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from pymysql.err import OperationalError
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text

from lambda_function.bootstrap.database import credential_source, database_url, tls_context
from lambda_function.db import logins
from lambda_function.db.engine import lift_limits, security
from lambda_function.db.schemas import Schema
from lambda_function.settings import MigrationSettings, migration_settings

LOCK_SECONDS = 60
METADATA_LOCK_SECONDS = 20
ROW_LOCK_SECONDS = 10

# What MySQL and MariaDB answer to a grant for a user who does not exist.
_NO_SUCH_USER = {1410, 1133}

_ROOT = Path(__file__).parents[2]
# Of alembic.ini. Each names the folder of its own revisions.
_SECTIONS = {Schema.MAIN: "alembic", Schema.REGISTER: "register"}


class MigrationLockedError(RuntimeError):
    """Another migration of the same database did not finish in time."""


def _engine(url: URL, tls: ssl.SSLContext | None) -> Engine:
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=security(tls))
    event.listen(engine, "connect", lift_limits)
    return engine


def migration_engine(settings: MigrationSettings | None = None) -> Engine:
    """An engine for DDL, from the environment unless settings are given. It has no statement timeout, neither its own
    nor the server's: DDL takes its time, and migrations/env.py limits the waits for locks instead.
    """
    settings = settings or migration_settings()
    tls = tls_context(settings.tls)
    if settings.secret_id is None:
        return _engine(database_url(str(settings.url)), tls)
    credentials = credential_source(settings.secret_id).current()
    url = URL.create(
        "mysql+pymysql",
        credentials.username,
        credentials.password,
        credentials.host,
        credentials.port,
        credentials.database,
    )
    return _engine(url, tls)


def alembic_config(
    engine: Engine | None = None, lock_seconds: int = LOCK_SECONDS, schema: Schema = Schema.MAIN
) -> Config:
    """Alembic's configuration; env.py uses `engine`, or makes one from the environment."""
    config = Config(str(_ROOT / "alembic.ini"), ini_section=_SECTIONS[schema])
    config.attributes["engine"] = engine
    config.attributes["lock_seconds"] = lock_seconds
    return config


def upgrade(url: URL, revision: str = "head", schema: Schema = Schema.MAIN) -> None:
    """Brings a database on this machine to `revision`, without TLS. Waits its turn when another migration runs."""
    command.upgrade(alembic_config(_engine(url, tls=None), schema=schema), revision)


def grant(engine: Engine, schema: Schema = Schema.MAIN) -> None:
    """Gives the users of the database their rights on the tables that there are; see db/grants.py. A main database may
    have no readers yet: database_users.make gives them their rights when it makes them.
    """
    with closing(engine.raw_connection()) as connection:
        cursor: Any = connection.cursor()  # PyMySQL's, to which SQLAlchemy gives a type of its own
        logins.grant_app(cursor, str(engine.url.database), schema)
        if schema is Schema.MAIN:
            _grant_readers(cursor, str(engine.url.database))


def _grant_readers(cursor: Any, database: str) -> None:
    try:
        logins.grant_readers(cursor, database)
    except OperationalError as error:
        if error.args[0] not in _NO_SUCH_USER:
            raise


def lock_name(database: str) -> str:
    """The name holds a digest of the database's name, since locks are per server and their names have 64 characters."""
    return f"migrate:{sha256(database.encode()).hexdigest()[:40]}"


@contextmanager
def exclusive(connection: Connection, lock_seconds: int = LOCK_SECONDS) -> Iterator[None]:
    """Holds the lock of this database's migrations, which outlasts the commits that DDL makes.

    Raises MigrationLockedError when another migration holds it for longer than `lock_seconds`.
    """
    # A metadata lock is waited for a year by default, and every other session queues behind the one that waits.
    connection.execute(text("SET SESSION lock_wait_timeout = :seconds"), {"seconds": METADATA_LOCK_SECONDS})
    connection.execute(text("SET SESSION innodb_lock_wait_timeout = :seconds"), {"seconds": ROW_LOCK_SECONDS})
    name = lock_name(str(connection.scalar(text("SELECT DATABASE()"))))
    answer = connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), {"name": name, "seconds": lock_seconds})
    connection.commit()
    if answer != 1:
        raise MigrationLockedError(
            f"Another migration has been running for {lock_seconds} s. "
            "Nothing was changed; try again when it has ended."
        )
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": name})
        connection.commit()
