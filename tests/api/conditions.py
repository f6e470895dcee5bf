"""Changes to the practice that many tests of scheduling need, written without the API."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from lambda_function.db.models import Appointment, ClaimKind, Clinic, Closure, Doctor, SlotClaim, TimeOff, Treatment
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


def add_time_off(practice: Practice, doctor_id: int, starts_at: datetime, ends_at: datetime) -> int:
    time_off = TimeOff(doctor_id=doctor_id, starts_at=starts_at, ends_at=ends_at, reason="Away", created_at=NOW)
    practice.add(time_off)
    return time_off.time_off_id


def add_closure(practice: Practice, first_day: date, last_day: date, clinic_id: int = 1) -> None:
    practice.add(Closure(clinic_id=clinic_id, first_day=first_day, last_day=last_day))


def add_visits(practice: Practice, number: int, starts_at: datetime, **columns: Any) -> list[int]:
    """Adds visits of pat with drjay, one every half hour from that time on, with both people's claims. Returns their
    ids.
    """
    first = practice.add_appointment(starts_at, **columns)
    shared = {
        column.key: getattr(first, column.key) for column in Appointment.__table__.c if column.key != "appointment_id"
    }
    half = timedelta(minutes=30)
    rows = [
        {**shared, "starts_at": starts_at + half * later, "ends_at": starts_at + half * (later + 1)}
        for later in range(1, number)
    ]
    if rows:
        practice.session.execute(insert(Appointment), rows)
    found = practice.session.execute(
        select(Appointment.appointment_id, Appointment.starts_at)
        .where(Appointment.patient_id == first.patient_id, Appointment.starts_at >= starts_at)
        .order_by(Appointment.appointment_id)
    ).all()
    claims = [
        {"kind": kind, "resource_id": person, "slot_at": row.starts_at + slot, "appointment_id": row.appointment_id}
        for row in found
        for kind, person in ((ClaimKind.DOCTOR, first.doctor_id), (ClaimKind.PATIENT, first.patient_id))
        for slot in (timedelta(minutes=5) * position for position in range(6))
    ]
    practice.session.execute(insert(SlotClaim), claims)
    practice.session.commit()
    return [row.appointment_id for row in found]


def expect_bookings(answer: Answer, *appointment_ids: int, elsewhere: int = 0) -> None:
    """The answer is 409 has_bookings with exactly these visits, and this number of visits that
    the caller may not see.
    """
    assert (answer.status, answer.code) == (409, "has_bookings"), answer.text
    assert answer.json["appointment_ids"] == list(appointment_ids)
    assert answer.json["elsewhere"] == elsewhere
    assert answer.headers["Content-Type"] == "application/problem+json"
