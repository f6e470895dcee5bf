"""Duplicates by the name of their key, as MySQL and MariaDB word them."""

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from lambda_function.db.repositories.violations import duplicate


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
