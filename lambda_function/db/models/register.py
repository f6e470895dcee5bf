"""The register of one country, in a database of that country. It is no part of the main schema: it has a metadata and
revisions of its own (migrations/register).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, MetaData, String
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from lambda_function.db.base import EXACT, NAMING_CONVENTION, TABLE_OPTIONS, Id, Instant, stored_enum, table_args
from lambda_function.domain.appointment import Status
from lambda_function.domain.identifiers import LONGEST_IDENTIFIER


class RegisterBase(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    __table_args__: Any = TABLE_OPTIONS


class RegisteredVisit(RegisterBase):
    """A visit as its country's register has it: no name, no contact data and no note.

    `version` is the appointment's, whose row this was when it was registered. `local_starts_at` and `local_ends_at` are
    the wall-clock times of the clinic, without a time zone. `insurance` is the patient's insurance identifier in that
    country, if there is one. `registered_at` is when this row last changed.
    """

    __tablename__ = "visit"
    __table_args__ = table_args(Index(None, "local_starts_at"))

    appointment_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    clinic_id: Mapped[Id]
    status: Mapped[Status] = mapped_column(stored_enum(Status))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    local_starts_at: Mapped[datetime] = mapped_column(DATETIME())
    local_ends_at: Mapped[datetime] = mapped_column(DATETIME())
    treatment_code: Mapped[str] = mapped_column(String(64, collation=EXACT))
    insurance: Mapped[str | None] = mapped_column(String(LONGEST_IDENTIFIER, collation=EXACT))
    registered_at: Mapped[Instant]


# For the repository, which writes many rows at a time.
VISIT_ROWS = RegisterBase.metadata.tables[RegisteredVisit.__tablename__]
