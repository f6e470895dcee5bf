"""The only reader of the environment. Read when an entrypoint starts, never on import.

| variable | meaning |
|---|---|
| `DATABASE_SECRET_ID` | name or ARN of the secret with host, port, username, password, dbname |
| `DATABASE_TLS` | `verify` (default) or `off`, which is for a database on the same machine |
| `DATABASE_CA_FILE` | PEM file of the authorities that sign the database's certificate; default: the system's |
| `DATABASE_URL` | migrations and operators, instead of the secret: `mysql+pymysql://user:password@host:3306/name` |
| `COGNITO_USER_POOL_ID` | operators only: the pool with the accounts of people; without it accounts are left alone |
| `EVENT_BUS_NAME` | the outbox's relay only: name or ARN of the EventBridge bus |
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsError(RuntimeError):
    """A variable is missing or makes no sense; the message names it and never its value."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    verify: bool
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    secret_id: str
    tls: TlsSettings


@dataclass(frozen=True, slots=True)
class MigrationSettings:
    """One of `url` and `secret_id` is set."""

    tls: TlsSettings
    secret_id: str | None = None
    url: str | None = field(default=None, repr=False)


def _tls(environment: Mapping[str, str]) -> TlsSettings:
    choice = environment.get("DATABASE_TLS", "verify")
    if choice not in {"verify", "off"}:
        raise SettingsError("DATABASE_TLS must be `verify` or `off`")
    return TlsSettings(choice == "verify", environment.get("DATABASE_CA_FILE") or None)


def _secret_id(environment: Mapping[str, str]) -> str:
    secret_id = environment.get("DATABASE_SECRET_ID")
    if not secret_id:
        raise SettingsError("DATABASE_SECRET_ID is not set")
    return secret_id


def database_settings(environment: Mapping[str, str] = os.environ) -> DatabaseSettings:
    """Raises SettingsError."""
    return DatabaseSettings(_secret_id(environment), _tls(environment))


def user_pool_id(environment: Mapping[str, str] = os.environ) -> str | None:
    """None where accounts are somebody else's business."""
    return environment.get("COGNITO_USER_POOL_ID") or None


def event_bus_name(environment: Mapping[str, str] = os.environ) -> str:
    """Raises SettingsError."""
    name = environment.get("EVENT_BUS_NAME")
    if not name:
        raise SettingsError("EVENT_BUS_NAME is not set")
    return name


def migration_settings(environment: Mapping[str, str] = os.environ) -> MigrationSettings:
    """Raises SettingsError."""
    url = environment.get("DATABASE_URL")
    if url:
        return MigrationSettings(_tls(environment), url=url)
    return MigrationSettings(_tls(environment), secret_id=_secret_id(environment))
