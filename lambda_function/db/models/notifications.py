"""The messages to people, and the words that clinics choose for them."""

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, LANGUAGE, Base, Id, Instant, stored_enum, table_args
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel, Language


class Notification(Base):
    """A message to the person `user_id`, who is the patient of the appointment, waitlist entry or recall, or a
    guardian. It holds neither text nor address: both are composed when it is claimed.

    `subject` says what it is about, and is told to each person once. `basis_at` is when that became so: when the
    change was made, when the visit got its time, or the start that was offered. By it, what no longer holds is
    recognised. `next_at` is when to look at it next: when it is due, when to try again, or when its lease ends. It is
    NULL at the end of its life. `lease` is the secret with which its claim is settled. `address_hash` is of the
    address that it went to (domain/addresses.py), so that a bounce marks no other.

    There are no foreign keys, because their checks would wait for the locks of bookings.
    """

    __tablename__ = "notification"
    __table_args__ = table_args(
        UniqueConstraint("subject", "user_id"),
        Index(None, "next_at", "notification_id"),
        Index(None, "user_id", "notification_id"),
        Index(None, "clinic_id", "notification_id"),
        Index(None, "appointment_id", "notification_id"),
        Index(None, "waitlist_id"),
        Index(None, "recall_id"),
        Index(None, "due_at"),
    )

    notification_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[NotificationKind] = mapped_column(stored_enum(NotificationKind))
    channel: Mapped[Channel] = mapped_column(stored_enum(Channel))
    status: Mapped[NotificationStatus] = mapped_column(stored_enum(NotificationStatus))
    user_id: Mapped[Id]
    clinic_id: Mapped[Id]
    appointment_id: Mapped[Id | None]
    waitlist_id: Mapped[Id | None]
    recall_id: Mapped[Id | None]
    subject: Mapped[str] = mapped_column(String(120, collation=EXACT))
    basis_at: Mapped[Instant]
    due_at: Mapped[Instant]
    next_at: Mapped[Instant | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    lease: Mapped[str | None] = mapped_column(CHAR(32, collation=EXACT))
    reason: Mapped[str | None] = mapped_column(String(64, collation=EXACT))
    provider_id: Mapped[str | None] = mapped_column(String(128, collation=EXACT))
    address_hash: Mapped[str | None] = mapped_column(CHAR(64, collation=EXACT))
    created_at: Mapped[Instant]
    sent_at: Mapped[Instant | None]


class ClinicMessage(Base):
    """A clinic's own words for a kind of message, in place of ours. An SMS has no subject."""

    __tablename__ = "clinic_message"

    clinic_id: Mapped[Id] = mapped_column(ForeignKey("clinic.clinic_id"), primary_key=True, autoincrement=False)
    kind: Mapped[NotificationKind] = mapped_column(stored_enum(NotificationKind), primary_key=True)
    channel: Mapped[Channel] = mapped_column(stored_enum(Channel), primary_key=True)
    language: Mapped[Language] = mapped_column(LANGUAGE, primary_key=True)
    subject: Mapped[str | None] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(4000))


# For the repository, which writes many rows at a time.
NOTIFICATION_ROWS = Base.metadata.tables[Notification.__tablename__]
