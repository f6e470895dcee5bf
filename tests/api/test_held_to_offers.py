"""Patients book and move to the starts that are offered to them, and choose no chair. Staff may book any five minutes.

The clinic of these tests offers a start every 20 minutes. On Tuesdays drjay works from 12:30 in Lima, which is 17:30Z.
"""

from typing import Any

import pytest

from tests.api.conditions import set_clinic
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api.fhir.client import FhirClient
from tests.api.moves import events, move, moved, refused
from tests.api.waiting import Waitlist, free

OFFERED, LATER, OFF_STEP = at("17:50"), at("18:10"), at("18:00")


@pytest.fixture(autouse=True)
def half_past(desk: Desk) -> None:
    set_clinic(desk.practice, slot_step_minutes=20)
    hours = [{"weekday": 2, "start": "12:30", "end": "16:00"}]
    for doctor in ("drjay", "drwu"):
        assert desk.client.call(doctor, "PUT", "/doctors/me/working-hours", {"hours": hours}).status == 200


@pytest.fixture
def visit(desk: Desk) -> Any:
    return desk.booked("pat", OFFERED)


@pytest.mark.parametrize("start", [OFF_STEP, at("17:45"), at("18:15")])
def test_a_patient_books_only_starts_that_are_offered(desk: Desk, start: str, fingerprint: Fingerprint) -> None:
    before = fingerprint()

    expect_problem(desk.book("pat", start), 422, "off_grid", "starts_at")
    assert fingerprint() == before
    assert desk.book("pat", OFFERED).status == 201


def test_outside_hours_the_refusal_is_about_the_hours(desk: Desk) -> None:
    expect_problem(desk.book("pat", at("17:25")), 422, "outside_hours", "starts_at")
    expect_problem(desk.book("pat", at("20:50")), 422, "outside_hours", "starts_at")


@pytest.mark.parametrize("user_name", ["rita", "drjay"])
def test_staff_book_any_five_minutes_and_move_to_them(desk: Desk, user_name: str) -> None:
    booked = desk.booked(user_name, at("18:05"))

    assert moved(desk, user_name, booked, starts_at=at("19:25"))["starts_at"] == at("19:25")


def test_a_patient_moves_only_to_starts_that_are_offered(desk: Desk, visit: Any, fingerprint: Fingerprint) -> None:
    set_clinic(desk.practice, cutoff_minutes=0)

    refused(desk, fingerprint, "pat", visit, (422, "off_grid", "starts_at"), starts_at=OFF_STEP)
    assert moved(desk, "pat", visit, starts_at=LATER)["starts_at"] == LATER


def test_a_patient_keeps_the_start_that_the_clinic_chose(desk: Desk, fingerprint: Fingerprint) -> None:
    set_clinic(desk.practice, cutoff_minutes=0)
    visit = desk.booked("rita", OFF_STEP)

    assert move(desk, "pat", visit, starts_at=OFF_STEP).status == 200
    for same in ({}, {"starts_at": OFF_STEP}):
        assert moved(desk, "pat", visit, doctor_id=desk.id_of("drwu"), **same)["starts_at"] == OFF_STEP
    assert [event.action for event in events(desk, visit)] == ["BOOK", "MOVE"]
    refused(desk, fingerprint, "pat", visit, (422, "off_grid", "starts_at"), starts_at=at("18:05"))


def test_fhir_holds_patients_to_the_same_starts(desk: Desk) -> None:
    fhir = FhirClient(desk)

    expect_problem(fhir.book("pat", OFF_STEP), 422, "off_grid", "start")
    assert fhir.book("rita", OFF_STEP).status == 201


def test_the_original_call_takes_any_five_minutes_of_a_receptionist(desk: Desk) -> None:
    body = {"patient": "pat", "doctor": "drjay", "appointment_date": "2030-01-08 13:00:00"}

    assert desk.client.post("rita", "/appointment", body).status == 201


def test_what_is_offered_to_the_waitlist_is_on_the_step_and_stays_acceptable(desk: Desk) -> None:
    waitlist = Waitlist(desk)
    blocked = desk.booked("rita", at("17:45"), patient="kim", treatment=2)
    waitlist_id = waitlist.join("pat", **{"from": at("17:35"), "to": at("18:35")})
    free(waitlist, blocked)
    assert waitlist.offered("pat") == OFFERED

    set_clinic(desk.practice, slot_step_minutes=60)

    assert waitlist.accept("pat", waitlist_id).status == 201


def test_a_patient_chooses_no_chair(desk: Desk, visit: Any, fingerprint: Fingerprint) -> None:
    before = fingerprint()
    expect_problem(desk.book("pat", LATER, chair_id=visit["chair_id"]), 403, "forbidden")
    assert fingerprint() == before
    refused(desk, fingerprint, "pat", visit, (403, "forbidden", None), chair_id=visit["chair_id"])
