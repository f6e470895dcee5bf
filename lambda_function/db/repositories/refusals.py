"""How often somebody was refused something on a day of UTC. Unscoped, and in columns."""

from datetime import date, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from lambda_function.db.models import Refusals
from lambda_function.db.scoping import UNSCOPED, UNSYNCED


class RefusalsOf:
    """Of one person, one kind and one day."""

    def __init__(self, session: Session, user_id: int, kind: str, day: date) -> None:
        self._session = session
        self._key = {"user_id": user_id, "kind": kind, "day": day}
        self._where = (Refusals.user_id == user_id, Refusals.kind == kind, Refusals.day == day)

    def lock(self) -> int:
        """How many there were. Whoever asks next waits until this transaction ends, so that nobody who tries many at
        once gets more; to be called before all other locks.
        """
        start = insert(Refusals).values(**self._key, count=0)
        self._session.execute(start.on_duplicate_key_update(count=Refusals.count), execution_options=UNSCOPED)
        return self._session.scalars(select(Refusals.count).where(*self._where), execution_options=UNSCOPED).one()

    def add(self) -> None:
        """One more, if the transaction is committed: see DomainError.is_kept."""
        self._session.execute(
            update(Refusals).where(*self._where).values(count=Refusals.count + 1), execution_options=UNSYNCED
        )


def purge_past(session: Session, before: datetime, limit: int) -> int:
    """Removes at most so many counts of days before that of the time; how many there were."""
    statement = delete(Refusals).where(Refusals.day < before.date())
    result = session.execute(statement.with_dialect_options(mysql_limit=limit), execution_options=UNSYNCED)
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult
