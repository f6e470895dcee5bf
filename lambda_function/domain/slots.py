"""Free starts, by arithmetic on whole days at once: time is a row of bits, one for each five minutes.

Bit i of a mask stands for the five minutes that begin i steps after the timeline's base. A start is possible when the
whole visit is in working hours, and doctor, patient and some chair are free for as long as it occupies them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambda_function.domain.appointment import Duration
from lambda_function.domain.intervals import GRID, Interval
from lambda_function.domain.working_hours import WorkingTime

_STEP_MINUTES = GRID // timedelta(minutes=1)
# No window of the days that a timeline touches begins longer before it.
_LONGEST_WINDOW = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Timeline:
    """`size` steps of the grid from `base`, which is on it."""

    base: datetime
    size: int

    @classmethod
    def around(cls, span: Interval) -> "Timeline":
        """The shortest that covers the span."""
        start = next(span.grid_slots())
        return cls(start, -((start - span.end) // GRID))

    @property
    def everything(self) -> int:
        return (1 << self.size) - 1

    def index(self, instant: datetime) -> int:
        """The step in which the instant lies."""
        return (instant - self.base) // GRID

    def instant(self, index: int) -> datetime:
        return self.base + index * GRID

    def inside(self, interval: Interval) -> int:
        """The steps that lie wholly in the interval."""
        return self._mask(-((self.base - interval.start) // GRID), self.index(interval.end))

    def touched(self, interval: Interval) -> int:
        """The steps that the interval touches."""
        return self._mask(self.index(interval.start), -((self.base - interval.end) // GRID))

    def minutes(self, start: int, end: int) -> int:
        """Does the same as `touched`, from minutes counted from the base."""
        return self._mask(start // _STEP_MINUTES, -(-end // _STEP_MINUTES))

    def beginning_in(self, interval: Interval) -> int:
        """The steps whose first instant lies in the interval."""
        return self._mask(-((self.base - interval.start) // GRID), -((self.base - interval.end) // GRID))

    @property
    def span(self) -> Interval:
        return Interval(self.base, self.instant(self.size))

    def _mask(self, first: int, after: int) -> int:
        first, after = max(first, 0), min(after, self.size)
        return ((1 << (after - first)) - 1) << first if first < after else 0


def union(masks: Iterable[int]) -> int:
    """The steps that are in any of them."""
    joined = 0
    for mask in masks:
        joined |= mask
    return joined


def runs(free: int, length: int) -> int:
    """The steps from which `length` free ones follow. Doubles the length it has looked at, so takes log(length)."""
    found, looked = free, 1
    while looked < length:
        step = min(looked, length - looked)
        found &= found >> step
        looked += step
    return found


def bits(mask: int) -> Iterator[int]:
    """The indexes of the bits that are set, in order."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def occupied_starts(free: int, duration: Duration) -> int:
    """The starts for which a doctor or a chair is free, buffers included."""
    before = duration.buffer_before // GRID
    length = before + (duration.visit + duration.buffer_after) // GRID
    return runs(free, length) << before


def visit_starts(free: int, visit: timedelta) -> int:
    """The starts for which the visit itself fits."""
    return runs(free, visit // GRID)


def chair_starts(timeline: Timeline, chairs: Sequence[int], duration: Duration) -> int:
    """The starts for which one of the chairs, given as masks of free time, is free; a clinic without chairs needs
    none.
    """
    if not chairs:
        return timeline.everything
    return union(occupied_starts(free, duration) for free in chairs)


def margin(duration: Duration) -> timedelta:
    """How far around a start a timeline must reach for its answers to be right."""
    return duration.buffer_before + duration.visit + duration.buffer_after + GRID


class WorkingStarts(NamedTuple):
    """The starts whose visit lies in working hours, whose visit no time off touches, and that are on the slot step."""

    in_hours: int
    present: int
    on_step: int


def working_starts(
    timeline: Timeline, working_time: WorkingTime, zone: ZoneInfo, visit: timedelta, step_minutes: int
) -> WorkingStarts:
    """What the doctor's working time allows. Windows begin and end on the grid, so those that touch need no merging."""
    windows = working_time.windows_within(timeline.span, zone)
    working, on_step = window_masks(timeline, windows, step_minutes)
    closed = union(map(timeline.touched, working_time.closed_within(timeline.span, zone)))
    away = union(map(timeline.touched, working_time.time_off))
    return WorkingStarts(
        visit_starts(working & ~closed, visit), visit_starts(timeline.everything & ~away, visit), on_step
    )


def window_masks(timeline: Timeline, windows: Iterable[Sequence[Interval]], step_minutes: int) -> tuple[int, int]:
    """The steps that lie in any of the windows, and of these the starts, which are whole slot steps of elapsed time
    after the first instant of a window. Where clocks change, a window has several parts, and what lies between them is
    counted as well.
    """
    working = starts = 0
    base, slot_step = timeline.base - _LONGEST_WINDOW, step_minutes // _STEP_MINUTES
    for parts in windows:
        first = (parts[0].start - base) // GRID
        length = (parts[-1].end - base) // GRID - first
        inside, counted = _every(1, length) << first, _every(slot_step, length) << first
        for before, after in pairwise(parts):
            inside &= ~(_every(1, (after.start - before.end) // GRID) << (before.end - base) // GRID)
        working |= inside
        starts |= inside & counted
    ahead = _LONGEST_WINDOW // GRID
    return working >> ahead & timeline.everything, starts >> ahead & timeline.everything


@lru_cache(maxsize=1024)
def _every(step: int, length: int) -> int:
    """Every so many of this many bits, from the first."""
    return sum(1 << number for number in range(0, length, step))
