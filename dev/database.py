"""The database of the local stack and its users, who have the same names and rights as in production."""

import shlex
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from dev.stack import StackError
from lambda_function.bootstrap import alembic_setup
from lambda_function.db import logins
from lambda_function.services import database_users
from lambda_function.services.database_users import ManagedDatabase, Secrets

MASTER_SECRET = "dentist/master"  # noqa: S105 - the secret's name
APP_SECRET = "dentist/app"  # noqa: S105 - the secret's name
MIGRATOR_SECRET = "dentist/migrator"  # noqa: S105 - the secret's name

_DATABASE = "dentist"
# The errors of MySQL and MariaDB for somebody who may not create users or grant rights.
_NOT_ALLOWED = frozenset({1044, 1142, 1227, 1410})


@dataclass(frozen=True, slots=True)
class Accounts:
    """`app` may change rows, and `migrator` tables as well. If `shared` is true, both are the same account."""

    migrator: sa.URL
    app: sa.URL
    shared: bool


def provision(administrator: sa.URL, database: str | None, secrets: Secrets) -> Accounts:
    """Creates the database (`dentist` unless the URL names another) and its users, and fills the three secrets, which
    must exist. The users are created again each time, so that they have exactly today's rights.

    If the administrator may not create users, all programs use the administrator's account.

    Raises:
        StackError: the server cannot be reached, the administrator may not create the database, or users cannot be
            named after it.
    """
    own = administrator.set(database=database or _DATABASE)
    _create(administrator, str(own.database))
    try:
        _drop_users(administrator, str(own.database))
        shared = not _make_users(own, secrets)
    except ValueError as error:
        raise StackError(f"The database {own.database} cannot be used here: {error}.") from None
    if shared:
        for name in (APP_SECRET, MIGRATOR_SECRET):
            secrets.put_current(name, secret(own))
    return Accounts(migrator=_url(secrets, MIGRATOR_SECRET), app=_url(secrets, APP_SECRET), shared=shared)


def migrate(accounts: Accounts) -> None:
    """Brings the tables up to date as the migrator, who then grants the application its rights on them."""
    alembic_setup.upgrade(accounts.migrator)
    if not accounts.shared:
        alembic_setup.grant(_engine(accounts.migrator))


def app_url(secrets: Secrets) -> sa.URL | None:
    """Returns the application's account on the running stack, or None before its secret is filled."""
    return _url(secrets, APP_SECRET) if secrets.current(APP_SECRET) else None


def answers(url: sa.URL) -> bool:
    """Returns whether the account can connect."""
    try:
        _engine(url).connect().close()
    except DBAPIError:
        return False
    return True


def client_command(url: sa.URL) -> str:
    """Returns the shell command that connects MySQL's or MariaDB's own client."""
    place = [f"--host={url.host}", f"--port={url.port or 3306}"]
    return shlex.join(
        ["mysql", *place, f"--user={url.username}", f"--password={url.password or ''}", str(url.database)]
    )


def secret(url: sa.URL) -> dict[str, str | int]:
    """Returns the account in the form that Secrets Manager uses for accounts of RDS."""
    return {
        "engine": "mysql",
        "host": url.host or "127.0.0.1",
        "port": url.port or 3306,
        "username": url.username or "",
        "password": url.password or "",
        "dbname": url.database or "",
    }


def _url(secrets: Secrets, name: str) -> sa.URL:
    kept = secrets.current(name) or {}
    return sa.URL.create(
        "mysql+pymysql", kept["username"], kept["password"], kept["host"], int(kept["port"]), kept["dbname"]
    )


def _engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"ssl_disabled": True})


def _create(administrator: sa.URL, name: str) -> None:
    quoted = f"`{name.replace('`', '``')}`"
    try:
        with _engine(administrator).connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS {quoted} CHARACTER SET utf8mb4")
    except OperationalError as error:
        raise StackError(f"The database server refused the connection: {error.orig}") from error


def _drop_users(administrator: sa.URL, name: str) -> None:
    """Drops the users of an earlier start, if the administrator is allowed to."""
    with _engine(administrator).connect() as connection:
        for user in (*logins.app_logins(name), *logins.reader_logins(name), logins.migrator_login(name)):
            try:
                connection.exec_driver_sql(f"DROP USER IF EXISTS '{user}'@'%%'")
            except OperationalError as error:
                if error.orig is None or error.orig.args[0] not in _NOT_ALLOWED:
                    raise


def _make_users(own: sa.URL, secrets: Secrets) -> bool:
    """Creates the users as operators do on RDS. Returns False if the administrator is not allowed to."""
    values = secret(own)
    secrets.put_current(MASTER_SECRET, values)
    managed = ManagedDatabase(
        host=str(values["host"]),
        port=int(values["port"]),
        database=str(values["dbname"]),
        master_secret_id=MASTER_SECRET,
        app_secret_id=APP_SECRET,
        migrator_secret_id=MIGRATOR_SECRET,
    )
    try:
        database_users.make(secrets, managed, tls=None)
    except logins.LoginError as error:
        if error.number not in _NOT_ALLOWED:
            raise StackError(
                f"The database server refused to create the users of the stack: error {error.number}."
            ) from None
        return False
    return True
