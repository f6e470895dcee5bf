"""Makes the database's users and fills the secrets that hold their passwords.

A secret determines its user's password: it is written first, and then the user is changed to match. This may therefore
be stopped anywhere and run again. It does nothing if all is well, and repairs a database that was restored from a
backup, which has another address and old passwords.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lambda_function.db import logins
from lambda_function.db.engine import Credentials
from lambda_function.db.schemas import Schema
from lambda_function.domain.errors import UnavailableError

if TYPE_CHECKING:  # generic only for the type checker
    from pymysql.cursors import Cursor


class Secrets(Protocol):
    """Secrets by name. See aws/secrets.py."""

    def current(self, secret_id: str) -> dict[str, Any] | None: ...

    def put_current(self, secret_id: str, value: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class ManagedDatabase:
    """A database, and the secrets of its users. RDS's own secret of the master has only user name and password. Only
    the main database has readers.
    """

    host: str
    port: int
    database: str
    master_secret_id: str
    app_secret_id: str
    migrator_secret_id: str
    reader_secret_id: str | None = None
    schema: Schema = Schema.MAIN

    def keys(self) -> dict[str, Any]:
        """Returns what each secret has beside user name and password."""
        return {
            "engine": "mysql",
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "masterarn": self.master_secret_id,
        }

    def users(self) -> list[tuple[str, tuple[str, ...]]]:
        """Returns each secret, with the users who take turns in it."""
        found: list[tuple[str, tuple[str, ...]]] = [
            (self.app_secret_id, logins.app_logins(self.database)),
            (self.migrator_secret_id, (logins.migrator_login(self.database),)),
        ]
        if self.reader_secret_id:
            found.append((self.reader_secret_id, logins.reader_logins(self.database)))
        return found


def make(secrets: Secrets, managed: ManagedDatabase, tls: ssl.SSLContext | None) -> list[str]:
    """Returns what was changed: names of users and `secret of NAME`. Grants are given again, which changes nothing.

    Raises LoginError and UnavailableError, and ValueError if a secret names a user of another database.
    """
    master = secrets.current(managed.master_secret_id)
    if master is None:
        raise UnavailableError("The master user's secret is empty.")
    changed: list[str] = []
    with logins.session(Credentials.in_secret({**master, **managed.keys()}), tls) as cursor:
        for secret_id, users in managed.users():
            login, written = _filled(secrets, managed, secret_id, users[0])
            changed += [f"secret of {login.username}"] if written else []
            changed += _agree(cursor, login, tls)
            changed += [name for name in users if logins.create(cursor, name)]
        logins.grant_migrator(cursor, managed.database)
        logins.grant_app(cursor, managed.database, managed.schema)
        if managed.reader_secret_id:
            logins.grant_readers(cursor, managed.database)
    return changed


def _filled(secrets: Secrets, managed: ManagedDatabase, secret_id: str, username: str) -> tuple[Credentials, bool]:
    """Returns the content of the secret, and whether it had to be written."""
    kept = secrets.current(secret_id)
    wanted = {"username": username, "password": logins.new_password(), **(kept or {}), **managed.keys()}
    logins.successor(managed.database, wanted["username"])
    if wanted != kept:
        secrets.put_current(secret_id, wanted)
    return Credentials.in_secret(wanted), wanted != kept


def _agree(cursor: "Cursor", login: Credentials, tls: ssl.SSLContext | None) -> list[str]:
    if logins.can_log_in(login, tls):
        return []
    logins.create(cursor, login.username)
    logins.set_password(cursor, login.username, login.password)
    return [login.username]
