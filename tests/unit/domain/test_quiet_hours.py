"""Quiet hours on the nights on which clocks change, and on all others. The zones are those of the pinned tzdata
package.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.intervals import Interval
from lambda_function.domain.quiet_hours import QuietHours, is_quiet, quiet_end, quiet_period
from tests.zones import zone_named

MADRID = "Europe/Madrid"
NEW_YORK = "America/New_York"
SANTIAGO = "America/Santiago"
LORD_HOWE = "Australia/Lord_Howe"
CAIRO = "Africa/Cairo"
LIMA = "America/Lima"
ZONES = (MADRID, NEW_YORK, SANTIAGO, LORD_HOWE, CAIRO, LIMA)
DAY_MINUTES = 24 * 60
TICK = timedelta(microseconds=1)

zones = st.sampled_from(ZONES).map(zone_named)
minutes = st.integers(0, DAY_MINUTES - 1)
quiet_hours = st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: QuietHours(*pair))


@st.composite
def instants(draw: st.DrawFn, zone: ZoneInfo) -> datetime:
    """Instants of some years, every second of them within a day of a change of clocks."""
    drawn = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
    instant = draw(drawn)
    if draw(st.booleans()):
        offset = instant.astimezone(zone).utcoffset()
        days = (instant + timedelta(days=number) for number in range(200))
        changed = next((day for day in days if day.astimezone(zone).utcoffset() != offset), instant)
        instant = changed - timedelta(minutes=draw(st.integers(0, 2 * DAY_MINUTES)))
    return instant


def quiet(times: str) -> QuietHours:
    begins, ends = (time.split(":") for time in times.split("-"))
    return QuietHours(int(begins[0]) * 60 + int(begins[1]), int(ends[0]) * 60 + int(ends[1]))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHTS = [
    (MADRID, "2027-03-27T20:00", "2027-03-28T06:00"),
    (MADRID, "2027-10-30T19:00", "2027-10-31T07:00"),
    (NEW_YORK, "2027-03-14T02:00", "2027-03-14T12:00"),
    (NEW_YORK, "2027-11-07T01:00", "2027-11-07T13:00"),
    (SANTIAGO, "2027-09-05T01:00", "2027-09-05T11:00"),
    (SANTIAGO, "2027-04-04T00:00", "2027-04-04T12:00"),
    (LORD_HOWE, "2027-10-02T10:30", "2027-10-02T21:00"),
    (LORD_HOWE, "2027-04-03T10:00", "2027-04-03T21:30"),
    (CAIRO, "2027-04-29T19:00", "2027-04-30T05:00"),
    (CAIRO, "2027-10-28T18:00", "2027-10-29T06:00"),
    (LIMA, "2027-03-14T02:00", "2027-03-14T13:00"),
    (LIMA, "2027-11-07T02:00", "2027-11-07T13:00"),
]
# The first line of each pair has a start or an end that clocks skip, the second one that comes twice.
EDGES = [
    (MADRID, "02:30-06:00", "2027-03-28T01:00", "2027-03-28T04:00"),
    (MADRID, "02:30-06:00", "2027-10-31T00:30", "2027-10-31T05:00"),
    (MADRID, "22:00-02:30", "2027-03-27T21:00", "2027-03-28T01:00"),
    (MADRID, "22:00-02:30", "2027-10-30T20:00", "2027-10-31T01:30"),
    (NEW_YORK, "13:00-02:59", "2027-03-13T18:00", "2027-03-14T07:00"),
    (NEW_YORK, "01:15-01:45", "2027-11-07T05:15", "2027-11-07T06:45"),
    (SANTIAGO, "21:00-00:30", "2027-09-05T01:00", "2027-09-05T04:00"),
    (SANTIAGO, "23:30-06:00", "2027-04-04T02:30", "2027-04-04T10:00"),
    (LORD_HOWE, "02:15-06:00", "2027-10-02T15:30", "2027-10-02T19:00"),
    (LORD_HOWE, "22:00-01:45", "2027-04-03T11:00", "2027-04-03T15:15"),
    (CAIRO, "00:30-06:00", "2027-04-29T22:00", "2027-04-30T03:00"),
    (CAIRO, "13:00-23:30", "2027-10-28T10:00", "2027-10-28T21:30"),
    (LIMA, "13:00-15:00", "2027-03-14T18:00", "2027-03-14T20:00"),
    (LIMA, "23:30-00:30", "2027-11-07T04:30", "2027-11-07T05:30"),
]


@pytest.mark.parametrize(("name", "begins", "ends"), NIGHTS)
def test_a_night_is_quiet_as_the_clock_on_the_wall_says(name: str, begins: str, ends: str) -> None:
    night, hours, zone = Interval(utc(begins), utc(ends)), quiet("21:00-08:00"), zone_named(name)
    assert quiet_period(night.start, hours, zone) == night
    assert quiet_period(night.end - TICK, hours, zone) == night
    assert quiet_period(night.start - TICK, hours, zone) is None
    assert quiet_period(night.end, hours, zone) is None


@pytest.mark.parametrize(("name", "times", "begins", "ends"), EDGES)
def test_quiet_hours_whose_edge_is_skipped_or_repeated(name: str, times: str, begins: str, ends: str) -> None:
    expected, zone = Interval(utc(begins), utc(ends)), zone_named(name)
    for inside in (expected.start, expected.start + (expected.end - expected.start) / 2, expected.end - TICK):
        assert quiet_period(inside, quiet(times), zone) == expected
    assert not is_quiet(expected.start - TICK, quiet(times), zone)
    assert not is_quiet(expected.end, quiet(times), zone)


def test_quiet_hours_that_clocks_skip_do_not_take_place() -> None:
    for minute in range(0, DAY_MINUTES, 5):
        instant = utc("2027-03-14T05:00") + timedelta(minutes=minute)
        assert not is_quiet(instant, quiet("02:15-02:45"), zone_named(NEW_YORK))


def test_where_a_day_was_skipped_its_night_belongs_to_the_one_before() -> None:
    """Samoa went from 29 to 31 December 2011."""
    night = quiet_period(utc("2011-12-30T08:00"), quiet("21:00-08:00"), zone_named("Pacific/Apia"))
    assert night == Interval(utc("2011-12-30T07:00"), utc("2011-12-30T18:00"))


def test_a_midnight_that_comes_twice_is_quiet_both_times() -> None:
    """In St John's in 2010, clocks went back at 00:01 to 23:01 of the day before."""
    night = quiet_period(utc("2010-11-07T03:00"), quiet("00:00-06:00"), zone_named("America/St_Johns"))
    assert night == Interval(utc("2010-11-07T02:30"), utc("2010-11-07T09:30"))


def test_quiet_hours_end_at_an_instant_that_is_not_quiet() -> None:
    hours, zone = quiet("13:00-15:00"), zone_named(LIMA)
    assert quiet_end(utc("2027-03-14T18:30"), hours, zone) == utc("2027-03-14T20:00")
    assert quiet_end(utc("2027-03-14T20:30"), hours, zone) == utc("2027-03-14T20:30")


@given(st.data(), zones, quiet_hours)
def test_every_instant_is_quiet_whose_clock_shows_a_quiet_time(
    data: st.DataObject, zone: ZoneInfo, hours: QuietHours
) -> None:
    """The clock alone decides, except within the hour that is repeated, which is quiet as a whole."""
    instant = data.draw(instants(zone))
    shown = instant.astimezone(zone)
    shows = (shown.hour * 60 + shown.minute - hours.from_minute) % DAY_MINUTES < (
        hours.to_minute - hours.from_minute
    ) % DAY_MINUTES
    hour = timedelta(hours=1)
    repeats = (instant - hour).astimezone(zone).utcoffset() > (instant + hour).astimezone(zone).utcoffset()  # type: ignore[operator]
    if repeats:
        assert is_quiet(instant, hours, zone) >= shows
    else:
        assert is_quiet(instant, hours, zone) == shows


@given(st.data(), zones, quiet_hours)
def test_a_quiet_period_is_as_long_as_possible(data: st.DataObject, zone: ZoneInfo, hours: QuietHours) -> None:
    instant = data.draw(instants(zone))
    period = quiet_period(instant, hours, zone)
    if period is not None:
        assert period.start <= instant < period.end
        assert quiet_period(period.start, hours, zone) == quiet_period(period.end - TICK, hours, zone) == period
        assert not is_quiet(period.start - TICK, hours, zone)
        assert not is_quiet(period.end, hours, zone)
