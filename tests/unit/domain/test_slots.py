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
    union,
    visit_starts,
    window_masks,
    working_starts,
)
from lambda_function.domain.working_hours import WeeklyHours, Window, WorkingTime, instants
from tests.zones import ZONES, change_days, counted_starts, zone_named

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
    starts = working_starts(line, working_time, zone_named("UTC"), timedelta(minutes=50), 5)
    assert naive(starts.in_hours) == [0, 1, 2]
    assert naive(starts.present) == list(range(24 - 9))
    assert naive(starts.on_step) == list(range(12))


def test_windows_that_touch_are_one_time_of_work_with_two_counts_of_starts() -> None:
    windows = (Window(0, 25), Window(25, 60))
    working_time = WorkingTime(exceptions={date(2027, 5, 2): windows})
    line = Timeline(datetime(2027, 5, 2, tzinfo=UTC), 24)
    starts = working_starts(line, working_time, zone_named("UTC"), timedelta(minutes=15), 20)
    assert naive(starts.in_hours) == list(range(10))
    assert naive(starts.on_step) == [0, 4, 5, 9]  # 00:00 and 00:20; 00:25 and 00:45


def test_neither_time_off_nor_a_closure_begins_a_new_count() -> None:
    night = WeeklyHours(6, Window(22 * 60 + 10, 60))
    time_off = Interval(datetime(2027, 5, 2, 0, 0, tzinfo=UTC), datetime(2027, 5, 2, 0, 15, tzinfo=UTC))
    closed = (date(2027, 5, 1), date(2027, 5, 1))
    line = Timeline(datetime(2027, 5, 2, tzinfo=UTC), 12)
    for working_time in (WorkingTime([night], time_off=[time_off]), WorkingTime([night], closures=[closed])):
        starts = working_starts(line, working_time, zone_named("UTC"), GRID, 60)
        assert naive(starts.on_step) == [2]  # 00:10, two hours after the window began


def test_time_off_that_touches_a_visit_by_a_minute_is_in_its_way() -> None:
    start = datetime(2027, 5, 2, tzinfo=UTC)
    time_off = Interval(start + 34 * MINUTE, start + 36 * MINUTE)
    starts = working_starts(Timeline(start, 12), WorkingTime(time_off=[time_off]), zone_named("UTC"), 2 * GRID, 5)
    assert naive(starts.present) == [0, 1, 2, 3, 4, 8, 9, 10]


@st.composite
def days_of_change(draw: st.DrawFn) -> tuple[str, date]:
    zone = draw(st.sampled_from(ZONES))
    return zone, draw(st.sampled_from(change_days(zone)))


_minutes = st.integers(0, 288).map(lambda steps: steps * 5)
_windows = st.builds(Window, _minutes, _minutes).filter(lambda window: not window.is_empty)


@given(
    days_of_change(),
    st.lists(_windows, max_size=3),
    st.integers(1, 288).map(lambda steps: steps * 5),
    st.integers(-400, 200),
    st.integers(1, 700),
)
def test_the_slot_step_counts_elapsed_minutes_from_the_first_instant_of_each_window(
    drawn: tuple[str, date], windows: list[Window], step_minutes: int, offset: int, size: int
) -> None:
    zone, day = drawn
    line = Timeline(datetime.combine(day, datetime.min.time(), UTC) + offset * GRID, size)
    expected = {
        line.index(start)
        for window in windows
        for start in counted_starts(day, window, zone, step_minutes)
        if 0 <= line.index(start) < size
    }
    declared = [parts for window in windows if (parts := instants(day, window, zone_named(zone)))]
    assert set(naive(window_masks(line, declared, step_minutes)[1])) == expected


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("America/New_York", "2027-03-14", 23),
        ("America/New_York", "2027-11-07", 25),
        ("Australia/Lord_Howe", "2027-10-03", 24),  # the last of them half an hour before midnight
        ("Australia/Lord_Howe", "2027-04-04", 25),
        ("America/Santiago", "2027-09-05", 23),
        ("Africa/Cairo", "2027-04-30", 23),
        ("Asia/Kathmandu", "2027-03-28", 24),
    ],
)
def test_a_whole_day_has_a_start_for_each_hour_that_begins_in_it(zone: str, day: str, starts: int) -> None:
    whole = date.fromisoformat(day)
    line = Timeline(datetime.combine(whole, datetime.min.time(), UTC) - timedelta(days=1), 3 * 288)
    _, found = window_masks(line, [instants(whole, Window(0, 1440), zone_named(zone))], 60)
    assert found.bit_count() == starts


def test_a_window_of_half_an_hour_past_begins_with_its_own_start() -> None:
    line = Timeline(datetime(2027, 5, 2, 12, 0, tzinfo=UTC), 24)
    _, found = window_masks(line, [instants(date(2027, 5, 2), Window(750, 810), zone_named("UTC"))], 20)
    assert [line.instant(index).strftime("%H:%M") for index in bits(found)] == ["12:30", "12:50", "13:10"]
