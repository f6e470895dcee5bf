"""Clinics with their policies and chairs, treatments, and the treatments that doctors offer."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Integer, Numeric, String, UniqueConstraint, text
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, LANGUAGE, Base, Hours, Id, Name, table_args
from lambda_function.domain.people import Language


class Clinic(Base):
    """A clinic. Its policies are in whole minutes and days: domain/appointment.py says what they limit.

    Reminders go out `reminder_hours` before a visit. Quiet hours are between two minutes of the local day, and there
    are none where both are NULL: see domain/quiet_hours.py. Patients are told that they are due
    `recall_notice_days` after the day, or before it if negative.
    """

    __tablename__ = "clinic"
    __table_args__ = table_args(
        CheckConstraint("lead_minutes >= 0", name="lead_minutes"),
        CheckConstraint("horizon_days > 0", name="horizon_days"),
        CheckConstraint("cutoff_minutes >= 0", name="cutoff_minutes"),
        CheckConstraint(
            "slot_step_minutes BETWEEN 5 AND 1440 AND MOD(slot_step_minutes, 5) = 0", name="slot_step_minutes"
        ),
        CheckConstraint("offer_minutes > 0", name="offer_minutes"),
        CheckConstraint("max_open_visits > 0", name="max_open_visits"),
    )

    clinic_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[Name] = mapped_column(unique=True)
    country: Mapped[str] = mapped_column(CHAR(2, collation=EXACT))
    time_zone: Mapped[str] = mapped_column(String(64, collation=EXACT))
    # Of messages to patients who have chosen none.
    language: Mapped[Language] = mapped_column(LANGUAGE, default=Language.EN, server_default=text("'en'"))
    lead_minutes: Mapped[int] = mapped_column(default=60, server_default=text("60"))
    horizon_days: Mapped[int] = mapped_column(default=400, server_default=text("400"))
    cutoff_minutes: Mapped[int] = mapped_column(default=1440, server_default=text("1440"))
    slot_step_minutes: Mapped[int] = mapped_column(default=15, server_default=text("15"))
    offer_minutes: Mapped[int] = mapped_column(default=120, server_default=text("120"))
    # None means no limit and is written as NULL. Without this type the ORM would treat it as not given.
    max_open_visits: Mapped[int | None] = mapped_column(
        Integer().evaluates_none(), default=20, server_default=text("20")
    )
    address: Mapped[str | None] = mapped_column(String(500))
    phone: Mapped[str | None] = mapped_column(String(32))
    email: Mapped[str | None] = mapped_column(String(254))
    reminder_hours: Mapped[tuple[int, ...]] = mapped_column(Hours, default=(48, 2), server_default=text("'48,2'"))
    quiet_from_minute: Mapped[int | None] = mapped_column(
        Integer().evaluates_none(), default=1260, server_default=text("1260")
    )
    quiet_to_minute: Mapped[int | None] = mapped_column(
        Integer().evaluates_none(), default=480, server_default=text("480")
    )
    recall_notice_days: Mapped[tuple[int, ...]] = mapped_column(
        Hours, default=(-14, 14, 60), server_default=text("'-14,14,60'")
    )
    active: Mapped[bool] = mapped_column(default=True, server_default=text("1"))
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own way to say it


class Chair(Base):
    __tablename__ = "chair"
    __table_args__ = table_args(
        UniqueConstraint("clinic_id", "name"),
        UniqueConstraint("clinic_id", "chair_id"),  # appointment refers to this
    )

    chair_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    clinic_id: Mapped[Id] = mapped_column(ForeignKey("clinic.clinic_id"))
    name: Mapped[Name]
    active: Mapped[bool] = mapped_column(default=True, server_default=text("1"))


class Treatment(Base):
    """A treatment. Durations are multiples of five minutes. `price` is in the currency of the practice. A
    patient is due again `recall_months` after it, or never if that is NULL.
    """

    __tablename__ = "treatment"
    __table_args__ = table_args(
        CheckConstraint(
            "duration_minutes BETWEEN 5 AND 1440 AND MOD(duration_minutes, 5) = 0", name="duration_minutes"
        ),
        CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 1440 AND MOD(buffer_before_minutes, 5) = 0",
            name="buffer_before_minutes",
        ),
        CheckConstraint(
            "buffer_after_minutes BETWEEN 0 AND 1440 AND MOD(buffer_after_minutes, 5) = 0",
            name="buffer_after_minutes",
        ),
        CheckConstraint("price >= 0", name="price"),
    )

    treatment_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(String(64, collation=EXACT), unique=True)
    name: Mapped[Name]
    duration_minutes: Mapped[int]
    buffer_before_minutes: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    buffer_after_minutes: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    needs_approval: Mapped[bool] = mapped_column(default=False, server_default=text("0"))
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    recall_months: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True, server_default=text("1"))
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - as above


class DoctorTreatment(Base):
    """A treatment that a doctor offers."""

    __tablename__ = "doctor_treatment"

    doctor_id: Mapped[Id] = mapped_column(ForeignKey("doctor.user_id"), primary_key=True, autoincrement=False)
    treatment_id: Mapped[Id] = mapped_column(
        ForeignKey("treatment.treatment_id"), primary_key=True, autoincrement=False
    )
