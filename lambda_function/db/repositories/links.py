"""The links in messages, and what they lead to. Unscoped, because a link is opened before there is an actor."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect
from lambda_function.db.models import Appointment, Link, Notification
from lambda_function.db.models.links import LINK_ROWS
from lambda_function.db.rows import columns, fetch_one, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.notifications import NotificationKind


class FoundLink(NamedTuple):
    """A link and the message that it stood in."""

    notification_id: int
    kind: NotificationKind
    user_id: int
    clinic_id: int
    appointment_id: int | None
    waitlist_id: int | None
    subject: str
    basis_at: datetime


_LINK: AnySelect = (
    select(*columns(FoundLink, Notification))
    .join(Link, Link.notification_id == Notification.notification_id)
    .where(Link.token_hash == bindparam("token_hash"))
)
_BOOKED: AnySelect = (
    select(func.max(Link.appointment_id))
    .join(Notification, Notification.notification_id == Link.notification_id)
    .where(Notification.subject == bindparam("subject"))
)
_REBOOKED = (
    select(Appointment.appointment_id)
    .where(Appointment.appointment_id == bindparam("appointment_id"))
    .cte("rebooked", recursive=True)
)
_NEXT = aliased(Appointment)
_REBOOKED = _REBOOKED.union_all(
    select(_NEXT.appointment_id).join(_REBOOKED, _REBOOKED.c.appointment_id == _NEXT.in_place_of)
)
_LAST = select(func.max(_REBOOKED.c.appointment_id))


def add(session: Session, token_hashes: Mapping[str, int], now: datetime) -> None:
    """Adds links, each with the message that it stands in, in one statement."""
    rows = [
        {"token_hash": token_hash, "notification_id": number, "created_at": now}
        for token_hash, number in token_hashes.items()
    ]
    if rows:
        write(session, insert(LINK_ROWS), rows)


def find(session: Session, token_hash: str) -> FoundLink | None:
    return fetch_one(session, FoundLink, _LINK, {"token_hash": token_hash}, unscoped=True)


def booked(session: Session, subject: str) -> int | None:
    """Returns the visit that was booked by accepting an offer, by the link of any message on this subject, to whomever
    it went.
    """
    found: int | None = session.execute(_BOOKED, {"subject": subject}, execution_options=UNSCOPED).scalar_one()
    return found


def last_booked(session: Session, appointment_id: int) -> int:
    """Returns the last of the visits that were booked by links, each in place of the one before, from this one on."""
    last: int = session.execute(_LAST, {"appointment_id": appointment_id}, execution_options=UNSCOPED).scalar_one()
    return last


def lead_to(session: Session, token_hash: str, appointment_id: int) -> None:
    """Notes the visit that was booked by accepting the offer by the link."""
    write(session, update(Link).where(Link.token_hash == token_hash).values(appointment_id=appointment_id))


def move(session: Session, messages: Mapping[int, int]) -> None:
    """Gives the links of each of these messages to another one."""
    moved: Any = case(messages, value=Link.notification_id)
    write(session, update(Link).where(Link.notification_id.in_(sorted(messages))).values(notification_id=moved))
