"""The only reader of the environment. Read when an entrypoint starts, never on import.

| variable | meaning |
|---|---|
| `DATABASE_SECRET_ID` | name or ARN of the secret with host, port, username, password, dbname |
| `DATABASE_TLS` | `verify` (default) or `off`, which is for a database on the same machine |
| `DATABASE_CA_FILE` | PEM file of the authorities that sign the database's certificate; default: the system's |
| `DATABASE_URL` | migrations only, instead of the secret: `mysql+pymysql://user:password@host:port/database` |
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsError(RuntimeError):
    """A variable is missing or makes no sense; the message names it and never its value."""


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    secret_id: str
    tls: bool
    ca_file: str | None


@dataclass(frozen=True, slots=True)
class MigrationSettings:
    """Either `url`, or a secret in `database`."""

    url: str | None = field(repr=False)
    database: DatabaseSettings | None


def database_settings(environment: Mapping[str, str] = os.environ) -> DatabaseSettings:
    """Raises SettingsError."""
    secret_id = environment.get("DATABASE_SECRET_ID")
    if not secret_id:
        raise SettingsError("DATABASE_SECRET_ID is not set")
    tls = environment.get("DATABASE_TLS", "verify")
    if tls not in {"verify", "off"}:
        raise SettingsError("DATABASE_TLS must be `verify` or `off`")
    return DatabaseSettings(secret_id, tls == "verify", environment.get("DATABASE_CA_FILE") or None)


def migration_settings(environment: Mapping[str, str] = os.environ) -> MigrationSettings:
    """Raises SettingsError."""
    url = environment.get("DATABASE_URL")
    if url:
        return MigrationSettings(url, None)
    return MigrationSettings(None, database_settings(environment))
