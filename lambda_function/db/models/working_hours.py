"""When doctors work. Times of day are minutes from local midnight. An end at or before the start is on the next day."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import Base, Id, Instant, Reason, table_args

_TIMES = "{0} BETWEEN 0 AND 1440 AND MOD({0}, 5) = 0"


class WorkingHours(Base):
    """Weekly hours. `weekday` is 1 for Monday to 7. Both dates are included, and NULL means no limit. Breaks are the
    gaps between two rows.
    """

    __tablename__ = "working_hours"
    __table_args__ = table_args(
        Index(None, "doctor_id"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint(_TIMES.format("start_minute"), name="start_minute"),
        CheckConstraint(_TIMES.format("end_minute") + " AND end_minute <> start_minute", name="end_minute"),
        CheckConstraint("valid_to >= valid_from", name="valid_to"),
    )

    working_hours_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    doctor_id: Mapped[Id] = mapped_column(ForeignKey("doctor.user_id"))
    weekday: Mapped[int] = mapped_column(SmallInteger)
    start_minute: Mapped[int] = mapped_column(SmallInteger)
    end_minute: Mapped[int] = mapped_column(SmallInteger)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class WorkingHoursException(Base):
    """The hours of one date in place of the weekly ones: a row for each window, or one row without times if closed."""

    __tablename__ = "working_hours_exception"
    __table_args__ = table_args(
        Index(None, "doctor_id", "day"),
        CheckConstraint(_TIMES.format("start_minute"), name="start_minute"),
        CheckConstraint(_TIMES.format("end_minute") + " AND end_minute <> start_minute", name="end_minute"),
        CheckConstraint("(start_minute IS NULL) = (end_minute IS NULL)", name="both_or_none"),
    )

    exception_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    doctor_id: Mapped[Id] = mapped_column(ForeignKey("doctor.user_id"))
    day: Mapped[date]
    start_minute: Mapped[int | None] = mapped_column(SmallInteger)
    end_minute: Mapped[int | None] = mapped_column(SmallInteger)


class Closure(Base):
    """Days on which a clinic is closed, both of them included."""

    __tablename__ = "closure"
    __table_args__ = table_args(
        Index(None, "clinic_id", "last_day"),
        CheckConstraint("last_day >= first_day", name="last_day"),
    )

    closure_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    clinic_id: Mapped[Id] = mapped_column(ForeignKey("clinic.clinic_id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[Reason | None]


class TimeOff(Base):
    """A doctor's time off."""

    __tablename__ = "time_off"
    __table_args__ = table_args(
        Index(None, "doctor_id", "ends_at"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )

    time_off_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    doctor_id: Mapped[Id] = mapped_column(ForeignKey("doctor.user_id"))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    reason: Mapped[Reason]
    created_at: Mapped[Instant]


# For the repository, which writes many rows at a time.
HOURS_ROWS = Base.metadata.tables[WorkingHours.__tablename__]
EXCEPTION_ROWS = Base.metadata.tables[WorkingHoursException.__tablename__]
