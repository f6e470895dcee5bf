"""When patients are due for a treatment again, what people did about it, and how far the clinics have told them."""

from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.mysql import TINYINT
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import Base, Id, Instant, Note, Reason, stored_enum, table_args
from lambda_function.domain.recalls import RecallAction, RecallStatus


class Recall(Base):
    """A patient is due for a treatment from the day `due_on` of the clinic's calendar. `due_set_at` is when that day
    was decided: notices whose time had come by then are not sent. `doctor_id` is who treated the patient last, or whom
    staff chose. It is no foreign key, because the check would wait for the locks of bookings, which hold the doctor's
    row.

    `opened_by` and `done_by` are the visits whose completion opened and ended it. `open_key` is 1 while it is open, so
    that a patient has at most one open recall for a treatment.
    """

    __tablename__ = "recall"
    __table_args__ = table_args(
        CheckConstraint("(status = 'OPEN') = (open_key IS NOT NULL)", name="open_key"),
        UniqueConstraint("patient_id", "treatment_id", "open_key"),
        Index(None, "patient_id", "due_on", "recall_id"),
        Index(None, "treatment_id", "status", "due_on", "recall_id"),
        Index(None, "clinic_id", "due_on", "recall_id"),
        Index(None, "clinic_id", "status", "due_on", "recall_id"),
        Index(None, "doctor_id"),
    )

    recall_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    patient_id: Mapped[Id] = mapped_column(ForeignKey("patient.user_id"))
    treatment_id: Mapped[Id] = mapped_column(ForeignKey("treatment.treatment_id"))
    clinic_id: Mapped[Id] = mapped_column(ForeignKey("clinic.clinic_id"))
    doctor_id: Mapped[Id | None]
    due_on: Mapped[date]
    due_set_at: Mapped[Instant]
    status: Mapped[RecallStatus] = mapped_column(stored_enum(RecallStatus))
    open_key: Mapped[int | None] = mapped_column(TINYINT())
    note: Mapped[Note | None]
    opened_by: Mapped[Id | None]
    done_by: Mapped[Id | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]


class RecallEvent(Base):
    """What somebody did about a recall. Rows are only added. What completing a visit did is in the recall itself.
    `actor_id` is NULL if an operator did it.
    """

    __tablename__ = "recall_event"
    __table_args__ = table_args(Index(None, "recall_id"), Index(None, "actor_id"))

    recall_event_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    recall_id: Mapped[Id] = mapped_column(ForeignKey("recall.recall_id"))
    at: Mapped[Instant]
    actor_id: Mapped[Id | None] = mapped_column(ForeignKey("user.user_id"))
    action: Mapped[RecallAction] = mapped_column(stored_enum(RecallAction))
    reason: Mapped[Reason | None]
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)


class RecallSweep(Base):
    """The last day of a clinic's calendar whose notices of recalls have been planned."""

    __tablename__ = "recall_sweep"

    clinic_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    swept_on: Mapped[date]


# For repositories that write without the ORM, or look past the scope.
RECALL_ROWS = Base.metadata.tables[Recall.__tablename__]
RECALL_EVENT_ROWS = Base.metadata.tables[RecallEvent.__tablename__]
