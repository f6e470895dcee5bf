"""Which database errors are contention, which mean that the database is away, and which are defects of ours."""

import pymysql
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from lambda_function.db.trouble import is_contention, is_unavailable


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
