"""Leave of one doctor, as far as the caller may see it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow
from lambda_function.db.models import TimeOff
from lambda_function.domain.intervals import Interval


class LeaveOf:
    def __init__(self, session: Session, doctor_id: int) -> None:
        self._session = session
        self._doctor_id = doctor_id

    def page(self, *, after: int, limit: int) -> Sequence[AnyRow]:
        """Rows of time_off_id, starts_at, ends_at and reason, by id."""
        return self._session.execute(
            select(TimeOff.time_off_id, TimeOff.starts_at, TimeOff.ends_at, TimeOff.reason)
            .where(TimeOff.doctor_id == self._doctor_id, TimeOff.time_off_id > after)
            .order_by(TimeOff.time_off_id)
            .limit(limit)
        ).all()

    def add(self, span: Interval, reason: str, now: datetime) -> int:
        leave = TimeOff(
            doctor_id=self._doctor_id, starts_at=span.start, ends_at=span.end, reason=reason, created_at=now
        )
        self._session.add(leave)
        self._session.flush()
        return leave.time_off_id

    def remove(self, time_off_id: int) -> Interval | None:
        """The time of the leave; None when there is no such leave."""
        leave = self._session.scalar(
            select(TimeOff).where(TimeOff.doctor_id == self._doctor_id, TimeOff.time_off_id == time_off_id)
        )
        if leave is None:
            return None
        self._session.delete(leave)
        return Interval(leave.starts_at, leave.ends_at)
