"""Working hours as instants follow the clocks, both on the days on which these change and on all others."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_function.domain.intervals import GRID, Interval
from lambda_function.domain.time_zones import day_start
from lambda_function.domain.working_hours import (
    DAY_MINUTES,
    WeeklyHours,
    Window,
    WorkingTime,
    instants,
    merge,
    subtract,
)
from tests.profiles import examples
from tests.zones import ZONES, change_days, minute_of_day, zone_named

NEW_YORK = "America/New_York"
LONDON = "Europe/London"
SANTIAGO = "America/Santiago"
CAIRO = "Africa/Cairo"
LORD_HOWE = "Australia/Lord_Howe"
KATHMANDU = "Asia/Kathmandu"
DAY = timedelta(days=1)


def window(text: str) -> Window:
    """Returns the window of a text such as `22:00-06:00`."""
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return Window(start, end)


def utc(*texts: str) -> list[Interval]:
    """Returns the interval of a text such as `2027-03-14T05:00/09:30`. An end that is not later is on the next day."""
    intervals = []
    for text in texts:
        start, end = text.split("/")
        first = datetime.fromisoformat(start).replace(tzinfo=UTC)
        last = datetime.combine(first.date(), datetime.strptime(end, "%H:%M").time(), UTC)  # noqa: DTZ007 - a time
        intervals.append(Interval(first, last if last > first else last + DAY))
    return intervals


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (NEW_YORK, "2027-03-13", 6),
        (NEW_YORK, "2027-03-14", 5),
        (NEW_YORK, "2027-11-07", 7),
        (LONDON, "2027-03-28", 5),
        (LONDON, "2027-10-31", 7),
        (LORD_HOWE, "2027-10-03", 5.5),
        (LORD_HOWE, "2027-04-04", 6.5),
        (SANTIAGO, "2027-09-05", 5),
        (SANTIAGO, "2027-04-04", 6),
        (CAIRO, "2027-04-30", 5),
        (CAIRO, "2027-10-28", 6),
        (KATHMANDU, "2027-03-28", 6),
    ],
)
def test_midnight_to_six_is_as_long_as_the_clocks_make_it(zone: str, day: str, hours: float) -> None:
    found = instants(date.fromisoformat(day), window("00:00-06:00"), zone_named(zone))
    assert sum((part.end - part.start for part in found), timedelta()) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("zone", "day", "hours", "expected"),
    [
        (NEW_YORK, "2027-03-14", "00:00-06:00", utc("2027-03-14T05:00/10:00")),
        (NEW_YORK, "2027-03-14", "13:00-17:00", utc("2027-03-14T17:00/21:00")),
        (NEW_YORK, "2027-03-14", "02:15-03:15", utc("2027-03-14T07:00/07:15")),
        (NEW_YORK, "2027-11-07", "00:00-06:00", utc("2027-11-07T04:00/11:00")),
        (NEW_YORK, "2027-11-07", "13:00-17:00", utc("2027-11-07T18:00/22:00")),
        (NEW_YORK, "2027-03-13", "22:00-06:00", utc("2027-03-14T03:00/10:00")),
        (NEW_YORK, "2027-11-06", "22:00-06:00", utc("2027-11-07T02:00/11:00")),
        (LORD_HOWE, "2027-10-03", "02:00-03:00", utc("2027-10-02T15:30/16:00")),
        (SANTIAGO, "2027-09-05", "00:00-06:00", utc("2027-09-05T04:00/09:00")),
        (SANTIAGO, "2027-09-04", "22:00-02:00", utc("2027-09-05T02:00/05:00")),
        (CAIRO, "2027-04-30", "00:00-06:00", utc("2027-04-29T22:00/03:00")),
        (CAIRO, "2027-10-28", "22:00-24:00", utc("2027-10-28T19:00/22:00")),
        (KATHMANDU, "2027-03-28", "09:00-17:00", utc("2027-03-28T03:15/11:15")),
    ],
)
def test_a_window_begins_and_ends_when_the_clocks_say_so(
    zone: str, day: str, hours: str, expected: list[Interval]
) -> None:
    assert list(instants(date.fromisoformat(day), window(hours), zone_named(zone))) == expected


@pytest.mark.parametrize(
    ("zone", "day", "hours", "expected"),
    [
        (NEW_YORK, "2027-11-07", "01:15-01:45", utc("2027-11-07T05:15/05:45", "2027-11-07T06:15/06:45")),
        (NEW_YORK, "2027-11-07", "00:30-01:30", utc("2027-11-07T04:30/05:30", "2027-11-07T06:00/06:30")),
        (NEW_YORK, "2027-11-07", "01:30-02:30", utc("2027-11-07T05:30/06:00", "2027-11-07T06:30/07:30")),
        (SANTIAGO, "2027-04-03", "23:15-23:30", utc("2027-04-04T02:15/02:30", "2027-04-04T03:15/03:30")),
        (LORD_HOWE, "2027-04-04", "01:30-01:40", utc("2027-04-03T14:30/14:40", "2027-04-03T15:00/15:10")),
    ],
)
def test_hours_that_are_repeated_come_twice(zone: str, day: str, hours: str, expected: list[Interval]) -> None:
    assert list(instants(date.fromisoformat(day), window(hours), zone_named(zone))) == expected


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (NEW_YORK, "2027-03-14", "02:00-03:00"),
        (NEW_YORK, "2027-03-14", "02:10-02:20"),
        (SANTIAGO, "2027-09-05", "00:00-01:00"),
        (CAIRO, "2027-04-30", "00:00-00:30"),
        (LORD_HOWE, "2027-10-03", "02:00-02:30"),
    ],
)
def test_hours_that_are_skipped_do_not_come(zone: str, day: str, hours: str) -> None:
    assert instants(date.fromisoformat(day), window(hours), zone_named(zone)) == ()


def test_an_exception_opens_a_day_that_is_closed_otherwise() -> None:
    working_time = WorkingTime(exceptions={date(2027, 5, 2): [window("10:00-12:00")]})
    span = Interval(datetime(2027, 5, 1, tzinfo=UTC), datetime(2027, 5, 4, tzinfo=UTC))
    assert working_time.hours_within(span, zone_named(LONDON)) == utc("2027-05-02T09:00/11:00")


def test_an_exception_without_hours_closes_its_date() -> None:
    day = date(2027, 5, 3)
    working_time = WorkingTime(weekly=[WeeklyHours(1, window("10:00-12:00"))], exceptions={day: []})
    span = Interval(datetime(2027, 5, 1, tzinfo=UTC), datetime(2027, 5, 14, tzinfo=UTC))
    assert working_time.hours_within(span, zone_named(LONDON)) == utc("2027-05-10T09:00/11:00")


def test_night_hours_end_where_a_closure_begins() -> None:
    closed = date(2027, 5, 4)
    working_time = WorkingTime(weekly=[WeeklyHours(1, window("22:00-06:00"))], closures=[(closed, closed)])
    span = Interval(datetime(2027, 5, 3, tzinfo=UTC), datetime(2027, 5, 6, tzinfo=UTC))
    assert working_time.hours_within(span, zone_named(LONDON)) == utc("2027-05-03T21:00/23:00")


def test_hours_hold_from_the_first_to_the_last_day_of_their_validity() -> None:
    hours = WeeklyHours(1, window("10:00-12:00"), date(2027, 5, 3), date(2027, 5, 10))
    mondays = [date(2027, 4, 26) + number * 7 * DAY for number in range(4)]
    assert [hours.applies_on(monday) for monday in mondays] == [False, True, True, False]


minutes = st.integers(0, DAY_MINUTES // 5).map(lambda step: step * 5)
windows = st.builds(Window, minutes, minutes).filter(lambda drawn: not drawn.is_empty)


@st.composite
def openings_of_change_days(draw: st.DrawFn) -> tuple[str, date, WorkingTime]:
    """Draws a zone, one of its change days, and hours around it, which may overlap."""
    zone = draw(st.sampled_from(ZONES))
    day = draw(st.sampled_from(change_days(zone)))
    near = st.integers(-2, 2).map(lambda offset: day + offset * DAY)
    limit = st.none() | near
    weekly = st.builds(WeeklyHours, near.map(date.isoweekday), windows, limit, limit)
    closures = st.tuples(near, st.integers(0, 1)).map(lambda pair: (pair[0], pair[0] + pair[1] * DAY))
    working_time = WorkingTime(
        weekly=draw(st.lists(weekly, max_size=6)),
        exceptions=draw(st.dictionaries(near, st.lists(windows, max_size=2), max_size=2)),
        closures=draw(st.lists(closures, max_size=1)),
    )
    return zone, day, working_time


def windows_on(working_time: WorkingTime, day: date) -> Sequence[Window]:
    if day in working_time.exceptions:
        return working_time.exceptions[day]
    return [hours.window for hours in working_time.weekly if hours.applies_on(day)]


def works_at(instant: datetime, zone: str, working_time: WorkingTime) -> bool:
    """Decides by what the clock shows, independently of how `instants` does it."""
    shown, minute = minute_of_day(instant, zone)
    if any(first <= shown <= last for first, last in working_time.closures):
        return False
    return any(
        drawn.start <= minute + ago * DAY_MINUTES < drawn.start + drawn.length
        for ago in (0, 1)
        for drawn in windows_on(working_time, shown - ago * DAY)
    )


@settings(max_examples=examples(40, 1000))
@given(openings_of_change_days())
def test_an_instant_is_working_time_just_when_the_clock_shows_it(drawn: tuple[str, date, WorkingTime]) -> None:
    zone, day, working_time = drawn
    span = Interval(day_start(day - DAY, zone_named(zone)), day_start(day + 2 * DAY, zone_named(zone)))
    hours = working_time.hours_within(span, zone_named(zone))
    for instant in span.grid_slots():
        inside = any(part.start <= instant < part.end for part in hours)
        assert inside == works_at(instant, zone, working_time), instant


@given(openings_of_change_days(), st.integers(0, 500), st.integers(1, 300))
def test_a_part_of_the_time_has_the_hours_of_the_whole(
    drawn: tuple[str, date, WorkingTime], offset: int, length: int
) -> None:
    zone, day, working_time = drawn
    start = day_start(day - DAY, zone_named(zone)) + offset * GRID
    span = Interval(start, start + length * GRID)
    whole = working_time.hours_within(Interval(start - DAY, span.end + DAY), zone_named(zone))
    part = working_time.hours_within(span, zone_named(zone))
    assert [_within(hours, span) for hours in part] == [_within(hours, span) for hours in whole if hours.overlaps(span)]


def _within(hours: Interval, span: Interval) -> Interval:
    return Interval(max(hours.start, span.start), min(hours.end, span.end))


BASE = datetime(2027, 1, 1, tzinfo=UTC)
Steps = frozenset[datetime]
spans = st.builds(
    lambda start, length: Interval(BASE + start * GRID, BASE + (start + length) * GRID),
    st.integers(0, 40),
    st.integers(1, 12),
)


def covered(intervals: Sequence[Interval]) -> Steps:
    return frozenset(slot for interval in intervals for slot in interval.grid_slots())


@given(st.lists(spans))
def test_merging_keeps_the_time(intervals: list[Interval]) -> None:
    assert covered(merge(intervals)) == covered(intervals)


@given(st.lists(spans))
def test_what_is_merged_is_in_order_and_nothing_of_it_touches(intervals: list[Interval]) -> None:
    merged = merge(intervals)
    assert all(earlier.end < later.start for earlier, later in pairwise(merged))


@given(st.lists(spans), st.lists(spans))
def test_subtracting_leaves_the_time_that_is_not_taken(intervals: list[Interval], taken: list[Interval]) -> None:
    left = subtract(merge(intervals), taken)
    assert covered(left) == covered(intervals) - covered(taken)


@given(st.lists(spans), st.lists(spans))
def test_what_is_left_is_in_order_and_never_empty(intervals: list[Interval], taken: list[Interval]) -> None:
    left = subtract(merge(intervals), taken)
    assert all(part.start < part.end for part in left)
    assert all(earlier.end <= later.start for earlier, later in pairwise(left))
