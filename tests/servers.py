"""The database server of a test run: TEST_DATABASE_URL, otherwise Docker, otherwise a private
instance (see dev/mysql).
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from pymysql.constants import CLIENT
from sqlalchemy import URL, Engine, NullPool, create_engine, event, text

from dev.mysql import Server, running_server
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db import logins
from lambda_function.db.base import CHARSET, COLLATION, Base
from lambda_function.db.engine import lift_limits
from lambda_function.db.schemas import Schema

if TYPE_CHECKING:  # generic only for the type checker
    from pymysql.cursors import Cursor


def start_server(stack: ExitStack, environment: Mapping[str, str] = os.environ) -> Server:
    """Starts a server that lives as long as the stack is open. It is MySQL unless TEST_DATABASE_URL names another."""
    url = environment.get("TEST_DATABASE_URL") or None
    return stack.enter_context(
        running_server(url=url, image=environment.get("MYSQL_IMAGE"), flavour=None if url else "mysql")
    )


@lru_cache(maxsize=64)
def plain_engine(url: URL) -> Engine:
    """Returns an engine without a pool, separate from the application's, and without TLS, because PyMySQL's default
    takes 50 ms for each connection.
    """
    arguments = {"ssl_disabled": True, "client_flag": CLIENT.MULTI_STATEMENTS}
    engine = create_engine(url, poolclass=NullPool, isolation_level="READ COMMITTED", connect_args=arguments)
    event.listen(engine, "connect", lift_limits)
    return engine


def is_mariadb(url: URL) -> bool:
    with plain_engine(url).connect() as connection:
        return "mariadb" in str(connection.scalar(text("SELECT VERSION()"))).lower()


@contextmanager
def new_database(server: URL, name: str) -> Iterator[URL]:
    """Creates an empty database with that name, which is dropped afterwards."""
    engine = plain_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET {CHARSET} COLLATE {COLLATION}"))
    yield server.set(database=name)
    with engine.begin() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))


def drop_users(url: URL) -> None:
    """Drops the users of the database that the administrator's URL names."""
    database = str(url.database)
    with plain_engine(url).begin() as connection:
        for user in (*logins.app_logins(database), *logins.reader_logins(database), logins.migrator_login(database)):
            connection.execute(text(f"DROP USER IF EXISTS '{user}'@'%'"))


@contextmanager
def app_user(url: URL, schema: Schema = Schema.MAIN) -> Iterator[URL]:
    """Creates the application's users of a migrated database with their rights. One of them can log in. They are
    dropped afterwards.
    """
    drop_users(url)
    database = str(url.database)
    yield _with_login(url, logins.app_logins(database), lambda cursor: logins.grant_app(cursor, database, schema))
    drop_users(url)


def reader_user(url: URL) -> URL:
    """Creates the readers of a migrated main database with their rights. They are dropped with its other users."""
    database = str(url.database)
    return _with_login(url, logins.reader_logins(database), lambda cursor: logins.grant_readers(cursor, database))


def _with_login(url: URL, users: tuple[str, str], grant: Callable[["Cursor"], None]) -> URL:
    password = logins.new_password()
    with logins.session(UrlCredentials(url).current(), tls=None) as cursor:
        for user in users:
            logins.create(cursor, user)
        logins.set_password(cursor, users[0], password)
        grant(cursor)
    return url.set(username=users[0], password=password)


WRITTEN_BY_MIGRATIONS = frozenset({"user_type", "idempotency_lock", "offer_lock", "import_lock", "installation"})


def empty_tables(url: URL) -> None:
    """Empties the tables, except for rows that migrations wrote. DELETE is twenty times faster than TRUNCATE here."""
    run_script(url, _emptying())


def run_script(url: URL, script: str) -> None:
    """Sends several statements at once and commits, since a round trip for each would take most of a test's setup."""
    with closing(plain_engine(url).raw_connection()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(script)
        while cursor.nextset():
            pass  # an error of any statement is raised here
        connection.commit()


@lru_cache
def _emptying() -> str:
    names = [table.name for table in Base.metadata.sorted_tables if table.name not in WRITTEN_BY_MIGRATIONS]
    return without_foreign_keys([f"DELETE FROM `{name}`" for name in names])


def without_foreign_keys(statements: Iterable[str]) -> str:
    """Returns a script whose statements may come in any order."""
    return ";".join(["SET FOREIGN_KEY_CHECKS = 0", *statements, "SET FOREIGN_KEY_CHECKS = 1"])
