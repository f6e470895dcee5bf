"""The users of the database server: two that the application uses in turn, so that a new password refuses nobody, and
one that migrates. In the main database two more take turns in reading what the registers of countries hold. They are
named after the database, because users belong to the whole server.

The statements here hold passwords, and the driver quotes statements in its errors. The driver's errors therefore end
here, as a LoginError with only the number of the error.
"""

import re
import secrets
import ssl
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pymysql

from lambda_function.db.engine import ACCESS_DENIED, Credentials, connect, security
from lambda_function.db.grants import APP_RIGHTS, MIGRATOR_RIGHTS, READER_RIGHTS, REGISTER_RIGHTS
from lambda_function.db.schemas import Schema

if TYPE_CHECKING:  # generic only for the type checker
    from collections.abc import Iterator, Mapping

    from pymysql.cursors import Cursor

_TIMEOUT = 5
_MAX_NAME = 32  # the limit for a user's name, less the longest ending
_DATABASE = re.compile(rf"[A-Za-z0-9_]{{1,{_MAX_NAME - len('_migrator')}}}")


class LoginError(RuntimeError):
    """The server refused. `number` is its error, or None if it did not answer."""

    def __init__(self, number: int | None) -> None:
        super().__init__(f"the database server refused (error {number})")
        self.number = number


def app_logins(database: str) -> tuple[str, str]:
    return f"{_checked(database)}_app_a", f"{database}_app_b"


def reader_logins(database: str) -> tuple[str, str]:
    return f"{_checked(database)}_reader_a", f"{database}_reader_b"


def migrator_login(database: str) -> str:
    return f"{_checked(database)}_migrator"


def successor(database: str, username: str) -> str:
    """Returns who gets the secret next: the other of two users who take turns, or the migrator itself.

    Raises ValueError for anybody else.
    """
    migrator = migrator_login(database)
    turns = {migrator: migrator}
    for first, second in (app_logins(database), reader_logins(database)):
        turns |= {first: second, second: first}
    if username not in turns:
        raise ValueError("The secret names a user that is not one of this database's. Correct its `username`.")
    return turns[username]


def new_password() -> str:
    """Returns a password of 192 random bits, with every kind of character that password policies may require."""
    return f"Aa1-{secrets.token_urlsafe(24)}"


@contextmanager
def session(credentials: Credentials, tls: ssl.SSLContext | None, *, database: bool = False) -> "Iterator[Cursor]":
    """Yields a cursor of a new connection, on which each statement commits; with `database`, a connection to it.

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
    """Returns whether there is a user with this password. Raises LoginError if the server does not say."""
    try:
        with session(credentials, tls):
            return True
    except LoginError as error:
        if error.number not in ACCESS_DENIED:
            raise
        return False


def create(cursor: "Cursor", username: str) -> bool:
    """Creates the user with a password that nobody knows. Returns whether the user did not exist before."""
    cursor.execute("CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY %s", (username, new_password()))
    return not cursor.warning_count


def set_password(cursor: "Cursor", username: str, password: str) -> None:
    cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", (username, password))


def grant_migrator(cursor: "Cursor", database: str) -> None:
    # In a grant, `_` in the name of a database stands for any character unless it is escaped.
    pattern = _checked(database).replace("_", "\\_")
    cursor.execute(
        f"GRANT {MIGRATOR_RIGHTS} ON `{pattern}`.* TO %s@'%%' WITH GRANT OPTION", (migrator_login(database),)
    )


def grant_app(cursor: "Cursor", database: str, schema: Schema) -> None:
    """Grants the application's rights to both users, on the tables that exist. Rights that they have beyond these
    stay.
    """
    rights = APP_RIGHTS if schema is Schema.MAIN else REGISTER_RIGHTS
    _grant(cursor, database, app_logins(database), rights)


def grant_readers(cursor: "Cursor", database: str) -> None:
    """Grants READER_RIGHTS to both readers of a main database, likewise."""
    _grant(cursor, database, reader_logins(database), READER_RIGHTS)


def _grant(cursor: "Cursor", database: str, users: tuple[str, str], rights: "Mapping[str, str]") -> None:
    cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,))
    there = {row[0] for row in cursor.fetchall()}
    for table, granted in rights.items():
        if table in there:
            cursor.execute(f"GRANT {granted} ON `{database}`.`{table}` TO %s@'%%', %s@'%%'", users)


def _checked(database: str) -> str:
    if not _DATABASE.fullmatch(database):
        raise ValueError(
            "Choose a database name of letters, digits and _ that is short enough for users named after it."
        )
    return database
