"""The countries that have a register of visits, and what became of the visits' registrations there."""

from sqlalchemy import Index, String
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, Base, Id, Instant, stored_enum, table_args
from lambda_function.domain.registration import Outcome


class Country(Base):
    """A country that has a register, by its ISO 3166-1 code. The visits of its clinics are registered there."""

    __tablename__ = "country"

    code: Mapped[str] = mapped_column(CHAR(2, collation=EXACT), primary_key=True)


class AppointmentRegistration(Base):
    """The last outcome of registering a visit, and the version of the visit to which it belongs. A visit without a row,
    or with one of an older version, is PENDING.

    It has no foreign key, because writing one would wait for the locks of whoever changes the appointment.
    """

    __tablename__ = "appointment_registration"
    __table_args__ = table_args(Index(None, "status", "appointment_id"))

    appointment_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    status: Mapped[Outcome] = mapped_column(stored_enum(Outcome))
    error: Mapped[str | None] = mapped_column(String(32))
    at: Mapped[Instant]


# For the repository, which writes many rows at a time.
REGISTRATION_ROWS = Base.metadata.tables[AppointmentRegistration.__tablename__]
