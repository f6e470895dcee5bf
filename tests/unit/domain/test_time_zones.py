"""Wall clocks and UTC. Nothing is guessed, and every instant belongs to exactly one day. The expectations about zones
come from the pinned tzdata package.
"""

import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lambda_function.domain.errors import AmbiguousTimeError, NonexistentTimeError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.time_zones import (
    FIRST_INSTANT,
    LAST_INSTANT,
    day_interval,
    day_start,
    days_interval,
    time_zone,
    time_zone_names,
    to_utc,
)
from tests.architecture.source import ROOT
from tests.zones import zone_named

NEW_YORK = zone_named("America/New_York")
LONDON = zone_named("Europe/London")
SANTIAGO = zone_named("America/Santiago")
CAIRO = zone_named("Africa/Cairo")
LORD_HOWE = zone_named("Australia/Lord_Howe")
KATHMANDU = zone_named("Asia/Kathmandu")
LIMA = zone_named("America/Lima")
TORONTO = zone_named("America/Toronto")
APIA = zone_named("Pacific/Apia")
BEIRUT = zone_named("Asia/Beirut")

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

zones = st.sampled_from([NEW_YORK, LONDON, SANTIAGO, CAIRO, LORD_HOWE, KATHMANDU, LIMA, BEIRUT])
instants = st.datetimes(datetime(2020, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
days = st.dates(date(2020, 1, 1), date(2045, 1, 1))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def length(day: str, zone: ZoneInfo) -> timedelta:
    interval = day_interval(date.fromisoformat(day), zone)
    return interval.end - interval.start


@given(instants, zones)
def test_every_local_time_that_clocks_show_once_goes_to_utc_and_back(instant: datetime, zone: ZoneInfo) -> None:
    shown = instant.astimezone(zone)
    assume(shown.replace(fold=0).utcoffset() == shown.replace(fold=1).utcoffset())
    assert to_utc(shown.replace(tzinfo=None), zone) == instant


@given(st.datetimes(datetime(2020, 1, 1), datetime(2045, 1, 1)), zones)  # noqa: DTZ001 - local times are naive
def test_a_local_time_is_either_right_or_refused(shown: datetime, zone: ZoneInfo) -> None:
    offsets = {shown.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    try:
        instant = to_utc(shown, zone)
    except (NonexistentTimeError, AmbiguousTimeError):
        assert len(offsets) == 2
    else:
        assert instant.astimezone(zone).replace(tzinfo=None) == shown
        assert len(offsets) == 1


GAPS = [
    (NEW_YORK, "2027-03-14T02:00"),
    (NEW_YORK, "2027-03-14T02:59:59.999999"),
    (LONDON, "2027-03-28T01:30"),
    (SANTIAGO, "2027-09-05T00:00"),
    (CAIRO, "2027-04-30T00:30"),
    (LORD_HOWE, "2027-10-03T02:29"),
    (KATHMANDU, "1986-01-01T00:14"),
    (TORONTO, "1919-03-30T23:45"),
    (APIA, "2011-12-30T12:00"),
]
OVERLAPS = [
    (NEW_YORK, "2027-11-07T01:00"),
    (NEW_YORK, "2027-11-07T01:59:59.999999"),
    (LONDON, "2027-10-31T01:30"),
    (SANTIAGO, "2027-04-03T23:30"),
    (CAIRO, "2027-10-28T23:30"),
    (LORD_HOWE, "2027-04-04T01:45"),
]


@pytest.mark.parametrize(("zone", "shown"), GAPS, ids=str)
def test_a_gap_is_refused(zone: ZoneInfo, shown: str) -> None:
    with pytest.raises(NonexistentTimeError):
        to_utc(local(shown), zone)


@pytest.mark.parametrize(("zone", "shown"), OVERLAPS, ids=str)
def test_an_overlap_is_refused(zone: ZoneInfo, shown: str) -> None:
    with pytest.raises(AmbiguousTimeError):
        to_utc(local(shown), zone)


@pytest.mark.parametrize("fold", [0, 1])
def test_a_fold_does_not_settle_an_overlap(fold: int) -> None:
    with pytest.raises(AmbiguousTimeError):
        to_utc(local("2027-11-07T01:30").replace(fold=fold), NEW_YORK)


def test_the_refusal_names_the_field() -> None:
    with pytest.raises(NonexistentTimeError) as refusal:
        to_utc(local("2027-03-14T02:30"), NEW_YORK, field="appointment_date")
    assert refusal.value.field == "appointment_date"


@pytest.mark.parametrize(
    ("zone", "shown", "instant"),
    [
        (NEW_YORK, "2027-03-14T01:59:59.999999", "2027-03-14T06:59:59.999999"),
        (NEW_YORK, "2027-03-14T03:00", "2027-03-14T07:00"),
        (NEW_YORK, "2027-11-07T00:59:59.999999", "2027-11-07T04:59:59.999999"),
        (NEW_YORK, "2027-11-07T02:00", "2027-11-07T07:00"),
        (LORD_HOWE, "2027-10-03T02:30", "2027-10-02T15:30"),
        (KATHMANDU, "2027-01-01T05:45", "2027-01-01T00:00"),
    ],
    ids=str,
)
def test_the_edges_of_gaps_and_overlaps_are_ordinary_times(zone: ZoneInfo, shown: str, instant: str) -> None:
    assert to_utc(local(shown), zone) == utc(instant)


@pytest.mark.parametrize(
    ("zone", "shown", "instant"),
    [
        (NEW_YORK, "2027-03-14T13:05", "2027-03-14T17:05"),
        (NEW_YORK, "2027-03-14T09:00", "2027-03-14T13:00"),
        (NEW_YORK, "2027-11-07T13:05", "2027-11-07T18:05"),
        (LONDON, "2027-03-28T14:00", "2027-03-28T13:00"),
        (LONDON, "2027-10-31T14:00", "2027-10-31T14:00"),
        (SANTIAGO, "2027-09-05T15:30", "2027-09-05T18:30"),
        (SANTIAGO, "2027-04-04T15:30", "2027-04-04T19:30"),
        (CAIRO, "2027-04-30T17:00", "2027-04-30T14:00"),
        (LORD_HOWE, "2027-10-03T14:00", "2027-10-03T03:00"),
        (LORD_HOWE, "2027-04-04T14:00", "2027-04-04T03:30"),
    ],
    ids=str,
)
def test_the_afternoon_of_a_change_day_has_the_new_offset(zone: ZoneInfo, shown: str, instant: str) -> None:
    assert to_utc(local(shown), zone) == utc(instant)


@given(days, zones)
def test_days_tile_the_time_line(day: date, zone: ZoneInfo) -> None:
    assert day_interval(day, zone).end == day_interval(day + DAY, zone).start


@given(days, zones)
def test_a_day_begins_and_ends_with_its_date_to_the_microsecond(day: date, zone: ZoneInfo) -> None:
    interval = day_interval(day, zone)
    assert interval.start.astimezone(zone).date() == day
    assert (interval.end - TICK).astimezone(zone).date() == day
    assert (interval.start - TICK).astimezone(zone).date() == day - DAY
    assert interval.end.astimezone(zone).date() == day + DAY


@given(instants, zones)
def test_an_instant_is_in_the_day_that_the_clock_shows(instant: datetime, zone: ZoneInfo) -> None:
    interval = day_interval(instant.astimezone(zone).date(), zone)
    assert interval.start <= instant < interval.end


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (NEW_YORK, "2027-03-13", 24),
        (NEW_YORK, "2027-03-14", 23),
        (NEW_YORK, "2027-11-07", 25),
        (LONDON, "2027-03-28", 23),
        (LONDON, "2027-10-31", 25),
        (LORD_HOWE, "2027-10-03", 23.5),
        (LORD_HOWE, "2027-04-04", 24.5),
        (SANTIAGO, "2027-09-05", 23),
        (SANTIAGO, "2027-04-03", 25),
        (CAIRO, "2027-04-30", 23),
        (CAIRO, "2027-10-28", 25),
        (LIMA, "2027-03-14", 24),
        (KATHMANDU, "1986-01-01", 23.75),
        (TORONTO, "1919-03-30", 23.5),
        (TORONTO, "1919-03-31", 23.5),
    ],
    ids=str,
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone: ZoneInfo, day: str, hours: float) -> None:
    assert length(day, zone) == hours * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "first_time"),
    [
        (SANTIAGO, "2027-09-05", time(1)),
        (CAIRO, "2027-04-30", time(1)),
        (BEIRUT, "2027-03-28", time(1)),
        (KATHMANDU, "1986-01-01", time(0, 15)),
        (TORONTO, "1919-03-31", time(0, 30)),
    ],
    ids=str,
)
def test_a_day_without_a_midnight_begins_when_clocks_are_put_forward(
    zone: ZoneInfo, day: str, first_time: time
) -> None:
    first = day_start(date.fromisoformat(day), zone).astimezone(zone)
    assert first.replace(tzinfo=None) == datetime.combine(date.fromisoformat(day), first_time)


def test_a_gap_that_begins_before_midnight_ends_the_day_early() -> None:
    """In Toronto in 1919, 23:30 was followed by 00:30 of the next day."""
    assert day_interval(date(1919, 3, 30), TORONTO) == Interval(utc("1919-03-30T05:00"), utc("1919-03-31T04:30"))


def test_a_date_that_a_zone_skipped_is_empty() -> None:
    """Samoa went from 29 to 31 December 2011."""
    assert length("2011-12-30", APIA) == timedelta(0)


def test_of_a_midnight_that_comes_twice_a_day_begins_with_the_first() -> None:
    """In St John's in 2010, clocks went back at 00:01 to 23:01 of the day before."""
    assert day_start(date(2010, 11, 7), zone_named("America/St_Johns")) == utc("2010-11-07T02:30")


@pytest.mark.parametrize("zone", [LIMA, KATHMANDU, zone_named("Pacific/Kiritimati"), zone_named("UTC")], ids=str)
def test_the_first_and_the_last_of_all_dates_reach_as_far_as_there_are_instants(zone: ZoneInfo) -> None:
    assert days_interval(date.min, date.max, zone) == Interval(FIRST_INSTANT, LAST_INSTANT)
    assert day_interval(date.min, zone).end == day_interval(date.min + DAY, zone).start
    assert day_interval(date.max - DAY, zone).end == day_interval(date.max, zone).start


def test_the_zones_are_those_that_the_package_lists() -> None:
    assert len(time_zone_names()) > 500
    for name in time_zone_names():
        assert str(zone_named(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        *("localtime", "posixrules", "right/America/New_York", "posix/America/Lima", "america/lima", "AMERICA/LIMA"),
        *("", "America", "America/", "/UTC", "../zones", "zone.tab", "tzdata.zi", "America/Lima\n", "Mars/Olympus"),
    ],
)
def test_nothing_else_is_a_zone(name: str) -> None:
    assert time_zone(name) is None


def test_the_host_and_what_was_read_before_do_not_matter(tmp_path: Path) -> None:
    """Runs in a process of its own, on a host where Casablanca has Tokyo's clocks, which it has read already."""
    (tmp_path / "Africa").mkdir()
    with as_file(files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo")) as tokyo:
        shutil.copy(tokyo, tmp_path / "Africa" / "Casablanca")
    program = """
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from zoneinfo import ZoneInfo
from lambda_function.domain.time_zones import time_zone
from tests.zones import zone_named

for zone in (ZoneInfo("Africa/Casablanca"), time_zone("Africa/Casablanca")):
    print(datetime(2027, 9, 10, 23, 30, tzinfo=UTC).astimezone(zone).day)
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONTZPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["11", "10"]
