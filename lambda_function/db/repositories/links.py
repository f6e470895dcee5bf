"""The links in messages, and what they lead to. Unscoped, because a link is opened before there is an actor."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, bindparam, case, delete, func, insert, select, union, update
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.models import Appointment, AppointmentEvent, Link, Notification, Recall, WaitlistEntry
from lambda_function.db.models.links import LINK_ROWS
from lambda_function.db.repositories.recalls import is_of
from lambda_function.db.rows import columns, fetch_all, fetch_one, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.appointment import EventAction, Status, Via
from lambda_function.domain.notifications import NotificationKind


class FoundLink(NamedTuple):
    """A link and the message that it stood in. `address_hash` is of the address that the message went to last."""

    kind: NotificationKind
    user_id: int
    clinic_id: int
    appointment_id: int | None
    waitlist_id: int | None
    recall_id: int | None
    subject: str
    address_hash: str | None


class AcceptedOffer(NamedTuple):
    """An offer by which a visit was booked."""

    waitlist_id: int
    offer_starts_at: datetime
    offer_doctor_id: int


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
_REPLACED = (
    select(Appointment.in_place_of.label("appointment_id"))
    .where(Appointment.appointment_id == bindparam("appointment_id"))
    .cte("replaced", recursive=True)
)
_FORMER = aliased(Appointment)
_REPLACED = _REPLACED.union_all(
    select(_FORMER.in_place_of).join(_REPLACED, _REPLACED.c.appointment_id == _FORMER.appointment_id)
)
_BEFORE = select(_REPLACED.c.appointment_id).where(_REPLACED.c.appointment_id.is_not(None))
_OF_TREATMENT = (
    Appointment.patient_id == bindparam("patient_id"),
    Appointment.treatment_id == bindparam("treatment_id"),
)
_CANCELLED = (
    select(Appointment.appointment_id)
    .where(
        *_OF_TREATMENT,
        Appointment.status == Status.CANCELLED,
        Appointment.starts_at > instant_parameter("now"),
    )
    .order_by(Appointment.appointment_id.desc())
    .limit(1)
)
_BOOKED = (
    select(func.count(AppointmentEvent.event_id))
    .join(Appointment, Appointment.appointment_id == AppointmentEvent.appointment_id)
    .where(
        *_OF_TREATMENT,
        AppointmentEvent.action == EventAction.BOOK,
        AppointmentEvent.via == Via.LINK,
        AppointmentEvent.at >= instant_parameter("since"),
    )
)
_VISITS: BindParameter[Collection[int]] = bindparam("appointment_ids", expanding=True)
_OFFERS = (
    select(*columns(AcceptedOffer, WaitlistEntry))
    # There is an index on the patients of the waitlist, and none on the visits.
    .join(Appointment, Appointment.patient_id == WaitlistEntry.patient_id)
    .where(Appointment.appointment_id == WaitlistEntry.appointment_id, Appointment.appointment_id.in_(_VISITS))
)
# One part for each way in which a link leads to a visit, so that each is found by an index.
_LINKS_OF = select(Link.token_hash).join(Notification, Notification.notification_id == Link.notification_id)
_LEADING = union(
    _LINKS_OF.where(Notification.appointment_id.in_(_VISITS)),
    _LINKS_OF.where(Notification.subject.in_(bindparam("subjects", expanding=True))),
    _LINKS_OF.join(Recall, Recall.recall_id == Notification.recall_id)
    .join(Appointment, is_of(Appointment, Recall))
    .where(Appointment.appointment_id.in_(_VISITS), Recall.open_key == 1),
)


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


def booked_before(session: Session, appointment_id: int) -> list[int]:
    """Returns the cancelled visits in place of which this one was booked by links, each in place of the one before."""
    return list(session.scalars(_BEFORE, {"appointment_id": appointment_id}, execution_options=UNSCOPED))


def cancelled_ahead(session: Session, patient_id: int, treatment_id: int, now: datetime) -> int | None:
    """Returns the last of the patient's visits of the treatment that were cancelled and would be ahead."""
    values = {"patient_id": patient_id, "treatment_id": treatment_id, "now": now}
    return session.scalar(_CANCELLED, values, execution_options=UNSCOPED)


def booked_since(session: Session, patient_id: int, treatment_id: int, since: datetime) -> int:
    """Returns how often visits of the treatment were booked for the patient by links since then."""
    values = {"patient_id": patient_id, "treatment_id": treatment_id, "since": since}
    return session.execute(_BOOKED, values, execution_options=UNSCOPED).scalar_one()


def accepted_offers(session: Session, appointment_ids: Collection[int]) -> list[AcceptedOffer]:
    """Returns the offers by which these visits were booked."""
    return fetch_all(session, AcceptedOffer, _OFFERS, {"appointment_ids": list(appointment_ids)}, unscoped=True)


def end(session: Session, appointment_ids: Collection[int], subjects: Collection[str]) -> int:
    """Deletes the links in all messages about these visits, on these subjects, or about open recalls of the patient
    for the treatment of one of the visits, and returns how many there were.
    """
    values = {"appointment_ids": list(appointment_ids), "subjects": list(subjects)}
    found = session.scalars(_LEADING, values, execution_options=UNSCOPED).all()
    return write(session, delete(Link).where(Link.token_hash.in_(found))) if found else 0


def move(session: Session, messages: Mapping[int, int]) -> None:
    """Gives the links of each of these messages to another one."""
    moved: Any = case(messages, value=Link.notification_id)
    write(session, update(Link).where(Link.notification_id.in_(sorted(messages))).values(notification_id=moved))
