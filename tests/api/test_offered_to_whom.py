"""GET /availability is about one visit: whose it is, how long it was booked for, and who may book it."""

from typing import Any

import pytest
from sqlalchemy import delete

from lambda_function.db.models import DoctorTreatment, Treatment
from tests.api.conditions import set_clinic, set_treatment
from tests.api.conftest import Statements
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api.fhir.client import FhirClient
from tests.api.moves import moved
from tests.api.waiting import Waitlist, free
from tests.api_client import Answer


def _ask(desk: Desk, user_name: str, **query: Any) -> Answer:
    given = {"treatment_id": 1, "from_": at("13:00"), "to": at("23:00"), "limit": 1000, **query}
    return desk.client.get(user_name, "/availability", **given)


def _slots(desk: Desk, user_name: str, **query: Any) -> list[Any]:
    answer = _ask(desk, user_name, **query)
    assert answer.status == 200, answer.text
    items: list[Any] = answer.json["items"]
    return items


def _starts(desk: Desk, user_name: str, doctor: str = "drjay", **query: Any) -> set[str]:
    slots = _slots(desk, user_name, doctor_id=desk.id_of(doctor), **query)
    return {slot["starts_at"][11:16] for slot in slots}


def _doctors(desk: Desk, user_name: str, **query: Any) -> set[int]:
    return {slot["doctor_id"] for slot in _slots(desk, user_name, **query)}


def _ids(desk: Desk, *user_names: str) -> set[int]:
    return {desk.id_of(name) for name in user_names}


def test_staff_are_offered_no_time_at_which_the_known_patient_is_busy(desk: Desk) -> None:
    desk.booked("rosa", at("15:00"), doctor="drsol", patient="pat")
    pat = desk.id_of("pat")

    for user_name in ("rita", "drjay"):
        whole = _starts(desk, user_name)
        assert "15:00" in whole
        assert _starts(desk, user_name, patient_id=pat) == whole - {"14:45", "15:00", "15:15"}
        assert _starts(desk, user_name, patient_id=desk.id_of("kim")) == whole


def test_patients_name_nobody_but_themselves(desk: Desk) -> None:
    assert _starts(desk, "pat", patient_id=desk.id_of("pat")) == _starts(desk, "pat")
    assert _starts(desk, "pat", patient_id="me") == _starts(desk, "pat")
    answer = _ask(desk, "pat", patient_id=desk.id_of("kim"))
    expect_problem(answer, 422, "validation_error", "patient_id")


def test_staff_name_only_a_patient_whom_they_see(desk: Desk) -> None:
    desk.practice.add_patient("elsewhere", clinics=(2,))
    for unseen in (desk.id_of("elsewhere"), desk.id_of("drjay"), 999_999):
        expect_problem(_ask(desk, "rita", patient_id=unseen), 422, "validation_error", "patient_id")


def test_the_appointment_to_move_says_whose_time_it_is(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    desk.booked("rosa", at("17:00"), doctor="drsol")

    offered = _starts(desk, "rita", exclude_appointment_id=visit)

    assert "15:00" in offered
    assert not offered & {"16:45", "17:00", "17:15"}
    assert _starts(desk, "rita", exclude_appointment_id=visit, patient_id=desk.id_of("pat")) == offered
    answer = _ask(desk, "rita", exclude_appointment_id=visit, patient_id=desk.id_of("kim"))
    expect_problem(answer, 422, "validation_error", "patient_id")


@pytest.mark.parametrize(
    ("user_name", "doctors"),
    [("rita", ["drjay", "drwu"]), ("rosa", ["drsol"]), ("drwu", ["drwu"]), ("pat", ["drjay", "drwu", "drsol"])],
)
def test_everybody_is_offered_what_they_may_book(desk: Desk, user_name: str, doctors: list[str]) -> None:
    assert _doctors(desk, user_name) == _ids(desk, *doctors)
    fhir = FhirClient(desk)
    query = f"service-type=checkup&start=ge{at('13:00')}&start=lt{at('14:00')}"
    entries = fhir.raw(user_name, "Slot", query).json["entry"]
    schedules = {int(entry["resource"]["schedule"]["reference"].removeprefix("Schedule/")) for entry in entries}
    assert schedules == _ids(desk, *doctors)


def test_what_a_caller_may_not_book_is_an_empty_page(desk: Desk) -> None:
    assert _slots(desk, "rita", doctor_id=desk.id_of("drsol")) == _slots(desk, "rita", clinic_id=2) == []
    assert _slots(desk, "drjay", doctor_id=desk.id_of("drwu")) == []


@pytest.mark.parametrize(
    ("user_name", "doctor", "detail"),
    [
        ("rita", "drsol", "You may do this only in the clinics where you work."),
        ("drjay", "drwu", "You may do this only for yourself."),
    ],
)
def test_a_refusal_says_whether_the_role_or_the_place_is_in_the_way(
    desk: Desk, user_name: str, doctor: str, detail: str
) -> None:
    answer = desk.book(user_name, at("15:00"), doctor=doctor)
    expect_problem(answer, 403, "forbidden")
    assert answer.json["detail"] == detail
    path = f"/doctors/{desk.id_of(doctor)}/working-hours"
    answer = desk.client.call(user_name, "PUT", path, {"hours": []})
    assert (answer.status, answer.json["detail"]) == (403, detail)
    answer = desk.client.call("pat", "PUT", path, {"hours": []})
    assert (answer.status, answer.json["detail"]) == (403, "Your role may not do this.")


def test_a_move_is_offered_the_length_for_which_the_visit_was_booked(desk: Desk) -> None:
    set_treatment(desk.practice, 1, duration_minutes=60, buffer_after_minutes=15)
    visit = desk.booked("rita", at("15:00"))
    desk.booked("rita", at("18:00"), patient="kim")
    set_treatment(desk.practice, 1, duration_minutes=15, buffer_after_minutes=0)

    offered = _slots(desk, "rita", doctor_id=desk.id_of("drjay"), exclude_appointment_id=visit["appointment_id"])

    ends = {slot["starts_at"][11:16]: slot["ends_at"][11:16] for slot in offered}
    assert ends["15:00"] == "16:00"
    assert max(ends) == "22:00"
    assert "16:45" in ends
    assert "17:00" not in ends
    assert moved(desk, "rita", visit, starts_at=at("16:45"))["ends_at"] == at("17:45")


def test_asked_for_another_treatment_the_slots_have_its_length(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    slot, *_ = _slots(desk, "rita", treatment_id=2, exclude_appointment_id=visit)
    assert (slot["starts_at"], slot["ends_at"]) == (at("13:00"), at("13:45"))
    assert "15:00" in _starts(desk, "rita", treatment_id=2, exclude_appointment_id=visit)


def test_a_visit_is_offered_its_own_doctor_who_gives_the_treatment_no_more(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"), treatment=2)
    session, drjay = desk.practice.session, desk.id_of("drjay")
    session.execute(delete(DoctorTreatment).filter_by(doctor_id=drjay, treatment_id=2))
    session.commit()

    assert _doctors(desk, "rita", treatment_id=2) == _ids(desk, "drwu")
    assert _doctors(desk, "rita", treatment_id=2, exclude_appointment_id=visit["appointment_id"]) == _ids(
        desk, "drjay", "drwu"
    )
    assert moved(desk, "rita", visit, starts_at=at("17:00"))["starts_at"] == at("17:00")


def test_a_visit_can_be_moved_after_its_treatment_has_ended(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))
    set_treatment(desk.practice, 1, active=False)

    assert {row.active for row in desk.practice.rows(Treatment) if row.treatment_id == 1} == {False}
    assert "17:00" in _starts(desk, "rita", exclude_appointment_id=visit["appointment_id"])
    assert moved(desk, "rita", visit, starts_at=at("17:00"))["starts_at"] == at("17:00")


def test_an_accepted_offer_is_as_long_as_it_was_offered(desk: Desk) -> None:
    waitlist = Waitlist(desk)
    blocked = desk.booked("rita", at("15:00"), patient="kim")
    waitlist_id = waitlist.join("pat", **{"from": at("15:00"), "to": at("15:30")})
    free(waitlist, blocked)
    assert waitlist.offered("pat") == at("15:00")
    set_treatment(desk.practice, 1, duration_minutes=60)
    desk.booked("rita", at("15:30"), patient="kim")

    answer = waitlist.accept("pat", waitlist_id)

    assert answer.status == 201, answer.text
    assert (answer.json["starts_at"], answer.json["ends_at"]) == (at("15:00"), at("15:30"))


def test_a_known_patient_costs_one_statement(desk: Desk, statements: Statements) -> None:
    set_clinic(desk.practice, slot_step_minutes=15)
    _slots(desk, "rita")
    statements.clear()
    _slots(desk, "rita")
    unknown = len(statements)
    statements.clear()
    _slots(desk, "rita", patient_id=desk.id_of("pat"))
    assert len(statements) == unknown + 1
