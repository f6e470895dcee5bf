"""The clinics that tell patients that they are due again, the recalls to tell of, and what has been planned for them.
Unscoped: the sweep acts for nobody.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, or_, select
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.models import Appointment, Clinic, Notification, Recall, RecallSweep, Treatment, User
from lambda_function.db.repositories.recalls import is_ahead, is_of
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.appointment import UNFINISHED
from lambda_function.domain.quiet_hours import QuietHours
from lambda_function.domain.recalls import UNDER_WAY, RecallStatus


class RecallingClinic(NamedTuple):
    """An active clinic, on which days it tells patients that they are due, and the last of its days whose notices have
    been planned.
    """

    clinic_id: int
    time_zone: str
    recall_notice_days: tuple[int, ...]
    quiet_from_minute: int | None
    quiet_to_minute: int | None
    swept_on: date | None

    @property
    def quiet(self) -> QuietHours | None:
        return QuietHours.between(self.quiet_from_minute, self.quiet_to_minute)


class RecallToNotice(NamedTuple):
    """An open recall, for a treatment in use, of an active patient who has no visit for it ahead or under way.
    `due_set_at` is when its day was decided.
    """

    recall_id: int
    patient_id: int
    due_on: date
    due_set_at: datetime


def visit_ahead(recall: Any) -> ColumnElement[int | None]:
    """Returns the patient's next visit of the treatment that has not ended, in whatever clinic, as a subquery on a row
    of recalls. It is NULL if there is none. The statement binds `now`.
    """
    return _first_visit(recall, is_ahead(Appointment, recall))


def unfinished_visit(recall: Any) -> ColumnElement[int | None]:
    """Returns, as visit_ahead does, the first visit that is ahead, or that has begun and has been neither completed,
    cancelled nor missed. The statement binds `begun_after`, and no visit that had begun by then counts.
    """
    is_unfinished = and_(
        is_of(Appointment, recall),
        Appointment.status.in_(sorted(UNFINISHED)),
        Appointment.starts_at > instant_parameter("begun_after"),
    )
    return _first_visit(recall, is_unfinished)


def _first_visit(recall: Any, which: ColumnElement[bool]) -> ColumnElement[int | None]:
    visit: ColumnElement[int | None] = (
        select(Appointment.appointment_id)
        .where(which)
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(1)
        .correlate(recall)
        .scalar_subquery()
    )
    return visit


_CLINICS: AnySelect = (
    select(*columns(RecallingClinic, Clinic, swept_on=RecallSweep.swept_on))
    .outerjoin(RecallSweep, RecallSweep.clinic_id == Clinic.clinic_id)
    .where(Clinic.active, Clinic.recall_notice_days != ())
    .order_by(Clinic.clinic_id)
)
# All alternatives are ranges of one index, in its order, so that no batch reads what the one before it has read.
_RECALLS: AnySelect = (
    select(*columns(RecallToNotice, Recall))
    .join(User, User.user_id == Recall.patient_id)
    .join(Treatment, Treatment.treatment_id == Recall.treatment_id)
    .where(
        Recall.clinic_id == bindparam("clinic_id"),
        Recall.status == RecallStatus.OPEN,
        or_(
            and_(Recall.due_on == bindparam("first_day"), Recall.recall_id > bindparam("after_id")),
            Recall.due_on.in_(bindparam("later_days", expanding=True)),
        ),
        User.active,
        Treatment.active,
        unfinished_visit(Recall).is_(None),
    )
    .order_by(Recall.due_on, Recall.recall_id)
    .limit(bindparam("most"))
)
_PLANNED = select(Notification.subject).where(
    Notification.recall_id.in_(bindparam("recall_ids", type_=BigInteger, expanding=True))
)


def recalling_clinics(session: Session) -> list[RecallingClinic]:
    """Returns the active clinics that tell patients that they are due, by id."""
    return fetch_all(session, RecallingClinic, _CLINICS, {}, unscoped=True)


def recalls_to_notice(
    session: Session,
    clinic_id: int,
    due_days: Collection[date],
    *,
    after: tuple[date, int] | None,
    now: datetime,
    limit: int,
) -> list[RecallToNotice]:
    """Returns the next open recalls of a clinic that are due on one of these days, after this due_on and recall_id, in
    their order. Patients who have a visit for it ahead or under way, inactive ones, and treatments out of use are left
    out.
    """
    first_day, after_id = after or (min(due_days), 0)
    values = {
        "clinic_id": clinic_id,
        "first_day": first_day,
        "after_id": after_id,
        "later_days": sorted(day for day in due_days if day > first_day),
        "begun_after": now - UNDER_WAY,
        "most": limit,
    }
    return fetch_all(session, RecallToNotice, _RECALLS, values, unscoped=True)


def planned(session: Session, recall_ids: Collection[int]) -> set[str]:
    """Returns the subjects of all notices of these recalls, whatever became of them."""
    if not recall_ids:
        return set()
    return set(session.scalars(_PLANNED, {"recall_ids": sorted(recall_ids)}, execution_options=UNSCOPED))


def note_swept(session: Session, clinic_id: int, day: date) -> None:
    """Remembers that all notices of the clinic up to this day have been planned, and that none can be added."""
    statement = mysql.insert(RecallSweep).values(clinic_id=clinic_id, swept_on=day)
    write(session, statement.on_duplicate_key_update(swept_on=statement.inserted.swept_on))
