"""How Alembic runs here: one migration at a time for a database, with bounded waits for locks."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from logging.config import fileConfig
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, text

from lambda_function.bootstrap.migrations import migration_engine
from lambda_function.db import models
from lambda_function.db.base import RoleId, UtcDateTime

LOCK_SECONDS = 60
METADATA_LOCK_SECONDS = 20
ROW_LOCK_SECONDS = 10


class MigrationLockedError(RuntimeError):
    """Another migration of the same database did not finish in time."""


def render_item(kind: str, item: Any, autogenerate: Any) -> str | Literal[False]:
    """Revisions spell our own column types as what the database knows."""
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


@contextmanager
def exclusive(connection: Connection) -> Iterator[None]:
    """Holds the server-wide lock of this database's migrations. It survives the commits that DDL makes."""
    # A metadata lock is waited for a year by default, and everybody else queues behind the one who waits.
    connection.execute(text("SET SESSION lock_wait_timeout = :seconds"), {"seconds": METADATA_LOCK_SECONDS})
    connection.execute(text("SET SESSION innodb_lock_wait_timeout = :seconds"), {"seconds": ROW_LOCK_SECONDS})
    # A lock's name holds 64 characters; a digest keeps databases with long names apart.
    database = connection.scalar(text("SELECT DATABASE()"))
    name = f"migrate:{sha256(str(database).encode()).hexdigest()[:40]}"
    answer = connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), {"name": name, "seconds": LOCK_SECONDS})
    connection.commit()
    if answer != 1:
        raise MigrationLockedError(f"another migration has been running for {LOCK_SECONDS} s; nothing was changed")
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": name})
        connection.commit()


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(dialect_name="mysql", literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    engine = context.config.attributes.get("engine") or migration_engine()
    with engine.connect() as connection, exclusive(connection):
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()


if context.config.attributes.get("engine") is None and context.config.config_file_name:
    fileConfig(context.config.config_file_name)
if context.is_offline_mode():
    run_offline()
else:
    run_online()
