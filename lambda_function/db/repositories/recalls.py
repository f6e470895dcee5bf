"""Recalls as they are opened, changed and ended. Whoever writes one holds the patient's lock."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, CursorResult, and_, bindparam, exists, func, insert, or_, select, true, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.models import Appointment, Clinic, ClinicPatient, Recall, Treatment, User
from lambda_function.db.models.appointments import APPOINTMENT_ROWS
from lambda_function.db.models.people import USER_ROWS
from lambda_function.db.models.recalls import RECALL_EVENT_ROWS, RECALL_ROWS
from lambda_function.db.rows import columns, fetch_all, fetch_one, insert_one, write
from lambda_function.db.scoping import UNSYNCED
from lambda_function.domain.appointment import HOLDING, UNFINISHED, Status
from lambda_function.domain.recalls import RecallAction, RecallStatus


class StoredRecall(NamedTuple):
    """A recall as it is stored."""

    recall_id: int
    patient_id: int
    treatment_id: int
    clinic_id: int
    doctor_id: int | None
    due_on: date
    status: RecallStatus
    note: str | None
    version: int


class RecallToTell(NamedTuple):
    """What a message about a recall says of it."""

    recall_id: int
    treatment_id: int
    clinic_id: int
    country: str
    due_on: date


class NewRecall(NamedTuple):
    """`opened_by` is the visit whose completion opens it, or None if somebody does."""

    patient_id: int
    treatment_id: int
    clinic_id: int
    doctor_id: int | None
    due_on: date
    note: str | None = None
    opened_by: int | None = None


class _OpenRecall(NamedTuple):
    recall_id: int
    patient_id: int
    treatment_id: int


def is_of(visit: Any, recall: Any) -> ColumnElement[bool]:
    """Returns the criterion for visits of the patient and for the treatment of a recall."""
    return and_(visit.patient_id == recall.patient_id, visit.treatment_id == recall.treatment_id)


_ONE: AnySelect = select(*columns(StoredRecall, Recall)).where(Recall.recall_id == bindparam("recall_id"))
_LOCKED = _ONE.with_for_update()
_OPEN: AnySelect = (
    select(*columns(StoredRecall, Recall))
    .where(Recall.patient_id.in_(bindparam("patient_ids", expanding=True)), Recall.open_key == 1)
    .order_by(Recall.recall_id)
)
_OPEN_IDS: AnySelect = (
    select(*columns(_OpenRecall, Recall))
    .where(Recall.patient_id.in_(bindparam("patient_ids", expanding=True)), Recall.open_key == 1)
    .order_by(Recall.recall_id)
)
_TO_TELL: AnySelect = (
    select(*columns(RecallToTell, Recall, country=Clinic.country))
    .join(Clinic, Clinic.clinic_id == Recall.clinic_id)
    .where(Recall.recall_id.in_(bindparam("recall_ids", expanding=True)))
    .order_by(Recall.recall_id)
)
# A clinic in which the patient has had no visit comes last, because NULL does in this order.
_LAST_VISIT = (
    select(func.max(Appointment.starts_at))
    .where(
        Appointment.patient_id == bindparam("patient_id"),
        Appointment.clinic_id == Clinic.clinic_id,
        Appointment.status.in_(sorted(HOLDING)),
    )
    .correlate(Clinic)
    .scalar_subquery()
)
_USUAL_CLINIC = (
    select(Clinic.clinic_id)
    .where(Clinic.clinic_id.in_(bindparam("clinic_ids", expanding=True)), Clinic.active)
    .order_by(_LAST_VISIT.desc(), Clinic.clinic_id)
    .limit(1)
)
_IS_PATIENT = (
    select(ClinicPatient.patient_id)
    .join(User, User.user_id == ClinicPatient.patient_id)
    .where(ClinicPatient.patient_id == bindparam("patient_id"), ClinicPatient.clinic_id == bindparam("clinic_id"))
)
_NEW = insert(RECALL_ROWS)
_NEW_EVENT = insert(RECALL_EVENT_ROWS)
_BY_ID = RECALL_ROWS.c.recall_id == bindparam("number")


# For the statement that locks a visit (appointments.py): subqueries lock nothing there, and none of them is scoped,
# since a recall or a later visit may be that of another clinic. Nobody is recalled who is not active, to a clinic that
# is not active, or for a treatment that is out of use. What is correlated is said outright, because two subqueries deep
# SQLAlchemy would take any visit instead of that of the row.
_LATER = APPOINTMENT_ROWS.alias()
_OPEN_FOR_VISIT = and_(is_of(Appointment, RECALL_ROWS.c), RECALL_ROWS.c.open_key == 1)
MONTHS_OF_VISIT = (
    select(Treatment.recall_months)
    .where(
        Treatment.treatment_id == Appointment.treatment_id,
        Treatment.active == true(),
        exists()
        .where(USER_ROWS.c.user_id == Appointment.patient_id, USER_ROWS.c.active == true())
        .correlate(Appointment),
        exists().where(Clinic.clinic_id == Appointment.clinic_id, Clinic.active == true()).correlate(Appointment),
    )
    .correlate(Appointment)
    .scalar_subquery()
)
OPEN_OF_VISIT = select(RECALL_ROWS.c.recall_id).where(_OPEN_FOR_VISIT).correlate(Appointment).scalar_subquery()
_LATER_COMPLETED = (
    exists()
    .where(
        _LATER.c.patient_id == Appointment.patient_id,
        _LATER.c.treatment_id == Appointment.treatment_id,
        _LATER.c.status == Status.COMPLETED,
        _LATER.c.starts_at > Appointment.starts_at,
    )
    .correlate(Appointment)
)
_SET_BY_A_PERSON = (
    exists()
    .where(
        _OPEN_FOR_VISIT,
        RECALL_ROWS.c.due_set_at >= Appointment.starts_at,
        RECALL_EVENT_ROWS.c.recall_id == RECALL_ROWS.c.recall_id,
        RECALL_EVENT_ROWS.c.at == RECALL_ROWS.c.due_set_at,
        RECALL_EVENT_ROWS.c.actor_id.is_not(None),
        RECALL_EVENT_ROWS.c.action.in_([RecallAction.OPEN, RecallAction.CHANGE]),
    )
    .correlate(Appointment)
)
# Whether completing the visit changes nothing: because a later one counts, whatever has become of its recall, or
# because staff, and no import, have set the day of the open recall since the visit began.
RECALL_STAYS = or_(_LATER_COMPLETED, _SET_BY_A_PERSON)


def is_ahead(visit: Any, recall: Any) -> ColumnElement[bool]:
    """Returns the criterion for visits by which a recall is booked. The statement binds `now`."""
    return and_(is_of(visit, recall), visit.status.in_(sorted(UNFINISHED)), visit.ends_at > instant_parameter("now"))


def find(session: Session, recall_id: int) -> StoredRecall | None:
    return fetch_one(session, StoredRecall, _ONE, {"recall_id": recall_id})


def lock(session: Session, recall_id: int) -> StoredRecall | None:
    """Returns the recall with its row locked."""
    return fetch_one(session, StoredRecall, _LOCKED, {"recall_id": recall_id})


def open_of(session: Session, *patient_ids: int) -> list[StoredRecall]:
    """Returns the open recalls of these patients, in whatever clinic."""
    return fetch_all(session, StoredRecall, _OPEN, {"patient_ids": sorted(patient_ids)}, unscoped=True)


def to_tell(session: Session, recall_ids: Collection[int]) -> list[RecallToTell]:
    """Returns these recalls as they are now, in the order of their ids."""
    return fetch_all(session, RecallToTell, _TO_TELL, {"recall_ids": sorted(recall_ids)}, unscoped=True)


def usual_clinic(session: Session, patient_id: int, clinic_ids: Collection[int]) -> int | None:
    """Returns the one of these clinics that recalls the patient unless another is asked for: that of the patient's last
    visit that was neither cancelled nor missed, as far as the actor may see visits, else the one with the lowest id.
    Clinics that are not active do not count. None if no clinic is left.
    """
    return session.scalar(_USUAL_CLINIC, {"patient_id": patient_id, "clinic_ids": sorted(clinic_ids)})


def is_patient_of(session: Session, patient_id: int, clinic_id: int) -> bool:
    """Returns whether the person is an active patient of that clinic whom the actor may see."""
    return session.scalar(_IS_PATIENT, {"patient_id": patient_id, "clinic_id": clinic_id}) is not None


def _values(new: NewRecall, now: datetime) -> dict[str, Any]:
    return {
        **new._asdict(),
        "due_set_at": now,
        "status": RecallStatus.OPEN,
        "open_key": 1,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def _closed(status: RecallStatus, now: datetime) -> dict[str, Any]:
    return {"status": status, "open_key": None, "updated_at": now, "closed_at": now}


def add(session: Session, new: NewRecall, now: datetime) -> int:
    """Adds an open recall and returns its id. The patient has no open one for the treatment."""
    return insert_one(session, _NEW, _values(new, now))


def add_many(session: Session, recalls: Sequence[NewRecall], now: datetime) -> list[int]:
    """Adds open recalls in one statement and returns their ids. None of the patients has an open one for the treatment,
    and no treatment comes twice for a patient.
    """
    write(session, _NEW, [_values(new, now) for new in recalls])
    patient_ids = sorted({new.patient_id for new in recalls})
    found = fetch_all(session, _OpenRecall, _OPEN_IDS, {"patient_ids": patient_ids}, unscoped=True)
    added = {(new.patient_id, new.treatment_id) for new in recalls}
    return [row.recall_id for row in found if (row.patient_id, row.treatment_id) in added]


def replace_open(session: Session, open_id: int, new: NewRecall, now: datetime) -> int:
    """Ends the open recall as done by the visit that opens the new one, and returns the id of the new one, in one
    statement: the first row exists already, so it is changed, and its key is free for the second.
    """
    ended = {**_values(new, now), "recall_id": open_id, **_closed(RecallStatus.DONE, now), "done_by": new.opened_by}
    opened = {**_values(new, now), "recall_id": None, "closed_at": None, "done_by": None}
    statement = mysql.insert(RECALL_ROWS).values([ended, opened])
    changed = {name: statement.inserted[name] for name in (*_closed(RecallStatus.DONE, now), "done_by")}
    statement = statement.on_duplicate_key_update({**changed, "version": RECALL_ROWS.c.version + 1})
    result = cast("CursorResult[Any]", session.execute(statement, execution_options=UNSYNCED))
    return int(result.lastrowid)


def change(session: Session, recall_id: int, values: Mapping[str, Any], now: datetime) -> None:
    changed = {**values, "version": RECALL_ROWS.c.version + 1, "updated_at": now}
    write(session, update(RECALL_ROWS).where(_BY_ID).values(changed), {"number": recall_id})


def end(session: Session, recall_id: int, done_by: int, now: datetime) -> None:
    """Ends an open recall as done by a visit."""
    change(session, recall_id, {**_closed(RecallStatus.DONE, now), "done_by": done_by}, now)


def dismiss(session: Session, recall_ids: Collection[int], now: datetime) -> None:
    """Ends open recalls without a visit, in one statement."""
    ended = update(RECALL_ROWS).where(RECALL_ROWS.c.recall_id.in_(recall_ids))
    write(session, ended.values(**_closed(RecallStatus.DISMISSED, now), version=RECALL_ROWS.c.version + 1))


def add_events(session: Session, *events: Mapping[str, Any]) -> None:
    """Adds complete events in one statement."""
    write(session, _NEW_EVENT, events)
