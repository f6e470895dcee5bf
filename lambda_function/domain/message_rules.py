"""Whether what a message says still holds, and when it is tried again. Instants are aware UTC."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from lambda_function.domain.appointment import Status
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.notifications import NotificationKind, Reason
from lambda_function.domain.recalls import RecallStatus, is_about_day
from lambda_function.domain.waitlist import WaitlistStatus

# How long the messenger has for what it has claimed.
LEASE = timedelta(seconds=120)
# Nobody is reminded of a visit again so soon after a reminder by hand, or by hand after any.
REMINDER_PAUSE = timedelta(hours=1)
# With the pauses between them, this is about a day.
MAX_ATTEMPTS = 14
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=4)

_NOT_BEGUN = frozenset({Status.REQUESTED, Status.BOOKED, Status.CANCELLED})
# The states of a visit in which each kind of message about visits is true.
_TOLD_OF: Mapping[NotificationKind, frozenset[Status]] = MappingProxyType(
    {
        NotificationKind.REQUESTED: frozenset({Status.REQUESTED}),
        NotificationKind.BOOKED: frozenset({Status.BOOKED}),
        NotificationKind.CONFIRMED: frozenset({Status.BOOKED}),
        NotificationKind.MOVED: frozenset({Status.REQUESTED, Status.BOOKED}),
        NotificationKind.CANCELLED: frozenset({Status.CANCELLED}),
        NotificationKind.REMINDER: frozenset({Status.BOOKED}),
    }
)
# What the subject of each reminder of a schedule begins with.
REMINDER_SUBJECT = "reminder:"


class ToldVisit(Protocol):
    """A visit, and when it got its present doctor and start."""

    @property
    def status(self) -> Status: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def placed_at(self) -> datetime: ...


class ToldOffer(Protocol):
    """An entry of the waitlist with its last offer."""

    @property
    def waitlist_id(self) -> int: ...
    @property
    def status(self) -> WaitlistStatus: ...
    @property
    def offer_doctor_id(self) -> int | None: ...
    @property
    def offer_starts_at(self) -> datetime | None: ...
    @property
    def offer_expires_at(self) -> datetime | None: ...


class ToldRecall(Protocol):
    """A recall, whether its treatment is in use, and the patient's next visit for it, or None while none is ahead.
    `unfinished` is whether a visit for it is ahead, or has begun lately and has not been completed.
    """

    @property
    def status(self) -> RecallStatus: ...
    @property
    def due_on(self) -> date: ...
    @property
    def treatment_active(self) -> bool: ...
    @property
    def appointment_id(self) -> int | None: ...
    @property
    def unfinished(self) -> bool: ...


def why_not_of_visit(kind: NotificationKind, basis_at: datetime, visit: ToldVisit, now: datetime) -> Reason | None:
    """Returns why a message about a visit may no longer be sent, or None while it holds. Changes hold for the doctor
    and start that the visit had at `basis_at`, and reminders for those that it got then.
    """
    replaced = visit.placed_at != basis_at if kind is NotificationKind.REMINDER else visit.placed_at > basis_at
    reason: Reason | None = None
    if visit.status is Status.CANCELLED and kind is not NotificationKind.CANCELLED:
        reason = Reason.CANCELLED
    elif now >= visit.starts_at or visit.status not in _NOT_BEGUN:
        reason = Reason.STARTED
    elif replaced:
        reason = Reason.SUPERSEDED
    elif visit.status not in _TOLD_OF[kind]:
        reason = Reason.NOT_CONFIRMED if visit.status is Status.REQUESTED else Reason.SUPERSEDED
    return reason


def why_not_of_offer(subject: str, offer: ToldOffer, now: datetime) -> Reason | None:
    """Returns why a message on this subject may no longer be sent, or None while the offer that it is about stands."""
    stands = (
        offer.status is WaitlistStatus.OFFERED
        and is_about(subject, offer)
        and offer.offer_expires_at is not None
        and now < offer.offer_expires_at
    )
    return None if stands else Reason.OFFER_ENDED


def why_not_of_recall(subject: str, recall: ToldRecall) -> Reason | None:
    """Returns why a message on this subject may no longer be sent, or None while the patient is due on the day that it
    is about, can book the treatment, has booked nothing for it, and is not at the dentist's for it just now.
    """
    if recall.status is not RecallStatus.OPEN:
        return Reason.RECALL_CLOSED
    if not is_about_day(subject, recall.due_on):
        return Reason.SUPERSEDED
    if not recall.treatment_active:
        return Reason.TREATMENT_INACTIVE
    if recall.appointment_id is not None:
        return Reason.BOOKED
    return Reason.STARTED if recall.unfinished else None


def is_about(subject: str, offer: ToldOffer) -> bool:
    """Returns whether a message on this subject is about the last offer to the entry, and not about an earlier one."""
    starts_at, doctor_id = offer.offer_starts_at, offer.offer_doctor_id
    if starts_at is None or doctor_id is None:
        return False
    return subject == offer_subject(offer.waitlist_id, starts_at, doctor_id)


def offer_subject(waitlist_id: int, starts_at: datetime, doctor_id: int) -> str:
    """Returns the subject of the messages about an offer. Another doctor makes it another offer."""
    return f"offer:{waitlist_id}:{rfc3339(starts_at)}:{doctor_id}"


def reminder_subject(appointment_id: int, hours: int, placed_at: datetime) -> str:
    """Returns the subject of the reminder of a schedule that comes so many hours before a visit."""
    return f"{REMINDER_SUBJECT}{appointment_id}:{hours}:{rfc3339(placed_at)}"


def reminder_hours(subject: str) -> int | None:
    """Returns how many hours before the visit a reminder comes, from its subject: `reminder:17:48:…` is the one of
    visit 17 that comes 48 hours before it. It is None for one by hand.
    """
    return int(subject.split(":")[2]) if subject.startswith(REMINDER_SUBJECT) else None


def pause_after(attempts: int, jitter: Callable[[float, float], float]) -> timedelta:
    """Returns how long to wait after this number of attempts. It doubles each time, up to some hours, and `jitter`
    chooses between two factors, so that what failed at once does not come back at once.
    """
    pause = min(_FIRST_PAUSE * 2 ** max(attempts - 1, 0), _LONGEST_PAUSE)
    return timedelta(seconds=pause.total_seconds() * jitter(0.75, 1.25))
