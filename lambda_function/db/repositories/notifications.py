"""Messages to people, as the notifications function writes, claims and settles them. Unscoped: it acts for nobody."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, and_, bindparam, case, delete, literal, or_, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.errors import duplicate
from lambda_function.db.models import Notification, User
from lambda_function.db.models.notifications import NOTIFICATION_ROWS
from lambda_function.db.rows import columns, fetch_all, fetch_one, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.errors import ContentionError
from lambda_function.domain.message_rules import REMINDER_SUBJECT
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel


class DueMessage(NamedTuple):
    """A message that is due, with its row locked. If it is SENDING, a lease has ended without an outcome."""

    notification_id: int
    kind: NotificationKind
    channel: Channel
    status: NotificationStatus
    user_id: int
    clinic_id: int
    appointment_id: int | None
    waitlist_id: int | None
    recall_id: int | None
    subject: str
    basis_at: datetime
    attempts: int


class SendingMessage(NamedTuple):
    """A message that is leased to a messenger, with its row locked. `erased_at` is that of the addressee."""

    notification_id: int
    lease: str | None
    attempts: int
    erased_at: datetime | None


class ToldMessage(NamedTuple):
    """A message that is said to have come back, with its row locked."""

    notification_id: int
    user_id: int
    channel: Channel
    status: NotificationStatus
    attempts: int
    reason: str | None
    address_hash: str | None


class PlannedReminder(NamedTuple):
    appointment_id: int
    user_id: int
    subject: str
    basis_at: datetime


# This names the index. Otherwise the server might sort, and lock, everything that is due.
_DUE: AnySelect = (
    select(*columns(DueMessage, Notification))
    .with_hint(Notification, "FORCE INDEX (ix_notification_next_at_notification_id)")
    .where(Notification.next_at <= instant_parameter("now"))
    .order_by(Notification.next_at, Notification.notification_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_IDS: Any = bindparam("notification_ids", type_=BigInteger, expanding=True)
# In a statement that locks, a subquery locks nothing.
_ERASED = select(User.erased_at).where(User.user_id == Notification.user_id).scalar_subquery()
_SENDING: AnySelect = (
    select(*columns(SendingMessage, Notification, erased_at=_ERASED))
    .where(Notification.notification_id.in_(_IDS), Notification.status == NotificationStatus.SENDING)
    .order_by(Notification.notification_id)
    .with_for_update()
)
_TOLD: AnySelect = (
    select(*columns(ToldMessage, Notification))
    .where(Notification.notification_id == bindparam("notification_id"))
    .with_for_update()
)
# Those by hand count while they are on their way, and for some time after they were sent.
_REMINDERS: AnySelect = select(*columns(PlannedReminder, Notification)).where(
    Notification.appointment_id.in_(bindparam("appointment_ids", type_=BigInteger, expanding=True)),
    Notification.kind == NotificationKind.REMINDER,
    Notification.due_at <= instant_parameter("now"),
    Notification.status.in_([NotificationStatus.PENDING, NotificationStatus.SENDING, NotificationStatus.SENT]),
    or_(
        Notification.subject.startswith(REMINDER_SUBJECT),
        Notification.sent_at.is_(None),
        Notification.sent_at > instant_parameter("by_hand_since"),
    ),
)
_OLDEST_DUE = (
    select(Notification.next_at)
    .where(Notification.next_at <= instant_parameter("now"))
    .order_by(Notification.next_at)
    .limit(1)
)


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds messages, each with the same columns, in one statement. What the person has been told about the same subject
    is left as it is. Nothing else about a row is overlooked, as INSERT IGNORE would do.
    """
    if rows:
        statement = insert(NOTIFICATION_ROWS).values(list(rows))
        number = NOTIFICATION_ROWS.c.notification_id
        write(session, statement.on_duplicate_key_update(notification_id=number))


def claim_due(session: Session, now: datetime, limit: int) -> list[DueMessage]:
    """Returns at most `limit` messages that are due, the longest due first, and skips those that others hold."""
    return fetch_all(session, DueMessage, _DUE, {"now": now, "most": limit}, unscoped=True)


def due_reminders(
    session: Session, appointment_ids: Collection[int], now: datetime, *, by_hand_since: datetime
) -> list[PlannedReminder]:
    """Returns the reminders of these visits that are due by now, whether or not they have been sent: those by hand only
    if they have not been sent before `by_hand_since`.
    """
    values = {"appointment_ids": sorted(appointment_ids), "now": now, "by_hand_since": by_hand_since}
    return fetch_all(session, PlannedReminder, _REMINDERS, values, unscoped=True) if appointment_ids else []


def lock_sending(session: Session, notification_ids: Collection[int]) -> list[SendingMessage]:
    """Returns those of these messages that are leased, by id, whether or not the lease has ended."""
    values = {"notification_ids": sorted(notification_ids)}
    return fetch_all(session, SendingMessage, _SENDING, values, unscoped=True) if notification_ids else []


def lock_told(session: Session, notification_id: int) -> ToldMessage | None:
    return fetch_one(session, ToldMessage, _TOLD, {"notification_id": notification_id}, unscoped=True)


def change_all(session: Session, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Writes the columns of each of these messages, whose rows are locked, in one statement. A column that is not given
    for a message stays as it is.

    Raises ContentionError if the person whom a message goes to now has just been given another about the same subject.
    """
    if not changes:
        return
    rows = NOTIFICATION_ROWS.c
    names = sorted({name for values in changes.values() for name in values})
    values = {
        name: case(
            {number: literal(given[name], rows[name].type) for number, given in changes.items() if name in given},
            value=rows.notification_id,
            else_=rows[name],
        )
        for name in names
    }
    statement = update(NOTIFICATION_ROWS).where(rows.notification_id.in_(sorted(changes))).values(values)
    try:
        write(session, statement)
    except IntegrityError as error:
        if duplicate(error) is None:
            raise
        raise ContentionError("The same message was planned at the same time; try again.") from None


def told_already(session: Session, addressees: Mapping[int, int]) -> set[int]:
    """Returns those of these messages about whose subject somebody has been told already: each message with the person
    it would go to.
    """
    if not addressees:
        return set()
    told = aliased(Notification)
    pairs = or_(
        *(
            and_(Notification.notification_id == number, told.user_id == user_id)
            for number, user_id in sorted(addressees.items())
        )
    )
    statement = select(Notification.notification_id).join(told, told.subject == Notification.subject).where(pairs)
    return set(session.scalars(statement, execution_options=UNSCOPED))


def remove(session: Session, notification_ids: Collection[int]) -> None:
    if notification_ids:
        write(session, delete(Notification).where(Notification.notification_id.in_(sorted(notification_ids))))


def oldest_due(session: Session, now: datetime) -> datetime | None:
    """Returns since when the message waits that has waited longest, or None if none is due."""
    return session.scalar(_OLDEST_DUE, {"now": now}, execution_options=UNSCOPED)


def purge_old(session: Session, before: datetime, limit: int) -> int:
    """Deletes at most `limit` messages that were due before then, and returns how many."""
    return write(session, delete(Notification).where(Notification.due_at < before).ext(mysql.limit(limit)))
