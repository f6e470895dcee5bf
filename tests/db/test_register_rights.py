"""What the two logins of a country's processor may do, asked of the database server."""

import pytest
from sqlalchemy import URL, Executable, text
from sqlalchemy.exc import DBAPIError

from lambda_function.db.base import Base
from lambda_function.db.grants import READER_RIGHTS, REGISTER_RIGHTS
from lambda_function.domain.registration import ON_ITS_WAY
from lambda_function.services.registers.checking import check
from tests.clock import NOW
from tests.needed_grants import REFUSED, Statements, grants, needed_grants
from tests.registers import PeruvianRegister
from tests.servers import is_mariadb, plain_engine


def _is_refused(url: URL, statement: str) -> bool:
    """Returns whether the server refuses the statement, which is rolled back otherwise."""
    query: Executable = text(statement)
    with plain_engine(url).connect() as connection:
        try:
            connection.execute(query)
        except DBAPIError as error:
            return error.orig is not None and error.orig.args[0] in REFUSED
    return False


def _columns(table: str) -> list[str]:
    """Returns the columns that a reader may read."""
    right = READER_RIGHTS[table]
    names = [column.name for column in Base.metadata.tables[table].columns]
    return names if right == "SELECT" else right.removeprefix("SELECT (").removesuffix(")").split(", ")


def test_a_reader_sees_nothing_but_what_a_register_holds(reader_url: URL) -> None:
    for table in Base.metadata.sorted_tables:
        allowed = _columns(table.name) if table.name in READER_RIGHTS else []
        for column in table.columns:
            refused = _is_refused(reader_url, f"SELECT `{column.name}` FROM `{table.name}` LIMIT 1")
            assert refused is (column.name not in allowed), f"{table.name}.{column.name}"


@pytest.mark.parametrize("secret", ["full_name", "email", "phone", "birth_date"])
def test_a_reader_sees_nobody_s_name_or_contact(reader_url: URL, secret: str) -> None:
    assert _is_refused(reader_url, f"SELECT {secret} FROM user")
    assert _is_refused(reader_url, f"SELECT user_id FROM user WHERE {secret} IS NULL")


@pytest.mark.parametrize("table", READER_RIGHTS)
def test_a_reader_writes_nothing(reader_url: URL, table: str) -> None:
    column = _columns(table)[0]
    assert _is_refused(reader_url, f"UPDATE `{table}` SET `{column}` = `{column}`")
    assert _is_refused(reader_url, f"DELETE FROM `{table}`")


def test_every_right_of_the_processor_is_needed(
    peru: PeruvianRegister, migrated_url: URL, reader_url: URL, register_url: URL
) -> None:
    """Its statements are sent again with one right less at a time, as in tests/needed_grants.py."""
    if is_mariadb(migrated_url):
        pytest.skip("MariaDB lets everybody who may read a row lock it")
    of_reader, of_register = Statements(), Statements()
    of_reader.watch(peru.reader_engine)
    of_register.watch(peru.register_engine)
    visit = peru.practice.add_appointment(NOW, updated_at=NOW - ON_ITS_WAY)
    peru.deliver(peru.change(visit))
    peru.execute("UPDATE visit SET version = 9")
    peru.deliver(peru.change(visit))
    peru.execute("UPDATE visit SET appointment_id = 9999")
    check(peru.processor.country, peru.delivery.bus, 0, lambda: 60, repair=True)

    register = register_url.database
    administrator = migrated_url.set(database=register)
    assert needed_grants(migrated_url, reader_url, of_reader, READER_RIGHTS) == set(grants(READER_RIGHTS))
    assert needed_grants(administrator, register_url, of_register, REGISTER_RIGHTS) == set(grants(REGISTER_RIGHTS))


def test_the_processor_of_a_country_may_do_nothing_else_in_its_register(register_url: URL, migrated_url: URL) -> None:
    assert not _is_refused(register_url, "SELECT * FROM visit")
    assert _is_refused(register_url, "SELECT * FROM alembic_version")
    assert _is_refused(register_url, "DROP TABLE visit")
    assert _is_refused(register_url, f"SELECT * FROM `{migrated_url.database}`.appointment")
