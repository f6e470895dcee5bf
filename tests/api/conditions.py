"""Changes to the practice that many tests of scheduling want, written past the API."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import update

from lambda_function.db.models import Clinic, Closure, Doctor, TimeOff, Treatment
from tests.api_client import Answer
from tests.clock import NOW
from tests.factories import Practice


def set_clinic(practice: Practice, clinic_id: int = 1, **columns: Any) -> None:
    practice.session.execute(update(Clinic).where(Clinic.clinic_id == clinic_id).values(**columns))
    practice.session.commit()


def set_treatment(practice: Practice, treatment_id: int, **columns: Any) -> None:
    practice.session.execute(update(Treatment).where(Treatment.treatment_id == treatment_id).values(**columns))
    practice.session.commit()


def move_doctor(practice: Practice, doctor_id: int, clinic_id: int) -> None:
    practice.session.execute(update(Doctor).where(Doctor.user_id == doctor_id).values(clinic_id=clinic_id))
    practice.session.commit()


def add_leave(practice: Practice, doctor_id: int, starts_at: datetime, ends_at: datetime) -> int:
    leave = TimeOff(doctor_id=doctor_id, starts_at=starts_at, ends_at=ends_at, reason="Away", created_at=NOW)
    practice.add(leave)
    return leave.time_off_id


def add_closure(practice: Practice, first_day: date, last_day: date, clinic_id: int = 1) -> None:
    practice.add(Closure(clinic_id=clinic_id, first_day=first_day, last_day=last_day))


def expect_bookings(answer: Answer, *appointment_ids: int) -> None:
    """409 has_bookings with exactly these."""
    assert (answer.status, answer.code) == (409, "has_bookings"), answer.text
    assert answer.json["appointment_ids"] == list(appointment_ids)
    assert answer.headers["Content-Type"] == "application/problem+json"
