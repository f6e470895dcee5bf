"""GET /recalls and what it shows to whom."""

from datetime import date, timedelta
from typing import Any

import pytest

from lambda_function.db.repositories import recall_lists
from lambda_function.domain.appointment import Status
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.recalls import RecallStatus
from tests.api.conditions import set_clinic, set_treatment
from tests.api.conftest import Statements
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api.recalling import add_recall
from tests.api.test_notifications import tell
from tests.api.test_query_budgets import within
from tests.clock import NOW

# On this day patients are due at NOW in the clinics of the demo, which are west of Greenwich.
TODAY = NOW.date()
STAFF = ["drjay", "rita"]


def found(desk: Desk, caller: str, **query: Any) -> Any:
    answer = desk.client.get(caller, "/recalls", **query)
    assert answer.status == 200, answer.text
    return answer.json["items"]


def ids(desk: Desk, caller: str, **query: Any) -> list[int]:
    return [item["recall_id"] for item in found(desk, caller, **query)]


def shown(desk: Desk, caller: str, recall_id: int) -> Any:
    answer = desk.client.get(caller, f"/recalls/{recall_id}")
    assert answer.status == 200, answer.text
    return answer.json


def book(desk: Desk, doctor: str = "drjay", clinic_id: int = 1, **columns: Any) -> int:
    """Adds a visit of pat that is ahead."""
    given = {"doctor_id": desk.id_of(doctor), "clinic_id": clinic_id, **columns}
    return desk.practice.add_appointment(instant("15:00", "2030-01-20"), **given).appointment_id


def test_a_reception_sees_the_whole_recall(desk: Desk) -> None:
    number = add_recall(desk, doctor_id=desk.id_of("drjay"), note="Afternoons")
    tell(desk, "pat", kind=NotificationKind.RECALL, recall_id=number, sent_at=NOW - timedelta(hours=3))
    tell(desk, "pat", kind=NotificationKind.RECALL, recall_id=number, sent_at=NOW - timedelta(hours=1))
    answer = desk.client.get("rita", f"/recalls/{number}")

    assert answer.headers["ETag"] == '"1"'
    assert answer.json == {
        "recall_id": number,
        "patient": {
            "user_id": desk.id_of("pat"),
            "full_name": "Pat Rojas",
            "email": "pat@example.org",
            "phone": None,
        },
        "treatment": {"treatment_id": 1, "code": "checkup", "name": "Check-up"},
        "clinic_id": 1,
        "doctor_id": desk.id_of("drjay"),
        "due_on": "2030-03-01",
        "state": "UPCOMING",
        "appointment_id": None,
        "note": "Afternoons",
        "last_notified_at": at("13:00", "2030-01-07"),
        "version": 1,
    }
    assert found(desk, "rita") == [answer.json]


def test_patients_see_their_own_and_their_dependants_without_the_note(desk: Desk) -> None:
    desk.practice.add_patient("mother", clinics=(1,))
    desk.practice.add_guardian("mother", "pat")
    his = add_recall(desk, note="Secret")
    hers, others = add_recall(desk, "mother", due_on=date(2030, 2, 1)), add_recall(desk, "kim")

    assert ids(desk, "mother") == [hers, his]
    assert ids(desk, "mother", patient_id=desk.id_of("pat")) == [his]
    assert ids(desk, "pat") == ids(desk, "pat", patient_id="me") == [his]
    assert {item["note"] for caller in ("mother", "pat") for item in found(desk, caller)} == {None}
    assert shown(desk, "mother", his)["patient"]["email"] == "pat@example.org"
    expect_problem(desk.client.get("pat", f"/recalls/{others}"), 404, "not_found")
    expect_problem(desk.client.get("pat", "/recalls", patient_id=desk.id_of("kim")), 422, "validation_error")


@pytest.mark.parametrize("caller", STAFF)
def test_recalls_of_other_clinics_are_invisible(desk: Desk, caller: str) -> None:
    here, there = add_recall(desk), add_recall(desk, treatment_id=2, clinic_id=2)

    assert ids(desk, caller) == ids(desk, caller, patient_id=desk.id_of("pat")) == [here]
    assert ids(desk, caller, clinic_id=2) == []
    for path in (f"/recalls/{there}", f"/recalls/{there}/history"):
        expect_problem(desk.client.get(caller, path), 404, "not_found")
    expect_problem(desk.client.call(caller, "PATCH", f"/recalls/{there}", {"note": "x"}), 404, "not_found")


def test_doctors_see_how_to_reach_only_those_whom_they_treat(desk: Desk) -> None:
    number = add_recall(desk)

    assert shown(desk, "drjay", number)["patient"]["email"] is None
    book(desk)
    assert shown(desk, "drjay", number)["patient"]["email"] == "pat@example.org"
    assert shown(desk, "drwu", number)["patient"]["email"] is None


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.BOOKED, Status.CHECKED_IN])
def test_an_open_recall_is_booked_while_a_visit_of_its_treatment_is_ahead(desk: Desk, status: Status) -> None:
    number = add_recall(desk, due_on=TODAY)
    visit = book(desk, status=status)

    for caller in ("pat", "rita", "drjay"):
        recall = shown(desk, caller, number)
        assert (recall["state"], recall["appointment_id"]) == ("BOOKED", visit)
        assert ids(desk, caller, state="BOOKED") == [number]
        assert ids(desk, caller, state="DUE") == ids(desk, caller, state="UPCOMING") == []


def test_visits_that_are_cancelled_over_or_for_something_else_do_not_count(desk: Desk) -> None:
    number = add_recall(desk, due_on=TODAY)
    book(desk, status=Status.CANCELLED)
    book(desk, treatment_id=2)
    desk.practice.add_appointment(NOW - timedelta(hours=2), ends_at=NOW)

    for caller in ("pat", "rita"):
        assert shown(desk, caller, number)["state"] == "DUE"
        assert ids(desk, caller, state="BOOKED") == []


def test_doctors_learn_that_a_colleague_is_booked_and_not_which_visit(desk: Desk) -> None:
    number = add_recall(desk)
    book(desk, "drwu")

    recall = shown(desk, "drjay", number)
    assert (recall["state"], recall["appointment_id"]) == ("BOOKED", None)


def test_staff_are_not_told_of_visits_in_the_clinics_of_others(desk: Desk) -> None:
    number = add_recall(desk)
    visit = book(desk, "drsol", 2)

    assert [shown(desk, caller, number)["state"] for caller in STAFF] == ["UPCOMING", "UPCOMING"]
    assert ids(desk, "rita", state="UPCOMING") == [number]
    own = shown(desk, "pat", number)
    assert (own["state"], own["appointment_id"]) == ("BOOKED", visit)


@pytest.mark.parametrize(("zone", "due"), [("Pacific/Kiritimati", "2030-01-08"), ("Pacific/Pago_Pago", "2030-01-07")])
@pytest.mark.parametrize("caller", ["pat", "rita"])
def test_a_patient_is_due_from_midnight_of_the_clinic(desk: Desk, caller: str, zone: str, due: str) -> None:
    set_clinic(desk.practice, time_zone=zone)
    day = date.fromisoformat(due)
    today = add_recall(desk, due_on=day)
    tomorrow = add_recall(desk, treatment_id=2, due_on=day + timedelta(days=1))

    assert [item["state"] for item in found(desk, caller)] == ["DUE", "UPCOMING"]
    assert ids(desk, caller, state="DUE") == [today]
    assert ids(desk, caller, state="UPCOMING") == [tomorrow]


def test_a_reception_of_clinics_with_other_days_sees_each_by_its_own(desk: Desk) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    set_clinic(desk.practice, 1, time_zone="Pacific/Kiritimati")
    set_clinic(desk.practice, 2, time_zone="Pacific/Pago_Pago")
    day = date(2030, 1, 8)
    here, there = add_recall(desk, due_on=day), add_recall(desk, treatment_id=2, clinic_id=2, due_on=day)

    assert ids(desk, "both", state="DUE") == [here]
    assert ids(desk, "both", state="UPCOMING") == [there]


def test_a_clinic_whose_zone_nobody_knows_has_the_days_of_utc(desk: Desk) -> None:
    set_clinic(desk.practice, time_zone="Mars/Base")
    number = add_recall(desk, due_on=TODAY)

    assert shown(desk, "rita", number)["state"] == "DUE"
    assert ids(desk, "rita", state="DUE") == [number]


def test_the_filters_narrow_the_list(desk: Desk) -> None:
    first = add_recall(desk, due_on=date(2030, 2, 1), status=RecallStatus.DONE)
    second = add_recall(desk, due_on=date(2030, 2, 2))
    third = add_recall(desk, "kim", due_on=date(2030, 2, 2), treatment_id=2, status=RecallStatus.DISMISSED)

    assert ids(desk, "rita") == [first, second, third]
    assert ids(desk, "rita", state="DONE") == [first]
    assert ids(desk, "rita", state="DISMISSED", clinic_id=1) == [third]
    assert ids(desk, "rita", treatment_id=1) == [first, second]
    assert ids(desk, "rita", due_from="2030-02-02") == [second, third]
    assert ids(desk, "rita", due_from="2030-02-01", due_to="2030-02-01") == [first]
    assert ids(desk, "rita", due_to="2030-02-01", state="UPCOMING") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"clinic_id": 99}, "clinic_id"),
        ({"patient_id": 99}, "patient_id"),
        ({"treatment_id": 99}, "treatment_id"),
        ({"state": "OPEN"}, "state"),
        ({"due_from": "2030-02-02", "due_to": "2030-02-01"}, "due_from"),
        ({"due_on": "2030-02-02"}, "due_on"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(desk: Desk, query: dict[str, Any], field: str) -> None:
    expect_problem(desk.client.get("rita", "/recalls", **query), 422, "validation_error", field)


def test_those_for_a_treatment_that_is_out_of_use_are_found_by_it(desk: Desk) -> None:
    number = add_recall(desk)
    set_treatment(desk.practice, 1, active=False)

    assert ids(desk, "rita", treatment_id=1) == [number]


@pytest.mark.parametrize("query", [{}, {"state": "UPCOMING"}, {"treatment_id": 1}], ids=str)
def test_pages_follow_each_other_across_clinics(desk: Desk, query: dict[str, Any]) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    names = [desk.practice.add_patient(clinics=(1, 2)).user_name for _ in range(6)]
    expected = [
        add_recall(desk, name, clinic_id=1 + number % 2, due_on=date(2030, 2, 1 + number // 3))
        for number, name in enumerate(names)
    ]

    assert walked(desk, "both", limit=2, **query) == expected


def walked(desk: Desk, caller: str, **query: Any) -> list[int]:
    numbers, cursor = [], None
    while True:
        given = query if cursor is None else {**query, "cursor": cursor}
        answer = desk.client.get(caller, "/recalls", **given).json
        numbers += [item["recall_id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            return numbers


def test_a_page_ends_after_the_recalls_that_it_may_look_at(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall_lists, "LOOKED_AT", 3)
    names = [desk.practice.add_patient(clinics=(1,)).user_name for _ in range(7)]
    numbers = [add_recall(desk, name, due_on=date(2030, 2, 1)) for name in names]
    desk.practice.add_appointment(instant("15:00", "2030-01-20"), patient_id=desk.id_of(names[-1]))

    first = desk.client.get("rita", "/recalls", state="BOOKED").json

    assert first["items"] == []
    assert first["next_cursor"] is not None
    assert walked(desk, "rita", state="BOOKED") == [numbers[-1]]


def test_a_recall_that_is_done_shows_the_visit_that_ended_it_to_who_may_see_that(desk: Desk) -> None:
    visit = book(desk, "drwu", status=Status.COMPLETED)
    number = add_recall(desk, status=RecallStatus.DONE, done_by=visit)

    assert shown(desk, "rita", number)["appointment_id"] == visit
    assert shown(desk, "pat", number)["appointment_id"] == visit
    assert shown(desk, "drjay", number)["appointment_id"] is None


@pytest.mark.parametrize("caller", ["pat", "drjay", "rita"])
@pytest.mark.parametrize(
    "query", [{}, {"state": "DUE", "treatment_id": 1, "clinic_id": 1}, {"state": "BOOKED"}], ids=str
)
def test_a_list_stays_within_its_budget(
    desk: Desk, statements: Statements, monkeypatch: pytest.MonkeyPatch, caller: str, query: dict[str, Any]
) -> None:
    monkeypatch.setattr(recall_lists, "LOOKED_AT", 30)
    add_recall(desk, due_on=TODAY)
    for _ in range(60):
        add_recall(desk, desk.practice.add_patient(clinics=(1,)).user_name, due_on=TODAY)
    statements.clear()

    within(statements, "GET /recalls", desk.client.get(caller, "/recalls", **query))
    assert "COMMIT" not in statements.sent
