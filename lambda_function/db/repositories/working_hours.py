"""When doctors work: the rules of many doctors in one statement, and the hours and exceptions of one.

The rules are read unscoped, because a time is taken even if the caller may not know why.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BindParameter,
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
from sqlalchemy.types import TypeEngine

from lambda_function.db.base import AnySelect, UtcDateTime, instant_parameter
from lambda_function.db.models import Closure, Doctor, TimeOff, WorkingHours, WorkingHoursException
from lambda_function.db.models.working_hours import EXCEPTION_ROWS, HOURS_ROWS
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.domain.intervals import Interval
from lambda_function.domain.working_hours import WeeklyHours, Window, WorkingTime

RuleKind = Literal["weekly", "exception", "closure", "time_off", "claimed", "awaited"]


class Rule(NamedTuple):
    """One reason why a doctor works at some time, or does not. Columns that its kind does not have are None."""

    kind: RuleKind
    owner_id: int
    claim_kind: int | None
    weekday: int | None
    first_day: date | None
    last_day: date | None
    start_minute: int | None
    end_minute: int | None
    starts_at: datetime | None
    ends_at: datetime | None


_TYPES: Mapping[str, TypeEngine[Any]] = MappingProxyType(
    {
        "claim_kind": SmallInteger(),
        "weekday": SmallInteger(),
        "first_day": Date(),
        "last_day": Date(),
        "start_minute": SmallInteger(),
        "end_minute": SmallInteger(),
        "starts_at": UtcDateTime(),
        "ends_at": UtcDateTime(),
    }
)
_DOCTORS: BindParameter[Any] = bindparam("doctor_ids", expanding=True)
_FIRST_DAY = bindparam("first_day", type_=Date)
_LAST_DAY = bindparam("last_day", type_=Date)


def rules(kind: RuleKind, *, owner_id: Any, **given: Any) -> AnySelect:
    """Returns a SELECT of rules of one kind, for a union. `given` are the columns that this kind has."""
    values = {name: type_coerce(given.get(name, null()), of_type) for name, of_type in _TYPES.items()}
    return select(*columns(Rule, kind=literal(kind, literal_execute=True), owner_id=owner_id, **values))


# These are the branches of a union, whose values come from `rule_values`.
WORKING_RULES: Sequence[AnySelect] = (
    rules(
        "weekly",
        owner_id=WorkingHours.doctor_id,
        weekday=WorkingHours.weekday,
        first_day=WorkingHours.valid_from,
        last_day=WorkingHours.valid_to,
        start_minute=WorkingHours.start_minute,
        end_minute=WorkingHours.end_minute,
    ).where(WorkingHours.doctor_id.in_(_DOCTORS)),
    rules(
        "exception",
        owner_id=WorkingHoursException.doctor_id,
        first_day=WorkingHoursException.day,
        start_minute=WorkingHoursException.start_minute,
        end_minute=WorkingHoursException.end_minute,
    ).where(
        WorkingHoursException.doctor_id.in_(_DOCTORS),
        WorkingHoursException.day.between(_FIRST_DAY, _LAST_DAY),
    ),
    rules("closure", owner_id=Doctor.user_id, first_day=Closure.first_day, last_day=Closure.last_day)
    .join(Closure, Closure.clinic_id == Doctor.clinic_id)
    .where(Doctor.user_id.in_(_DOCTORS), Closure.last_day >= _FIRST_DAY, Closure.first_day <= _LAST_DAY),
    rules("time_off", owner_id=TimeOff.doctor_id, starts_at=TimeOff.starts_at, ends_at=TimeOff.ends_at).where(
        TimeOff.doctor_id.in_(_DOCTORS),
        TimeOff.ends_at > instant_parameter("span_start"),
        TimeOff.starts_at < instant_parameter("span_end"),
    ),
)
_ALL_RULES = union_all(*WORKING_RULES)


def rule_values(doctor_ids: Collection[int], span: Interval) -> dict[str, Any]:
    """Returns the values that WORKING_RULES bind."""
    return {
        "doctor_ids": sorted(doctor_ids),
        # Right in every zone: a local date is a day off the one of UTC at most, and night hours begin a day before.
        "first_day": span.start.date() - timedelta(days=2),
        "last_day": span.end.date() + timedelta(days=1),
        "span_start": span.start,
        "span_end": span.end,
    }


def working_times(session: Session, doctor_ids: Collection[int], span: Interval) -> dict[int, WorkingTime]:
    """Returns what decides when each of the doctors works in `span`. Exceptions, closures and time off of other times
    are not read.
    """
    of_doctor: dict[int, list[Rule]] = defaultdict(list)
    for rule in fetch_all(session, Rule, _ALL_RULES, rule_values(doctor_ids, span), unscoped=True):
        of_doctor[rule.owner_id].append(rule)
    return {doctor_id: working_time_of(of_doctor[doctor_id]) for doctor_id in doctor_ids}


def working_time_of(found: Iterable[Rule]) -> WorkingTime:
    """Returns the working time of one doctor from that doctor's rules. Claims and other kinds are ignored."""
    hours: list[WeeklyHours] = []
    exceptions: dict[date, list[Window]] = defaultdict(list)
    closures: list[tuple[date, date]] = []
    time_off: list[Interval] = []
    # A class pattern for each kind would take three times as long, and a search reads thousands of rules.
    for rule in found:
        if rule.kind == "weekly":
            if rule.weekday is not None and rule.start_minute is not None and rule.end_minute is not None:
                window = Window(rule.start_minute, rule.end_minute)
                hours.append(WeeklyHours(rule.weekday, window, rule.first_day, rule.last_day))
        elif rule.kind == "exception" and rule.first_day is not None:
            exceptions[rule.first_day] += _windows(rule.start_minute, rule.end_minute)
        elif rule.kind == "closure" and rule.first_day is not None and rule.last_day is not None:
            closures.append((rule.first_day, rule.last_day))
        elif rule.kind == "time_off" and rule.starts_at is not None and rule.ends_at is not None:
            time_off.append(Interval(rule.starts_at, rule.ends_at))
    return WorkingTime(hours, exceptions, closures, time_off)


def _windows(start_minute: int | None, end_minute: int | None) -> list[Window]:
    """Returns the window of a row of an exception, or none if the doctor does not work on that date."""
    return [] if start_minute is None or end_minute is None else [Window(start_minute, end_minute)]


class _WeeklyRow(NamedTuple):
    weekday: int
    start_minute: int
    end_minute: int
    valid_from: date | None
    valid_to: date | None


class _ExceptionRow(NamedTuple):
    day: date
    start_minute: int | None
    end_minute: int | None


_WEEKLY = (
    select(*columns(_WeeklyRow, WorkingHours))
    .where(WorkingHours.doctor_id == bindparam("doctor_id"))
    .order_by(WorkingHours.weekday, WorkingHours.start_minute, WorkingHours.valid_from)
)
_DAYS = (
    select(WorkingHoursException.day)
    .where(
        WorkingHoursException.doctor_id == bindparam("doctor_id"),
        WorkingHoursException.day.between(_FIRST_DAY, _LAST_DAY),
    )
    .group_by(WorkingHoursException.day)
    .order_by(WorkingHoursException.day)
    .limit(bindparam("days"))
    .subquery()
)
_EXCEPTIONS = (
    select(*columns(_ExceptionRow, WorkingHoursException))
    .join(_DAYS, _DAYS.c.day == WorkingHoursException.day)
    .where(WorkingHoursException.doctor_id == bindparam("doctor_id"))
    .order_by(WorkingHoursException.day, WorkingHoursException.start_minute)
)


def weekly(session: Session, doctor_id: int) -> list[WeeklyHours]:
    rows = fetch_all(session, _WeeklyRow, _WEEKLY, {"doctor_id": doctor_id})
    return [
        WeeklyHours(row.weekday, Window(row.start_minute, row.end_minute), row.valid_from, row.valid_to) for row in rows
    ]


def replace_weekly(session: Session, doctor_id: int, week: Sequence[WeeklyHours]) -> None:
    write(session, delete(WorkingHours).where(WorkingHours.doctor_id == doctor_id))
    rows = [
        {
            "doctor_id": doctor_id,
            "weekday": hours.weekday,
            "start_minute": hours.window.start,
            "end_minute": hours.window.end,
            "valid_from": hours.valid_from,
            "valid_to": hours.valid_to,
        }
        for hours in week
    ]
    if rows:
        write(session, insert(HOURS_ROWS), rows)


def exceptions(
    session: Session, doctor_id: int, first_day: date, last_day: date, *, limit: int
) -> dict[date, list[Window]]:
    """Returns the first `limit` dates, in order. A date without windows is closed."""
    values = {"doctor_id": doctor_id, "first_day": first_day, "last_day": last_day, "days": limit}
    found: dict[date, list[Window]] = defaultdict(list)
    for row in fetch_all(session, _ExceptionRow, _EXCEPTIONS, values):
        found[row.day] += _windows(row.start_minute, row.end_minute)
    return found


def replace_exception(session: Session, doctor_id: int, day: date, windows: Sequence[Window]) -> None:
    """Replaces the hours of a date. Without windows, the doctor does not work on it."""
    remove_exception(session, doctor_id, day)
    times: list[tuple[int | None, int | None]] = [(window.start, window.end) for window in windows] or [(None, None)]
    rows = [{"doctor_id": doctor_id, "day": day, "start_minute": start, "end_minute": end} for start, end in times]
    write(session, insert(EXCEPTION_ROWS), rows)


def remove_exception(session: Session, doctor_id: int, day: date) -> bool:
    """Removes the exception, and returns whether there was one."""
    statement = delete(WorkingHoursException).where(
        WorkingHoursException.doctor_id == doctor_id, WorkingHoursException.day == day
    )
    return write(session, statement) > 0
