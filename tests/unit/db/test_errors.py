"""Which database errors are contention, which mean that the database is away, which are duplicates, and the rest."""

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from lambda_function.db.errors import duplicate, is_contention, is_unavailable


def operational(*arguments: object, lost: bool = False) -> DBAPIError:
    original = pymysql.err.OperationalError(*arguments)
    return OperationalError("SELECT 1", {}, original, connection_invalidated=lost)


@pytest.mark.parametrize("number", [1205, 1213])
def test_deadlocks_and_lock_waits_are_contention(number: int) -> None:
    error = operational(number, "try restarting transaction")
    assert is_contention(error)
    assert not is_unavailable(error)


@pytest.mark.parametrize(
    "number",
    [1040, 1044, 1045, 1049, 1053, 1146, 1290, 1698, 1792, 1836, 1969, 2002, 2003, 2005, 2006, 2013, 3024, 3118, 4031],
)
def test_a_database_that_is_away_or_refuses_us_is_unavailable(number: int) -> None:
    error = operational(number, "gone")
    assert is_unavailable(error)
    assert not is_contention(error)


def test_a_lost_connection_is_unavailable_whatever_its_number() -> None:
    assert is_unavailable(operational(9999, "lost", lost=True))


def test_an_exhausted_pool_is_unavailable() -> None:
    assert is_unavailable(PoolTimeoutError("QueuePool limit reached"))


def test_a_broken_driver_connection_is_unavailable() -> None:
    assert is_unavailable(InterfaceError("SELECT 1", {}, pymysql.err.InterfaceError(0, "")))


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("INSERT", {}, pymysql.err.IntegrityError(1062, "Duplicate entry")),
        OperationalError("INSERT", {}, pymysql.err.OperationalError(3819, "Check constraint is violated")),
        ProgrammingError("SELEKT", {}, pymysql.err.ProgrammingError(1064, "syntax")),
        OperationalError("SELECT 1", {}, pymysql.err.OperationalError()),
        OperationalError("SELECT 1", {}, pymysql.err.OperationalError("no number")),
        ValueError("1213"),
        RuntimeError(2013),
    ],
    ids=repr,
)
def test_anything_else_is_neither(error: Exception) -> None:
    assert not is_contention(error)
    assert not is_unavailable(error)


def violation(number: int, message: str) -> IntegrityError:
    return IntegrityError("INSERT", {}, pymysql.err.IntegrityError(number, message))


@pytest.mark.parametrize("key", ["user.uq_user_user_name", "uq_user_user_name"], ids=["MySQL", "MariaDB"])
def test_a_duplicate_has_the_name_of_its_key_and_its_entry(key: str) -> None:
    assert duplicate(violation(1062, f"Duplicate entry 'pat' for key '{key}'")) == ("uq_user_user_name", "pat")


@pytest.mark.parametrize("key", ["slot_claim.PRIMARY", "PRIMARY"], ids=["MySQL", "MariaDB"])
def test_a_primary_key_is_one_too(key: str) -> None:
    message = f"Duplicate entry '1-2-2030-01-08 15:00:00.000000' for key '{key}'"
    assert duplicate(violation(1062, message)) == ("PRIMARY", "1-2-2030-01-08 15:00:00.000000")


@given(st.text())
def test_no_entry_can_pass_for_the_name_of_a_key(entry: str) -> None:
    for made_up in (entry, f"{entry}' for key 'PRIMARY'", f"' for key 'PRIMARY{entry}"):
        message = f"Duplicate entry '{made_up}' for key 'user.uq_user_user_name'"
        assert duplicate(violation(1062, message)) == ("uq_user_user_name", made_up)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (1452, "Cannot add or update a child row: a foreign key constraint fails"),
        (1048, "Column 'email' cannot be null"),
        (1452, "Duplicate entry 'pat' for key 'user.uq_user_user_name'"),
        (1062, "something new"),
    ],
)
def test_any_other_violation_is_none(number: int, message: str) -> None:
    assert duplicate(violation(number, message)) is None
