"""Checks for operators that the rows agree with each other, in chunks by id. Unscoped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKeyConstraint, and_, bindparam, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect, Base, instant_parameter
from lambda_function.db.models import (
    Appointment,
    Clinic,
    Doctor,
    Guardian,
    Notification,
    Patient,
    Recall,
    Receptionist,
    ReceptionistClinic,
    SlotClaim,
    User,
)
from lambda_function.db.repositories.guardians import acting
from lambda_function.db.repositories.keyset import Position, behind, up_to
from lambda_function.db.rows import columns, fetch_all
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import HOLDING, Status
from lambda_function.domain.notifications import NotificationStatus


class AppointmentClaims(NamedTuple):
    """An appointment with what it claims of one resource: how many slots, the first and the last. Where the appointment
    claims nothing, `kind` and all that follows is None or 0.
    """

    appointment_id: int
    status: Status
    doctor_id: int
    patient_id: int
    chair_id: int | None
    starts_at: datetime
    ends_at: datetime
    buffer_before_minutes: int
    buffer_after_minutes: int
    kind: int | None
    resource_id: int | None
    claims: int
    first: datetime | None
    last: datetime | None


class GuardianRow(NamedTuple):
    guardian_id: int
    patient_id: int


class ClinicZone(NamedTuple):
    clinic_id: int
    time_zone: str


_SINCE = instant_parameter("since")
_CLAIM_COLUMNS = columns(
    AppointmentClaims,
    SlotClaim,
    appointment_id=Appointment.appointment_id,
    status=Appointment.status,
    doctor_id=Appointment.doctor_id,
    patient_id=Appointment.patient_id,
    chair_id=Appointment.chair_id,
    starts_at=Appointment.starts_at,
    ends_at=Appointment.ends_at,
    buffer_before_minutes=Appointment.buffer_before_minutes,
    buffer_after_minutes=Appointment.buffer_after_minutes,
    claims=func.count(SlotClaim.slot_at),
    first=func.min(SlotClaim.slot_at),
    last=func.max(SlotClaim.slot_at),
)
_CLAIMS = (
    select(*_CLAIM_COLUMNS)
    .select_from(Appointment)
    .outerjoin(SlotClaim, and_(SlotClaim.appointment_id == Appointment.appointment_id, SlotClaim.slot_at >= _SINCE))
    .where(
        Appointment.appointment_id.between(bindparam("first_id"), bindparam("last_id")),
        or_(
            SlotClaim.appointment_id.is_not(None),
            and_(
                Appointment.status.in_(sorted(HOLDING)),
                func.timestampadd(text("MINUTE"), Appointment.buffer_after_minutes, Appointment.ends_at) > _SINCE,
            ),
        ),
    )
    # MariaDB requires every column that is not aggregated in GROUP BY.
    .group_by(*_CLAIM_COLUMNS[:-3])
    .order_by(Appointment.appointment_id)
)
_HAS_GUARDIAN = aliased(Guardian)
# Erasing removes guardians in the transaction that removes the name.
_WRONG_GUARDIANS: AnySelect = (
    select(*columns(GuardianRow, Guardian))
    .where(
        Guardian.guardian_id.between(bindparam("first_id"), bindparam("last_id")),
        or_(
            Guardian.guardian_id == Guardian.patient_id,
            and_(
                acting(Guardian),
                exists().where(_HAS_GUARDIAN.patient_id == Guardian.guardian_id, acting(_HAS_GUARDIAN)),
            ),
            exists().where(
                or_(User.user_id == Guardian.guardian_id, User.user_id == Guardian.patient_id),
                User.erased_at.is_not(None),
                User.user_name.startswith("erased:"),
            ),
        ),
    )
    .order_by(Guardian.guardian_id, Guardian.patient_id)
)
_ZONES = select(*columns(ClinicZone, Clinic)).order_by(Clinic.clinic_id)


@dataclass(frozen=True, slots=True)
class IdRange:
    """Ids from `first` to `last`, both included."""

    first: int
    last: int

    def chunks(self, size: int) -> Iterator["IdRange"]:
        for start in range(self.first, self.last + 1, size):
            yield IdRange(start, min(start + size - 1, self.last))


def orphans(
    session: Session, key: ForeignKeyConstraint, after: Position | None, size: int
) -> tuple[list[dict[str, Any]], Position | None]:
    """Returns those of the next `size` rows of a table that refer to missing rows, as the columns of their primary key,
    and the position of the last row that was read, or None if there are no more. The database refuses such rows unless
    they were loaded with its checks off.
    """
    own = list(key.table.primary_key.columns)
    start = [] if after is None else [behind(own, after)]
    last = session.execute(
        select(*own).where(*start).order_by(*own).offset(size - 1).limit(1), execution_options=UNSCOPED
    ).one_or_none()
    end = None if last is None else tuple(last)
    parent = key.referred_table.alias()
    pairs = [(element.parent, parent.c[element.column.name]) for element in key.elements]
    rows = session.execute(
        select(*own)
        .outerjoin(parent, and_(*(mine == theirs for mine, theirs in pairs)))
        .where(
            *start,
            *([] if end is None else [up_to(own, end)]),
            *(mine.is_not(None) for mine, _ in pairs),
            pairs[0][1].is_(None),
        ),
        execution_options=UNSCOPED,
    ).mappings()
    return [dict(row) for row in rows], end


def _id_range(session: Session, column: Any) -> IdRange | None:
    first, last = session.execute(select(func.min(column), func.max(column)), execution_options=UNSCOPED).one()
    return None if first is None else IdRange(first, last)


def references() -> list[ForeignKeyConstraint]:
    """Returns all foreign keys of the schema, in a fixed order."""
    keys = (key for table in Base.metadata.tables.values() for key in table.foreign_key_constraints)
    return sorted(keys, key=lambda key: str(key.name))


def appointment_ids(session: Session) -> IdRange | None:
    """Returns the ids for `claims_of_appointments`, or None if there is nothing to check."""
    return _id_range(session, Appointment.appointment_id)


def user_ids(session: Session) -> IdRange | None:
    """Returns the first and the last id of all people, or None if there is nobody."""
    return _id_range(session, User.user_id)


def claims_of_appointments(session: Session, ids: IdRange, since: datetime) -> list[AppointmentClaims]:
    """Returns the claims from that time on of appointments that hold time then or should: a row for each resource that
    one claims. It is one statement, so that a simultaneous booking is seen either completely or not at all.
    """
    values = {"first_id": ids.first, "last_id": ids.last, "since": since}
    return fetch_all(session, AppointmentClaims, _CLAIMS, values, unscoped=True)


def time_zones(session: Session) -> list[ClinicZone]:
    """Returns the time zones of all clinics."""
    return fetch_all(session, ClinicZone, _ZONES, unscoped=True)


def users_without_profile(session: Session, ids: IdRange) -> Sequence[int]:
    """Returns users in the range who lack the row of their role, and receptionists without a clinic."""
    return session.scalars(
        select(User.user_id)
        .outerjoin(Patient, Patient.user_id == User.user_id)
        .outerjoin(Doctor, Doctor.user_id == User.user_id)
        .outerjoin(Receptionist, Receptionist.user_id == User.user_id)
        .where(
            User.user_id.between(ids.first, ids.last),
            or_(
                and_(User.user_type == Role.PATIENT, Patient.user_id.is_(None)),
                and_(User.user_type == Role.DOCTOR, Doctor.user_id.is_(None)),
                and_(
                    User.user_type == Role.RECEPTIONIST,
                    or_(
                        Receptionist.user_id.is_(None),
                        User.user_id.not_in(select(ReceptionistClinic.receptionist_id)),
                    ),
                ),
            ),
        )
        .order_by(User.user_id),
        execution_options=UNSCOPED,
    ).all()


def notification_ids(session: Session) -> IdRange | None:
    """Returns the first and the last id of all messages to people, or None if there are none."""
    return _id_range(session, Notification.notification_id)


def wrong_notifications(session: Session, ids: IdRange) -> Sequence[int]:
    """Returns the messages in the range that wait without a time to look at them again or have ended with one, and
    those with a lease that are not leased, or without one that are.
    """
    waits = Notification.status.in_([NotificationStatus.PENDING, NotificationStatus.SENDING])
    leased = Notification.status == NotificationStatus.SENDING
    statement = select(Notification.notification_id).where(
        Notification.notification_id.between(ids.first, ids.last),
        or_(waits != Notification.next_at.is_not(None), leased != Notification.lease.is_not(None)),
    )
    return session.scalars(statement.order_by(Notification.notification_id), execution_options=UNSCOPED).all()


def recall_ids(session: Session) -> IdRange | None:
    """Returns the first and the last id of all recalls, or None if there are none."""
    return _id_range(session, Recall.recall_id)


def recalls_of_nobody(session: Session, ids: IdRange) -> Sequence[int]:
    """Returns the open recalls in the range whose patient is not active, or no longer a patient."""
    here = exists().where(User.user_id == Recall.patient_id, User.active.is_(True), User.user_type == Role.PATIENT)
    statement = select(Recall.recall_id).where(
        Recall.recall_id.between(ids.first, ids.last), Recall.open_key.is_not(None), ~here
    )
    return session.scalars(statement.order_by(Recall.recall_id), execution_options=UNSCOPED).all()


def recalls_without_visit(session: Session, ids: IdRange) -> Sequence[int]:
    """Returns the recalls in the range that name a visit that is not there. No foreign key looks after these."""
    missing = [
        and_(column.is_not(None), ~exists().where(Appointment.appointment_id == column))
        for column in (Recall.opened_by, Recall.done_by)
    ]
    statement = select(Recall.recall_id).where(Recall.recall_id.between(ids.first, ids.last), or_(*missing))
    return session.scalars(statement.order_by(Recall.recall_id), execution_options=UNSCOPED).all()


def wrong_guardians(session: Session, ids: IdRange, today: date) -> list[GuardianRow]:
    """Returns the rows of guardians in the range who act for themselves, who have a guardian, or one of whose two was
    erased.
    """
    values = {"first_id": ids.first, "last_id": ids.last, "today": today}
    return fetch_all(session, GuardianRow, _WRONG_GUARDIANS, values, unscoped=True)
