"""A verified e-mail links an account to a patient by itself only while no staff has changed the address."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import PersonEvent, User
from lambda_function.db.unit_of_work import Database
from lambda_function.services.sign_up import Account, sign_up
from tests.api.desk import Desk

MAIL = "zoe@example.org"
RITAS = "rita.private@example.org"


@pytest.fixture
def zoe(desk: Desk) -> int:
    """Adds a patient whom rita has entered, without an account."""
    body = {"user_name": "zoe", "full_name": "Zoe Quinn", "email": MAIL}
    answer = desk.client.post("rita", "/users", body)
    assert answer.status == 201, answer.text
    user_id: int = answer.json["user_id"]
    return user_id


def _change(desk: Desk, user_id: int, **change: Any) -> None:
    answer = desk.client.call("rita", "PATCH", f"/users/{user_id}", change)
    assert answer.status == 200, answer.text


def _account_of(desk: Desk, database: Database, email: str) -> int:
    """Signs somebody up with that verified e-mail, and returns whose account it becomes."""
    database.transact(partial(sign_up, account=Account("sub-new", "newcomer", "New Comer", email)))
    [user] = [user for user in desk.practice.rows(User) if user.cognito_sub == "sub-new"]
    user_id: int = user.user_id
    return user_id


def test_an_address_of_the_registration_links_by_itself(desk: Desk, database: Database, zoe: int) -> None:
    assert _account_of(desk, database, MAIL) == zoe

    actions = [(row.actor_id, row.action) for row in desk.practice.rows(PersonEvent) if row.user_id == zoe]
    assert actions == [(desk.id_of("rita"), "CREATE"), (None, "LINK")]


def test_a_reception_that_changes_the_address_and_signs_up_with_it_gets_an_account_of_nobody(
    desk: Desk, database: Database, zoe: int
) -> None:
    _change(desk, zoe, email=RITAS)
    taken_over = _account_of(desk, database, RITAS) == zoe
    _change(desk, zoe, email=MAIL)

    assert not taken_over


def test_an_address_that_was_changed_and_changed_back_links_nobody(desk: Desk, database: Database, zoe: int) -> None:
    _change(desk, zoe, email=RITAS)
    _change(desk, zoe, email=MAIL)

    assert _account_of(desk, database, MAIL) != zoe


def test_an_address_that_a_reception_added_later_links_nobody(desk: Desk, database: Database) -> None:
    leo = desk.practice.add_patient("leo", clinics=(1,), cognito_sub=None, email=None).user_id
    _change(desk, leo, email=RITAS)

    assert _account_of(desk, database, RITAS) != leo


def test_other_changes_of_a_reception_leave_the_address_as_good_as_it_was(
    desk: Desk, database: Database, zoe: int
) -> None:
    _change(desk, zoe, phone="+51 999 111")
    _change(desk, zoe, full_name="Zoe Quinn Paz")

    assert _account_of(desk, database, MAIL) == zoe


def _of_an_earlier_release(desk: Desk, **columns: Any) -> int:
    user_id = desk.practice.add_patient("leo", clinics=(1,), cognito_sub=None, email=MAIL).user_id
    desk.practice.session.execute(update(User).where(User.user_id == user_id).values(**columns))
    desk.practice.session.commit()
    return user_id


def test_an_address_of_an_earlier_release_links_while_nothing_was_changed(desk: Desk, database: Database) -> None:
    leo = _of_an_earlier_release(desk, version=1)

    assert _account_of(desk, database, MAIL) == leo


def test_an_address_of_an_earlier_release_links_nobody_after_any_change(desk: Desk, database: Database) -> None:
    leo = _of_an_earlier_release(desk, version=2)

    assert _account_of(desk, database, MAIL) != leo


def test_a_change_of_something_else_does_not_make_an_unknown_address_good(desk: Desk, database: Database) -> None:
    leo = _of_an_earlier_release(desk, version=2)
    _change(desk, leo, phone="+51 999 111")

    assert _account_of(desk, database, MAIL) != leo


def test_an_address_that_people_give_themselves_is_theirs(desk: Desk) -> None:
    answer = desk.client.call("pat", "PATCH", "/me", {"email": "pat.new@example.org"})

    assert (answer.status, desk.practice.user("pat").email_trusted) == (200, True)
