"""Time that hours, exceptions and closures give back: what is worked after a change and was not before it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from lambda_function.db.base import AnyRow
from lambda_function.db.repositories import freed_time
from lambda_function.db.repositories.working_hours import openings
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import Freed
from lambda_function.domain.working_hours import WorkingTime, subtract
from lambda_function.services.offers import write_down

# Further ahead nothing is given back: patients cannot book it yet in most clinics.
FURTHEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Before:
    """How doctors worked in the span before a change; somebody waits until `until`."""

    span: Interval
    until: datetime
    openings: Mapping[int, WorkingTime]


def look_before(work: UnitOfWork, doctor_ids: Collection[int]) -> Before | None:
    """To be called before hours, exceptions or closures of these doctors are changed. None when nobody waits."""
    until = freed_time.awaited_until(work.session)
    if until is None or until <= work.now or not doctor_ids:
        return None
    span = Interval(work.now, min(until, work.now + FURTHEST))
    return Before(span, until, openings(work.session, doctor_ids, span))


def give_back(work: UnitOfWork, before: Before | None, practices: Collection[AnyRow]) -> None:
    """To be called when everything is changed; `practices` are rows of doctor_id, clinic_id and time_zone."""
    if before is None or not practices:
        return
    after = openings(work.session, [practice.doctor_id for practice in practices], before.span)
    parts = []
    for practice in practices:
        zone = ZoneInfo(practice.time_zone)
        worked = before.openings.get(practice.doctor_id, WorkingTime()).hours_within(before.span, zone)
        works = after[practice.doctor_id].hours_within(before.span, zone)
        parts += [Freed(practice.doctor_id, practice.clinic_id, time) for time in subtract(works, worked)]
    write_down(work, parts, before.until)
