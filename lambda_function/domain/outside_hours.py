"""Which of many visits lie outside working time, in time that grows with the sum of visits and windows."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from lambda_function.domain.intervals import Interval
from lambda_function.domain.working_hours import DAY_MINUTES, WeeklyHours, Window, WorkingTime

_DAY = timedelta(days=1)
# Around a visit: night hours begin a day before it, and no window is further from its date than a day.
_AROUND = timedelta(days=3)
_MINUTE = timedelta(minutes=1)

Minutes = tuple[int, int]
_Point = TypeVar("_Point", int, date)


def outside_hours(visits: Iterable[Interval], working_time: WorkingTime, zone: ZoneInfo) -> list[int]:
    """The positions of the visits that do not lie in working time, time off not counted. No visit is longer than a day.

    Where the clocks do not change near a visit, it is compared with what the clinic's clock shows, by windows that are
    merged once for all days that have the same ones; near a change of clocks, with `WorkingTime.hours_within`.
    """
    days = _WorkingDays(working_time)
    return [number for number, visit in enumerate(visits) if not _is_inside(visit, days, zone)]


def _is_inside(visit: Interval, days: "_WorkingDays", zone: ZoneInfo) -> bool:
    local = visit.start.astimezone(zone)
    offset = local.utcoffset() or timedelta(0)
    steady = offset == _offset(visit.start - _AROUND, zone) == _offset(visit.end + _AROUND, zone)
    if not steady or offset % _MINUTE or visit.end - visit.start > _DAY:
        working = days.working_time.hours_within(visit, zone)
        return any(hours.start <= visit.start and visit.end <= hours.end for hours in working)
    midnight = datetime.combine(local.date(), datetime.min.time(), UTC) - offset
    start, end = (visit.start - midnight) / _MINUTE, (visit.end - midnight) / _MINUTE
    return days.hold(local.date(), start, end)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


@dataclass(slots=True)
class _WorkingDays:
    """Working time, arranged so that many days can be looked up."""

    working_time: WorkingTime
    _closed: list[tuple[date, date]] = field(default_factory=list)
    _seasons: list[date] = field(default_factory=list)
    _of_weekday: dict[int, list[WeeklyHours]] = field(default_factory=dict)
    _windows: dict[Hashable, Sequence[Window]] = field(default_factory=dict)
    _stretches: dict[Hashable, list[Minutes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._closed = _merged(self.working_time.closures)
        for hours in self.working_time.weekly:
            self._of_weekday.setdefault(hours.weekday, []).append(hours)
        # Between two of these dates the same entries are valid.
        weekly = self.working_time.weekly
        begins = {hours.valid_from for hours in weekly if hours.valid_from}
        ends = {hours.valid_to + _DAY for hours in weekly if hours.valid_to and hours.valid_to < date.max}
        self._seasons = sorted(begins | ends)

    def hold(self, day: date, start: float, end: float) -> bool:
        """Whether all the time from one minute to the other, counted from the midnight of `day`, is working time."""
        last = day + _DAY if end > DAY_MINUTES else day
        place = bisect_right(self._closed, (last, date.max))
        if place > 0 and self._closed[place - 1][1] >= day:
            return False
        days = (day - _DAY, day, day + _DAY)
        keys = tuple(map(self._key, days))
        stretch = self._stretches.get(keys)
        if stretch is None:
            minutes = [
                (shift + window.start, shift + window.start + window.length)
                for each, key, shift in zip(days, keys, (-DAY_MINUTES, 0, DAY_MINUTES), strict=True)
                for window in self._windows_on(each, key)
            ]
            stretch = self._stretches[keys] = _merged(minutes)
        place = bisect_right(stretch, (start, float("inf")))
        return place > 0 and stretch[place - 1][1] >= end

    def _key(self, day: date) -> Hashable:
        """A key that is equal for days that have the same windows."""
        if day in self.working_time.exceptions:
            return day
        return day.isoweekday(), bisect_right(self._seasons, day)

    def _windows_on(self, day: date, key: Hashable) -> Sequence[Window]:
        if day in self.working_time.exceptions:
            return self.working_time.exceptions[day]
        if key not in self._windows:
            entries = self._of_weekday.get(day.isoweekday(), ())
            self._windows[key] = [hours.window for hours in entries if hours.applies_on(day)]
        return self._windows[key]


def _merged(spans: Iterable[tuple[_Point, _Point]]) -> list[tuple[_Point, _Point]]:
    """The spans in order and without overlaps; spans that touch become one."""
    merged: list[tuple[_Point, _Point]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
