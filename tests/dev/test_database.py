import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from dev import database
from dev.stack import StackError
from lambda_function.db import logins

NAME = "dentist_dev_test"


def connect(url: sa.URL) -> sa.Connection:
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"ssl_disabled": True}).connect()


class Memory:
    """Secrets (services/database_users.py) that are kept in memory."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, Any]] = {}

    def current(self, secret_id: str) -> dict[str, Any] | None:
        return self._values.get(secret_id)

    def put_current(self, secret_id: str, value: Mapping[str, Any]) -> None:
        self._values[secret_id] = dict(value)


@pytest.fixture
def administrator(server_url: sa.URL) -> Iterator[sa.URL]:
    yield server_url
    with connect(server_url) as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {NAME}")
        for user in (*logins.app_logins(NAME), logins.migrator_login(NAME)):
            connection.exec_driver_sql(f"DROP USER IF EXISTS '{user}'@'%%'")


# All rights are in one test, because users belong to the whole server, which other tests use at the same time.
def test_everybody_has_the_rights_of_production_and_no_older_ones(administrator: sa.URL) -> None:
    login, _ = logins.app_logins(NAME)
    with connect(administrator) as connection:
        connection.exec_driver_sql(f"CREATE USER '{login}'@'%%' IDENTIFIED BY 'Aa1-of-an-older-release'")
        connection.exec_driver_sql(f"GRANT ALL ON {NAME}.* TO '{login}'@'%%'")
    accounts = database.provision(administrator, NAME, Memory())
    database.migrate(accounts)
    assert (accounts.app.username, accounts.migrator.username) == (login, logins.migrator_login(NAME))
    assert not accounts.shared
    with connect(accounts.app) as connection, connection.begin():
        connection.exec_driver_sql("INSERT INTO clinic (name, country, time_zone) VALUES ('One', 'PE', 'America/Lima')")
        for statement in ("DELETE FROM user", "DROP TABLE slot_claim", "UPDATE alembic_version SET version_num = '9'"):
            with pytest.raises(OperationalError, match="denied"):
                connection.exec_driver_sql(statement)
    with connect(accounts.migrator) as connection:
        connection.exec_driver_sql("CREATE TABLE one (id INT PRIMARY KEY)")
        with pytest.raises(OperationalError, match="denied"):
            connection.exec_driver_sql("CREATE TRIGGER t BEFORE INSERT ON one FOR EACH ROW SET @a = 1")


def test_an_administrator_who_may_not_create_users_shares_its_account(administrator: sa.URL) -> None:
    limited = administrator.set(username="dentist_dev_limited", password="limited")
    with connect(administrator) as connection:
        connection.exec_driver_sql("CREATE USER IF NOT EXISTS 'dentist_dev_limited'@'%%' IDENTIFIED BY 'limited'")
        connection.exec_driver_sql(f"GRANT ALL ON {NAME}.* TO 'dentist_dev_limited'@'%%'")
    accounts = database.provision(limited, NAME, Memory())
    assert (accounts.shared, accounts.app, accounts.migrator) == (True, limited.set(database=NAME), accounts.app)
    database.migrate(accounts)
    assert database.answers(accounts.app)


def test_a_database_that_no_user_can_be_named_after_is_one_message(administrator: sa.URL) -> None:
    name = "dentist-of-a-very-long-name"
    try:
        with pytest.raises(StackError, match="letters, digits and _"):
            database.provision(administrator, name, Memory())
    finally:
        with connect(administrator) as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS `{name}`")


def test_the_line_for_a_client_says_all_that_a_client_must_know() -> None:
    url = sa.make_url("mysql+pymysql://user@host:3307/name").set(password="it's")
    words = ["mysql", "--host=host", "--port=3307", "--user=user", "--password=it's", "name"]
    assert shlex.split(database.client_command(url)) == words


def test_an_administrator_with_a_wrong_password_is_one_message(administrator: sa.URL) -> None:
    with pytest.raises(StackError, match="The database server refused the connection"):
        database.provision(administrator.set(password="wrong"), NAME, Memory())


def test_a_server_that_is_away_does_not_answer(administrator: sa.URL) -> None:
    assert not database.answers(administrator.set(port=1))


def test_a_secret_holds_the_standard_keys() -> None:
    url = sa.make_url("mysql+pymysql://user:pass@host:3307/name")
    assert database.secret(url) == {
        "engine": "mysql",
        "host": "host",
        "port": 3307,
        "username": "user",
        "password": "pass",
        "dbname": "name",
    }
