"""Arithmetic on rows of bits gives the same result as loops over five minutes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.appointment import Duration
from lambda_function.domain.intervals import GRID, Interval
from lambda_function.domain.slots import (
    Timeline,
    bits,
    chair_starts,
    margin,
    occupied_starts,
    runs,
    step_mask,
    union,
    visit_starts,
    working_starts,
)
from lambda_function.domain.working_hours import WeeklyHours, Window, WorkingTime
from tests.zones import ZONES, change_days, minute_of_day, zone_named

SIZE = 60
BASE = datetime(2027, 3, 14, 4, 0, tzinfo=UTC)
LINE = Timeline(BASE, SIZE)
MINUTE = timedelta(minutes=1)

masks = st.integers(0, (1 << SIZE) - 1)
spans = st.builds(
    lambda start, length: Interval(BASE + start * MINUTE, BASE + (start + length) * MINUTE),
    st.integers(-60, SIZE * 5 + 60),
    st.integers(1, 200),
)
durations = st.builds(
    lambda visit, before, after: Duration(visit * GRID, before * GRID, after * GRID),
    st.integers(1, 12),
    st.integers(0, 6),
    st.integers(0, 6),
)


def naive(mask: int) -> list[int]:
    return [index for index, bit in enumerate(reversed(f"{mask:b}")) if bit == "1"]


def step(index: int) -> Interval:
    return Interval(BASE + index * GRID, BASE + (index + 1) * GRID)


def is_free(free: int, start: int, length: int) -> bool:
    return start >= 0 and all(free >> index & 1 for index in range(start, start + length))


@given(masks)
def test_bits_are_the_indexes_of_the_ones_in_order(mask: int) -> None:
    assert list(bits(mask)) == naive(mask)


@given(masks, st.integers(1, SIZE + 5))
def test_a_run_begins_wherever_enough_free_steps_follow(mask: int, length: int) -> None:
    assert naive(runs(mask, length)) == [index for index in range(SIZE) if is_free(mask, index, length)]


@given(spans)
def test_what_is_inside_lies_wholly_in_the_interval(span: Interval) -> None:
    expected = [index for index in range(SIZE) if span.start <= step(index).start and step(index).end <= span.end]
    assert naive(LINE.inside(span)) == expected


@given(spans)
def test_what_is_touched_shares_time_with_the_interval(span: Interval) -> None:
    assert naive(LINE.touched(span)) == [index for index in range(SIZE) if step(index).overlaps(span)]


@given(spans)
def test_minutes_from_the_base_say_what_instants_say(span: Interval) -> None:
    start, end = ((instant - BASE) // MINUTE for instant in (span.start, span.end))
    assert LINE.minutes(start, end) == LINE.touched(span)


@given(spans)
def test_what_begins_in_an_interval_has_its_first_instant_there(span: Interval) -> None:
    expected = [index for index in range(SIZE) if span.start <= step(index).start < span.end]
    assert naive(LINE.beginning_in(span)) == expected


@given(spans)
def test_the_shortest_timeline_covers_its_span(span: Interval) -> None:
    line = Timeline.around(span)
    assert line.span.start <= span.start < line.span.start + GRID
    assert line.span.end - GRID < span.end <= line.span.end


@given(st.lists(masks))
def test_a_union_has_what_any_of_its_parts_has(parts: list[int]) -> None:
    assert set(bits(union(parts))) == {index for part in parts for index in bits(part)}


@given(masks, durations)
def test_a_start_needs_the_visit_and_both_buffers_free(free: int, duration: Duration) -> None:
    before = duration.buffer_before // GRID
    length = (duration.buffer_before + duration.visit + duration.buffer_after) // GRID
    expected = [start for start in range(SIZE) if is_free(free, start - before, length)]
    assert naive(occupied_starts(free, duration)) == expected


@given(masks, durations)
def test_a_patient_needs_only_the_visit_free(free: int, duration: Duration) -> None:
    length = duration.visit // GRID
    assert naive(visit_starts(free, duration.visit)) == [start for start in range(SIZE) if is_free(free, start, length)]


@given(st.lists(masks, min_size=1, max_size=3), durations)
def test_one_chair_has_to_be_free_for_the_whole_visit(chairs: list[int], duration: Duration) -> None:
    expected = {start for free in chairs for start in naive(occupied_starts(free, duration))}
    assert set(naive(chair_starts(LINE, chairs, duration))) == expected


def test_two_chairs_that_are_free_for_half_the_visit_each_are_no_chair() -> None:
    duration = Duration(2 * GRID, timedelta(0), timedelta(0))
    assert chair_starts(Timeline(BASE, 2), [0b01, 0b10], duration) == 0


def test_a_clinic_without_chairs_needs_none() -> None:
    assert chair_starts(LINE, [], Duration(GRID, GRID, GRID)) == LINE.everything


@given(durations)
def test_the_margin_reaches_over_all_that_a_start_depends_on(duration: Duration) -> None:
    occupied = duration.occupied_from(BASE)
    assert BASE - margin(duration) <= occupied.start
    assert occupied.end <= BASE + margin(duration)


def test_a_visit_may_fill_the_hours_but_not_stand_over_them() -> None:
    working_time = WorkingTime(weekly=[WeeklyHours(7, Window(0, 60))])
    line = Timeline(datetime(2027, 5, 2, tzinfo=UTC), 24)
    hours, present = working_starts(line, working_time, zone_named("UTC"), timedelta(minutes=50))
    assert naive(hours) == [0, 1, 2]
    assert naive(present) == list(range(24 - 9))


def test_time_off_that_touches_a_visit_by_a_minute_is_in_its_way() -> None:
    start = datetime(2027, 5, 2, tzinfo=UTC)
    time_off = Interval(start + 34 * MINUTE, start + 36 * MINUTE)
    _, present = working_starts(Timeline(start, 12), WorkingTime(time_off=[time_off]), zone_named("UTC"), 2 * GRID)
    assert naive(present) == [0, 1, 2, 3, 4, 8, 9, 10]


@st.composite
def days_of_change(draw: st.DrawFn) -> tuple[str, date]:
    zone = draw(st.sampled_from(ZONES))
    return zone, draw(st.sampled_from(change_days(zone)))


@given(days_of_change(), st.integers(1, 288).map(lambda steps: steps * 5), st.integers(-400, 200), st.integers(1, 700))
def test_the_slot_step_counts_from_midnight_as_the_clocks_show_it(
    drawn: tuple[str, date], step_minutes: int, offset: int, size: int
) -> None:
    zone, day = drawn
    line = Timeline(datetime.combine(day, datetime.min.time(), UTC) + offset * GRID, size)
    expected = [index for index in range(size) if minute_of_day(line.instant(index), zone)[1] % step_minutes == 0]
    assert naive(step_mask(line, zone_named(zone), step_minutes)) == expected


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("America/New_York", "2027-03-14", 23),
        ("America/New_York", "2027-11-07", 25),
        ("Australia/Lord_Howe", "2027-10-03", 23),
        ("Australia/Lord_Howe", "2027-04-04", 24),
        ("America/Santiago", "2027-09-05", 23),
        ("Africa/Cairo", "2027-04-30", 23),
        ("Asia/Kathmandu", "2027-03-28", 24),
    ],
)
def test_a_day_has_a_start_for_each_full_hour_that_its_clocks_show(zone: str, day: str, starts: int) -> None:
    whole = date.fromisoformat(day)
    line = Timeline(datetime.combine(whole, datetime.min.time(), UTC) - timedelta(days=1), 3 * 288)
    found = [line.instant(index) for index in bits(step_mask(line, zone_named(zone), 60))]
    assert sum(minute_of_day(instant, zone)[0] == whole for instant in found) == starts
