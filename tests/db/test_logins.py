"""What the database's users may do on the real server: the application may change rows, the migrator also tables."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pymysql
import pytest
from alembic import command
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError

from lambda_function.bootstrap.alembic_setup import alembic_config, grant, upgrade
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db import logins
from lambda_function.db.base import Base
from lambda_function.db.engine import Credentials
from lambda_function.db.grants import APP_RIGHTS, MIGRATOR_RIGHTS
from tests.servers import app_user, drop_users, is_mariadb, new_database, plain_engine

DENIED = {1044, 1142, 1143, 1227, 1370}


def _refusal(run: Callable[[], object]) -> int:
    with pytest.raises((DBAPIError, pymysql.MySQLError)) as refused:
        run()
    number: int = getattr(refused.value, "orig", refused.value).args[0]
    return number


def _refusal_of(url: URL, statement: str) -> int:
    with plain_engine(url).begin() as connection:
        return _refusal(lambda: connection.execute(text(statement)))


def test_every_table_has_its_rights() -> None:
    assert set(APP_RIGHTS) == {*Base.metadata.tables, "alembic_version"}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE other (id INT)",
        "ALTER TABLE clinic ADD COLUMN colour INT",
        "DROP TABLE slot_claim",
        "TRUNCATE TABLE slot_claim",
        "CREATE INDEX ix_other ON clinic (country)",
        "CREATE USER other IDENTIFIED BY 'Aa1-other'",
        "GRANT SELECT ON clinic TO 'other'@'%'",
        "UPDATE alembic_version SET version_num = '9999'",
        "DELETE FROM appointment_event",
        "DELETE FROM person_event",
        "UPDATE person_event SET actor_id = NULL",
        "UPDATE appointment_event SET action = 'BOOK'",
        "DELETE FROM user",
        "DELETE FROM appointment",
        "UPDATE user_type SET description = 'OPERATOR'",
        "UPDATE slot_claim SET appointment_id = 1",
        "SELECT * FROM mysql.user",
        "SELECT * FROM performance_schema.events_statements_history",
    ],
)
def test_the_application_may_not(app_url: URL, statement: str) -> None:
    assert _refusal_of(app_url, statement) in DENIED


def test_the_application_sees_no_other_database(app_url: URL) -> None:
    with plain_engine(app_url).connect() as connection:
        names = set(connection.scalars(text("SELECT schema_name FROM information_schema.schemata")))
    assert names <= {app_url.database, "information_schema", "performance_schema"}


@pytest.fixture
def migrator_url(server_url: URL, worker_id: str) -> Iterator[URL]:
    """An empty database as its migrator, with the application's users."""
    with new_database(server_url, f"dentist_logins_{worker_id}") as url, app_user(url):
        database, password = str(url.database), logins.new_password()
        username = logins.migrator_login(database)
        with logins.session(UrlCredentials(url).current(), tls=None) as cursor:
            logins.create(cursor, username)
            logins.set_password(cursor, username, password)
            logins.grant_migrator(cursor, database)
        yield url.set(username=username, password=password)
        drop_users(url)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE USER other IDENTIFIED BY 'Aa1-other'",
        "SELECT * FROM mysql.user",
        "CREATE DATABASE dentist_other",
        "GRANT SELECT ON mysql.* TO CURRENT_USER()",
    ],
)
def test_the_migrator_may_not(migrator_url: URL, statement: str) -> None:
    assert _refusal_of(migrator_url, statement) in DENIED


def test_the_migrator_has_no_rights_on_a_database_whose_name_only_looks_alike(
    migrator_url: URL, server_url: URL
) -> None:
    """`_` stands for any character in a grant's database name unless it is escaped."""
    with new_database(server_url, str(migrator_url.database).replace("_", "x")) as other:
        assert _refusal_of(migrator_url, f"CREATE TABLE {other.database}.mine (id INT)") in DENIED


# Migrating an empty database does without these. The next test needs them.
NEEDED_LATER = frozenset({"DELETE", "DROP"})


def _revoke(server: URL, migrator: URL, right: str) -> None:
    pattern = str(migrator.database).replace("_", "\\_")
    with plain_engine(server).begin() as connection:
        connection.exec_driver_sql(f"REVOKE {right} ON `{pattern}`.* FROM '{migrator.username}'@'%%'")


@pytest.mark.parametrize("right", sorted(set(MIGRATOR_RIGHTS.split(", ")) - NEEDED_LATER))
def test_migrating_needs_the_right(migrator_url: URL, server_url: URL, right: str) -> None:
    if right == "REFERENCES" and is_mariadb(server_url):
        pytest.skip("MariaDB asks for no right to make a foreign key")
    _revoke(server_url, migrator_url, right)
    assert _refusal(lambda: upgrade(migrator_url)) in DENIED


def test_the_migrator_needs_its_other_rights_to_grant_them_and_to_go_back(migrator_url: URL, server_url: URL) -> None:
    upgrade(migrator_url)
    engine = plain_engine(migrator_url)
    grant(engine)
    _revoke(server_url, migrator_url, "DELETE")
    assert _refusal(lambda: grant(engine)) in DENIED
    _revoke(server_url, migrator_url, "DROP")
    assert _refusal(lambda: command.downgrade(alembic_config(engine), "-1")) in DENIED


def test_errors_hold_neither_statement_nor_password(server_url: URL) -> None:
    with (
        pytest.raises(logins.LoginError) as refused,
        logins.session(UrlCredentials(server_url.set(database="x")).current(), tls=None) as cursor,
    ):
        cursor.execute("ALTER USER nobody_at_all IDENTIFIED BY %s PASSWORD PERHAPS", ("Aa1-hunter2",))
    assert refused.value.number == 1064
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_users_who_do_not_exist_cannot_log_in_whatever_their_names(server_url: URL) -> None:
    """MariaDB answers 1698 for some names, and 1045 for the others."""
    there = UrlCredentials(server_url.set(database="")).current()
    assert not any(logins.can_log_in(replace(there, username=f"nobody_{number}"), tls=None) for number in range(20))


def test_a_server_that_is_away_is_no_wrong_password() -> None:
    nowhere = Credentials("127.0.0.1", 1, "user", "password", "database")
    with pytest.raises(logins.LoginError, match="2003"):
        logins.can_log_in(nowhere, tls=None)


@pytest.mark.parametrize("database", ["", "a`b", "a.b", "much_too_long_for_a_user_name"])
def test_a_database_that_users_cannot_be_named_after_is_refused(database: str) -> None:
    with pytest.raises(ValueError, match="name"):
        logins.app_logins(database)


def test_nobody_else_has_a_turn() -> None:
    assert [logins.successor("dentist", f"dentist_{name}") for name in ("app_a", "app_b", "migrator")] == [
        "dentist_app_b",
        "dentist_app_a",
        "dentist_migrator",
    ]
    with pytest.raises(ValueError, match="not one"):
        logins.successor("dentist", "root")
