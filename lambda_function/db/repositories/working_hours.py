"""When doctors work, as rules: all of it for some doctors in one statement, and its changes.

Reading is unscoped, since a time that the caller may not know the reason of is taken all the same.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    SmallInteger,
    bindparam,
    delete,
    insert,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, UtcDateTime
from lambda_function.db.models import Closure, Doctor, TimeOff, WorkingHours, WorkingHoursException
from lambda_function.db.scoping import UNSCOPED, UNSYNCED
from lambda_function.domain.intervals import Interval
from lambda_function.domain.working_hours import WeeklyHours, Window, WorkingTime

_DOCTORS: BindParameter[Any] = bindparam("doctor_ids", expanding=True)


def branch(kind: str, **columns: Any) -> Any:
    """One branch of the union: its kind, whose it is, and the columns that it has; NULL for the others."""
    types: Mapping[str, Any] = {
        "claim_kind": SmallInteger,
        "weekday": SmallInteger,
        "first_day": Date,
        "last_day": Date,
        "start_minute": SmallInteger,
        "end_minute": SmallInteger,
        "starts_at": UtcDateTime(),
        "ends_at": UtcDateTime(),
    }
    values: list[ColumnElement[Any]] = [
        literal(kind, literal_execute=True).label("kind"),
        columns["owner_id"].label("owner_id"),
    ]
    for name, kind_of in types.items():
        values.append(type_coerce(columns.get(name, null()), kind_of).label(name))
    return select(*values)


RULES: Any = (
    branch(
        "weekly",
        owner_id=WorkingHours.doctor_id,
        weekday=WorkingHours.weekday,
        first_day=WorkingHours.valid_from,
        last_day=WorkingHours.valid_to,
        start_minute=WorkingHours.start_minute,
        end_minute=WorkingHours.end_minute,
    ).where(WorkingHours.doctor_id.in_(_DOCTORS)),
    branch(
        "exception",
        owner_id=WorkingHoursException.doctor_id,
        first_day=WorkingHoursException.day,
        start_minute=WorkingHoursException.start_minute,
        end_minute=WorkingHoursException.end_minute,
    ).where(
        WorkingHoursException.doctor_id.in_(_DOCTORS),
        WorkingHoursException.day.between(bindparam("first_day", type_=Date), bindparam("last_day", type_=Date)),
    ),
    branch("closure", owner_id=Doctor.user_id, first_day=Closure.first_day, last_day=Closure.last_day)
    .join(Closure, Closure.clinic_id == Doctor.clinic_id)
    .where(
        Doctor.user_id.in_(_DOCTORS),
        Closure.last_day >= bindparam("first_day", type_=Date),
        Closure.first_day <= bindparam("last_day", type_=Date),
    ),
    branch("leave", owner_id=TimeOff.doctor_id, starts_at=TimeOff.starts_at, ends_at=TimeOff.ends_at).where(
        TimeOff.doctor_id.in_(_DOCTORS),
        TimeOff.ends_at > bindparam("span_start", type_=UtcDateTime()),
        TimeOff.starts_at < bindparam("span_end", type_=UtcDateTime()),
    ),
)


_ALL_RULES = union_all(*RULES)


def rule_values(doctor_ids: Collection[int], span: Interval) -> dict[str, Any]:
    """The values bound in RULES."""
    return {
        "doctor_ids": sorted(doctor_ids),
        # Whatever the zone: local dates are a day off those of UTC at most, and night hours begin a day before.
        "first_day": span.start.date() - timedelta(days=2),
        "last_day": span.end.date() + timedelta(days=1),
        "span_start": span.start,
        "span_end": span.end,
    }


def openings(session: Session, doctor_ids: Collection[int], span: Interval) -> dict[int, WorkingTime]:
    """What decides when each doctor works in `span`: no other exceptions, closures and leave are read."""
    rows = session.execute(_ALL_RULES, rule_values(doctor_ids, span), execution_options=UNSCOPED).all()
    of_doctor: dict[int, list[AnyRow]] = defaultdict(list)
    for row in rows:
        of_doctor[row.owner_id].append(row)
    return {doctor_id: opening_of(of_doctor[doctor_id]) for doctor_id in doctor_ids}


def opening_of(rows: Sequence[AnyRow]) -> WorkingTime:
    """The opening of one doctor from the rows of RULES; rows of other kinds do not matter."""
    exceptions: dict[date, list[Window]] = defaultdict(list)
    for row in rows:
        if row.kind == "exception":
            windows = exceptions[row.first_day]
            if row.start_minute is not None:
                windows.append(Window(row.start_minute, row.end_minute))
    return WorkingTime(
        weekly=[
            WeeklyHours(row.weekday, Window(row.start_minute, row.end_minute), row.first_day, row.last_day)
            for row in rows
            if row.kind == "weekly"
        ],
        exceptions=exceptions,
        closures=[(row.first_day, row.last_day) for row in rows if row.kind == "closure"],
        leave=[Interval(row.starts_at, row.ends_at) for row in rows if row.kind == "leave"],
    )


class OpeningHours:
    """The weekly hours and exceptions of one doctor, read as everybody may and replaced as a whole."""

    def __init__(self, session: Session, doctor_id: int) -> None:
        self._session = session
        self._doctor_id = doctor_id

    def weekly(self) -> list[WeeklyHours]:
        rows = self._session.execute(
            select(
                WorkingHours.weekday,
                WorkingHours.start_minute,
                WorkingHours.end_minute,
                WorkingHours.valid_from,
                WorkingHours.valid_to,
            )
            .where(WorkingHours.doctor_id == self._doctor_id)
            .order_by(WorkingHours.weekday, WorkingHours.start_minute, WorkingHours.valid_from)
        )
        return [
            WeeklyHours(row.weekday, Window(row.start_minute, row.end_minute), row.valid_from, row.valid_to)
            for row in rows
        ]

    def replace_weekly(self, week: Sequence[WeeklyHours]) -> None:
        self._remove(WorkingHours, WorkingHours.doctor_id == self._doctor_id)
        self._insert(
            WorkingHours,
            [
                {
                    "weekday": hours.weekday,
                    "start_minute": hours.window.start,
                    "end_minute": hours.window.end,
                    "valid_from": hours.valid_from,
                    "valid_to": hours.valid_to,
                }
                for hours in week
            ],
        )

    def exceptions(self, first_day: date, last_day: date, *, limit: int) -> dict[date, list[Window]]:
        """The first `limit` dates, in order; a date without windows is closed."""
        days = (
            select(WorkingHoursException.day)
            .where(
                WorkingHoursException.doctor_id == self._doctor_id,
                WorkingHoursException.day.between(first_day, last_day),
            )
            .group_by(WorkingHoursException.day)
            .order_by(WorkingHoursException.day)
            .limit(limit)
            .subquery()
        )
        rows = self._session.execute(
            select(WorkingHoursException.day, WorkingHoursException.start_minute, WorkingHoursException.end_minute)
            .join(days, days.c.day == WorkingHoursException.day)
            .where(WorkingHoursException.doctor_id == self._doctor_id)
            .order_by(WorkingHoursException.day, WorkingHoursException.start_minute)
        )
        found: dict[date, list[Window]] = defaultdict(list)
        for row in rows:
            windows = found[row.day]
            if row.start_minute is not None:
                windows.append(Window(row.start_minute, row.end_minute))
        return found

    def replace_exception(self, day: date, windows: Sequence[Window]) -> None:
        self.remove_exception(day)
        closed: list[dict[str, Any]] = [{"day": day, "start_minute": None, "end_minute": None}]
        rows = [{"day": day, "start_minute": window.start, "end_minute": window.end} for window in windows]
        self._insert(WorkingHoursException, rows or closed)

    def remove_exception(self, day: date) -> bool:
        """Whether there was one."""
        return self._remove(
            WorkingHoursException,
            WorkingHoursException.doctor_id == self._doctor_id,
            WorkingHoursException.day == day,
        )

    def _insert(self, mapped: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """In one statement, and not as entities, which take ten times as long for the thousands of a practice file."""
        if rows:
            owned = [{"doctor_id": self._doctor_id, **row} for row in rows]
            self._session.execute(insert(mapped), owned, execution_options=UNSCOPED)

    def _remove(self, mapped: type[Any], *criteria: ColumnElement[bool]) -> bool:
        result = self._session.execute(delete(mapped).where(*criteria), execution_options=UNSYNCED)
        return bool(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult
