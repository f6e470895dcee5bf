"""When a doctor works: weekly hours, exceptions of one date, closures of the clinic, time off.

Hours are what the clinic's clocks show. A doctor works at every instant whose local time lies in a window: where clocks
are put back, a window over the repeated hour comes twice; where they are put forward, it is that much shorter.
Nothing has to be guessed.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.time_zones import days_interval

# The short names of weekday 1 to weekday 7.
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
_MINUTE = timedelta(minutes=1)
# No zone is further from UTC than this.
_FURTHEST = timedelta(hours=15)


def clock(minute: int) -> str:
    """The time of day that is this many minutes after midnight, such as 09:05; 24:00 is the end of the day."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Working time of one local day, in minutes from its midnight. An end at or before the start is the next day's."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start if self.end > self.start else self.end - self.start + DAY_MINUTES

    @property
    def is_empty(self) -> bool:
        """Whether the window goes from a time to itself; a whole day is 00:00 to 24:00."""
        return self.start == self.end or self.length == 0


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """`weekday` is 1 for Monday to 7 for Sunday; both dates are included, None is without a limit."""

    weekday: int
    window: Window
    valid_from: date | None = None
    valid_to: date | None = None

    def applies_on(self, day: date) -> bool:
        return (
            day.isoweekday() == self.weekday
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """All that decides when one doctor works. An exception replaces the weekly hours of its date; closures are
    (first day, last day) of the clinic's calendar; time off is in instants.
    """

    weekly: Sequence[WeeklyHours] = ()
    exceptions: Mapping[date, Sequence[Window]] = field(default_factory=dict)
    closures: Sequence[tuple[date, date]] = ()
    time_off: Sequence[Interval] = ()

    def windows_within(self, span: Interval, zone: ZoneInfo) -> list[tuple[Interval, ...]]:
        """The declared windows of the days that `span` touches, each as `instants` gives it. Neither closures nor
        time off are counted.
        """
        first, last = self._days(span, zone)
        of_weekday: dict[int, list[WeeklyHours]] = defaultdict(list)
        for hours in self.weekly:
            of_weekday[hours.weekday].append(hours)
        found: list[tuple[Interval, ...]] = []
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            windows = self.exceptions.get(day)
            if windows is None:
                windows = [hours.window for hours in of_weekday[day.isoweekday()] if hours.applies_on(day)]
            found += [instants(day, window, zone) for window in windows]
        # Clocks may leave out a whole window.
        return [parts for parts in found if parts]

    def closed_within(self, span: Interval, zone: ZoneInfo) -> list[Interval]:
        """The closures that touch the same days."""
        if not self.closures:
            return []
        first, last = self._days(span, zone)
        return [
            days_interval(first_day, last_day, zone)
            for first_day, last_day in self.closures
            if first_day <= last and last_day >= first
        ]

    def hours_within(self, span: Interval, zone: ZoneInfo) -> list[Interval]:
        """The working time that touches `span`, in order and merged, time off not counted."""
        working = merge(part for window in self.windows_within(span, zone) for part in window)
        return [interval for interval in subtract(working, self.closed_within(span, zone)) if interval.overlaps(span)]

    @staticmethod
    def _days(span: Interval, zone: ZoneInfo) -> tuple[date, date]:
        """The local dates whose windows may reach into the span: night hours begin a day before."""
        return span.start.astimezone(zone).date() - timedelta(days=1), span.end.astimezone(zone).date()


@lru_cache(maxsize=4096)
def instants(day: date, window: Window, zone: ZoneInfo) -> tuple[Interval, ...]:
    """The instants at which the clocks of `zone` show the window of that date: one interval, or two at a change."""
    midnight = datetime.combine(day, time(), UTC)
    start = midnight + window.start * _MINUTE
    end = start + window.length * _MINUTE
    before, after = _offset(start - _FURTHEST, zone), _offset(end + _FURTHEST, zone)
    if before == after:
        return (Interval(start - before, end - before),)
    change = _change(start - _FURTHEST, end + _FURTHEST, zone)
    parts = (
        Interval(start - before, min(end - before, change)),
        Interval(max(start - after, change), end - after),
    )
    return tuple(merge(part for part in parts if part.start < part.end))


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    return offset or timedelta(0)


def _change(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """The instant in (start, end] at which the offset becomes the later one."""
    later = _offset(end, zone)
    minutes = bisect_left(
        range((end - start) // _MINUTE), True, key=lambda minute: _offset(start + minute * _MINUTE, zone) == later
    )
    return start + minutes * _MINUTE


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in order, without overlaps; what touches becomes one."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda interval: interval.start):
        if merged and interval.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return merged


def subtract(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """The parts of merged intervals that no hole covers. Walks along both once."""
    holes = merge(taken)
    left = []
    position = 0
    for interval in intervals:
        start = interval.start
        while position < len(holes) and holes[position].end <= start:
            position += 1
        # A hole that reaches beyond this interval is met again by the next one.
        ahead = position
        while ahead < len(holes) and holes[ahead].start < interval.end:
            if start < holes[ahead].start:
                left.append(Interval(start, holes[ahead].start))
            start = holes[ahead].end
            ahead += 1
        position = max(position, ahead - 1)
        if start < interval.end:
            left.append(Interval(start, interval.end))
    return left


def check_windows(windows: Sequence[Window], field_name: str) -> None:
    """Raises InvalidInputError for windows of one day without a length or over one another."""
    for number, window in enumerate(windows):
        if window.is_empty:
            raise InvalidInputError("The start and end of these hours must differ.", field=f"{field_name}.{number}")
    ordered = sorted(windows)
    for earlier, later in pairwise(ordered):
        if earlier.start + earlier.length > later.start:
            raise InvalidInputError("These hours overlap. Change one of them.", field=field_name)


def check_week(week: Sequence[WeeklyHours], field_name: str) -> None:
    """Does what check_windows does for a whole week: night hours reach into the next day, and Sunday's into Monday."""
    for number, hours in enumerate(week):
        if hours.window.is_empty:
            raise InvalidInputError("The start and end of these hours must differ.", field=f"{field_name}.{number}")
        if hours.valid_from and hours.valid_to and hours.valid_from > hours.valid_to:
            raise InvalidInputError(
                "`valid_to` must not be before `valid_from`.", field=f"{field_name}.{number}.valid_to"
            )
    if _collide(week):
        # The first that meets one before it: found by halves, since whatever meets in a part meets in the whole.
        number = bisect_left(range(len(week)), True, key=lambda last: _collide(week[: last + 1]))
        raise InvalidInputError("These hours overlap. Change one of them.", field=f"{field_name}.{number}")


def _collide(week: Sequence[WeeklyHours]) -> bool:
    """Whether any two entries are valid on the same day of a week and share time of it.

    Walks through the minutes of the week. As long as nothing has collided, the validities of the entries that hold at
    one minute are apart, so a new one has to be compared with its two neighbours only.
    """
    valid: list[tuple[date, date]] = []
    for _minute, begins, validity in sorted(_bounds(week)):
        place = bisect_left(valid, validity)
        if not begins:
            del valid[place]
            continue
        if place < len(valid) and valid[place][0] <= validity[1]:
            return True
        if place > 0 and valid[place - 1][1] >= validity[0]:
            return True
        valid.insert(place, validity)
    return False


def _bounds(week: Sequence[WeeklyHours]) -> Iterator[tuple[int, bool, tuple[date, date]]]:
    """Where in the week each entry begins and ends, with its validity; at one minute, ends come before beginnings. What
    reaches beyond Sunday goes on at the week's beginning.
    """
    for hours in week:
        validity = (hours.valid_from or date.min, hours.valid_to or date.max)
        start = ((hours.weekday - 1) * DAY_MINUTES + hours.window.start) % WEEK_MINUTES
        end = start + hours.window.length
        for first, last in ((start, min(end, WEEK_MINUTES)), (0, end - WEEK_MINUTES)):
            if first < last:
                yield first, True, validity
                yield last, False, validity
