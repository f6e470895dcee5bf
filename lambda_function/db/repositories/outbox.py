"""The outbox. It is unscoped, because it belongs to no caller."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.models import Appointment, Clinic, Country, OutboxMessage
from lambda_function.db.models.outbox import OUTBOX_ROWS
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.appointment import UNFINISHED, Status


class UnpublishedMessage(NamedTuple):
    outbox_id: int
    kind: str
    detail: Mapping[str, Any]
    created_at: datetime


class VisitToTell(NamedTuple):
    """What a message about a visit says of it."""

    appointment_id: int
    version: int
    status: Status
    country: str
    clinic_id: int
    doctor_id: int
    starts_at: datetime


_NEW = insert(OUTBOX_ROWS)
_VISITS: AnySelect = (
    select(*columns(VisitToTell, Appointment, country=Clinic.country))
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .where(Appointment.appointment_id.in_(bindparam("appointment_ids", expanding=True)))
    .order_by(Appointment.appointment_id)
)
_UNFINISHED: AnySelect = (
    select(*columns(VisitToTell, Appointment, country=Clinic.country))
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .join(Country, Country.code == Clinic.country)
    .where(
        Appointment.patient_id == bindparam("patient_id"),
        Appointment.status.in_(sorted(UNFINISHED)),
        Clinic.country == bindparam("country"),
    )
    .order_by(Appointment.ends_at <= instant_parameter("now"), Appointment.starts_at, Appointment.appointment_id)
    .limit(bindparam("most"))
)
_NEXT: AnySelect = (
    select(*columns(UnpublishedMessage, OutboxMessage))
    .where(OutboxMessage.published_at.is_(None), OutboxMessage.outbox_id > bindparam("after"))
    .order_by(OutboxMessage.outbox_id)
    .limit(bindparam("batch"))
    .with_for_update(skip_locked=True)
)


def add(session: Session, messages: Sequence[Mapping[str, Any]]) -> None:
    """Adds messages, each with kind, detail and created_at, in one statement."""
    write(session, _NEW, messages)


def visits_to_tell(session: Session, appointment_ids: Collection[int]) -> list[VisitToTell]:
    """Returns these visits as they are now, in the order of their ids."""
    return fetch_all(session, VisitToTell, _VISITS, {"appointment_ids": sorted(appointment_ids)}, unscoped=True)


def unfinished_visits_to_tell(
    session: Session, patient_id: int, country: str, *, now: datetime, limit: int
) -> list[VisitToTell]:
    """Returns at most `limit` visits of the patient in a country that has a register, of which something is still to
    come: those ahead first, the next one before the others.
    """
    values = {"patient_id": patient_id, "country": country, "now": now, "most": limit}
    return fetch_all(session, VisitToTell, _UNFINISHED, values, unscoped=True)


def claim(session: Session, *, after: int, limit: int) -> list[UnpublishedMessage]:
    """Returns the oldest unpublished messages with ids beyond `after`, locked.

    It skips rows that are locked by others: another relay's batch, and messages that are not committed yet, which may
    commit later than messages with greater ids.
    """
    return fetch_all(session, UnpublishedMessage, _NEXT, {"after": after, "batch": limit}, unscoped=True)


def mark_published(session: Session, outbox_ids: Collection[int], at: datetime) -> None:
    statement = update(OutboxMessage).where(OutboxMessage.outbox_id.in_(outbox_ids)).values(published_at=at)
    write(session, statement)


def oldest_unpublished(session: Session) -> datetime | None:
    """Returns when the oldest unpublished message was written."""
    statement = select(OutboxMessage.created_at).where(OutboxMessage.published_at.is_(None))
    return session.scalar(statement.order_by(OutboxMessage.outbox_id).limit(1), execution_options=UNSCOPED)


def purge_published(session: Session, before: datetime, limit: int) -> int:
    """Deletes at most `limit` messages that were published before then, and answers how many."""
    return write(session, delete(OutboxMessage).where(OutboxMessage.published_at < before).ext(mysql.limit(limit)))
