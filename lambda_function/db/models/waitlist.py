"""People who wait for time to be freed, and the offers that they get."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import Base, Id, Instant, stored_enum, table_args
from lambda_function.domain.waitlist import WaitlistStatus

_STATUS = stored_enum(WaitlistStatus)


class WaitlistEntry(Base):
    """An entry of the waitlist, whose order is that of the ids. `doctor_id` and `clinic_id` are wishes, and NULL for
    any. The offer is the last one. It stays after it has expired, so that accepting it can be refused as expired. Its
    doctor is not a foreign key, because the check would wait for the locks of bookings, which hold the doctor's row.
    Neither is `appointment_id`, the visit that was booked by accepting the offer.
    """

    __tablename__ = "waitlist_entry"
    __table_args__ = table_args(
        CheckConstraint("wished_to > wished_from", name="wished_to"),
        CheckConstraint("status <> 'OFFERED' OR offer_expires_at IS NOT NULL", name="offer"),
        Index(None, "patient_id"),
        # The queue is read in this order.
        Index(None, "status", "waitlist_id"),
        Index(None, "status", "wished_to"),
        Index(None, "status", "offer_expires_at"),
        Index(None, "status", "offer_doctor_id", "offer_starts_at"),
    )

    waitlist_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    patient_id: Mapped[Id] = mapped_column(ForeignKey("patient.user_id"))
    treatment_id: Mapped[Id] = mapped_column(ForeignKey("treatment.treatment_id"))
    doctor_id: Mapped[Id | None] = mapped_column(ForeignKey("doctor.user_id"))
    clinic_id: Mapped[Id | None] = mapped_column(ForeignKey("clinic.clinic_id"))
    status: Mapped[WaitlistStatus] = mapped_column(_STATUS)
    wished_from: Mapped[Instant]
    wished_to: Mapped[Instant]
    offer_doctor_id: Mapped[Id | None]
    offer_starts_at: Mapped[Instant | None]
    offer_ends_at: Mapped[Instant | None]
    offer_expires_at: Mapped[Instant | None]
    appointment_id: Mapped[Id | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
