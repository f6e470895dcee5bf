"""POST /users/{user_id}/link-code and POST /me/link: an account becomes the person whom a reception has entered."""

from datetime import timedelta
from typing import Any

import pytest

from lambda_function.db.models import (
    CalendarToken,
    ClinicPatient,
    Guardian,
    IdempotencyKey,
    LinkCode,
    PersonEvent,
    Refusals,
    User,
)
from lambda_function.domain.appointment import Status
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import NOW, Clock
from tests.factories import sub_of

KEY = {"Idempotency-Key": "one"}


@pytest.fixture
def zoe(desk: Desk) -> int:
    """Adds a person whom a reception in Lima has entered, without an account."""
    row = desk.practice.add_patient("zoe", clinics=(1,), cognito_sub=None, email="zoe@example.org", phone="+51 9999")
    return row.user_id


@pytest.fixture
def newcomer(desk: Desk) -> int:
    """Adds somebody who has just signed up."""
    return desk.practice.add_patient("newcomer", email="zoe.private@example.org").user_id


def code_for(desk: Desk, user_id: int, **headers: str) -> str:
    answer = desk.client.post("rita", f"/users/{user_id}/link-code", headers=headers)
    assert answer.status == 201, answer.text
    code: str = answer.json["code"]
    return code


def link(desk: Desk, code: str, user_name: str = "newcomer", **headers: str) -> Answer:
    return desk.client.post(user_name, "/me/link", {"code": code}, headers=headers)


def row_of(desk: Desk, user_id: int) -> Any:
    return next(row for row in desk.practice.rows(User) if row.user_id == user_id)


def test_a_code_is_good_for_a_week_and_of_128_random_bits(desk: Desk, zoe: int) -> None:
    answer = desk.client.post("rita", f"/users/{zoe}/link-code")

    assert (answer.status, answer.json["expires_at"]) == (201, "2030-01-14T14:00:00Z")
    assert answer.json["code"] != code_for(desk, zoe)
    assert len(answer.json["code"]) * 5 >= 128  # base 32
    [row] = desk.practice.rows(LinkCode)
    assert answer.json["code"] not in row.code_hash


def test_the_account_is_the_person_from_then_on(desk: Desk, zoe: int, newcomer: int) -> None:
    answer = link(desk, code_for(desk, zoe))

    assert answer.status == 200, answer.text
    assert (answer.json["user_id"], answer.json["user_name"], answer.json["email"]) == (zoe, "zoe", "zoe@example.org")
    assert answer.headers["ETag"] == f'"{answer.json["version"]}"'
    assert desk.client.get("newcomer", "/me").json == {**answer.json, "dependants": []}
    assert desk.book("newcomer", at("15:00"), patient="zoe").status == 201


def test_of_the_row_before_nothing_is_left_but_a_number(desk: Desk, zoe: int, newcomer: int) -> None:
    desk.practice.add(ClinicPatient(clinic_id=2, patient_id=newcomer, created_at=NOW))
    assert desk.client.post("newcomer", "/me/calendar-token").status == 201
    wish = {"treatment_id": 1, "from": at("13:00", "2030-02-05"), "to": at("18:00", "2030-02-05")}
    made = desk.client.post("newcomer", "/waitlist", wish, headers=KEY).json["waitlist_id"]
    assert desk.client.call("newcomer", "DELETE", f"/waitlist/{made}").status == 204
    by_rosa = desk.client.post("rosa", "/waitlist", {**wish, "patient_id": newcomer, "clinic_id": 2}, headers=KEY)
    assert desk.client.call("rosa", "DELETE", f"/waitlist/{by_rosa.json['waitlist_id']}").status == 204

    assert link(desk, code_for(desk, zoe)).status == 200

    row = row_of(desk, newcomer)
    name = f"merged:{newcomer}"
    assert (row.user_name, row.full_name, row.email, row.phone, row.cognito_sub) == (name, name, None, None, None)
    assert (row.active, row.merged_into) == (False, zoe)
    for table in (CalendarToken, IdempotencyKey):
        assert desk.practice.rows(table) == []
    assert newcomer not in {found.patient_id for found in desk.practice.rows(ClinicPatient)}
    assert newcomer not in {person["user_id"] for person in desk.client.get("rita", "/users").json["items"]}
    expect_problem(desk.client.get("rita", f"/users/{newcomer}"), 404, "not_found")


def test_both_rows_tell_what_happened(desk: Desk, zoe: int, newcomer: int) -> None:
    link(desk, code_for(desk, zoe))

    rows = [row for row in desk.practice.rows(PersonEvent) if row.user_id in {zoe, newcomer}]
    told = [(row.user_id, row.actor_id, row.action) for row in rows]
    assert told == [
        (zoe, desk.id_of("rita"), "LINK_CODE"),
        (newcomer, newcomer, "MERGE"),
        (zoe, newcomer, "LINK"),
    ]


def test_blanks_hyphens_and_small_letters_do_not_matter(desk: Desk, zoe: int, newcomer: int) -> None:
    code = code_for(desk, zoe).lower()

    assert link(desk, f" {code[:4]}-{code[4:8]} {code[8:]}").status == 200


def test_a_code_is_good_once(desk: Desk, zoe: int, newcomer: int) -> None:
    code = code_for(desk, zoe)
    desk.practice.add_patient("other")
    assert link(desk, code).status == 200

    for user_name in ("other", "newcomer"):
        expect_problem(link(desk, code, user_name), 409, "link_refused")


def test_a_new_code_ends_the_one_before(desk: Desk, zoe: int, newcomer: int) -> None:
    first, second = code_for(desk, zoe), code_for(desk, zoe)

    expect_problem(link(desk, first), 409, "link_refused")
    assert link(desk, second).status == 200


def test_a_code_ends_after_a_week(desk: Desk, clock: Clock, zoe: int, newcomer: int) -> None:
    code = code_for(desk, zoe)
    clock.advance(days=7)

    expect_problem(link(desk, code), 409, "link_refused")


def test_a_code_is_no_kept_answer(desk: Desk, zoe: int) -> None:
    assert code_for(desk, zoe, **KEY) != code_for(desk, zoe, **KEY)
    assert desk.practice.rows(IdempotencyKey) == []


def test_a_repeat_under_a_key_is_answered_as_the_first(desk: Desk, zoe: int, newcomer: int) -> None:
    code = code_for(desk, zoe)
    first, second = link(desk, code, **KEY), link(desk, code, **KEY)

    assert (first.status, second.status, second.text) == (200, 200, first.text)
    assert second.headers["Idempotency-Replayed"] == "true"


def test_somebody_with_an_account_gets_no_code(desk: Desk) -> None:
    expect_problem(desk.client.post("rita", f"/users/{desk.id_of('kim')}/link-code"), 409, "link_refused")


def test_a_code_leads_to_nobody_who_has_got_an_account_meanwhile(desk: Desk, zoe: int, newcomer: int) -> None:
    code = code_for(desk, zoe)
    desk.practice.user("zoe").cognito_sub = sub_of("zoe")
    desk.practice.session.commit()

    expect_problem(link(desk, code), 409, "link_refused")
    assert row_of(desk, zoe).cognito_sub == sub_of("zoe")


def test_a_code_leads_to_nobody_who_is_gone(desk: Desk, zoe: int, newcomer: int) -> None:
    code = code_for(desk, zoe)
    assert desk.client.call("rita", "DELETE", f"/users/{zoe}").status == 204

    expect_problem(link(desk, code), 409, "link_refused")


def test_a_code_is_no_longer_good_when_the_person_comes_back(desk: Desk, zoe: int, newcomer: int) -> None:
    code = code_for(desk, zoe)
    assert desk.client.call("rita", "DELETE", f"/users/{zoe}").status == 204
    assert desk.client.post("rita", f"/users/{zoe}/reactivate").status == 200

    expect_problem(link(desk, code), 409, "link_refused")
    assert desk.practice.rows(LinkCode) == []


def test_a_code_does_not_lead_to_staff(desk: Desk, zoe: int, newcomer: int) -> None:
    code = code_for(desk, zoe)
    desk.practice.user("zoe").user_type = desk.practice.user("rita").user_type
    desk.practice.session.commit()

    expect_problem(link(desk, code), 409, "link_refused")


@pytest.mark.parametrize("status", [Status.BOOKED, Status.CANCELLED, Status.COMPLETED])
def test_an_account_with_visits_of_its_own_is_not_moved(desk: Desk, zoe: int, newcomer: int, status: Status) -> None:
    desk.practice.add_appointment(NOW - timedelta(days=9), patient_id=newcomer, status=status)
    code = code_for(desk, zoe)

    expect_problem(link(desk, code), 409, "link_refused")
    desk.practice.add_patient("other")
    assert link(desk, code, "other").status == 200


def test_an_account_with_an_open_wish_is_not_moved(desk: Desk, zoe: int, newcomer: int) -> None:
    wish = {"treatment_id": 1, "from": at("13:00", "2030-02-05"), "to": at("18:00", "2030-02-05")}
    assert desk.client.post("newcomer", "/waitlist", wish).status == 201

    expect_problem(link(desk, code_for(desk, zoe)), 409, "link_refused")


@pytest.mark.parametrize(("guardian", "patient"), [("newcomer", "kim"), ("kim", "newcomer")])
def test_an_account_with_a_guardian_or_a_dependant_of_its_own_is_not_moved(
    desk: Desk, zoe: int, newcomer: int, guardian: str, patient: str
) -> None:
    desk.practice.add_guardian(guardian, patient)

    expect_problem(link(desk, code_for(desk, zoe)), 409, "link_refused")
    assert row_of(desk, newcomer).cognito_sub == sub_of("newcomer")


def test_an_account_whose_guardians_and_dependants_have_ended_is_moved(desk: Desk, zoe: int, newcomer: int) -> None:
    desk.practice.add_guardian("newcomer", "kim", ends_on=NOW.date())

    assert link(desk, code_for(desk, zoe)).status == 200
    assert desk.practice.rows(Guardian) == []


def test_the_account_acts_for_the_dependants_of_the_person(desk: Desk, zoe: int, newcomer: int) -> None:
    desk.practice.add_guardian("zoe", "kim")
    code = code_for(desk, zoe)
    first, second = link(desk, code, **KEY), link(desk, code, **KEY)

    assert (first.status, second.status, second.text) == (200, 200, first.text)
    assert [row["user_id"] for row in desk.client.get("newcomer", "/me").json["dependants"]] == [desk.id_of("kim")]
    assert desk.book("newcomer", at("15:00"), patient="kim").status == 201


def test_nobody_learns_whether_the_code_or_the_account_is_wrong(desk: Desk, zoe: int, newcomer: int) -> None:
    desk.practice.add_appointment(NOW, patient_id=newcomer)
    right, wrong = link(desk, code_for(desk, zoe)).json, link(desk, "wrong").json

    assert {**right, "request_id": ""} == {**wrong, "request_id": ""}


@pytest.mark.parametrize("user_name", ["rita", "drjay"])
def test_accounts_of_staff_become_nobody(desk: Desk, zoe: int, user_name: str) -> None:
    expect_problem(link(desk, code_for(desk, zoe), user_name), 403, "forbidden")


def test_after_ten_wrong_codes_a_day_not_even_the_right_one_is_taken(
    desk: Desk, clock: Clock, zoe: int, newcomer: int
) -> None:
    for number in range(10):
        expect_problem(link(desk, f"wrong {number}", **KEY), 409, "link_refused")
    code = code_for(desk, zoe)

    expect_problem(link(desk, code), 429, "throttled")
    assert [(row.user_id, row.kind, row.count) for row in desk.practice.rows(Refusals)] == [(newcomer, "link", 10)]
    clock.advance(hours=10)  # midnight UTC
    assert link(desk, code).status == 200


def test_what_others_guess_counts_for_them(desk: Desk, zoe: int, newcomer: int) -> None:
    desk.practice.add_patient("guesser")
    for number in range(11):
        link(desk, f"wrong {number}", "guesser")

    assert link(desk, code_for(desk, zoe)).status == 200
