"""The users of the database server: two that the application takes turns with, so that a new password refuses nobody,
and one that migrates. They are named after the database, since users are the server's.

Statements here hold passwords, and the driver quotes statements in its errors: so what it raises ends here, as a
LoginError with the number of the error and nothing else.
"""

import re
import secrets
import ssl
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pymysql

from lambda_function.db.engine import ACCESS_DENIED, Credentials, connect, security
from lambda_function.db.grants import APP_RIGHTS, MIGRATOR_RIGHTS

if TYPE_CHECKING:  # a generic type to the checker only
    from collections.abc import Iterator

    from pymysql.cursors import Cursor

_TIMEOUT = 5
_MAX_NAME = 32  # of a user, with the ending of the longest
_DATABASE = re.compile(rf"[A-Za-z0-9_]{{1,{_MAX_NAME - len('_migrator')}}}")


class LoginError(RuntimeError):
    """The server refused. `number` is its error, None where there was no answer."""

    def __init__(self, number: int | None) -> None:
        super().__init__(f"the database server refused (error {number})")
        self.number = number


def app_logins(database: str) -> tuple[str, str]:
    return f"{_checked(database)}_app_a", f"{database}_app_b"


def migrator_login(database: str) -> str:
    return f"{_checked(database)}_migrator"


def successor(database: str, username: str) -> str:
    """Who has the secret after this one: the other of the application's two, or the migrator itself.

    Raises ValueError for anybody else.
    """
    first, second = app_logins(database)
    migrator = migrator_login(database)
    turns = {first: second, second: first, migrator: migrator}
    if username not in turns:
        raise ValueError("the secret names a user that is not one of this database's")
    return turns[username]


def new_password() -> str:
    """Of 192 random bits, with every kind of character, as password policies may want."""
    return f"Aa1-{secrets.token_urlsafe(24)}"


@contextmanager
def session(credentials: Credentials, tls: ssl.SSLContext | None, *, database: bool = False) -> "Iterator[Cursor]":
    """A cursor of a new connection, each of whose statements commits; with `database`, in the one that is named.

    Raises LoginError.
    """
    whom = credentials if database else replace(credentials, database="")
    arguments: dict[str, Any] = {"connect_timeout": _TIMEOUT, "read_timeout": _TIMEOUT, "write_timeout": _TIMEOUT}
    try:
        with connect(whom, **arguments, **security(tls), autocommit=True) as connection, connection.cursor() as cursor:
            yield cursor
    except pymysql.MySQLError as error:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else None
        raise LoginError(number) from None


def can_log_in(credentials: Credentials, tls: ssl.SSLContext | None) -> bool:
    """Whether there is such a user with that password. Raises LoginError when the server answers neither."""
    try:
        with session(credentials, tls):
            return True
    except LoginError as error:
        if error.number not in ACCESS_DENIED:
            raise
        return False


def create(cursor: "Cursor", username: str) -> bool:
    """With a password that nobody knows. Whether there was no such user yet."""
    cursor.execute("CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY %s", (username, new_password()))
    return not cursor.warning_count


def set_password(cursor: "Cursor", username: str, password: str) -> None:
    cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", (username, password))


def grant_migrator(cursor: "Cursor", database: str) -> None:
    # In the name of a database `_` is any character, unless escaped.
    pattern = _checked(database).replace("_", "\\_")
    cursor.execute(
        f"GRANT {MIGRATOR_RIGHTS} ON `{pattern}`.* TO %s@'%%' WITH GRANT OPTION", (migrator_login(database),)
    )


def grant_app(cursor: "Cursor", database: str) -> None:
    """APP_RIGHTS to both users, on the tables that there are. What they have and it lacks stays."""
    users = app_logins(database)
    cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,))
    there = {row[0] for row in cursor.fetchall()}
    for table, rights in APP_RIGHTS.items():
        if table in there:
            cursor.execute(f"GRANT {rights} ON `{database}`.`{table}` TO %s@'%%', %s@'%%'", users)


def _checked(database: str) -> str:
    if not _DATABASE.fullmatch(database):
        raise ValueError("the database's name must be letters, digits and _, and short enough for users named after it")
    return database
