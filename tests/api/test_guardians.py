"""GET, PUT and DELETE below /users/{user_id}/guardians: who acts for a patient, until when, and who says so."""

from datetime import date, timedelta
from typing import Any

import pytest

from lambda_function.db.models import Guardian, PersonEvent
from lambda_function.domain.guardians import MAX_DEPENDANTS, MAX_GUARDIANS
from tests.api.conftest import Statements
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api.test_query_budgets import within
from tests.api_client import Answer
from tests.clock import NOW, Clock

TODAY = NOW.date()
CHILD = date(2020, 5, 17)
OF_AGE = date(2038, 5, 17)


@pytest.fixture
def family(desk: Desk) -> Desk:
    """Adds a child and a mother, who are patients in Lima."""
    desk.practice.add_patient("child", clinics=(1,), birth_date=CHILD)
    desk.practice.add_patient("mother", clinics=(1,), full_name="Marta Rojas", birth_date=date(1990, 1, 1))
    return desk


def put(desk: Desk, patient: str = "child", guardian: str = "mother", **body: Any) -> Answer:
    path = f"/users/{desk.id_of(patient)}/guardians/{desk.id_of(guardian)}"
    return desk.client.call("rita", "PUT", path, body)


def remove(desk: Desk, patient: str = "child", guardian: str = "mother", caller: str = "rita") -> Answer:
    return desk.client.call(caller, "DELETE", f"/users/{desk.id_of(patient)}/guardians/{desk.id_of(guardian)}")


def listed(desk: Desk, patient: str = "child") -> Any:
    answer = desk.client.get("rita", f"/users/{desk.id_of(patient)}/guardians")
    assert answer.status == 200, answer.text
    return answer.json["items"]


def grant(desk: Desk) -> Guardian:
    [row] = desk.practice.rows(Guardian)
    assert isinstance(row, Guardian)
    return row


def events(desk: Desk, user_name: str) -> list[tuple[Any, ...]]:
    user_id = desk.id_of(user_name)
    rows = [row for row in desk.practice.rows(PersonEvent) if row.user_id == user_id]
    return [(row.actor_id, row.action, row.fields) for row in sorted(rows, key=lambda row: row.person_event_id)]


def test_a_guardian_of_a_child_acts_until_the_child_is_of_age(family: Desk) -> None:
    answer = put(family)

    assert (answer.status, answer.text) == (204, "")
    assert listed(family) == [
        {"user_id": family.id_of("mother"), "full_name": "Marta Rojas", "reason": None, "ends_on": "2038-05-17"}
    ]


def test_a_reason_for_a_child_is_no_reason_for_an_adult(family: Desk) -> None:
    assert put(family, reason="Mother").status == 204

    assert [(item["reason"], item["ends_on"]) for item in listed(family)] == [("Mother", "2038-05-17")]


def test_a_request_without_a_body_has_no_reason(family: Desk) -> None:
    path = f"/users/{family.id_of('child')}/guardians/{family.id_of('mother')}"

    assert family.client.call("rita", "PUT", path).status == 204
    assert grant(family).reason is None


@pytest.mark.parametrize("birth_date", [None, date(2012, 1, 7)], ids=["unknown", "eighteen-today"])
def test_from_eighteen_years_on_or_without_a_birth_date_a_reason_is_needed(
    family: Desk, birth_date: date | None
) -> None:
    family.practice.add_patient("grown", clinics=(1,), birth_date=birth_date)

    expect_problem(put(family, "grown"), 422, "validation_error", "reason")
    expect_problem(put(family, "grown", reason=None), 422, "validation_error", "reason")
    assert put(family, "grown", reason="Decision of a court").status == 204
    assert [item["ends_on"] for item in listed(family, "grown")] == [None]


def test_who_is_eighteen_tomorrow_needs_no_reason(family: Desk) -> None:
    family.practice.add_patient("almost", clinics=(1,), birth_date=date(2012, 1, 8))

    assert put(family, "almost").status == 204
    assert [item["ends_on"] for item in listed(family, "almost")] == ["2030-01-08"]


def test_at_eighteen_it_ends_and_with_a_reason_it_is_renewed(family: Desk, clock: Clock) -> None:
    family.practice.add_patient("almost", clinics=(1,), birth_date=date(2012, 1, 8))
    put(family, "almost", reason="Mother")

    clock.now = NOW.replace(hour=23, minute=59)
    assert len(listed(family, "almost")) == 1
    clock.advance(minutes=1)
    assert listed(family, "almost") == []
    expect_problem(put(family, "almost"), 422, "validation_error", "reason")
    assert put(family, "almost", reason="Decision of a court").status == 204
    assert [(item["reason"], item["ends_on"]) for item in listed(family, "almost")] == [("Decision of a court", None)]


def test_repeated_it_renews_the_reason(family: Desk, clock: Clock) -> None:
    put(family, reason="Mother")
    clock.advance(hours=1)

    assert put(family, reason="Custody").status == 204
    assert (grant(family).reason, grant(family).created_at) == ("Custody", clock.now)


def test_repeated_as_it_is_it_changes_nothing(family: Desk, clock: Clock) -> None:
    put(family, reason="Mother")
    clock.advance(hours=1)

    assert put(family, reason="Mother").status == 204
    assert grant(family).created_at == NOW
    assert len(events(family, "child")) == len(events(family, "mother")) == 1


def test_it_is_written_down_for_both(family: Desk) -> None:
    put(family, reason="Mother")
    remove(family)

    rita = family.id_of("rita")
    assert events(family, "child") == [(rita, "ADD_GUARDIAN", ["reason"]), (rita, "REMOVE_GUARDIAN", [])]
    assert events(family, "mother") == [(rita, "ADD_DEPENDANT", []), (rita, "REMOVE_DEPENDANT", [])]


def test_nobody_is_their_own_guardian(family: Desk) -> None:
    expect_problem(put(family, "mother", "mother", reason="Test"), 422, "validation_error", "guardian_id")


def test_who_has_a_guardian_is_the_guardian_of_nobody(family: Desk) -> None:
    family.practice.add_patient("baby", clinics=(1,), birth_date=date(2029, 1, 1))
    put(family)

    expect_problem(put(family, "baby", "child"), 422, "validation_error", "guardian_id")
    assert len(family.practice.rows(Guardian)) == 1


def test_who_is_a_guardian_has_none(family: Desk) -> None:
    family.practice.add_patient("grandmother", clinics=(1,))
    put(family)

    expect_problem(put(family, "mother", "grandmother", reason="Test"), 422, "validation_error", "user_id")


def test_two_are_not_each_others_guardians(family: Desk) -> None:
    put(family)

    assert put(family, "mother", "child", reason="Test").status == 422
    assert len(family.practice.rows(Guardian)) == 1


def test_who_had_a_guardian_until_eighteen_may_be_one(family: Desk) -> None:
    family.practice.add_patient("grown", clinics=(1,), birth_date=date(2012, 1, 7))
    family.practice.add_guardian("mother", "grown", ends_on=TODAY)

    assert put(family, "child", "grown").status == 204
    assert put(family, "mother", "grown", reason="Dementia").status == 204


def test_a_patient_has_at_most_ten_guardians(family: Desk) -> None:
    for number in range(MAX_GUARDIANS):
        name = family.practice.add_patient(clinics=(1,)).user_name
        family.practice.add_guardian(name, "child", ends_on=OF_AGE if number else TODAY)
    assert put(family).status == 204
    another = family.practice.add_patient(clinics=(1,)).user_name

    expect_problem(put(family, guardian=another), 422, "validation_error", "user_id")
    assert put(family, reason="Renewed").status == 204


def test_a_guardian_has_at_most_fifty_dependants(family: Desk) -> None:
    for _ in range(MAX_DEPENDANTS - 1):
        family.practice.add_guardian("mother", family.practice.add_patient(clinics=(1,)).user_name)
    assert put(family).status == 204
    another = family.practice.add_patient(clinics=(1,), birth_date=CHILD).user_name

    expect_problem(put(family, another), 422, "validation_error", "guardian_id")
    assert put(family, reason="Renewed").status == 204


@pytest.mark.parametrize("gone", ["child", "mother"])
def test_who_is_deactivated_can_be_neither(family: Desk, gone: str) -> None:
    assert family.client.call("rita", "DELETE", f"/users/{family.id_of(gone)}").status == 204

    expect_problem(put(family), 404, "not_found")


def test_a_guardian_who_is_deactivated_is_listed_and_can_be_removed(family: Desk) -> None:
    put(family)
    assert family.client.call("rita", "DELETE", f"/users/{family.id_of('mother')}").status == 204

    assert [item["user_id"] for item in listed(family)] == [family.id_of("mother")]
    assert remove(family).status == 204
    assert listed(family) == []


def test_the_guardians_of_a_deactivated_patient_are_listed_and_can_be_removed(family: Desk) -> None:
    put(family)
    assert family.client.call("rita", "DELETE", f"/users/{family.id_of('child')}").status == 204

    assert [item["user_id"] for item in listed(family)] == [family.id_of("mother")]
    assert remove(family).status == 204


def test_a_guardian_who_is_a_patient_of_other_clinics_is_theirs_to_see_and_to_remove(family: Desk) -> None:
    family.practice.add_patient("far", clinics=(2,), full_name="Nora Vidal")
    family.practice.add_guardian("far", "child")

    assert listed(family) == []
    expect_problem(put(family, guardian="far"), 404, "not_found")
    expect_problem(remove(family, guardian="far"), 404, "not_found")


@pytest.mark.parametrize(("patient", "guardian"), [("nowhere", "mother"), ("child", "nowhere")])
def test_nobody_acts_for_or_is_somebody_who_belongs_to_no_clinic_yet(family: Desk, patient: str, guardian: str) -> None:
    family.practice.add_patient("nowhere", birth_date=CHILD)

    expect_problem(put(family, patient, guardian, reason="Test"), 404, "not_found")
    assert family.practice.rows(Guardian) == []


def test_a_date_of_birth_that_a_patient_enters_ends_no_guardianship(family: Desk) -> None:
    family.practice.add_patient("ward", clinics=(1,))
    put(family, "ward", reason="Decision of a court")

    assert family.client.call("ward", "PATCH", "/me", {"birth_date": "2012-01-08"}).status == 200
    assert [item["ends_on"] for item in listed(family, "ward")] == [None]


def test_removing_a_guardian_whom_there_is_not_is_404(family: Desk) -> None:
    expect_problem(remove(family), 404, "not_found")
    put(family)
    assert remove(family).status == 204
    expect_problem(remove(family), 404, "not_found")


def test_a_reception_elsewhere_sees_and_changes_nothing(family: Desk) -> None:
    put(family)

    expect_problem(remove(family, caller="rosa"), 404, "not_found")
    answer = family.client.get("rosa", f"/users/{family.id_of('child')}/guardians")
    expect_problem(answer, 404, "not_found")


def test_guardians_come_in_pages(family: Desk) -> None:
    names = [family.practice.add_patient(clinics=(1,)).user_name for _ in range(3)]
    for name in names:
        family.practice.add_guardian(name, "child", ends_on=OF_AGE)
    path = f"/users/{family.id_of('child')}/guardians"
    first = family.client.get("rita", path, limit=2).json
    rest = family.client.get("rita", path, limit=2, cursor=first["next_cursor"]).json

    found = [item["user_id"] for item in first["items"] + rest["items"]]
    assert found == sorted(family.id_of(name) for name in names)
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("others", [0, 9])
def test_guardians_stay_within_their_budgets(family: Desk, statements: Statements, others: int) -> None:
    for _ in range(others):
        family.practice.add_guardian(family.practice.add_patient().user_name, "child", ends_on=OF_AGE)
        family.practice.add_guardian("mother", family.practice.add_patient().user_name)
    one = "/users/{user_id}/guardians/{guardian_id}"
    for body in ({}, {"reason": "Renewed"}):
        statements.clear()
        within(statements, f"PUT {one}", put(family, **body), 204)
    statements.clear()
    within(
        statements,
        "GET /users/{user_id}/guardians",
        family.client.get("rita", f"/users/{family.id_of('child')}/guardians"),
    )
    statements.clear()
    within(statements, f"DELETE {one}", remove(family), 204)


def test_a_reason_is_a_text_for_people(family: Desk) -> None:
    for reason in ("", " ", "x" * 501, 7, "a\x00b"):
        expect_problem(put(family, reason=reason), 422, "validation_error", "reason")
    expect_problem(put(family, why="Mother"), 422, "validation_error", "why")


def test_it_is_the_day_of_utc_that_counts(family: Desk, clock: Clock) -> None:
    """In Lima it is still the day before."""
    family.practice.add_patient("almost", clinics=(1,), birth_date=date(2012, 1, 8))
    clock.now = NOW.replace(hour=0) + timedelta(days=1)

    expect_problem(put(family, "almost"), 422, "validation_error", "reason")


def _born(desk: Desk, birth_date: str | None) -> None:
    answer = desk.client.call("rita", "PATCH", f"/users/{desk.id_of('child')}", {"birth_date": birth_date})
    assert answer.status == 200, answer.text


@pytest.mark.parametrize(
    ("birth_date", "without_reason", "with_reason"),
    [
        ("2012-05-17", ["2030-05-17"], ["2030-05-17"]),
        ("2016-02-29", ["2034-03-01"], ["2034-03-01"]),
        ("2012-01-07", [], [None]),
        ("1980-01-07", [], [None]),
    ],
)
def test_another_birth_date_is_another_end(
    family: Desk, birth_date: str, without_reason: list[str], with_reason: list[str | None]
) -> None:
    for body, expected in (({}, without_reason), ({"reason": "Custody"}, with_reason)):
        put(family, **body)
        _born(family, birth_date)
        assert [item["ends_on"] for item in listed(family)] == expected
        _born(family, "2020-05-17")


def test_what_has_ended_does_not_begin_again_with_another_birth_date(family: Desk) -> None:
    put(family)
    _born(family, "1980-01-07")
    _born(family, "2020-05-17")

    assert listed(family) == []
    assert put(family).status == 204
    assert [item["ends_on"] for item in listed(family)] == ["2038-05-17"]
