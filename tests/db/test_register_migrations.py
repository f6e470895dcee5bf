"""The checks of migrations, for the schema of a country's register, and that the two schemas do not mix."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, inspect, text

from lambda_function.bootstrap.alembic_setup import alembic_config, upgrade
from lambda_function.db.models.register import RegisterBase
from lambda_function.db.schemas import Schema
from tests.servers import new_database, plain_engine

ROOT = Path(__file__).parents[2]
SCRIPTS = ScriptDirectory.from_config(alembic_config(schema=Schema.REGISTER))
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


@pytest.fixture
def empty_url(server_url: URL, worker_id: str) -> Iterator[URL]:
    with new_database(server_url, f"register_migrations_{worker_id}") as url:
        yield url


def _differences(connection: Connection) -> list[object]:
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), RegisterBase.metadata))


def test_there_is_one_head() -> None:
    assert len(SCRIPTS.get_heads()) == 1


def test_ids_are_ordered_numbers_and_files_are_named_after_them() -> None:
    assert [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS
    for script in SCRIPTS.walk_revisions():
        assert re.fullmatch(rf"{script.revision}_[a-z0-9_]+\.py", Path(script.path).name)


def test_the_model_is_what_the_migrations_make(empty_url: URL) -> None:
    upgrade(empty_url, schema=Schema.REGISTER)
    with plain_engine(empty_url).connect() as connection:
        assert _differences(connection) == []
        connection.execute(text("ALTER TABLE visit MODIFY insurance VARCHAR(32)"))
        assert _differences(connection) != []


def test_alembic_check_finds_nothing_to_do(empty_url: URL) -> None:
    config = alembic_config(plain_engine(empty_url), schema=Schema.REGISTER)
    command.upgrade(config, "head")
    command.check(config)


def test_each_revision_goes_up_and_down_and_up_again(empty_url: URL) -> None:
    config = alembic_config(plain_engine(empty_url), schema=Schema.REGISTER)
    for revision in REVISIONS:
        command.upgrade(config, revision)
        command.downgrade(config, "-1")
        command.upgrade(config, revision)
    command.downgrade(config, "base")
    assert set(inspect(plain_engine(empty_url)).get_table_names()) == {"alembic_version"}


def test_the_table_names_its_engine_charset_and_collation(empty_url: URL) -> None:
    upgrade(empty_url, schema=Schema.REGISTER)
    statement = text(
        "SELECT engine, table_collation FROM information_schema.tables"
        " WHERE table_schema = :name AND table_name = 'visit'"
    )
    with plain_engine(empty_url).connect() as connection:
        assert connection.execute(statement, {"name": empty_url.database}).all() == [
            ("InnoDB", "utf8mb4_unicode_520_ci")
        ]


@pytest.mark.parametrize(
    ("section", "there", "missing"), [("alembic", "appointment", "visit"), ("register", "visit", "appointment")]
)
def test_the_command_line_migrates_the_schema_that_its_section_names(
    empty_url: URL, section: str, there: str, missing: str
) -> None:
    environment = {"DATABASE_URL": empty_url.render_as_string(hide_password=False), "DATABASE_TLS": "off"}
    run = [sys.executable, "-m", "alembic", "-n", section, "upgrade", "head"]
    subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, check=True)

    tables = inspect(plain_engine(empty_url))
    assert tables.has_table(there)
    assert not tables.has_table(missing)
