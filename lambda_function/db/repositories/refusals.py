"""How often somebody was refused on a day of UTC, for actions that are limited to a number of refusals a day."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from lambda_function.db.models import Refusals
from lambda_function.db.rows import write
from lambda_function.db.scoping import UNSCOPED


class RefusalKind(StrEnum):
    """What was refused. The values are stored."""

    LINK_CODE = "link"
    IDENTIFIER = "identifier"


def lock_refusals(session: Session, user_id: int, kind: RefusalKind, day: date) -> int:
    """Returns how often the person was refused on a day of UTC.

    The next request waits until this transaction ends, so that trying many at once gains nothing. Call it before taking
    any other lock.
    """
    start = insert(Refusals).values(user_id=user_id, kind=kind.value, day=day, count=0)
    write(session, start.on_duplicate_key_update(count=Refusals.count))
    counted = select(Refusals.count).where(*_refusals(user_id, kind, day))
    return session.scalars(counted, execution_options=UNSCOPED).one()


def count_refusal(session: Session, user_id: int, kind: RefusalKind, day: date) -> None:
    """Counts one more, which counts if the transaction is committed: see DomainError.commits_writes."""
    write(session, update(Refusals).where(*_refusals(user_id, kind, day)).values(count=Refusals.count + 1))


def purge_refusals(session: Session, before: datetime, limit: int) -> int:
    """Removes at most `limit` counts of days before the day of that time, and answers how many it removed."""
    statement = delete(Refusals).where(Refusals.day < before.date())
    return write(session, statement.with_dialect_options(mysql_limit=limit))


def _refusals(user_id: int, kind: RefusalKind, day: date) -> tuple[ColumnElement[bool], ...]:
    return Refusals.user_id == user_id, Refusals.kind == kind.value, Refusals.day == day
