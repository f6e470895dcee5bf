"""A clinic whose time zone no one knows, because it was written by hand or by a release with other zones, is the only
one that it troubles.
"""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import Clinic, Doctor
from tests.api.desk import DAY, Desk, at, instant
from tests.api.expect import expect_problem
from tests.api.fhir.client import FhirClient
from tests.clock import NOW

RANGE = {"from": at("00:00"), "to": at("23:55")}


@pytest.fixture(params=["localtime", "Not/A-zone"])
def broken(desk: Desk, request: pytest.FixtureRequest) -> Clinic:
    """A clinic with such a zone, a doctor, a receptionist and a visit of pat; drbroken works all day."""
    practice = desk.practice
    clinic = practice.add_clinic("Broken", request.param, chairs=1)
    doctor = practice.add_doctor("drbroken", clinic=clinic.clinic_id)
    practice.session.execute(update(Doctor).where(Doctor.user_id == doctor.user_id).values(default_treatment_id=1))
    practice.session.commit()
    practice.add_receptionist("ruth", clinics=(1, clinic.clinic_id))
    practice.add_appointment(instant("20:00"), clinic_id=clinic.clinic_id, doctor_id=doctor.user_id)
    return clinic


def _own_visit(desk: Desk) -> Any:
    [visit] = desk.client.get("ruth", "/appointments", doctor_id=desk.id_of("drbroken")).json["items"]
    return visit


def test_free_time_is_that_of_the_other_clinics(desk: Desk, broken: Clinic) -> None:
    query = {"treatment_id": "1", "limit": "1000", **RANGE}
    everywhere = desk.client.get("pat", "/availability", **query)
    own = desk.client.get("pat", "/availability", **query, clinic_id=broken.clinic_id)

    assert everywhere.status == 200, everywhere.text
    assert {slot["clinic_id"] for slot in everywhere.json["items"]} == {1, 2}
    assert (own.status, own.json["items"]) == (200, [])


def test_others_are_booked_listed_and_shown(desk: Desk, broken: Clinic) -> None:
    visit = desk.booked("ruth", at("15:00"))

    listed = desk.client.get("ruth", "/appointments", date=DAY, clinic_id=1)
    assert [each["appointment_id"] for each in listed.json["items"]] == [visit["appointment_id"]]
    assert len(desk.client.get("ruth", "/appointments").json["items"]) == 2


def test_the_originals_list_leaves_out_visits_without_a_local_time(desk: Desk, broken: Clinic) -> None:
    desk.booked("ruth", at("15:00"))

    listed = desk.client.get("ruth", "/appointment")
    assert listed.status == 200, listed.text
    assert [visit["doctor"] for visit in listed.json] == ["drjay"]


@pytest.mark.parametrize("more", [{}, {"override_reason": "Emergency"}])
def test_nothing_is_booked_there(desk: Desk, broken: Clinic, more: dict[str, Any]) -> None:
    expect_problem(desk.book("ruth", at("15:00"), doctor="drbroken", **more), 422, "outside_hours", "starts_at")


def test_nothing_is_booked_there_by_local_time(desk: Desk, broken: Clinic) -> None:
    body = {"patient": "pat", "doctor": "drbroken", "appointment_date": f"{DAY} 10:00:00"}
    expect_problem(desk.client.post("ruth", "/appointment", body), 422, "outside_hours", "appointment_date")


def test_its_days_are_refused_and_its_instants_are_found(desk: Desk, broken: Clinic) -> None:
    by_day = desk.client.get("ruth", "/appointments", clinic_id=broken.clinic_id, date=DAY)
    by_time = desk.client.get("ruth", "/appointments", clinic_id=broken.clinic_id, **RANGE)

    expect_problem(by_day, 422, "validation_error", "date")
    expect_problem(desk.client.get("drbroken", "/appointments", date=DAY), 422, "validation_error", "date")
    assert len(by_time.json["items"]) == 1


def test_fhir_finds_instants_and_refuses_days(desk: Desk, broken: Clinic) -> None:
    fhir = FhirClient(desk)
    there = f"location=Location/{broken.clinic_id}"
    by_time = f"service-type=checkup&start=ge{at('13:00')}&start=lt{at('14:00')}"
    by_day = f"service-type=checkup&start=ge{DAY}&start=le{DAY}"

    assert len(fhir.raw("ruth", "Appointment", f"{there}&date=ge{at('13:00')}").json["entry"]) == 1
    expect_problem(fhir.raw("ruth", "Appointment", f"{there}&date={DAY}"), 422, "validation_error", "date")
    assert "entry" not in fhir.raw("pat", "Slot", f"{there}&{by_time}").json
    expect_problem(fhir.raw("pat", "Slot", f"{there}&{by_day}"), 422, "validation_error", "start")
    assert fhir.raw("pat", "Slot", by_time).json["entry"]


def test_its_hours_can_be_set(desk: Desk, broken: Clinic) -> None:
    waits = desk.client.post("kim", "/waitlist", {"treatment_id": 1, **RANGE})
    assert waits.status == 201, waits.text
    hours = {"hours": [{"weekday": 2, "start": "09:00", "end": "12:00"}]}
    answer = desk.client.call("drbroken", "PUT", "/doctors/me/working-hours", hours)

    assert (answer.status, answer.json["outside_appointment_ids"]) == (200, []), answer.text
    assert desk.client.get("pat", f"/doctors/{desk.id_of('drbroken')}/working-hours").json["hours"]


def test_a_visit_there_can_be_confirmed_and_cancelled_but_not_moved_or_checked_in(desk: Desk, broken: Clinic) -> None:
    visit = f"/appointments/{_own_visit(desk)['appointment_id']}"

    expect_problem(desk.client.post("ruth", f"{visit}/check-in"), 409, "invalid_transition")
    moved = desk.client.call("ruth", "PATCH", visit, {"starts_at": at("21:00")})
    expect_problem(moved, 422, "outside_hours", "starts_at")
    assert desk.client.post("ruth", f"{visit}/cancel", {"reason": "Closed"}).status == 200


def test_its_visits_are_completed(desk: Desk, broken: Clinic) -> None:
    visit = desk.practice.add_appointment(
        NOW - timedelta(hours=1), clinic_id=broken.clinic_id, doctor_id=desk.id_of("drbroken")
    )
    assert desk.client.post("ruth", f"/appointments/{visit.appointment_id}/no-show").status == 200
