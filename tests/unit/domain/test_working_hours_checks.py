"""Hours as people enter them: what is refused, and which place the refusal names."""

import time
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.working_hours import DAY_MINUTES, WeeklyHours, Window, check_week, check_windows
from tests.profiles import examples
from tests.unit.domain.test_working_hours import window, windows

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "hours",
    [
        [],
        ["09:00-12:00", "13:00-17:00"],
        ["13:00-17:00", "09:00-12:00"],
        ["09:00-12:00", "12:00-13:00"],
        ["22:00-06:00", "08:00-12:00"],
        ["00:00-24:00"],
        ["09:00-00:00"],
    ],
    ids=str,
)
def test_hours_of_a_day_that_do_not_overlap_are_taken(hours: list[str]) -> None:
    check_windows([window(text) for text in hours], "hours")
    check_week([WeeklyHours(3, window(text)) for text in hours], "hours")


@pytest.mark.parametrize(
    "hours",
    [
        ["09:00-12:00", "11:55-13:00"],
        ["09:00-12:00", "09:00-12:00"],
        ["09:00-17:00", "10:00-11:00"],
        ["22:00-06:00", "23:00-23:30"],
        ["22:00-06:00", "20:00-22:05"],
    ],
    ids=str,
)
def test_hours_of_a_day_that_overlap_are_refused(hours: list[str]) -> None:
    with pytest.raises(InvalidInputError) as of_day:
        check_windows([window(text) for text in hours], "hours")
    assert of_day.value.field == "hours"
    with pytest.raises(InvalidInputError) as of_week:
        check_week([WeeklyHours(3, window(text)) for text in hours], "hours")
    assert of_week.value.field == "hours.1"


def test_hours_without_a_length_are_refused_by_their_place() -> None:
    hours = [window("09:00-10:00"), window("12:00-12:00")]
    with pytest.raises(InvalidInputError) as of_day:
        check_windows(hours, "hours")
    assert of_day.value.field == "hours.1"
    with pytest.raises(InvalidInputError) as of_week:
        check_week([WeeklyHours(weekday, drawn) for weekday, drawn in enumerate(hours, 1)], "hours")
    assert of_week.value.field == "hours.1"


def test_a_validity_that_ends_before_it_begins_is_refused() -> None:
    hours = WeeklyHours(1, window("09:00-10:00"), date(2027, 1, 2), date(2027, 1, 1))
    with pytest.raises(InvalidInputError) as refusal:
        check_week([hours], "hours")
    assert refusal.value.field == "hours.0.valid_to"


def test_sunday_night_may_not_reach_into_mondays_hours() -> None:
    with pytest.raises(InvalidInputError):
        check_week([WeeklyHours(7, window("22:00-06:00")), WeeklyHours(1, window("05:55-12:00"))], "hours")


def test_sunday_night_may_reach_up_to_mondays_hours() -> None:
    check_week([WeeklyHours(7, window("22:00-06:00")), WeeklyHours(1, window("06:00-12:00"))], "hours")


def test_the_same_hours_in_two_seasons_do_not_overlap() -> None:
    hours = window("09:00-17:00")
    check_week(
        [WeeklyHours(1, hours, None, date(2027, 5, 31)), WeeklyHours(1, hours, date(2027, 6, 1), None)],
        "hours",
    )


def test_the_same_hours_in_seasons_that_share_a_day_overlap() -> None:
    hours = window("09:00-17:00")
    week = [WeeklyHours(1, hours, None, date(2027, 5, 31)), WeeklyHours(1, hours, date(2027, 5, 31), None)]
    with pytest.raises(InvalidInputError):
        check_week(week, "hours")


week_hours = st.builds(WeeklyHours, st.integers(1, 7), windows)
seasons = st.integers(0, 6).map(lambda months: date(2027, 1 + months, 1))


@st.composite
def valid_hours(draw: st.DrawFn) -> WeeklyHours:
    first, last = draw(st.none() | seasons), draw(st.none() | seasons)
    if first and last and first > last:
        first, last = last, first
    return WeeklyHours(draw(st.integers(1, 7)), draw(windows), first, last)


def collide(one: WeeklyHours, other: WeeklyHours) -> bool:
    """Compares pair by pair and minute by minute."""
    apart = (one.valid_from or date.min) > (other.valid_to or date.max) or (other.valid_from or date.min) > (
        one.valid_to or date.max
    )
    steps, other_steps = (
        {
            ((hours.weekday * DAY_MINUTES + hours.window.start + offset) // 5) % (7 * DAY_MINUTES // 5)
            for offset in range(0, hours.window.length, 5)
        }
        for hours in (one, other)
    )
    return not apart and bool(steps & other_steps)


@settings(max_examples=examples(200, 2000))
@given(st.lists(valid_hours(), max_size=8))
def test_the_first_hours_that_collide_with_earlier_ones_are_named(week: list[WeeklyHours]) -> None:
    colliding = [number for number, hours in enumerate(week) if any(collide(hours, other) for other in week[:number])]
    if not colliding:
        check_week(week, "hours")
        return
    with pytest.raises(InvalidInputError) as refusal:
        check_week(week, "hours")
    assert refusal.value.field == f"hours.{colliding[0]}"


def test_a_long_week_is_checked_as_fast_as_it_is_sorted() -> None:
    """A practice file may give a doctor 1,400 entries, which are a million pairs."""
    seasons = [date(2030, 1, 1) + 2 * number * DAY for number in range(200)]
    week = [
        WeeklyHours(weekday, Window(0, 0 + DAY_MINUTES), first, first + DAY)
        for first in seasons
        for weekday in range(1, 8)
    ]
    started = time.process_time()
    check_week(week, "hours")
    with pytest.raises(InvalidInputError) as refusal:
        check_week([*week, week[700]], "hours")
    assert time.process_time() - started < 0.5
    assert refusal.value.field == "hours.1400"


@given(st.lists(week_hours, max_size=5))
def test_a_week_is_refused_just_when_two_of_its_hours_share_five_minutes(week: list[WeeklyHours]) -> None:
    steps = [
        (hours.weekday * DAY_MINUTES + hours.window.start + offset) % (7 * DAY_MINUTES)
        for hours in week
        for offset in range(0, hours.window.length, 5)
    ]
    try:
        check_week(week, "hours")
    except InvalidInputError:
        assert len(set(steps)) < len(steps)
    else:
        assert len(set(steps)) == len(steps)
