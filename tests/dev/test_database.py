import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from dev import database
from dev.stack import StackError
from lambda_function.db import logins
from lambda_function.db.schemas import Schema

NAME = "dentist_dev"
REGISTER = f"{NAME}_register_pe"
GATE = ("127.0.0.1", 1234)


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
        for name in (NAME, REGISTER):
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
            for user in (*logins.app_logins(name), *logins.reader_logins(name), logins.migrator_login(name)):
                connection.exec_driver_sql(f"DROP USER IF EXISTS '{user}'@'%%'")


@pytest.fixture
def limited(administrator: sa.URL) -> Iterator[sa.URL]:
    """Somebody who may use the main database, and may not create databases or users."""
    with connect(administrator) as connection:
        connection.exec_driver_sql("CREATE USER IF NOT EXISTS 'dentist_dev_limited'@'%%' IDENTIFIED BY 'limited'")
        connection.exec_driver_sql(f"GRANT ALL ON {NAME}.* TO 'dentist_dev_limited'@'%%'")
    yield administrator.set(username="dentist_dev_limited", password="limited")
    with connect(administrator) as connection:
        connection.exec_driver_sql("DROP USER 'dentist_dev_limited'@'%%'")


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


def test_an_administrator_who_may_not_create_users_shares_its_account(limited: sa.URL) -> None:
    accounts = database.provision(limited, NAME, Memory())
    assert (accounts.shared, accounts.app, accounts.migrator) == (True, limited.set(database=NAME), accounts.app)
    database.migrate(accounts)
    assert database.answers(accounts.app)


def test_whoever_may_not_create_databases_has_no_registers(limited: sa.URL) -> None:
    assert database.provision_register(limited, NAME, "PE", GATE, Memory()) is None


def test_a_register_that_was_made_for_such_an_administrator_is_used(administrator: sa.URL, limited: sa.URL) -> None:
    with connect(administrator) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {REGISTER}")
        connection.exec_driver_sql(f"GRANT ALL ON {REGISTER}.* TO 'dentist_dev_limited'@'%%'")

    register = database.provision_register(limited, NAME, "PE", GATE, Memory())

    assert register is not None
    assert (register.accounts.shared, register.accounts.app) == (True, limited.set(database=REGISTER))
    assert register.is_new
    database.migrate(register.accounts, Schema.REGISTER)


def test_the_register_of_a_country_has_users_of_its_own_who_come_through_its_gate(administrator: sa.URL) -> None:
    secrets = Memory()
    register = database.provision_register(administrator, NAME, "PE", GATE, secrets)

    assert register is not None
    database.migrate(register.accounts, Schema.REGISTER)
    with connect(register.accounts.app) as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM visit").scalar() == 0
        with pytest.raises(OperationalError, match="denied"):
            connection.exec_driver_sql("DROP TABLE visit")
    app, migrator = (secrets.current(f"dentist/register/pe/{name}") or {} for name in ("app", "migrator"))
    assert (app["username"], app["dbname"]) == (logins.app_logins(REGISTER)[0], REGISTER)
    assert ((app["host"], app["port"]), migrator["username"]) == (GATE, logins.migrator_login(REGISTER))
    assert database.register_server(secrets, "PE") == (administrator.host, administrator.port)


def test_a_register_is_new_until_it_has_tables(administrator: sa.URL) -> None:
    found = []
    for _ in range(2):
        register = database.provision_register(administrator, NAME, "PE", GATE, Memory())
        assert register
        found.append(register.is_new)
        database.migrate(register.accounts, Schema.REGISTER)
    assert found == [True, False]


def test_readers_see_of_the_main_database_what_a_register_holds(administrator: sa.URL) -> None:
    secrets = Memory()
    database.migrate(database.provision(administrator, NAME, secrets))
    kept = secrets.current("dentist/reader") or {}
    reader = administrator.set(username=kept["username"], password=kept["password"], database=kept["dbname"])
    with connect(reader) as connection:
        connection.exec_driver_sql("SELECT appointment_id, version FROM appointment")
        with pytest.raises(OperationalError, match="denied"):
            connection.exec_driver_sql("SELECT full_name FROM user")


def test_registers_of_main_databases_with_long_names_have_names_of_their_own() -> None:
    names = {database.register_name(main, "PE") for main in ("dentist_appointments", "dentist_appointment", None)}
    assert len(names) == 3
    assert "dentist_register_pe" in names
    assert all(logins.app_logins(name) for name in names)


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
