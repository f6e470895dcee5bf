"""Appointments as the API returns and takes them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from lambda_function.api.schemas.appointments import (
    APPOINTMENT_PAGE,
    Cancellation,
    NewAppointment,
    shown,
)
from lambda_function.api.schemas.legacy import LegacyBooking
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.domain.appointment import Status
from lambda_function.domain.registration import Outcome

START = datetime(2030, 1, 8, 15, 0, tzinfo=UTC)
VIEW = AppointmentView(
    appointment_id=7,
    status=Status.BOOKED,
    starts_at=START,
    ends_at=START.replace(minute=30),
    clinic_id=1,
    clinic_name="Lima Centro",
    country="PE",
    time_zone="America/Lima",
    doctor_id=2,
    doctor_name="Jay",
    patient_id=3,
    patient_name="Pat",
    receptionist_id=4,
    receptionist_name="Rita",
    treatment_id=1,
    treatment_code="checkup",
    treatment_name="Check-up",
    chair_id=5,
    patient_note="knee",
    internal_note="late payer",
    cancel_reason=None,
    override_reason="friend of the house",
    version=3,
    created_at=START,
    updated_at=START,
    attendance_confirmed_at=START,
    register="PE",
    outcome=Outcome.DONE,
    outcome_error=None,
    outcome_at=START,
)
PUBLIC = {
    "appointment_id": 7,
    "status": "BOOKED",
    "starts_at": "2030-01-08T15:00:00Z",
    "ends_at": "2030-01-08T15:30:00Z",
    "clinic": {"clinic_id": 1, "name": "Lima Centro", "time_zone": "America/Lima"},
    "doctor": {"user_id": 2, "full_name": "Jay"},
    "patient": {"user_id": 3, "full_name": "Pat"},
    "receptionist": {"user_id": 4, "full_name": "Rita"},
    "treatment": {"treatment_id": 1, "code": "checkup", "name": "Check-up"},
    "chair_id": 5,
    "patient_note": "knee",
    "cancel_reason": None,
    "version": 3,
    "created_at": "2030-01-08T15:00:00Z",
    "updated_at": "2030-01-08T15:00:00Z",
    "attendance_confirmed_at": "2030-01-08T15:00:00Z",
    "country": "PE",
    "registration": {"status": "DONE", "version": 3, "error": None, "at": "2030-01-08T15:00:00Z"},
}
WANTED = {"doctor_id": 2, "treatment_id": 1, "starts_at": "2030-01-08T10:00:00-05:00"}


def sent(view: AppointmentView, *, staff: bool) -> Any:
    """Returns the appointment as the API sends it."""
    page = APPOINTMENT_PAGE.dump_python({"items": [shown(view, staff=staff)], "next_cursor": None}, mode="json")
    return page["items"][0]


def refused_fields(model: type[Any], body: dict[str, Any]) -> set[object]:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(body)
    return {error["loc"][0] for error in refusal.value.errors()}


def test_a_patient_sees_an_appointment_without_internal_notes() -> None:
    assert sent(VIEW, staff=False) == PUBLIC


def test_staff_also_see_internal_note_and_override_reason() -> None:
    internal = {"internal_note": "late payer", "override_reason": "friend of the house"}
    assert sent(VIEW, staff=True) == PUBLIC | internal


def test_an_appointment_without_receptionist_has_null() -> None:
    assert sent(VIEW._replace(receptionist_id=None, receptionist_name=None), staff=False)["receptionist"] is None


def test_an_appointment_whose_outcome_is_unknown_is_pending() -> None:
    pending = VIEW._replace(outcome=None, outcome_at=None)
    expected = {"status": "PENDING", "version": 3, "error": None, "at": None}
    assert sent(pending, staff=False)["registration"] == expected


def test_an_appointment_in_a_country_without_a_register_has_no_registration() -> None:
    shown_there = sent(VIEW._replace(register=None, outcome=None, outcome_at=None), staff=False)
    assert (shown_there["country"], shown_there["registration"]) == ("PE", None)


def test_a_booking_needs_doctor_treatment_and_start() -> None:
    assert refused_fields(NewAppointment, {}) == {"doctor_id", "treatment_id", "starts_at"}


def test_a_booking_is_read() -> None:
    booking = NewAppointment.model_validate({**WANTED, "patient_id": "me"})
    assert (booking.doctor_id, booking.patient_id, booking.starts_at) == (2, "me", START)


@pytest.mark.parametrize("field", ["status", "receptionist_id", "clinic_id", "price", "internal_note", "appointmentId"])
def test_a_booking_takes_nothing_else(field: str) -> None:
    assert refused_fields(NewAppointment, {**WANTED, field: 1}) == {field}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("doctor_id", "2"),
        ("doctor_id", None),
        ("treatment_id", "me"),
        ("starts_at", "2030-01-08T10:00:00"),
        ("starts_at", 1893456000),
        ("chair_id", 0),
        ("patient_note", "x" * 2001),
        ("override_reason", "  "),
    ],
)
def test_a_booking_with_a_bad_value_names_the_field(field: str, value: object) -> None:
    assert refused_fields(NewAppointment, {**WANTED, field: value}) == {field}


@pytest.mark.parametrize("body", [{}, {"reason": None}, {"reason": " "}, {"reason": "x" * 501}, {"reason": 1}], ids=str)
def test_cancelling_needs_a_reason(body: dict[str, Any]) -> None:
    assert refused_fields(Cancellation, body) == {"reason"}


def test_the_originals_booking_takes_names_and_a_local_time() -> None:
    body = {"patient": "pat", "doctor": "drjay", "appointment_date": "2030-01-08 10:00:00"}
    assert LegacyBooking.model_validate(body).appointment_date == datetime(2030, 1, 8, 10)  # noqa: DTZ001 - local


def test_the_originals_booking_takes_nothing_else() -> None:
    body = {"patient": "pat", "doctor": "drjay", "appointment_date": "2030-01-08T10:00:00Z", "receptionist": "rita"}
    assert refused_fields(LegacyBooking, body) == {"appointment_date", "receptionist"}
