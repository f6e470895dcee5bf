"""Time that can be booked again, until it has been offered to those who wait."""

from sqlalchemy import CheckConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import Base, Id, Instant, table_args


class FreedTime(Base):
    """Written by the transaction that frees the time, and deleted when everybody whom it concerns has been looked at:
    those behind `after_waitlist_id`, which moves down the line with each look. `chair_id` is the chair that was freed
    with the doctor, 0 (SOME_CHAIR) where an offer has ended; `occupied` is whether a visit has left the time, so that
    the buffers of others count as well.

    There are no foreign keys: their checks would wait for the locks of bookings, which hold the doctor's row.
    """

    __tablename__ = "freed_time"
    __table_args__ = table_args(
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index(None, "clinic_id", "starts_at"),
    )

    freed_time_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    doctor_id: Mapped[Id]
    clinic_id: Mapped[Id]
    chair_id: Mapped[Id | None]
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    occupied: Mapped[bool]
    after_waitlist_id: Mapped[Id] = mapped_column(server_default=text("0"))
    created_at: Mapped[Instant]


class OfferLock(Base):
    """What those who make offers in one clinic wait on, so that no time is offered twice. The migration writes the
    rows; nothing ever changes them.
    """

    __tablename__ = "offer_lock"

    stripe: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)


# For the repository, which writes many at a time.
FREED_ROWS = Base.metadata.tables[FreedTime.__tablename__]
