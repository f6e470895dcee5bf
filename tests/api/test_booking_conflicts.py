"""POST /appointments: doctors, patients and chairs are in only one place at a time."""

from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import Chair
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem


def _chairs(desk: Desk, clinic_id: int = 1) -> list[int]:
    return sorted(chair.chair_id for chair in desk.practice.rows(Chair) if chair.clinic_id == clinic_id)


def _close_chairs(desk: Desk, *chair_ids: int) -> None:
    desk.practice.session.execute(update(Chair).where(Chair.chair_id.in_(chair_ids)).values(active=False))
    desk.practice.session.commit()


@pytest.mark.parametrize("start", ["14:35", "15:00", "15:25"])
def test_any_overlap_with_the_doctors_visit_is_doctor_busy(desk: Desk, fingerprint: Fingerprint, start: str) -> None:
    desk.booked("rita", at("15:00"))
    before = fingerprint()

    expect_problem(desk.book("rita", at(start), patient="kim"), 409, "doctor_busy")
    assert fingerprint() == before


@pytest.mark.parametrize("start", ["14:30", "15:30"])
def test_visits_may_touch(desk: Desk, start: str) -> None:
    desk.booked("rita", at("15:00"))

    assert desk.booked("rita", at(start))["status"] == "BOOKED"


def test_the_doctor_is_busy_during_the_buffer_and_free_right_after(desk: Desk) -> None:
    desk.booked("rita", at("15:00"), treatment=2)

    expect_problem(desk.book("rita", at("15:50"), patient="kim"), 409, "doctor_busy")
    assert desk.booked("rita", at("15:55"), patient="kim")["starts_at"] == at("15:55")


def test_the_buffer_of_the_new_visit_counts_too(desk: Desk) -> None:
    desk.booked("rita", at("15:00"))

    expect_problem(desk.book("rita", at("14:10"), patient="kim", treatment=2), 409, "doctor_busy")
    assert desk.booked("rita", at("14:05"), patient="kim", treatment=2)["ends_at"] == at("14:50")


def test_a_buffer_before_the_visit_keeps_the_doctor_and_not_the_patient(desk: Desk) -> None:
    treatment = desk.practice.add_treatment("prep", buffer_before_minutes=30)
    drprep = desk.practice.add_doctor("drprep", treatments=(1, treatment.treatment_id))
    desk.booked("rita", at("14:30"), doctor_id=drprep.user_id)

    answer = desk.book("rita", at("15:25"), doctor_id=drprep.user_id, treatment=treatment.treatment_id, patient="kim")
    expect_problem(answer, 409, "doctor_busy")
    assert desk.booked("rita", at("15:30"), doctor_id=drprep.user_id, treatment=treatment.treatment_id)
    assert desk.booked("rita", at("15:00"), doctor="drwu")["patient"]["full_name"] == "Pat Rojas"


def test_the_chair_is_busy_during_the_buffer(desk: Desk) -> None:
    _close_chairs(desk, *_chairs(desk)[1:])
    desk.booked("rita", at("15:00"), treatment=2)

    expect_problem(desk.book("rita", at("15:50"), doctor="drwu", patient="kim"), 409, "chair_busy")
    assert desk.booked("rita", at("15:55"), doctor="drwu", patient="kim")["starts_at"] == at("15:55")


def test_the_patient_is_free_during_the_buffer(desk: Desk) -> None:
    desk.booked("rita", at("15:00"), treatment=2)

    assert desk.booked("rita", at("15:45"), doctor="drwu")["starts_at"] == at("15:45")


def test_a_patient_is_in_one_place_at_a_time(desk: Desk, fingerprint: Fingerprint) -> None:
    desk.booked("rita", at("15:00"))
    before = fingerprint()

    expect_problem(desk.book("rita", at("15:25"), doctor="drwu"), 409, "patient_busy")
    assert fingerprint() == before


def test_a_visit_in_another_clinic_keeps_the_patient_too(desk: Desk) -> None:
    desk.booked("rosa", at("15:00"), doctor="drsol")

    expect_problem(desk.book("rita", at("15:00")), 409, "patient_busy")


def test_the_doctor_is_named_before_the_patient_and_the_patient_before_the_chair(desk: Desk) -> None:
    _close_chairs(desk, *_chairs(desk)[1:])
    desk.booked("rita", at("15:00"))

    expect_problem(desk.book("rita", at("15:00")), 409, "doctor_busy")
    expect_problem(desk.book("rita", at("15:00"), doctor="drwu"), 409, "patient_busy")
    expect_problem(desk.book("rita", at("15:00"), doctor="drwu", patient="kim"), 409, "chair_busy")


def test_the_first_free_chair_by_id_is_taken(desk: Desk) -> None:
    chairs = _chairs(desk)
    doctors = ["drjay", "drwu", desk.practice.add_doctor("drthree").user_name]
    patients = ["pat", "kim", desk.practice.add_patient("third", clinics=(1,)).user_name]
    taken = [
        desk.booked("rita", at("15:00"), doctor=doctor, patient=patient)["chair_id"]
        for doctor, patient in zip(doctors, patients, strict=True)
    ]

    assert taken == chairs


def test_without_any_free_chair_the_visit_is_refused(desk: Desk) -> None:
    for number, chair_id in enumerate(_chairs(desk)):
        doctor = desk.practice.add_doctor(f"dr{number}").user_name
        patient = desk.practice.add_patient(f"p{number}", clinics=(1,)).user_name
        desk.booked("rita", at("15:00"), doctor=doctor, patient=patient, chair_id=chair_id)

    expect_problem(desk.book("rita", at("15:25")), 409, "chair_busy")
    assert desk.booked("rita", at("15:30"))["chair_id"] == _chairs(desk)[0]


@pytest.mark.parametrize("user_name", ["rita", "drjay"])
def test_an_explicit_chair_is_taken(desk: Desk, user_name: str) -> None:
    last = _chairs(desk)[-1]

    assert desk.booked(user_name, at("15:00"), chair_id=last)["chair_id"] == last


def test_an_explicit_chair_that_is_taken_is_busy_although_others_are_free(desk: Desk) -> None:
    chair_id = desk.booked("rita", at("15:00"))["chair_id"]

    answer = desk.book("rita", at("15:00"), doctor="drwu", patient="kim", chair_id=chair_id)

    expect_problem(answer, 409, "chair_busy")


def test_a_chair_of_another_clinic_is_422(desk: Desk, fingerprint: Fingerprint) -> None:
    before = fingerprint()

    answer = desk.book("rita", at("15:00"), chair_id=_chairs(desk, clinic_id=2)[0])

    expect_problem(answer, 422, "validation_error", "chair_id")
    assert fingerprint() == before


def test_a_chair_out_of_use_is_422_when_asked_for_and_skipped_when_not(desk: Desk) -> None:
    first, second, _ = _chairs(desk)
    _close_chairs(desk, first)

    expect_problem(desk.book("rita", at("15:00"), chair_id=first), 422, "validation_error", "chair_id")
    assert desk.booked("rita", at("15:00"))["chair_id"] == second


def test_a_clinic_without_chairs_books_none(desk: Desk) -> None:
    clinic = desk.practice.add_clinic("Chairless", "America/Lima")
    desk.practice.add_receptionist("reception", clinics=(clinic.clinic_id,))
    for number in range(2):
        desk.practice.add_doctor(f"dr{number}", clinic=clinic.clinic_id)
        desk.practice.add_patient(f"p{number}")

    first, second = (
        desk.booked("reception", at("15:00"), doctor=f"dr{number}", patient=f"p{number}") for number in range(2)
    )
    assert (first["chair_id"], second["chair_id"]) == (None, None)
    assert {claim[0] for claim in desk.practice.claims()} == {1, 2}


def test_a_clinic_without_chairs_has_no_chair_to_ask_for(desk: Desk) -> None:
    clinic = desk.practice.add_clinic("Chairless", "America/Lima")
    desk.practice.add_doctor("drfloor", clinic=clinic.clinic_id)
    desk.practice.add_patient("guest", clinics=(clinic.clinic_id,))

    answer = desk.book("drfloor", at("15:00"), doctor="drfloor", patient="guest", chair_id=_chairs(desk)[0])

    expect_problem(answer, 422, "validation_error", "chair_id")


def test_cancelled_time_is_free_at_once_for_doctor_patient_and_chair(desk: Desk) -> None:
    booked = desk.booked("rita", at("15:00"), treatment=2)
    desk.cancelled("rita", booked["appointment_id"])

    again = desk.booked("rita", at("15:00"), treatment=2)
    assert again["chair_id"] == booked["chair_id"]
    assert again["appointment_id"] != booked["appointment_id"]


def test_a_conflict_with_something_invisible_says_nothing_about_it(desk: Desk) -> None:
    desk.practice.add_patient("secretperson", clinics=(1,), full_name="Secret Person")
    booked = desk.booked("rita", at("15:00"), patient="secretperson")

    answer = desk.book("pat", at("15:00"))

    expect_problem(answer, 409, "doctor_busy")
    assert "Secret" not in answer.text
    assert not {"appointment_id", "patient_id"} & answer.json.keys()
    assert desk.client.get("pat", f"/appointments/{booked['appointment_id']}").status == 404


def test_a_visit_over_midnight_utc_is_one_visit(desk: Desk) -> None:
    desk.practice.add_doctor("drnight")
    booked: Any = desk.booked("rita", at("22:00"), doctor="drnight", treatment=3)
    assert booked["ends_at"] == at("23:30")
    late = desk.booked("rita", at("23:45"), doctor="drnight", patient="kim")

    assert late["ends_at"] == at("00:15", "2030-01-09")
    expect_problem(desk.book("rita", at("00:10", "2030-01-09"), doctor="drnight"), 409, "doctor_busy")
