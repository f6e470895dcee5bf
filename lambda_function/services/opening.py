"""Working hours, exceptions and leave of a doctor. Changing them never touches a booking: the answer names those that
are now outside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lambda_function.db.base import AnyRow
from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories.booking import practice_of
from lambda_function.db.repositories.calendar import Calendar
from lambda_function.db.repositories.openings import OpeningHours, openings
from lambda_function.db.repositories.time_off import LeaveOf
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import HasBookingsError, InvalidInputError, NotFoundError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.opening import WeeklyHours, Window, check_week, check_windows
from lambda_function.domain.permissions import Action, Subject, require
from lambda_function.domain.waitlist import Freed
from lambda_function.services.offers import offer_freed

MAX_LEAVE = timedelta(days=5 * 366)
NOBODY = 0


def _practice(work: UnitOfWork, doctor_id: int, action: Action) -> AnyRow:
    """The doctor's clinic_id and time_zone. NotFoundError when there is none, ForbiddenError when it is not for the
    actor.
    """
    practice = practice_of(work.session, doctor_id)
    if practice is None:
        raise NotFoundError("There is no such doctor.")
    require(work.actor, action, Subject(patient_id=NOBODY, doctor_id=doctor_id, clinic_id=practice.clinic_id))
    return practice


def weekly(work: UnitOfWork, doctor_id: int) -> list[WeeklyHours]:
    _practice(work, doctor_id, Action.READ_CATALOGUE)
    return OpeningHours(work.session, doctor_id).weekly()


def replace_weekly(work: UnitOfWork, doctor_id: int, week: Sequence[WeeklyHours]) -> list[int]:
    """Replaces the whole week; answers the ids of the appointments to come that are now outside hours."""
    check_week(week, "hours")
    practice = _locked_practice(work, doctor_id, Action.SET_HOURS)
    OpeningHours(work.session, doctor_id).replace_weekly(week)
    return outside_hours(work, doctor_id, practice.time_zone)


def exceptions(work: UnitOfWork, doctor_id: int, first_day: date, last_day: date) -> Mapping[date, Sequence[Window]]:
    _practice(work, doctor_id, Action.READ_CATALOGUE)
    if first_day > last_day:
        raise InvalidInputError("`from` is after `to`.", field="from")
    return OpeningHours(work.session, doctor_id).exceptions(first_day, last_day)


def replace_exception(work: UnitOfWork, doctor_id: int, day: date, windows: Sequence[Window]) -> list[int]:
    """The hours of one date instead of the weekly ones; answers as replace_weekly."""
    check_windows(windows, "hours")
    practice = _locked_practice(work, doctor_id, Action.SET_HOURS)
    OpeningHours(work.session, doctor_id).replace_exception(day, windows)
    return outside_hours(work, doctor_id, practice.time_zone)


def remove_exception(work: UnitOfWork, doctor_id: int, day: date) -> list[int]:
    """The weekly hours again; answers as replace_weekly. NotFoundError when that date has no exception."""
    practice = _locked_practice(work, doctor_id, Action.SET_HOURS)
    if not OpeningHours(work.session, doctor_id).remove_exception(day):
        raise NotFoundError("That date has no exception.")
    return outside_hours(work, doctor_id, practice.time_zone)


def _locked_practice(work: UnitOfWork, doctor_id: int, action: Action) -> AnyRow:
    practice = _practice(work, doctor_id, action)
    Calendar(work.session).lock_doctors([doctor_id])
    return practice


def outside_hours(
    work: UnitOfWork, doctor_id: int, time_zone: str, week: Sequence[WeeklyHours] | None = None
) -> list[int]:
    """The ids of the doctor's appointments to come that do not lie in working hours; as if `week` were the weekly ones,
    where it is given.
    """
    zone = ZoneInfo(time_zone)
    visits = Calendar(work.session).visits_of(ClaimKind.DOCTOR, doctor_id, Interval(work.now, work.now + MAX_LEAVE))
    if not visits:
        return []
    span = Interval(visits[0].starts_at, max(visit.ends_at for visit in visits))
    opening = openings(work.session, [doctor_id], span)[doctor_id]
    if week is not None:
        opening = replace(opening, weekly=week)
    hours = opening.hours_within(span, zone)
    return [
        visit.appointment_id
        for visit in visits
        if not any(part.start <= visit.starts_at and visit.ends_at <= part.end for part in hours)
    ]


@dataclass(frozen=True, slots=True)
class NewLeave:
    starts_at: datetime
    ends_at: datetime
    reason: str
    accept_conflicts: bool


def leave(work: UnitOfWork, doctor_id: int, *, after: int, limit: int) -> Sequence[AnyRow]:
    """Rows of time_off_id, starts_at, ends_at and reason, by id."""
    _practice(work, doctor_id, Action.SEE_LEAVE)
    return LeaveOf(work.session, doctor_id).page(after=after, limit=limit)


def take_leave(work: UnitOfWork, doctor_id: int, wanted: NewLeave) -> tuple[int, list[int]]:
    """The id of the leave, and the ids of the appointments in it, which stay.

    Raises HasBookingsError when there are some and they were not accepted. Holds the doctor's lock, so that a booking
    at the same time either is seen here or sees the leave.
    """
    if wanted.starts_at >= wanted.ends_at:
        raise InvalidInputError("It ends before it begins.", field="ends_at")
    if wanted.ends_at <= work.now:
        raise InvalidInputError("That is in the past.", field="ends_at")
    if wanted.ends_at - wanted.starts_at > MAX_LEAVE:
        raise InvalidInputError("That is longer than leave can be.", field="ends_at")
    _locked_practice(work, doctor_id, Action.SET_LEAVE)
    span = Interval(wanted.starts_at, wanted.ends_at)
    booked = [visit.appointment_id for visit in Calendar(work.session).visits_of(ClaimKind.DOCTOR, doctor_id, span)]
    if booked and not wanted.accept_conflicts:
        raise HasBookingsError("There are appointments in that time.", booked)
    leave_id = LeaveOf(work.session, doctor_id).add(span, wanted.reason, work.now)
    return leave_id, booked


def give_up_leave(work: UnitOfWork, doctor_id: int, time_off_id: int) -> None:
    practice = _locked_practice(work, doctor_id, Action.SET_LEAVE)
    span = LeaveOf(work.session, doctor_id).remove(time_off_id)
    if span is None:
        raise NotFoundError("There is no such leave.")
    offer_freed(work, [Freed(doctor_id, practice.clinic_id, span)])
