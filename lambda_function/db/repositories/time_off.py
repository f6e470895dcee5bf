"""A doctor's time off, as far as the caller may see it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from lambda_function.db.models import TimeOff
from lambda_function.db.rows import columns, fetch_all
from lambda_function.domain.intervals import Interval


class TimeOffRow(NamedTuple):
    time_off_id: int
    starts_at: datetime
    ends_at: datetime
    reason: str


_PAGE = (
    select(*columns(TimeOffRow, TimeOff))
    .where(TimeOff.doctor_id == bindparam("doctor_id"), TimeOff.time_off_id > bindparam("after"))
    .order_by(TimeOff.time_off_id)
    .limit(bindparam("page_limit"))
)

_ONE = select(TimeOff).where(
    TimeOff.doctor_id == bindparam("doctor_id"), TimeOff.time_off_id == bindparam("time_off_id")
)


def page(session: Session, doctor_id: int, *, after: int, limit: int) -> list[TimeOffRow]:
    """Returns time off ordered by id."""
    return fetch_all(session, TimeOffRow, _PAGE, {"doctor_id": doctor_id, "after": after, "page_limit": limit})


def add(session: Session, doctor_id: int, span: Interval, reason: str, now: datetime) -> int:
    """Adds time off and returns its id."""
    time_off = TimeOff(doctor_id=doctor_id, starts_at=span.start, ends_at=span.end, reason=reason, created_at=now)
    session.add(time_off)
    session.flush()
    return time_off.time_off_id


def remove(session: Session, doctor_id: int, time_off_id: int) -> Interval | None:
    """Removes time off and returns its span, or None if there is no such time off."""
    time_off = session.scalar(_ONE, {"doctor_id": doctor_id, "time_off_id": time_off_id})
    if time_off is None:
        return None
    session.delete(time_off)
    return Interval(time_off.starts_at, time_off.ends_at)
