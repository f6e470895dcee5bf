"""Appointments, the claims that keep their time, and their history."""

from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.mysql import TINYINT
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import Base, Id, Instant, Note, Reason, RoleId, UtcDateTime, stored_enum, table_args
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status

_STATUS = stored_enum(Status)


class ClaimKind(IntEnum):
    """The kinds in locking order. The first busy kind names the refusal."""

    DOCTOR = 1
    PATIENT = 2
    CHAIR = 3


def _on_grid(column: str) -> str:
    """Returns the constraint to the five-minute grid, in SQL that MySQL and MariaDB share."""
    return f"MOD(MINUTE({column}), 5) = 0 AND SECOND({column}) = 0 AND MICROSECOND({column}) = 0"


class Appointment(Base):
    """Duration, buffers and price are a snapshot, so changing a treatment later changes no appointment.

    `receptionist_id` is the receptionist who booked or confirmed it. `placed_at` is when it got its present doctor and
    start, or, of a request, when these were confirmed. It is NULL in rows of a release before 0026, and stands for
    created_at there. `attendance_confirmed_at` is when the patient said that they would come. `in_place_of` is the
    cancelled visit instead of which it was booked by a link. It is no foreign key, because adding one would copy the
    table.
    """

    __tablename__ = "appointment"
    __table_args__ = table_args(
        ForeignKeyConstraint(["clinic_id", "chair_id"], ["chair.clinic_id", "chair.chair_id"]),
        CheckConstraint(_on_grid("starts_at"), name="starts_on_grid"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index(None, "patient_id", "starts_at"),
        # A covering index for counting a patient's visits ahead, however many were cancelled.
        Index(None, "patient_id", "status", "starts_at", "clinic_id"),
        Index(None, "doctor_id", "starts_at"),
        Index(None, "clinic_id", "starts_at"),
        Index(None, "clinic_id", "chair_id", "starts_at"),
        # Nothing is booked twice in place of one visit.
        UniqueConstraint("in_place_of"),
    )

    appointment_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    patient_id: Mapped[Id] = mapped_column(ForeignKey("patient.user_id"))
    doctor_id: Mapped[Id] = mapped_column(ForeignKey("doctor.user_id"))
    receptionist_id: Mapped[Id | None] = mapped_column(ForeignKey("receptionist.user_id"))
    clinic_id: Mapped[Id] = mapped_column(ForeignKey("clinic.clinic_id"))
    chair_id: Mapped[Id | None]
    treatment_id: Mapped[Id] = mapped_column(ForeignKey("treatment.treatment_id"))
    status: Mapped[Status] = mapped_column(_STATUS)
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    patient_note: Mapped[Note | None]
    internal_note: Mapped[Note | None]
    cancel_reason: Mapped[Reason | None]
    override_reason: Mapped[Reason | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    placed_at: Mapped[Instant | None]
    attendance_confirmed_at: Mapped[Instant | None]
    in_place_of: Mapped[Id | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own way to say it


class SlotClaim(Base):
    """Five minutes of a doctor, patient or chair. The primary key makes a double booking impossible. It holds even for
    a writer that forgets every lock, as long as all claims are on the one grid.
    """

    __tablename__ = "slot_claim"
    __table_args__ = table_args(
        CheckConstraint(_on_grid("slot_at"), name="on_grid"),
        CheckConstraint("kind BETWEEN 1 AND 3", name="kind"),
    )

    kind: Mapped[int] = mapped_column(TINYINT, primary_key=True, autoincrement=False)
    resource_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    slot_at: Mapped[datetime] = mapped_column(UtcDateTime(), primary_key=True)
    appointment_id: Mapped[Id] = mapped_column(ForeignKey("appointment.appointment_id"), index=True)


class AppointmentEvent(Base):
    """Something that happened to an appointment. Rows are only added. `actor_id` is NULL if the system or an operator
    did it. `actor_type` is the role that the actor had then, and is NULL in the same cases. `via` is LINK if it was
    done on the page behind the link of a message.
    """

    __tablename__ = "appointment_event"

    event_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    appointment_id: Mapped[Id] = mapped_column(ForeignKey("appointment.appointment_id"), index=True)
    at: Mapped[Instant]
    actor_id: Mapped[Id | None] = mapped_column(ForeignKey("user.user_id"))
    actor_type: Mapped[Role | None] = mapped_column(RoleId, ForeignKey("user_type.user_type_id"))
    action: Mapped[str] = mapped_column(String(32))
    from_status: Mapped[Status | None] = mapped_column(_STATUS)
    to_status: Mapped[Status] = mapped_column(_STATUS)
    reason: Mapped[Reason | None]
    via: Mapped[str | None] = mapped_column(String(8))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)


# When a visit got its time, also in rows of a release before 0026.
PLACED_AT = func.coalesce(Appointment.placed_at, Appointment.created_at)
# For db/criteria, as in models/people.py, and for repositories that write many rows at a time or without the ORM.
APPOINTMENT_ROWS = Base.metadata.tables[Appointment.__tablename__]
EVENT_ROWS = Base.metadata.tables[AppointmentEvent.__tablename__]
CLAIM_ROWS = Base.metadata.tables[SlotClaim.__tablename__]
