"""Another apply of a practice file that commits while the practice is being read."""

import pytest
from sqlalchemy import URL
from sqlalchemy.orm import Session

from lambda_function.db.repositories import practice as practice_rows
from lambda_function.db.unit_of_work import Database
from lambda_function.services.practice.apply import apply_practice
from lambda_function.services.practice.declaration import Declaration
from tests.clock import NOW
from tests.servers import plain_engine

# The functions of db/repositories/practice.py that read the practice, in their order.
READS = (
    "offered_treatments",
    "weekly_hours",
    "receptions",
    "chairs",
    "closures",
    "clinic_messages",
    "doctors",
    "receptionists",
    "clinics",
    "treatments",
    "countries",
)


def apply_after(read: str, wanted: Declaration, database_url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applies `wanted` in another transaction as soon as `read` has been called once."""
    real = getattr(practice_rows, read)
    other = Database(plain_engine(database_url), lambda: NOW)

    def overtaken(session: Session) -> object:
        found = real(session)
        monkeypatch.undo()
        other.transact(lambda work: apply_practice(work, wanted))
        return found

    monkeypatch.setattr(practice_rows, read, overtaken)
