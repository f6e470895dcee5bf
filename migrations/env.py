"""How Alembic runs here: one migration at a time for a database, with bounded waits for locks."""

from logging.config import fileConfig
from typing import Any, Literal

from alembic import context

from lambda_function.bootstrap.alembic_setup import LOCK_SECONDS, exclusive, migration_engine
from lambda_function.db import models
from lambda_function.db.base import RoleId, UtcDateTime


def render_item(kind: str, item: Any, autogenerate: Any) -> str | Literal[False]:
    """Writes our own column types into a revision as the database's types."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogenerate.imports.add("from sqlalchemy.dialects import mysql")
        return "mysql.DATETIME(fsp=6)"
    if kind == "type" and isinstance(item, RoleId):
        return "sa.SmallInteger()"
    return False


OPTIONS: dict[str, Any] = {
    "target_metadata": models.User.metadata,
    "compare_type": True,
    "compare_server_default": True,
    "transaction_per_migration": True,
    "render_item": render_item,
    "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
}


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(dialect_name="mysql", literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    engine = context.config.attributes.get("engine") or migration_engine()
    seconds = context.config.attributes.get("lock_seconds", LOCK_SECONDS)
    with engine.connect() as connection, exclusive(connection, seconds):
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()


if "engine" not in context.config.attributes and context.config.config_file_name:
    fileConfig(context.config.config_file_name)
if context.is_offline_mode():
    run_offline()
else:
    run_online()
