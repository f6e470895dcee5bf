"""Visits outside working hours, compared with the clock minute by minute."""

import time
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_function.domain.intervals import GRID, Interval
from lambda_function.domain.outside_hours import outside_hours
from lambda_function.domain.time_zones import day_start
from lambda_function.domain.working_hours import WeeklyHours, Window, WorkingTime
from tests.profiles import examples
from tests.unit.domain.test_working_hours import LONDON, openings_of_change_days, windows, works_at
from tests.zones import ZONES, zone_named

DAY = timedelta(days=1)
BASE = datetime(2027, 1, 1, tzinfo=UTC)


@st.composite
def openings_of_ordinary_days(draw: st.DrawFn) -> tuple[str, date, WorkingTime]:
    """The same as openings_of_change_days, around any day."""
    day = draw(st.dates(date(2027, 1, 5), date(2028, 12, 20)))
    near = st.integers(-3, 3).map(lambda offset: day + offset * DAY)
    limit = st.none() | near
    weekly = st.builds(WeeklyHours, near.map(date.isoweekday), windows, limit, limit)
    working_time = WorkingTime(
        weekly=draw(st.lists(weekly, max_size=8)),
        exceptions=draw(st.dictionaries(near, st.lists(windows, max_size=2), max_size=2)),
        closures=draw(
            st.lists(st.tuples(near, st.integers(0, 2)).map(lambda p: (p[0], p[0] + p[1] * DAY)), max_size=2)
        ),
    )
    return draw(st.sampled_from(ZONES)), day, working_time


@settings(max_examples=examples(40, 1000))
@given(
    openings_of_change_days() | openings_of_ordinary_days(),
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 40)), max_size=20),
)
def test_a_visit_is_outside_just_when_some_of_it_is_no_working_time(
    drawn: tuple[str, date, WorkingTime], offsets: list[tuple[int, int]]
) -> None:
    zone, day, working_time = drawn
    start = day_start(day - DAY, zone_named(zone))
    visits = [Interval(start + first * GRID, start + (first + length) * GRID) for first, length in sorted(offsets)]
    assert outside_hours(visits, working_time, zone_named(zone)) == [
        number
        for number, visit in enumerate(visits)
        if not all(works_at(instant, zone, working_time) for instant in visit.grid_slots())
    ]


def test_hundreds_of_windows_and_years_of_visits_are_compared_in_one_walk() -> None:
    """982 visits and 196 windows once took 22 s, because each visit was compared with each window."""
    working_time = WorkingTime(
        weekly=[
            WeeklyHours(weekday, Window(start * 50, start * 50 + 10)) for weekday in range(1, 8) for start in range(28)
        ]
    )
    visits = [Interval(BASE + number * DAY, BASE + number * DAY + GRID) for number in range(982)]
    started = time.process_time()
    found = outside_hours(visits, working_time, zone_named(LONDON))
    assert time.process_time() - started < 0.3
    in_summer = [number for number, visit in enumerate(visits) if visit.start.astimezone(zone_named(LONDON)).hour]
    assert found == in_summer
