"""The free times that a page offers for a visit or a recall, by day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambda_function.db.repositories import booking, names
from lambda_function.db.repositories.appointments import VisitResources
from lambda_function.db.repositories.booking import Candidate
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import bookable_span
from lambda_function.domain.time_zones import day_interval, time_zone
from lambda_function.services.availability import MAX_RANGE, Slot, SlotSearch, slots_among

# The most days on a page, and the most starts of each.
MAX_DAYS = 5
MAX_STARTS = 8
# The most starts of a day that is shown alone. A visit can start every five minutes.
MAX_STARTS_ALONE = 96
_MOST_READ = 1000
_DAY = timedelta(days=1)


class TimesWanted(NamedTuple):
    """The doctor and the first day, by the clinic's calendar, of the times to show, or `only` one day with all of its
    times. By default these are the doctor of the visit or the recall, if possible, and today.
    """

    doctor_id: int | None = None
    first: date | None = None
    only: date | None = None


class TimesOf(NamedTuple):
    """What times are wanted for. The doctor is the one whose times come first, if possible. `moved` is the visit if it
    is to be moved, and None if one is to be booked.
    """

    treatment_id: int
    clinic_id: int
    time_zone: str
    patient_id: int
    doctor_id: int | None
    moved: VisitResources | None = None
    moved_id: int | None = None


class Day(NamedTuple):
    """A day with its first free starts. `more` is whether there are others on it."""

    day: date
    starts: Sequence[datetime]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The free times of one doctor. `doctors` are all who can be chosen, by id, with their names. `earlier` is whether
    there may be times before the days that were looked at, and `later` is the day from which there may be further ones.
    `only` is the day that is shown alone.
    """

    doctor_id: int
    doctors: Mapping[int, str]
    days: Sequence[Day]
    earlier: bool
    later: date | None
    only: date | None = None


def free_times(work: UnitOfWork, what: TimesOf, wanted: TimesWanted) -> Times | None:
    """Returns the times to which the visit can be moved, or at which one can be booked. It is None if nobody in the
    clinic can be booked for the treatment, or nobody knows the clinic's days.
    """
    zone, moved = time_zone(what.time_zone), what.moved
    candidates = booking.candidates(
        work.session,
        treatment_id=what.treatment_id,
        doctor_id=None,
        clinic_id=what.clinic_id,
        present_doctor_id=None if moved is None else moved.doctor_id,
    )
    if zone is None or not candidates:
        return None
    by_id = {each.doctor_id: each for each in candidates}
    doctor_id = next((each for each in (wanted.doctor_id, what.doctor_id) if each in by_id), min(by_id))
    doctor = by_id[doctor_id]
    last = _last_day(work, doctor, zone)
    today = work.now.astimezone(zone).date()
    first = min(max(wanted.only or wanted.first or today, today), last)
    until = min(first + (_DAY if wanted.only else MAX_RANGE - _DAY), last + _DAY)
    search = SlotSearch(
        treatment_id=what.treatment_id,
        starts_from=day_interval(first, zone).start,
        starts_before=day_interval(until, zone).start,
        limit=_MOST_READ,
        exclude_appointment_id=what.moved_id,
    )
    slots = slots_among(work, search, [doctor], patient_id=what.patient_id, kept=moved)
    days = _by_day(slots, zone, most=MAX_STARTS_ALONE if wanted.only else MAX_STARTS)
    if len(slots) == _MOST_READ:
        # What was read may end in the middle of a day.
        days = days[:-1]
    shown = days[:MAX_DAYS]
    following = shown[-1].day + _DAY if len(days) > MAX_DAYS or len(slots) == _MOST_READ else until
    staff = names.staff(work.session, by_id)
    return Times(
        doctor_id=doctor_id,
        doctors={number: staff[number].full_name for number in sorted(by_id)},
        days=shown,
        earlier=first > today,
        later=following if following <= last else None,
        only=first if wanted.only else None,
    )


def _last_day(work: UnitOfWork, doctor: Candidate, zone: ZoneInfo) -> date:
    return bookable_span(actor=work.actor, policy=doctor.policy, now=work.now).end.astimezone(zone).date()


def _by_day(slots: Sequence[Slot], zone: ZoneInfo, *, most: int) -> list[Day]:
    days = []
    for day, group in groupby(slots, lambda slot: slot.starts_at.astimezone(zone).date()):
        starts = [slot.starts_at for slot in group]
        days.append(Day(day, starts[:most], len(starts) > most))
    return days
