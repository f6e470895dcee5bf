"""The current practice as the content of a practice file. Applied to the practice, it changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from lambda_function.domain.quiet_hours import QuietHours
from lambda_function.domain.working_hours import WeeklyHours, clock
from lambda_function.services.practice.state import ClosedDays, Fields, Kind, OwnMessage, State

Document = dict[str, Any]


def practice_document(state: State) -> Document:
    """Returns every entry, in or out of use, by name in alphabetical order, and every key of it. Days are dates and
    prices are decimals, which JSON and YAML have to write as text.
    """
    return {kind.section: _section(kind, state.things[kind]) for kind in Kind}


def _section(kind: Kind, things: Mapping[str, Fields]) -> Document | list[str]:
    if kind is Kind.COUNTRY:
        return sorted(things)
    return {name: _entry(fields) for name, fields in sorted(things.items())}


def _entry(fields: Fields) -> Document:
    return {name: _declared(name, value) for name, value in fields.items()}


def _declared(name: str, value: Any) -> Any:
    match name, value:
        case "hours", _:
            return _hours(value)
        case "closures" | "messages", _:
            return [_entry_of_list(each) for each in value]
        case _, QuietHours():
            return {"from": clock(value.from_minute), "to": clock(value.to_minute)}
        case _, tuple():
            return list(value)
        case _, StrEnum():
            return value.value
        case _:
            return value


def _hours(week: Iterable[WeeklyHours]) -> list[Document]:
    """Returns the same hours on several weekdays as one entry."""
    weekdays = defaultdict(list)
    for each in week:
        weekdays[each.window, each.valid_from, each.valid_to].append(each.weekday)
    return [
        _given(
            weekdays=days, start=clock(window.start), end=clock(window.end), valid_from=valid_from, valid_to=valid_to
        )
        for (window, valid_from, valid_to), days in weekdays.items()
    ]


def _entry_of_list(each: ClosedDays | OwnMessage) -> Document:
    if isinstance(each, ClosedDays):
        return _given(first_day=each.first_day, last_day=each.last_day, reason=each.reason)
    return _given(**{name: _declared(name, value) for name, value in each._asdict().items()})


def _given(**values: Any) -> Document:
    """Returns an entry of a list, in which null and a key that is left out are the same."""
    return {name: value for name, value in values.items() if value is not None}
