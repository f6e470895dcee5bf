"""Alembic, set up for the command line, for the tests and for the Lambda that migrates."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Engine, NullPool, create_engine, make_url

from lambda_function.bootstrap.database import credential_source, tls_context
from lambda_function.settings import MigrationSettings, migration_settings

_ROOT = Path(__file__).parents[2]


def migration_engine(settings: MigrationSettings | None = None) -> Engine:
    """An engine for DDL, from the environment unless told otherwise. It has no statement timeout: DDL takes its
    time, and migrations/env.py limits the waits for locks instead.
    """
    settings = settings or migration_settings()
    if settings.url:
        return create_engine(make_url(settings.url), poolclass=NullPool)
    assert settings.database is not None  # noqa: S101 - one of the two is set, as MigrationSettings says
    credentials = credential_source(settings.database).current()
    context = tls_context(settings.database)
    url = URL.create(
        "mysql+pymysql",
        credentials.username,
        credentials.password,
        credentials.host,
        credentials.port,
        credentials.database,
    )
    security = {"ssl": context} if context else {"ssl_disabled": True}
    return create_engine(url, poolclass=NullPool, connect_args=security)


def alembic_config(engine: Engine | None = None) -> Config:
    """Alembic's configuration; migrations/env.py uses `engine`, or makes one from the environment."""
    config = Config(str(_ROOT / "alembic.ini"))
    config.attributes["engine"] = engine
    return config


def upgrade(url: URL, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Waits its turn when another migration runs."""
    engine = create_engine(url, poolclass=NullPool)
    command.upgrade(alembic_config(engine), revision)
