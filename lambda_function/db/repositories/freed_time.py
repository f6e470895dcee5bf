"""Freed time, from the transaction that frees it to the one that offers it. Unscoped."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, union_all, update
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import FreedTime, OfferLock, WaitlistEntry
from lambda_function.db.models.freed_time import FREED_ROWS
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.waitlist import OPEN

STRIPES = 64


class FreedTimeRow(NamedTuple):
    freed_time_id: int
    doctor_id: int
    chair_id: int | None
    starts_at: datetime
    ends_at: datetime
    occupied: bool
    after_waitlist_id: int


_NEW = insert(FREED_ROWS)
# Each reads the end of an index. For both statuses at once the server would read all rows.
_LAST_WISHES = union_all(
    *(select(func.max(WaitlistEntry.wished_to)).where(WaitlistEntry.status == status) for status in sorted(OPEN))
)
_TURN: AnySelect = select(OfferLock.stripe).where(OfferLock.stripe == bindparam("stripe")).with_for_update()
# A locked row belongs to a transaction that has not ended.
_NEXT: AnySelect = (
    select(*columns(FreedTimeRow, FreedTime))
    .where(FreedTime.clinic_id == bindparam("clinic_id"))
    .order_by(FreedTime.starts_at)
    .limit(bindparam("batch"))
    .with_for_update(skip_locked=True)
)


def awaited_until(session: Session) -> datetime | None:
    """Returns when the last open wish ends, or None if nobody waits."""
    return max((last for last in session.scalars(_LAST_WISHES, execution_options=UNSCOPED) if last), default=None)


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds all rows in one statement."""
    write(session, _NEW, rows)


def lock_turn(session: Session, clinic_id: int) -> None:
    """Waits until nobody else makes offers in this clinic."""
    session.execute(_TURN, {"stripe": clinic_id % STRIPES}, execution_options=UNSCOPED).all()


def take(session: Session, clinic_id: int, limit: int) -> list[FreedTimeRow]:
    """Returns the earliest freed time of the clinic, locked."""
    return fetch_all(session, FreedTimeRow, _NEXT, {"clinic_id": clinic_id, "batch": limit}, unscoped=True)


def finish(session: Session, freed_time_ids: Collection[int]) -> None:
    write(session, delete(FreedTime).where(FreedTime.freed_time_id.in_(freed_time_ids)))


def advance(session: Session, freed_time_ids: Collection[int], waitlist_id: int) -> None:
    """Records that everybody up to this entry has been considered."""
    statement = update(FreedTime).where(FreedTime.freed_time_id.in_(freed_time_ids))
    moved = func.greatest(FreedTime.after_waitlist_id, waitlist_id)
    write(session, statement.values(after_waitlist_id=moved))


def last_clinic_id(session: Session) -> int:
    """Returns the greatest id of the clinics with freed time, or 0."""
    return session.scalar(select(func.max(FreedTime.clinic_id)), execution_options=UNSCOPED) or 0


def clinic_ids(session: Session, *, after: int, until: int, limit: int) -> Sequence[int]:
    """Returns clinics with freed time whose ids are beyond `after` and up to `until`."""
    statement = select(FreedTime.clinic_id).where(FreedTime.clinic_id > after, FreedTime.clinic_id <= until).distinct()
    return session.scalars(statement.order_by(FreedTime.clinic_id).limit(limit), execution_options=UNSCOPED).all()


def oldest(session: Session) -> datetime | None:
    """Returns when the oldest waiting time was freed."""
    statement = select(FreedTime.created_at).order_by(FreedTime.freed_time_id).limit(1)
    return session.scalar(statement, execution_options=UNSCOPED)
