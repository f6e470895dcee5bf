"""The four steps in which Secrets Manager gives a database secret a new password.

The application's two users take turns: the idle one gets the password and then the secret, and programs with the old
secret keep working until the next turn. The migrator has no second user: from `setSecret` to `finishSecret` it cannot
log in. Every step may be run again, whatever happened to the one before. The pending version of the secret says what to
do, and only its user's password is ever changed.
"""

import ssl
from collections.abc import Mapping
from typing import Any, Protocol

from lambda_function.db import logins
from lambda_function.db.engine import Credentials


class RotationError(RuntimeError):
    """This step is not possible now. Nothing was changed."""


class Versions(Protocol):
    """Versions of secrets; see aws/secrets.py."""

    def current(self, secret_id: str) -> dict[str, Any] | None: ...

    def pending(self, secret_id: str, token: str) -> dict[str, Any] | None: ...

    def stages(self, secret_id: str, token: str) -> frozenset[str]: ...

    def put_pending(self, secret_id: str, token: str, value: Mapping[str, Any]) -> None: ...

    def make_current(self, secret_id: str, token: str) -> None: ...


class Rotation:
    def __init__(self, versions: Versions, tls: ssl.SSLContext | None) -> None:
        self._versions = versions
        self._tls = tls

    def run(self, step: str, secret_id: str, token: str) -> None:
        """Runs a step. Raises RotationError for an unknown step or a version that is not being rotated to, LoginError
        if the database refuses, and UnavailableError if Secrets Manager does.
        """
        stages = self._versions.stages(secret_id, token)
        if "AWSCURRENT" in stages:
            return
        if "AWSPENDING" not in stages:
            raise RotationError("This version of the secret is not staged for rotation. Start a new rotation.")
        match step:
            case "createSecret":
                self._create(secret_id, token)
            case "setSecret":
                self._set(secret_id, token)
            case "testSecret":
                self._test(secret_id, token)
            case "finishSecret":
                # Finishing too early would leave everybody with a secret that opens nothing.
                self._test(secret_id, token)
                self._versions.make_current(secret_id, token)
            case _:
                raise RotationError("This step is not known. Use createSecret, setSecret, testSecret or finishSecret.")

    def _create(self, secret_id: str, token: str) -> None:
        current, username = self._turn(secret_id)
        pending = self._versions.pending(secret_id, token)
        if pending is None or pending["password"] == current["password"]:
            value = {**current, "username": username, "password": logins.new_password()}
            self._versions.put_pending(secret_id, token, value)

    def _set(self, secret_id: str, token: str) -> None:
        current, username = self._turn(secret_id)
        wanted = self._pending(secret_id, token)
        if wanted.username != username:
            # Another rotation has been finished meanwhile, so this user may be in use.
            raise RotationError(
                "It is not this user's turn, since another rotation has finished. Start a new rotation."
            )
        if logins.can_log_in(wanted, self._tls):
            return
        with logins.session(self._master(current), self._tls) as cursor:
            logins.set_password(cursor, wanted.username, wanted.password)

    def _test(self, secret_id: str, token: str) -> None:
        with logins.session(self._pending(secret_id, token), self._tls, database=True) as cursor:
            cursor.execute("SELECT 1")

    def _turn(self, secret_id: str) -> tuple[dict[str, Any], str]:
        """Returns the current content of the secret, and whose turn it is."""
        current = self._versions.current(secret_id)
        if current is None:
            raise RotationError("The secret is empty. Run the migration Lambda's action `bootstrap` first.")
        credentials = Credentials.in_secret(current)
        return current, logins.successor(credentials.database, credentials.username)

    def _pending(self, secret_id: str, token: str) -> Credentials:
        pending = self._versions.pending(secret_id, token)
        if pending is None:
            raise RotationError("The new version of the secret is empty. Run createSecret first.")
        return Credentials.in_secret(pending)

    def _master(self, secret: Mapping[str, Any]) -> Credentials:
        """Returns the master's credentials. RDS's secret has only user name and password."""
        master = self._versions.current(secret["masterarn"])
        return Credentials.in_secret({**secret, **(master or {})})
