"""The checks of migrations: pytest-alembic's four, written out, and those of docs/decisions/0004."""

import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from lambda_function.bootstrap.alembic_setup import (
    MigrationLockedError,
    alembic_config,
    lock_name,
    migration_engine,
    upgrade,
)
from lambda_function.db.base import Base
from lambda_function.db.repositories.schema import REQUIRED_REVISION
from lambda_function.settings import MigrationSettings, TlsSettings
from tests.aws import store_secret
from tests.servers import new_database, plain_engine

ROOT = Path(__file__).parents[2]
SCRIPTS = ScriptDirectory.from_config(alembic_config())
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]
UPGRADE = [sys.executable, "-m", "alembic", "upgrade", "head"]


def _environment(url: URL) -> dict[str, str]:
    return {"DATABASE_URL": url.render_as_string(hide_password=False), "DATABASE_TLS": "off"}


@pytest.fixture
def empty_url(server_url: URL, worker_id: str) -> Iterator[URL]:
    with new_database(server_url, f"dentist_migrations_{worker_id}") as url:
        yield url


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "compare_server_default": True,
            "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
        },
    )
    return list(compare_metadata(context, Base.metadata))


def test_there_is_one_head() -> None:
    assert len(SCRIPTS.get_heads()) == 1


def test_ids_are_ordered_numbers() -> None:
    assert [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS


def test_files_are_named_after_their_revision() -> None:
    for script in SCRIPTS.walk_revisions():
        assert re.fullmatch(rf"{script.revision}_[a-z0-9_]+\.py", Path(script.path).name)


def test_the_build_requires_the_head() -> None:
    assert SCRIPTS.get_current_head() == REQUIRED_REVISION


def test_the_models_are_what_the_migrations_make(migrated_url: URL) -> None:
    with plain_engine(migrated_url).connect() as connection:
        assert _differences(connection) == []


def test_alembic_check_finds_nothing_to_do(migrated_url: URL) -> None:
    command.check(alembic_config(plain_engine(migrated_url)))


def test_a_missing_check_constraint_would_be_noticed(empty_url: URL) -> None:
    upgrade(empty_url)
    with plain_engine(empty_url).connect() as connection:
        connection.execute(text("ALTER TABLE slot_claim DROP CONSTRAINT ck_slot_claim_on_grid"))
        assert _differences(connection) != []


def test_each_revision_goes_up_and_down_and_up_again(empty_url: URL) -> None:
    config = alembic_config(plain_engine(empty_url))
    for revision in REVISIONS:
        command.upgrade(config, revision)
        command.downgrade(config, "-1")
        command.upgrade(config, revision)
    command.downgrade(config, "base")
    assert set(inspect(plain_engine(empty_url)).get_table_names()) == {"alembic_version"}


def test_every_table_names_its_engine_charset_and_collation(migrated_url: URL) -> None:
    statement = text(
        "SELECT table_name, engine, table_collation FROM information_schema.tables"
        " WHERE table_schema = :name AND table_name <> 'alembic_version'"
    )
    with plain_engine(migrated_url).connect() as connection:
        tables = connection.execute(statement, {"name": migrated_url.database}).all()
    assert {(engine, collation) for _, engine, collation in tables} == {("InnoDB", "utf8mb4_unicode_520_ci")}


def test_the_plan_can_be_written_as_sql() -> None:
    ran = subprocess.run([*UPGRADE, "--sql"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "CREATE TABLE slot_claim" in ran.stdout


def test_a_second_migration_waits_for_the_first(empty_url: URL) -> None:
    migrations = [
        subprocess.Popen(UPGRADE, cwd=ROOT, env=_environment(empty_url), stderr=subprocess.DEVNULL) for _ in range(2)
    ]
    assert [migration.wait(timeout=60) for migration in migrations] == [0, 0]
    assert inspect(plain_engine(empty_url)).has_table("appointment")


def test_a_migration_that_waits_too_long_says_so_and_changes_nothing(empty_url: URL) -> None:
    with plain_engine(empty_url).connect() as other:
        other.execute(text("SELECT GET_LOCK(:name, 0)"), {"name": lock_name(str(empty_url.database))})
        config = alembic_config(plain_engine(empty_url), lock_seconds=1)
        with pytest.raises(MigrationLockedError):
            command.upgrade(config, "head")
    assert inspect(plain_engine(empty_url)).get_table_names() == []


def test_the_command_line_takes_an_explicit_url(empty_url: URL) -> None:
    subprocess.run(UPGRADE, cwd=ROOT, env=_environment(empty_url), capture_output=True, check=True)
    assert inspect(plain_engine(empty_url)).has_table("appointment")


@pytest.mark.usefixtures("aws")
def test_the_command_line_takes_the_secret(empty_url: URL) -> None:
    store_secret(empty_url, "migrator")
    engine = migration_engine(MigrationSettings(TlsSettings(verify=False), secret_id="migrator"))
    command.upgrade(alembic_config(engine), "head")
    assert inspect(engine).has_table("appointment")


def test_each_installation_has_an_id_of_its_own(empty_url: URL, migrated_url: URL) -> None:
    upgrade(empty_url)
    ids: list[str] = []
    for url in (empty_url, migrated_url):
        with plain_engine(url).connect() as connection:
            ids += connection.scalars(text("SELECT installation_id FROM installation")).all()
    assert len(set(ids)) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_user_names_that_differ_in_capitals_stop_the_migration_before_it_changes_anything(empty_url: URL) -> None:
    upgrade(empty_url, "0017")
    add = text(
        "INSERT INTO user (user_id, user_name, user_type, full_name, created_at, updated_at)"
        " VALUES (:id, :name, 1, 'X', '2030-01-01', '2030-01-01')"
    )
    engine = plain_engine(empty_url)
    with engine.begin() as connection:
        for number, name in ((7, "pat"), (8, "kim"), (9, "Pat")):
            connection.execute(add, {"id": number, "name": name})
    with pytest.raises(CommandError, match="7 and 9") as stopped:
        upgrade(empty_url, "0018")
    assert "at and" not in str(stopped.value)
    with engine.begin() as connection:
        connection.execute(add, {"id": 10, "name": "KIM"})
        connection.execute(text("UPDATE user SET user_name = CONCAT(user_name, '-2') WHERE user_id > 8"))
    upgrade(empty_url, "0018")
    with engine.connect() as connection, pytest.raises(IntegrityError, match="uq_user_user_name"):
        connection.execute(add, {"id": 11, "name": "PAT"})


def test_of_what_user_names_are_made_only_capitals_are_the_same(migrated_url: URL) -> None:
    signs = string.ascii_lowercase + string.digits + "._@+-"
    row = " UNION ALL ".join(f"SELECT 'a{sign}' COLLATE utf8mb4_unicode_520_ci AS name" for sign in signs)
    with plain_engine(migrated_url).connect() as connection:
        assert connection.scalar(text(f"SELECT COUNT(DISTINCT name) FROM ({row}) names")) == len(signs)
        assert connection.scalar(text("SELECT 'A-b' COLLATE utf8mb4_unicode_520_ci = 'ab'")) == 0
