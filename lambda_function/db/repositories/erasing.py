"""Forgetting a patient, in parts that are small whatever the patient leaves behind. Unscoped. The caller holds the
locks that docs/decisions/0012 names.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, not_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import coalesce

from lambda_function.db.base import AnyRow
from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    CalendarToken,
    ClinicPatient,
    LinkCode,
    Refusals,
    User,
    WaitlistEntry,
)
from lambda_function.db.scoping import UNSCOPED, UNSYNCED


def mark(session: Session, user_id: int, now: datetime) -> bool:
    """That the person is erased, though words may still be there; whether the person is inactive, as must be first."""
    statement = update(User).where(User.user_id == user_id, not_(User.active))
    marked = statement.values(erased_at=coalesce(User.erased_at, now), version=User.version + 1, updated_at=now)
    result = session.execute(marked, execution_options=UNSYNCED)
    return bool(result.rowcount)  # type: ignore[attr-defined] # an UPDATE answers with a CursorResult


def next_visits(session: Session, user_id: int, after: int, limit: int) -> Sequence[AnyRow]:
    """appointment_id and doctor_id of at most so many of the patient's visits, in the order of their ids."""
    return session.execute(
        select(Appointment.appointment_id, Appointment.doctor_id)
        .where(Appointment.patient_id == user_id, Appointment.appointment_id > after)
        .order_by(Appointment.appointment_id)
        .limit(limit),
        execution_options=UNSCOPED,
    ).all()


def forget_words(session: Session, appointment_ids: Collection[int], now: datetime) -> None:
    """Of the visits stays when, where and which treatment. Each has a new version: its patient's name goes too."""
    words = {
        "patient_note": None,
        "internal_note": None,
        "cancel_reason": None,
        "override_reason": None,
        "version": Appointment.version + 1,
        "updated_at": now,
    }
    visits = update(Appointment).where(Appointment.appointment_id.in_(appointment_ids)).values(words)
    events = update(AppointmentEvent).where(AppointmentEvent.appointment_id.in_(appointment_ids))
    session.execute(visits, execution_options=UNSYNCED)
    session.execute(events.values(reason=None, changes={}), execution_options=UNSYNCED)


def remove_waiting(session: Session, user_id: int, limit: int) -> int:
    """At most so many of what the patient waits or waited for; how many."""
    statement = delete(WaitlistEntry).where(WaitlistEntry.patient_id == user_id)
    result = session.execute(statement.with_dialect_options(mysql_limit=limit), execution_options=UNSYNCED)
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult


def forget_person(session: Session, user_id: int, *, anonymous: str, now: datetime) -> None:
    """What is one row, or one a clinic. The person is called `anonymous` from then on."""
    for mapped in (CalendarToken, LinkCode, Refusals):
        session.execute(delete(mapped).where(mapped.user_id == user_id), execution_options=UNSYNCED)
    session.execute(delete(ClinicPatient).where(ClinicPatient.patient_id == user_id), execution_options=UNSYNCED)
    nobody = {
        "user_name": anonymous,
        "full_name": anonymous,
        "email": None,
        "phone": None,
        "cognito_sub": None,
        "email_trusted": None,
        "version": User.version + 1,
        "updated_at": now,
    }
    session.execute(update(User).where(User.user_id == user_id).values(nobody), execution_options=UNSYNCED)
