"""The component VTIMEZONE, compared with the zone from which it was made."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from lambda_function.api.calendar_zone import zone_lines
from lambda_function.domain.time_zones import time_zone_names
from tests.zones import zone_named

YEAR = 2030
HOUR = timedelta(hours=1)


def read(name: str) -> icalendar.Timezone:
    text = "".join(f"{line}\r\n" for line in zone_lines(name, YEAR))
    zone = icalendar.Timezone.from_ical(text)
    assert isinstance(zone, icalendar.Timezone)
    return zone


@pytest.mark.parametrize(
    "name",
    [
        "America/Lima",
        "America/St_Johns",
        "Europe/Dublin",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Pacific/Kiritimati",
        "Antarctica/Troll",
        "America/Nuuk",
        "Africa/Cairo",
    ],
)
def test_a_library_reads_the_same_local_times_in_it(name: str) -> None:
    zone, written = zone_named(name), read(name).to_tz(lookup_tzid=False)
    instant = datetime(YEAR - 1, 1, 2, tzinfo=UTC)
    while instant < datetime(YEAR + 1, 7, 1, tzinfo=UTC):
        local = instant.astimezone(zone)
        # What a clock shows twice depends on how a library reads `fold`.
        if (local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()) == (local.utcoffset(),) * 2:
            assert local.replace(tzinfo=written).utcoffset() == local.utcoffset(), local
        instant += 31 * HOUR


def test_changes_of_clocks_stand_at_the_local_time_of_before() -> None:
    lines = zone_lines("Europe/Madrid", YEAR)
    observances = [" ".join(lines[start : start + 6]) for start in range(2, len(lines) - 1, 6)]
    assert len(observances) == 7
    assert [observances[number] for number in (0, 3, 4)] == [
        "BEGIN:STANDARD DTSTART:20290101T010000 TZOFFSETFROM:+0100 TZOFFSETTO:+0100 TZNAME:CET END:STANDARD",
        "BEGIN:DAYLIGHT DTSTART:20300331T020000 TZOFFSETFROM:+0100 TZOFFSETTO:+0200 TZNAME:CEST END:DAYLIGHT",
        "BEGIN:STANDARD DTSTART:20301027T030000 TZOFFSETFROM:+0200 TZOFFSETTO:+0100 TZNAME:CET END:STANDARD",
    ]


def test_every_zone_has_a_standard_time_as_the_format_requires() -> None:
    names = time_zone_names()
    assert len(names) > 400
    assert [name for name in names if "BEGIN:STANDARD" not in zone_lines(name, YEAR)] == []


@pytest.mark.parametrize("name", [None, "", "localtime", "posix/America/Lima", "America"])
def test_without_a_zone_of_that_name_it_is_utc(name: str | None) -> None:
    assert zone_lines(name, YEAR)[1] == "TZID:UTC"
