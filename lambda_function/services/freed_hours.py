"""Time that a change of hours, exceptions or closures frees: doctors work then after the change, and did not before.
Doctors of whom a change makes more possible at any time, such as those who come back, free all their time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lambda_function.db.repositories import freed_time
from lambda_function.db.repositories.booking import DoctorClinic, doctor_clinics
from lambda_function.db.repositories.working_hours import working_times
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.intervals import Interval
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.waitlist import NO_DOCTOR, FreedTime
from lambda_function.domain.working_hours import WorkingTime, subtract
from lambda_function.services.offers import record_freed_time, record_until

# Time further ahead does not count as freed, because in most clinics patients cannot book it yet.
FURTHEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class WorkBefore:
    """How doctors worked in the span before a change; somebody waits until `until`."""

    span: Interval
    until: datetime
    working_times: Mapping[int, WorkingTime]


def read_before_change(work: UnitOfWork, doctor_ids: Collection[int]) -> WorkBefore | None:
    """Returns how these doctors work before their hours, exceptions or closures change, or None if nobody waits."""
    until = freed_time.awaited_until(work.session)
    if until is None or until <= work.now or not doctor_ids:
        return None
    span = Interval(work.now, min(until, work.now + FURTHEST))
    return WorkBefore(span, until, working_times(work.session, doctor_ids, span))


def free_after_change(work: UnitOfWork, before: WorkBefore | None, clinics: Collection[DoctorClinic]) -> None:
    """Records the freed time after everything is changed. `clinics` are those of the doctors."""
    if before is None or not clinics:
        return
    after = working_times(work.session, [clinic.doctor_id for clinic in clinics], before.span)
    parts = []
    for clinic in clinics:
        zone = time_zone(clinic.time_zone)
        if zone is None:
            continue
        worked = before.working_times.get(clinic.doctor_id, WorkingTime()).hours_within(before.span, zone)
        works = after[clinic.doctor_id].hours_within(before.span, zone)
        parts += [FreedTime(clinic.doctor_id, clinic.clinic_id, time) for time in subtract(works, worked)]
    record_until(work, parts, before.until)


def free_all_time(work: UnitOfWork, doctor_ids: Collection[int], chairs: Collection[tuple[int, int]] = ()) -> None:
    """Records all time of these doctors, and of chairs that can be used from now on, each as a clinic_id and a
    chair_id. Sends no statement if there are neither.
    """
    span = Interval(work.now, work.now + FURTHEST)
    clinics = doctor_clinics(work.session, doctor_ids) if doctor_ids else []
    parts = [FreedTime(clinic.doctor_id, clinic.clinic_id, span) for clinic in clinics]
    parts += [FreedTime(NO_DOCTOR, clinic_id, span, chair_id) for clinic_id, chair_id in chairs]
    record_freed_time(work, parts)
