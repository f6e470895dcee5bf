"""Time that can be booked again, until it has been offered to those who wait."""

from sqlalchemy import CheckConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import Base, Id, Instant, table_args


class FreedTime(Base):
    """The transaction that frees the time writes this row. It is deleted when everybody concerned has been considered:
    those behind `after_waitlist_id`, which moves along the queue. `chair_id` is the chair that was freed with the
    doctor, or 0 (SOME_CHAIR) if an offer has ended; `doctor_id` is 0 (NO_DOCTOR) if a chair came into use. `occupied`
    is whether a visit has left the time, so that its buffers count as well.

    There are no foreign keys, because their checks would wait for the locks of bookings, which hold the doctor's row.
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
    """The lock for making offers in a clinic, so that no time is offered twice. The migration writes the rows, and
    nothing ever changes them.
    """

    __tablename__ = "offer_lock"

    stripe: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)


# For the repository, which writes many rows at a time.
FREED_ROWS = Base.metadata.tables[FreedTime.__tablename__]
