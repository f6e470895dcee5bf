"""The actions of the Lambda that migrates, put together from the environment."""

from collections.abc import Callable, Mapping
from io import StringIO
from types import MappingProxyType
from typing import Any

from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from lambda_function.bootstrap.alembic_setup import alembic_config, grant, migration_engine
from lambda_function.bootstrap.database import secret_versions, tls_context
from lambda_function.db.schemas import Schema
from lambda_function.services import database_users
from lambda_function.services.database_users import ManagedDatabase
from lambda_function.settings import database_users_settings, is_register

HEAD = "head"


class UnknownActionError(ValueError):
    """The event names an action that does not exist."""


def run(action: str, revision: str = HEAD) -> dict[str, Any]:
    """Runs one of ACTIONS, whose errors pass through. Only `upgrade` and `plan` use `revision`."""
    if action not in ACTIONS:
        raise UnknownActionError(f"This action is not known. Use one of {', '.join(sorted(ACTIONS))}.")
    return ACTIONS[action](revision)


def _upgrade(revision: str) -> dict[str, Any]:
    """Migrates to the revision, and then gives the database's users their rights on all tables."""
    engine, schema = migration_engine(), _schema()
    before = _current(engine)
    command.upgrade(alembic_config(engine, schema=schema), revision)
    grant(engine, schema)
    return {"before": before, "revision": _current(engine)}


def _show(revision: str) -> dict[str, Any]:
    return {"revision": _current(migration_engine())}


def _check_heads(revision: str) -> dict[str, Any]:
    scripts = ScriptDirectory.from_config(alembic_config(schema=_schema()))
    current, head = _current(migration_engine()), scripts.get_current_head()
    return {"revision": current, "head": head, "at_head": current == head}


def _plan(revision: str) -> dict[str, Any]:
    """Returns the SQL that `upgrade` would run, without running it."""
    engine = migration_engine()
    before = _current(engine)
    config = alembic_config(engine, schema=_schema())
    config.output_buffer = written = StringIO()
    command.upgrade(config, f"{before or 'base'}:{revision}", sql=True)
    return {"before": before, "sql": written.getvalue()}


def _bootstrap(revision: str) -> dict[str, Any]:
    """Makes the database's users, their secrets and their rights."""
    settings = database_users_settings()
    managed = ManagedDatabase(
        settings.host,
        settings.port,
        settings.database,
        settings.master_secret_id,
        settings.app_secret_id,
        settings.migrator_secret_id,
        settings.reader_secret_id,
        _schema(),
    )
    return {"changed": database_users.make(secret_versions(), managed, tls_context(settings.tls))}


def _schema() -> Schema:
    return Schema.REGISTER if is_register() else Schema.MAIN


def _current(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


ACTIONS: Mapping[str, Callable[[str], dict[str, Any]]] = MappingProxyType(
    {
        "upgrade": _upgrade,
        "current": _show,
        "check-heads": _check_heads,
        "plan": _plan,
        "bootstrap": _bootstrap,
    }
)
