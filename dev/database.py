"""The databases of the local stack, on one server: the main one and the registers of countries. Their users have the
same names and rights as in production.
"""

import shlex
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from dev.secret_names import (
    APP_SECRET,
    MAIN_SECRETS,
    MASTER_SECRET,
    READER_SECRET,
    SecretNames,
    register_secrets,
)
from dev.stack import StackError
from lambda_function.bootstrap import alembic_setup
from lambda_function.db import logins
from lambda_function.db.schemas import Schema
from lambda_function.services import database_users
from lambda_function.services.database_users import ManagedDatabase, Secrets

_DATABASE = "dentist"
# Users are named after their database, so its name has 23 characters at most.
_LONGEST_MAIN = 23 - len("_register_pe")
# The errors of MySQL and MariaDB for somebody who may not create databases or users, or grant rights.
_NOT_ALLOWED = frozenset({1044, 1142, 1227, 1410})


@dataclass(frozen=True, slots=True)
class Accounts:
    """`app` may change rows, and `migrator` tables as well. If `shared` is true, both are the same account."""

    migrator: sa.URL
    app: sa.URL
    shared: bool


@dataclass(frozen=True, slots=True)
class Register:
    """The database of a country. `is_new` says that it has no tables yet. The accounts name the server itself, and not
    the country's gate.
    """

    country: str
    accounts: Accounts
    is_new: bool


def provision(administrator: sa.URL, database: str | None, secrets: Secrets) -> Accounts:
    """Creates the database (`dentist` unless the URL names another) and its users, and fills their secrets, which
    must exist. The users are created again each time, so that they have exactly today's rights.

    If the administrator may not create users, all programs use the administrator's account.

    Raises:
        StackError: the server cannot be reached, the administrator may not create the database, or users cannot be
            named after it.
    """
    own = administrator.set(database=database or _DATABASE)
    try:
        _create(administrator, str(own.database))
    except OperationalError as error:
        raise StackError(f"The database server refused the connection: {error.orig}") from error
    try:
        return _with_users(administrator, own, secrets, MAIN_SECRETS, Schema.MAIN)
    except ValueError as error:
        raise StackError(f"The database {own.database} cannot be used here: {error}.") from None


def provision_register(
    administrator: sa.URL, database: str | None, country: str, gate: tuple[str, int], secrets: Secrets
) -> Register | None:
    """Does the same for the register of a country, in a database beside the main one. Its application's secret leads
    through the gate. Returns None if the administrator may not create that database, and it is not there to be used.
    """
    own = administrator.set(database=register_name(database, country))
    is_new = not _has_tables(administrator, str(own.database))
    names = register_secrets(country)
    try:
        if not _exists(administrator, str(own.database)):
            _create(administrator, str(own.database))
        accounts = _with_users(administrator, own, secrets, names, Schema.REGISTER)
    except OperationalError as error:
        if not _is_denial(error):
            raise
        return None
    host, port = gate
    secrets.put_current(names.app, {**secret(accounts.app), "host": host, "port": port})
    return Register(country, accounts, is_new)


def register_environment(country: str) -> dict[str, str]:
    """Returns what tells the function of a country where the databases are."""
    names = register_secrets(country)
    return {"DATABASE_SECRET_ID": READER_SECRET, "REGISTER_SECRET_ID": names.app, "DATABASE_TLS": "off"}


def register_server(secrets: Secrets, country: str) -> tuple[str, int]:
    """Returns the host and port of the server that has the country's register."""
    url = _url(secrets, register_secrets(country).migrator)
    return str(url.host), int(url.port or 3306)


def register_name(database: str | None, country: str) -> str:
    """Returns the name of a country's database beside a main database of that name."""
    main = database or _DATABASE
    if len(main) > _LONGEST_MAIN:
        main = f"{main[:5]}_{sha256(main.encode()).hexdigest()[:5]}"
    return f"{main}_register_{country.lower()}"


def migrate(accounts: Accounts, schema: Schema = Schema.MAIN) -> None:
    """Brings the tables up to date as the migrator, who then grants the application its rights on them."""
    alembic_setup.upgrade(accounts.migrator, schema=schema)
    if not accounts.shared:
        alembic_setup.grant(_engine(accounts.migrator), schema)


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


def _exists(administrator: sa.URL, name: str) -> bool:
    """Returns whether there is such a database that the administrator can see."""
    return _finds(administrator, "SELECT 1 FROM information_schema.schemata WHERE schema_name = :name", name)


def _has_tables(administrator: sa.URL, name: str) -> bool:
    return _finds(administrator, "SELECT 1 FROM information_schema.tables WHERE table_schema = :name LIMIT 1", name)


def _finds(administrator: sa.URL, statement: str, name: str) -> bool:
    with _engine(administrator).connect() as connection:
        return connection.scalar(sa.text(statement), {"name": name}) is not None


def _create(administrator: sa.URL, name: str) -> None:
    quoted = f"`{name.replace('`', '``')}`"
    with _engine(administrator).connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS {quoted} CHARACTER SET utf8mb4")


def _with_users(administrator: sa.URL, own: sa.URL, secrets: Secrets, names: SecretNames, schema: Schema) -> Accounts:
    """Makes the users of a database that exists. Raises ValueError if they cannot be named after it."""
    _drop_users(administrator, str(own.database))
    shared = not _make_users(own, secrets, names, schema)
    if shared:
        for name in filter(None, (names.app, names.migrator, names.reader)):
            secrets.put_current(name, secret(own))
    return Accounts(migrator=_url(secrets, names.migrator), app=_url(secrets, names.app), shared=shared)


def _drop_users(administrator: sa.URL, name: str) -> None:
    """Drops the users of an earlier start, if the administrator is allowed to."""
    with _engine(administrator).connect() as connection:
        for user in (*logins.app_logins(name), *logins.reader_logins(name), logins.migrator_login(name)):
            try:
                connection.exec_driver_sql(f"DROP USER IF EXISTS '{user}'@'%%'")
            except OperationalError as error:
                if not _is_denial(error):
                    raise


def _is_denial(error: OperationalError) -> bool:
    return error.orig is not None and error.orig.args[0] in _NOT_ALLOWED


def _make_users(own: sa.URL, secrets: Secrets, names: SecretNames, schema: Schema) -> bool:
    """Creates the users as operators do on RDS. Returns False if the administrator is not allowed to."""
    values = secret(own)
    secrets.put_current(MASTER_SECRET, values)
    managed = ManagedDatabase(
        host=str(values["host"]),
        port=int(values["port"]),
        database=str(values["dbname"]),
        master_secret_id=MASTER_SECRET,
        app_secret_id=names.app,
        migrator_secret_id=names.migrator,
        reader_secret_id=names.reader,
        schema=schema,
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
