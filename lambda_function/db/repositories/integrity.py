"""Whether the rows agree with each other: reads for operators, in chunks by id, unscoped and in columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, and_, func, or_, select, text
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, Base
from lambda_function.db.models import (
    Appointment,
    Clinic,
    Doctor,
    Patient,
    Receptionist,
    ReceptionistClinic,
    SlotClaim,
    User,
)
from lambda_function.db.repositories.keyset import Position, behind, up_to
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import HOLDING

# What is claimed for, and what; MariaDB has all of it in GROUP BY, or none of it in SELECT.
_CLAIMANT: tuple[Any, ...] = (
    Appointment.appointment_id,
    Appointment.status,
    Appointment.doctor_id,
    Appointment.patient_id,
    Appointment.chair_id,
    Appointment.starts_at,
    Appointment.ends_at,
    Appointment.buffer_before_minutes,
    Appointment.buffer_after_minutes,
    SlotClaim.kind,
    SlotClaim.resource_id,
)


@dataclass(frozen=True, slots=True)
class Span:
    """Ids from `first` to `last`, both included."""

    first: int
    last: int

    def chunks(self, size: int) -> Iterator["Span"]:
        for start in range(self.first, self.last + 1, size):
            yield Span(start, min(start + size - 1, self.last))


def orphans(
    session: Session, key: ForeignKeyConstraint, after: Position | None, size: int
) -> tuple[Sequence[AnyRow], Position | None]:
    """Those of the next `size` rows of a table that refer to what is not there, as the columns of their primary key,
    and the position of the last row looked at, None when there are no more. The database refuses such rows, unless they
    were loaded with its checks off.
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
    ).all()
    return rows, end


def _span(session: Session, column: Any) -> Span | None:
    first, last = session.execute(select(func.min(column), func.max(column)), execution_options=UNSCOPED).one()
    return None if first is None else Span(first, last)


def references() -> list[ForeignKeyConstraint]:
    """All of the schema, in a fixed order."""
    keys = (key for table in Base.metadata.tables.values() for key in table.foreign_key_constraints)
    return sorted(keys, key=lambda key: str(key.name))


def span_of_appointments(session: Session) -> Span | None:
    """What `beside_claims` has to look at; None when there is nothing."""
    return _span(session, Appointment.appointment_id)


def span_of_people(session: Session) -> Span | None:
    """What `without_profile` has to look at; None when there is nobody."""
    return _span(session, User.user_id)


def beside_claims(session: Session, span: Span, since: datetime) -> Sequence[AnyRow]:
    """Appointments that hold or should hold time from then on, each with what it claims then: a row for each kind
    and resource with `claims`, `first` and `last` slot, or one whose kind is NULL. One statement, so that a booking
    at the same time is seen whole or not at all.
    """
    occupied_until = func.timestampadd(text("MINUTE"), Appointment.buffer_after_minutes, Appointment.ends_at)
    return session.execute(
        select(
            *_CLAIMANT,
            func.count(SlotClaim.slot_at).label("claims"),
            func.min(SlotClaim.slot_at).label("first"),
            func.max(SlotClaim.slot_at).label("last"),
        )
        .outerjoin(SlotClaim, and_(SlotClaim.appointment_id == Appointment.appointment_id, SlotClaim.slot_at >= since))
        .where(
            Appointment.appointment_id.between(span.first, span.last),
            or_(
                SlotClaim.appointment_id.is_not(None),
                and_(Appointment.status.in_(sorted(HOLDING)), occupied_until > since),
            ),
        )
        .group_by(*_CLAIMANT)
        .order_by(Appointment.appointment_id),
        execution_options=UNSCOPED,
    ).all()


def time_zones(session: Session) -> Sequence[AnyRow]:
    """clinic_id and time_zone of every clinic."""
    return session.execute(
        select(Clinic.clinic_id, Clinic.time_zone).order_by(Clinic.clinic_id), execution_options=UNSCOPED
    ).all()


def without_profile(session: Session, span: Span) -> Sequence[int]:
    """Users in the span who lack the row that makes them what they are, and receptionists of no clinic."""
    return session.scalars(
        select(User.user_id)
        .outerjoin(Patient, Patient.user_id == User.user_id)
        .outerjoin(Doctor, Doctor.user_id == User.user_id)
        .outerjoin(Receptionist, Receptionist.user_id == User.user_id)
        .where(
            User.user_id.between(span.first, span.last),
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
