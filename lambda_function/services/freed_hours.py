"""Time that a change of hours, exceptions or closures frees: doctors work then after the change, and did not before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from lambda_function.db.repositories import freed_time
from lambda_function.db.repositories.booking import DoctorClinic
from lambda_function.db.repositories.working_hours import working_times
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import FreedTime
from lambda_function.domain.working_hours import WorkingTime, subtract
from lambda_function.services.offers import record_until

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
        zone = ZoneInfo(clinic.time_zone)
        worked = before.working_times.get(clinic.doctor_id, WorkingTime()).hours_within(before.span, zone)
        works = after[clinic.doctor_id].hours_within(before.span, zone)
        parts += [FreedTime(clinic.doctor_id, clinic.clinic_id, time) for time in subtract(works, worked)]
    record_until(work, parts, before.until)
