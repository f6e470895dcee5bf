"""The life of an appointment: its states, what leads from one to another, and when a visit may start.

Instants are aware UTC; `now` is always a parameter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol
from zoneinfo import ZoneInfo

from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import (
    InvalidTransitionError,
    OffGridError,
    PastCutoffError,
    TooLateError,
    TooManyOpenVisitsError,
    TooManyRequestsOpenError,
    TooSoonError,
)
from lambda_function.domain.intervals import Interval, on_grid


class Status(StrEnum):
    """REQUESTED awaits the clinic's confirmation; BOOKED is agreed; CHECKED_IN means that the patient has arrived.
    COMPLETED, CANCELLED and NO_SHOW are final.
    """

    REQUESTED = "REQUESTED"
    BOOKED = "BOOKED"
    CHECKED_IN = "CHECKED_IN"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    NO_SHOW = "NO_SHOW"


class EventAction(StrEnum):
    """What was done, according to an event of the history. The names are published: see docs/events.md."""

    BOOK = "BOOK"
    MOVE = "MOVE"
    NOTE = "NOTE"
    CONFIRM = "CONFIRM"
    CANCEL = "CANCEL"
    CHECK_IN = "CHECK_IN"
    COMPLETE = "COMPLETE"
    NO_SHOW = "NO_SHOW"
    CONFIRM_ATTENDANCE = "CONFIRM_ATTENDANCE"


class Via(StrEnum):
    """How somebody came to do something, where it was not the API. The names are published."""

    LINK = "LINK"


class Step(StrEnum):
    """A step that leads an appointment from one state to another."""

    CONFIRM = "CONFIRM"
    CANCEL = "CANCEL"
    CHECK_IN = "CHECK_IN"
    COMPLETE = "COMPLETE"
    NO_SHOW = "NO_SHOW"


# States that keep their time: nobody else can book it.
HOLDING = frozenset({Status.REQUESTED, Status.BOOKED, Status.CHECKED_IN, Status.COMPLETED})

# Claims that ended longer ago than this are purged.
CLAIMS_KEPT = timedelta(days=7)
MAX_OPEN_REQUESTS = 3
MAX_OPEN_VISITS = 1000  # the highest that a clinic can set
MAX_HORIZON = timedelta(days=1830)  # the furthest that a clinic can set
STAFF_HORIZON = timedelta(days=5 * 365 + 2)  # five years, of which two may be leap years

# The table is total: it has every state, and for each state every step that is possible at all.
TRANSITIONS: Mapping[Status, Mapping[Step, Status]] = MappingProxyType(
    {
        Status.REQUESTED: {Step.CONFIRM: Status.BOOKED, Step.CANCEL: Status.CANCELLED},
        Status.BOOKED: {
            Step.CANCEL: Status.CANCELLED,
            Step.CHECK_IN: Status.CHECKED_IN,
            Step.NO_SHOW: Status.NO_SHOW,
        },
        Status.CHECKED_IN: {Step.COMPLETE: Status.COMPLETED, Step.CANCEL: Status.CANCELLED},
        Status.COMPLETED: {},
        Status.CANCELLED: {},
        Status.NO_SHOW: {},
    }
)
# States of a visit that is still to come or under way.
UNFINISHED = frozenset(status for status, steps in TRANSITIONS.items() if steps)
STAFF_ONLY = frozenset({(Status.CHECKED_IN, Step.CANCEL)})


def next_status(status: Status, step: Step, actor: Actor) -> Status:
    """The state after the step. Raises InvalidTransitionError if this actor may not take it in this state."""
    following = TRANSITIONS[status].get(step)
    if following is None or ((status, step) in STAFF_ONLY and not actor.is_staff):
        raise InvalidTransitionError(f"An appointment that is {status} cannot take the step {step}.")
    return following


@dataclass(frozen=True, slots=True)
class Policy:
    """A clinic's limits for patients. Staff are held only to the past and to STAFF_HORIZON."""

    lead: timedelta
    horizon: timedelta
    cutoff: timedelta

    @classmethod
    def in_units(cls, lead_minutes: int, horizon_days: int, cutoff_minutes: int) -> "Policy":
        return cls(timedelta(minutes=lead_minutes), timedelta(days=horizon_days), timedelta(minutes=cutoff_minutes))


class BookedTime(Protocol):
    """The time of an appointment, with its buffers."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def buffer_before_minutes(self) -> int: ...
    @property
    def buffer_after_minutes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a visit takes and what it keeps free around it: the snapshot that an appointment stores."""

    visit: timedelta
    buffer_before: timedelta
    buffer_after: timedelta

    @classmethod
    def in_minutes(cls, visit: int, buffer_before: int, buffer_after: int) -> "Duration":
        return cls(timedelta(minutes=visit), timedelta(minutes=buffer_before), timedelta(minutes=buffer_after))

    @classmethod
    def as_booked(cls, visit: BookedTime) -> "Duration":
        """The duration at booking, because the treatment may have changed since."""
        minutes = (visit.ends_at - visit.starts_at) // timedelta(minutes=1)
        return cls.in_minutes(minutes, visit.buffer_before_minutes, visit.buffer_after_minutes)

    def visit_from(self, start: datetime) -> Interval:
        """The time of the patient."""
        return Interval(start, start + self.visit)

    def occupied_from(self, start: datetime) -> Interval:
        """The time of doctor and chair: the visit with its buffers."""
        return Interval(start - self.buffer_before, start + self.visit + self.buffer_after)


def initial_status(actor: Actor, *, needs_approval: bool) -> Status:
    return Status.REQUESTED if needs_approval and actor.role is Role.PATIENT else Status.BOOKED


def bookable_span(*, actor: Actor, policy: Policy, now: datetime) -> Interval:
    """The starts that the actor may choose: half open, so the last instant of the horizon is in it."""
    lead, horizon = (policy.lead, policy.horizon) if actor.role is Role.PATIENT else (timedelta(0), STAFF_HORIZON)
    return Interval(now + lead, now + horizon + timedelta(microseconds=1))


def check_start(start: datetime, *, actor: Actor, policy: Policy, now: datetime) -> None:
    """Raises OffGridError, TooSoonError or TooLateError where a visit may not start then."""
    if not on_grid(start):
        raise OffGridError("A visit must start on a whole five minutes.", field="starts_at")
    bookable = bookable_span(actor=actor, policy=policy, now=now)
    if start < bookable.start:
        raise TooSoonError("This start is in the past or too soon. Choose a later one.", field="starts_at")
    if start >= bookable.end:
        raise TooLateError(
            "This start is further ahead than the clinic takes bookings. Choose an earlier one.", field="starts_at"
        )


def check_step_time(
    step: Step, status: Status, visit: Interval, *, zone: ZoneInfo | None, actor: Actor, now: datetime
) -> None:
    """Raises InvalidTransitionError where the clock forbids a step that the state allows.

    Completing and missing a visit come after its start; confirming before it; checking in on its day, by the
    clinic's calendar, which is unknown if its zone is. A visit that has begun can no longer be cancelled, except by
    staff: a request that nobody answered, or the visit of a patient who was checked in.
    """
    begun = now >= visit.start
    allowed = True
    match step:
        case Step.COMPLETE | Step.NO_SHOW:
            allowed = begun
        case Step.CONFIRM:
            allowed = not begun
        case Step.CHECK_IN:
            allowed = zone is not None and now.astimezone(zone).date() == visit.start.astimezone(zone).date()
        case Step.CANCEL:
            allowed = not begun or (actor.is_staff and status in {Status.REQUESTED, Status.CHECKED_IN})
    if not allowed:
        raise InvalidTransitionError(f"The step {step} is not possible at this time.")


def check_movable(status: Status, start: datetime, now: datetime) -> None:
    """Raises InvalidTransitionError for a visit that is no longer ahead."""
    if status not in {Status.REQUESTED, Status.BOOKED} or now >= start:
        raise InvalidTransitionError("Only a visit that is still ahead can be moved.")


def check_booked_ahead(status: Status, start: datetime, now: datetime) -> None:
    """Raises InvalidTransitionError for a visit that is not agreed, or no longer ahead: there is nothing to remind of
    or to promise.
    """
    if status is not Status.BOOKED or now >= start:
        raise InvalidTransitionError("This is only possible for a booked visit that is still ahead.")


def check_open_requests(open_requests: int) -> None:
    """Raises TooManyRequestsOpenError if a patient with this number of open requests may not make another."""
    if open_requests >= MAX_OPEN_REQUESTS:
        raise TooManyRequestsOpenError(
            f"The patient already has {MAX_OPEN_REQUESTS} open requests. Wait until one is confirmed, or cancel one."
        )


def check_open_visits(open_visits: int, limit: int | None) -> None:
    """Raises TooManyOpenVisitsError if a patient with this number of visits ahead in a clinic may not book another
    there. Without a limit it never does.
    """
    if limit is not None and open_visits >= limit:
        raise TooManyOpenVisitsError(
            f"You may have {limit} visits ahead in this clinic: cancel one first, or call the clinic."
        )


def check_cutoff(start: datetime, *, actor: Actor, policy: Policy, now: datetime) -> None:
    """Raises PastCutoffError where a patient changes a visit later than the clinic allows."""
    if actor.role is Role.PATIENT and is_past_cutoff(start, policy.cutoff, now):
        raise PastCutoffError("It is too late to change this visit; please call the clinic.")


def is_past_cutoff(start: datetime, cutoff: timedelta, now: datetime) -> bool:
    return now > start - cutoff


def why_unchangeable(
    status: Status, start: datetime, *, actor: Actor, policy: Policy, now: datetime
) -> InvalidTransitionError | PastCutoffError | None:
    """Returns why the actor can no longer move a visit, or None."""
    try:
        check_movable(status, start, now)
        check_cutoff(start, actor=actor, policy=policy, now=now)
    except (InvalidTransitionError, PastCutoffError) as error:
        return error
    return None
