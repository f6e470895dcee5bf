"""A doctor's time off. Adding it never changes a booking: the answer lists those that lie in it."""

from dataclasses import dataclass
from datetime import datetime

from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories import time_off as time_off_rows
from lambda_function.db.repositories.busy import visits_of
from lambda_function.db.repositories.time_off import TimeOffRow
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import HasBookingsError, InvalidInputError, NotFoundError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.permissions import Action
from lambda_function.domain.waitlist import FreedTime
from lambda_function.services.offers import record_freed_time
from lambda_function.services.visits import visible_to
from lambda_function.services.working_hours import MAX_TIME_OFF, lock_doctor, require_doctor


@dataclass(frozen=True, slots=True)
class NewTimeOff:
    starts_at: datetime
    ends_at: datetime
    reason: str
    accept_conflicts: bool


def page(work: UnitOfWork, doctor_id: int, *, after: int, limit: int) -> list[TimeOffRow]:
    """Returns time off ordered by id."""
    require_doctor(work, doctor_id, Action.SEE_TIME_OFF)
    return time_off_rows.page(work.session, doctor_id, after=after, limit=limit)


def take(work: UnitOfWork, doctor_id: int, wanted: NewTimeOff) -> tuple[int, list[int]]:
    """Adds time off. Returns its id, and the ids of the appointments in it that the actor sees. All appointments stay.

    Raises HasBookingsError if there are some and they were not accepted. Holds the doctor's lock, so that a
    simultaneous booking either is seen here or sees the time off.
    """
    if wanted.starts_at >= wanted.ends_at:
        raise InvalidInputError("The end must be after the start.", field="ends_at")
    if wanted.ends_at <= work.now:
        raise InvalidInputError("Choose an end in the future.", field="ends_at")
    if wanted.ends_at - wanted.starts_at > MAX_TIME_OFF:
        raise InvalidInputError("Time off cannot be that long. Choose an earlier end.", field="ends_at")
    lock_doctor(work, doctor_id, Action.SET_TIME_OFF)
    span = Interval(wanted.starts_at, wanted.ends_at)
    booked = visible_to(work.actor, visits_of(work.session, ClaimKind.DOCTOR, doctor_id, span))
    if (booked.ids or booked.elsewhere) and not wanted.accept_conflicts:
        raise HasBookingsError(
            "There are appointments during that time. Move or cancel them, or accept the conflicts.",
            booked.ids,
            elsewhere=booked.elsewhere,
        )
    time_off_id = time_off_rows.add(work.session, doctor_id, span, wanted.reason, work.now)
    return time_off_id, booked.ids


def give_up(work: UnitOfWork, doctor_id: int, time_off_id: int) -> None:
    """Ends the time off. Its time can be booked again, and is offered to those who wait."""
    clinic = lock_doctor(work, doctor_id, Action.SET_TIME_OFF)
    span = time_off_rows.remove(work.session, doctor_id, time_off_id)
    if span is None:
        raise NotFoundError("There is no such time off.")
    record_freed_time(work, [FreedTime(doctor_id, clinic.clinic_id, span)])
