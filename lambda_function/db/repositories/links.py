"""The links in messages, and what they lead to. Unscoped, because a link is opened before there is an actor."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, insert, select, update
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect
from lambda_function.db.models import Appointment, Link, Notification
from lambda_function.db.models.links import LINK_ROWS
from lambda_function.db.rows import columns, fetch_one, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.notifications import NotificationKind


class FoundLink(NamedTuple):
    """A link and the message that it stood in. `address_hash` is of the address that the message went to last."""

    notification_id: int
    kind: NotificationKind
    user_id: int
    clinic_id: int
    appointment_id: int | None
    waitlist_id: int | None
    subject: str
    address_hash: str | None


_LINK: AnySelect = (
    select(*columns(FoundLink, Notification))
    .join(Link, Link.notification_id == Notification.notification_id)
    .where(Link.token_hash == bindparam("token_hash"))
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
_CHAIN = select(_REBOOKED.c.appointment_id).order_by(_REBOOKED.c.appointment_id)


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


def booked_in_turn(session: Session, appointment_id: int) -> list[int]:
    """Returns this visit and those that were booked by links, each in place of the one before."""
    return list(session.scalars(_CHAIN, {"appointment_id": appointment_id}, execution_options=UNSCOPED))


def move(session: Session, messages: Mapping[int, int]) -> None:
    """Gives the links of each of these messages to another one."""
    moved: Any = case(messages, value=Link.notification_id)
    write(session, update(Link).where(Link.notification_id.in_(sorted(messages))).values(notification_id=moved))
