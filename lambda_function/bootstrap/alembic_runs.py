"""How Alembic runs here, for the env.py of each schema: one migration at a time for a database, with bounded waits for
locks.
"""

from logging.config import fileConfig
from typing import Any, Literal

from alembic import context
from sqlalchemy import MetaData

from lambda_function.bootstrap.alembic_setup import LOCK_SECONDS, exclusive, migration_engine
from lambda_function.db.base import RoleId, UtcDateTime


def render_item(kind: str, item: Any, autogenerate: Any) -> str | Literal[False]:
    """Writes our own column types into a revision as the database's types."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogenerate.imports.add("from sqlalchemy.dialects import mysql")
        return "mysql.DATETIME(fsp=6)"
    if kind == "type" and isinstance(item, RoleId):
        return "sa.SmallInteger()"
    return False


def run(metadata: MetaData) -> None:
    """Migrates to what Alembic's caller asks for, or prints the SQL of it."""
    if "engine" not in context.config.attributes and context.config.config_file_name:
        fileConfig(context.config.config_file_name)
    options = {
        "target_metadata": metadata,
        "compare_type": True,
        "compare_server_default": True,
        "transaction_per_migration": True,
        "render_item": render_item,
        "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
    }
    if context.is_offline_mode():
        _run_offline(options)
    else:
        _run_online(options)


def _run_offline(options: dict[str, Any]) -> None:
    """Prints the SQL instead of running it."""
    context.configure(dialect_name="mysql", literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()


def _run_online(options: dict[str, Any]) -> None:
    engine = context.config.attributes.get("engine") or migration_engine()
    seconds = context.config.attributes.get("lock_seconds", LOCK_SECONDS)
    with engine.connect() as connection, exclusive(connection, seconds):
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
