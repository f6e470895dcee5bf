"""The database of the local stack and its users, as operators make them on RDS."""

import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from dev.stack import StackError

_DATABASE = "dentist"
_ROWS = "SELECT, INSERT, UPDATE, DELETE"
# What MySQL and MariaDB say to somebody who may not create users or grant rights.
_NOT_ALLOWED = frozenset({1044, 1142, 1227, 1410})


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who connects: `app` may change rows, `migrator` tables too. They are one where `shared` is true."""

    migrator: sa.URL
    app: sa.URL
    shared: bool


def provision(administrator: sa.URL, database: str | None) -> Accounts:
    """Creates the database (named `dentist` unless told otherwise) and its users, with new passwords.

    An administrator who may not create users shares its own account with everybody.

    Raises:
        StackError: the server cannot be reached, or the administrator may not create the database.
    """
    name = database or _DATABASE
    engine = sa.create_engine(administrator, poolclass=sa.NullPool, connect_args={"ssl_disabled": True})
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS {_quoted(name)} CHARACTER SET utf8mb4")
            return _create_users(connection, administrator.set(database=name))
    except OperationalError as error:
        raise StackError(f"The database server refuses us: {error.orig}") from error


def answers(url: sa.URL) -> bool:
    """Whether somebody can connect there."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"ssl_disabled": True})
    try:
        engine.connect().close()
    except DBAPIError:
        return False
    return True


def secret(url: sa.URL) -> dict[str, str | int]:
    """The account as Secrets Manager keeps those of RDS."""
    return {
        "engine": "mysql",
        "host": url.host or "127.0.0.1",
        "port": url.port or 3306,
        "username": url.username or "",
        "password": url.password or "",
        "dbname": url.database or "",
    }


def _create_users(connection: sa.Connection, url: sa.URL) -> Accounts:
    users = {"dentist_migrator": "ALL PRIVILEGES", "dentist_app_a": _ROWS, "dentist_app_b": _ROWS}
    try:
        made = {user: _create_user(connection, url, user, rights) for user, rights in users.items()}
    except OperationalError as error:
        if error.orig is None or error.orig.args[0] not in _NOT_ALLOWED:
            raise
        return Accounts(migrator=url, app=url, shared=True)
    return Accounts(migrator=made["dentist_migrator"], app=made["dentist_app_a"], shared=False)


def _create_user(connection: sa.Connection, url: sa.URL, user: str, rights: str) -> sa.URL:
    password = secrets.token_urlsafe(24)
    # In a grant, an underscore stands for any character.
    database = _quoted((url.database or "").replace("_", r"\_"))
    connection.exec_driver_sql(f"CREATE USER IF NOT EXISTS '{user}'@'%%'")
    connection.exec_driver_sql(f"ALTER USER '{user}'@'%%' IDENTIFIED BY '{password}'")
    connection.exec_driver_sql(f"GRANT {rights} ON {database}.* TO '{user}'@'%%'")
    return url.set(username=user, password=password)


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
