"""The data of benchmarks/requests.py: the demo practice with 60 more patients and 500 appointments."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import count, islice

from sqlalchemy import URL

from lambda_function.db.models import Appointment, ClaimKind, SlotClaim
from lambda_function.domain.appointment import Status
from lambda_function.domain.intervals import Interval
from tests.clock import NOW
from tests.factories import Practice
from tests.zones import zone_named

PATIENTS, APPOINTMENTS = 60, 500
CLINIC, CHECKUP = 1, 1
# The day of the first measured booking, long after the appointments that already exist.
_FIRST_DAY = 200
_VISIT = timedelta(minutes=30)
_ZONE = zone_named("America/Lima")
_HOURS = (time(9), time(9, 30), time(10), time(10, 30), time(11), time(14), time(14, 30), time(15), time(15, 30))
_WEEKEND = (5, 6)


def _starts(first_day: int) -> Iterator[datetime]:
    """Yields times at which clinic 1 works, in order and in UTC."""
    for days in count(first_day):
        day = (NOW + timedelta(days=days)).date()
        if day.weekday() not in _WEEKEND:
            for hour in _HOURS:
                yield datetime.combine(day, hour, _ZONE).astimezone(NOW.tzinfo)


def free_starts() -> Iterator[datetime]:
    """Yields times at which nobody has an appointment, each of them once."""
    return _starts(_FIRST_DAY)


def fill(url: URL) -> list[int]:
    """Loads everything into a migrated, empty database and returns the ids of the patients."""
    with Practice.open(url) as practice:
        patients = [practice.add_patient(clinics=(CLINIC,)).user_id for _ in range(PATIENTS)]
        ids = practice.ids
        starts = list(islice(_starts(1), APPOINTMENTS // 2))
        visits = [
            _appointment(ids[doctor], patients[(2 * number + lane) % PATIENTS], ids["rita"], start)
            for number, start in enumerate(starts)
            for lane, doctor in enumerate(("drjay", "drwu"))
        ]
        practice.add(*visits)
        practice.add(*(claim for visit in visits for claim in _claims(visit)))
    return patients


def _appointment(doctor_id: int, patient_id: int, receptionist_id: int, start: datetime) -> Appointment:
    return Appointment(
        patient_id=patient_id,
        doctor_id=doctor_id,
        receptionist_id=receptionist_id,
        clinic_id=CLINIC,
        treatment_id=CHECKUP,
        status=Status.BOOKED,
        starts_at=start,
        ends_at=start + _VISIT,
        buffer_before_minutes=0,
        buffer_after_minutes=0,
        patient_note="Prefers the chair at the window",
        created_at=NOW,
        updated_at=NOW,
    )


def _claims(visit: Appointment) -> Iterator[SlotClaim]:
    for kind, resource_id in ((ClaimKind.DOCTOR, visit.doctor_id), (ClaimKind.PATIENT, visit.patient_id)):
        for slot in Interval(visit.starts_at, visit.ends_at).grid_slots():
            yield SlotClaim(kind=kind.value, resource_id=resource_id, slot_at=slot, appointment_id=visit.appointment_id)
