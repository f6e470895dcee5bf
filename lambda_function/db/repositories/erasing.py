"""Erases a patient in small parts, however much there is. Unscoped. The caller holds the locks that docs/decisions/0012
names.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, not_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import coalesce

from lambda_function.db.base import AnySelect
from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    CalendarToken,
    ClinicPatient,
    LinkCode,
    Notification,
    PatientIdentifier,
    PatientImport,
    PersonWord,
    Recall,
    RecallEvent,
    Refusals,
    User,
    WaitlistEntry,
)
from lambda_function.db.repositories.people import anonymous
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import UNSCOPED


class VisitOfPatient(NamedTuple):
    appointment_id: int
    doctor_id: int


_NEXT_VISITS: AnySelect = (
    select(*columns(VisitOfPatient, Appointment))
    .where(Appointment.patient_id == bindparam("patient_id"), Appointment.appointment_id > bindparam("after"))
    .order_by(Appointment.appointment_id)
    .limit(bindparam("most"))
)


def mark(session: Session, user_id: int, now: datetime) -> bool:
    """Marks the person as erased, so that no search finds them, although text about them may still exist. Returns
    False for somebody who is still active.
    """
    statement = update(User).where(User.user_id == user_id, not_(User.active))
    marked = statement.values(erased_at=coalesce(User.erased_at, now), version=User.version + 1, updated_at=now)
    if write(session, marked) == 0:
        return False
    write(session, delete(PersonWord).where(PersonWord.user_id == user_id))
    return True


def next_visits(session: Session, user_id: int, after: int, limit: int) -> Sequence[VisitOfPatient]:
    """Returns at most `limit` of the patient's visits with ids after `after`, in the order of their ids."""
    values = {"patient_id": user_id, "after": after, "most": limit}
    return fetch_all(session, VisitOfPatient, _NEXT_VISITS, values, unscoped=True)


def forget_words(session: Session, appointment_ids: Collection[int], now: datetime) -> None:
    """Erases all text about the visits. Each gets a new version, because its patient's name also goes."""
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
    write(session, visits)
    write(session, events.values(reason=None, changes={}))


def remove_waiting(session: Session, user_id: int, limit: int) -> int:
    """Removes at most `limit` of the patient's entries in the waitlist, and answers how many it removed."""
    statement = delete(WaitlistEntry).where(WaitlistEntry.patient_id == user_id)
    return write(session, statement.with_dialect_options(mysql_limit=limit))


def remove_recalls(session: Session, user_id: int, limit: int) -> int:
    """Removes at most `limit` of the patient's recalls, or, before them, at most as many of their events, and answers
    how many rows it removed.
    """
    own = select(Recall.recall_id).where(Recall.patient_id == user_id).limit(limit)
    ids = session.scalars(own, execution_options=UNSCOPED).all()
    events = delete(RecallEvent).where(RecallEvent.recall_id.in_(ids))
    removed = write(session, events.with_dialect_options(mysql_limit=limit)) if ids else 0
    if not ids or removed == limit:
        return removed
    return write(session, delete(Recall).where(Recall.recall_id.in_(ids)))


def forget_person(session: Session, user_id: int, *, name: str, now: datetime) -> None:
    """Erases what is one row, or one row for each clinic. The person is called `name` from then on."""
    for mapped in (CalendarToken, LinkCode, PatientIdentifier, Refusals):
        write(session, delete(mapped).where(mapped.user_id == user_id))
    write(session, update(PatientImport).where(PatientImport.user_id == user_id).values(user_id=None))
    write(session, delete(ClinicPatient).where(ClinicPatient.patient_id == user_id))
    told = update(Notification).where(Notification.user_id == user_id)
    write(session, told.values(address_hash=None, provider_id=None))
    nobody = {**anonymous(name), "version": User.version + 1, "updated_at": now}
    write(session, update(User).where(User.user_id == user_id).values(nobody))
