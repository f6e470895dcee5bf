"""Column types that carry a rule."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Table
from sqlalchemy.dialects.mysql import dialect

from lambda_function.db.base import ROLE_IDS, Base, RoleId, UtcDateTime
from lambda_function.domain.actor import Role

MYSQL = dialect()
INSTANT = UtcDateTime()
ROLE = RoleId()


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_as_it_went(instant: datetime) -> None:
    assert INSTANT.process_result_value(INSTANT.process_bind_param(instant, MYSQL), MYSQL) == instant


def test_an_instant_of_another_offset_is_stored_in_utc() -> None:
    in_lima = datetime(2030, 1, 7, 9, 0, tzinfo=timezone(timedelta(hours=-5)))
    stored = INSTANT.process_bind_param(in_lima, MYSQL)
    assert stored is not None
    assert (stored, stored.tzinfo) == (datetime(2030, 1, 7, 14, 0), None)  # noqa: DTZ001 - as the driver takes it


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        INSTANT.process_bind_param(datetime(2030, 1, 7, 9, 0), MYSQL)  # noqa: DTZ001 - what must be refused


def test_what_is_read_is_aware() -> None:
    read = INSTANT.process_result_value(datetime(2030, 1, 7, 9, 0), MYSQL)  # noqa: DTZ001 - as the driver gives it
    assert read is not None
    assert read.tzinfo is UTC


def test_null_stays_null() -> None:
    assert INSTANT.process_bind_param(None, MYSQL) is None
    assert INSTANT.process_result_value(None, MYSQL) is None
    assert ROLE.process_bind_param(None, MYSQL) is None
    assert ROLE.process_result_value(None, MYSQL) is None


def test_instants_are_stored_to_the_microsecond() -> None:
    assert INSTANT.compile(MYSQL) == "DATETIME(6)"


@pytest.mark.parametrize("role", Role)
def test_a_role_comes_back_as_it_went(role: Role) -> None:
    assert ROLE.process_result_value(ROLE.process_bind_param(role, MYSQL), MYSQL) is role


def test_role_ids_are_those_of_the_first_migration() -> None:
    assert ROLE_IDS == {Role.PATIENT: 1, Role.DOCTOR: 2, Role.RECEPTIONIST: 3}


def test_an_unknown_role_in_the_database_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(KeyError):
        ROLE.process_result_value(4, MYSQL)


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=str)
def test_every_table_names_engine_charset_and_collation(table: Table) -> None:
    assert table.kwargs == {
        "mysql_engine": "InnoDB",
        "mysql_charset": "utf8mb4",
        "mysql_collate": "utf8mb4_unicode_520_ci",
    }
