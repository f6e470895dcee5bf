from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from dev import database
from dev.stack import StackError

NAME = "dentist_dev_test"


def connect(url: sa.URL) -> sa.Connection:
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"ssl_disabled": True}).connect()


@pytest.fixture
def administrator(server_url: sa.URL) -> Iterator[sa.URL]:
    yield server_url
    with connect(server_url) as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {NAME}")


# One test for all rights: users belong to the whole server, which other tests use at the same time.
def test_the_migrator_may_change_tables_and_the_application_rows_only(administrator: sa.URL) -> None:
    accounts = database.provision(administrator, NAME)
    with connect(accounts.migrator) as connection:
        connection.exec_driver_sql("CREATE TABLE one (id INT PRIMARY KEY)")
    with connect(accounts.app) as connection, connection.begin():
        connection.exec_driver_sql("INSERT INTO one VALUES (1)")
        with pytest.raises(OperationalError, match="denied"):
            connection.exec_driver_sql("DROP TABLE one")
    assert not accounts.shared


def test_an_administrator_who_may_not_create_users_shares_its_account(administrator: sa.URL) -> None:
    limited = administrator.set(username="dentist_dev_limited", password="limited")
    with connect(administrator) as connection:
        connection.exec_driver_sql("CREATE USER IF NOT EXISTS 'dentist_dev_limited'@'%%' IDENTIFIED BY 'limited'")
        connection.exec_driver_sql(f"GRANT ALL ON {NAME}.* TO 'dentist_dev_limited'@'%%'")
    accounts = database.provision(limited, NAME)
    assert (accounts.shared, accounts.app, accounts.migrator) == (True, limited.set(database=NAME), accounts.app)
    assert database.answers(accounts.app)


def test_an_administrator_with_a_wrong_password_is_one_message(administrator: sa.URL) -> None:
    with pytest.raises(StackError, match="The database server refuses us"):
        database.provision(administrator.set(password="wrong"), NAME)


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
