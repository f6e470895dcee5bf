"""Six zones whose clocks change in different ways, and the days on which they do."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from lambda_function.domain.time_zones import time_zone

ZONES = (
    "America/New_York",
    "Europe/London",
    "America/Santiago",  # forward at midnight
    "Africa/Cairo",  # the same
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",  # never; 05:45 from UTC
)


def zone_named(name: str) -> ZoneInfo:
    zone = time_zone(name)
    assert zone is not None, name
    return zone


@cache
def changes(name: str) -> tuple[datetime, ...]:
    """Returns the instants from 2026 to 2028 at which clocks change, or some ordinary instants
    for a zone without any.
    """
    zone = zone_named(name)
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(3 * 365 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    found = [hour for hour, before, after in zip(hours[1:], offsets, offsets[1:], strict=False) if before != after]
    return tuple(found) or tuple(datetime(year, 3, 28, 20, tzinfo=UTC) for year in (2026, 2027, 2028))


@cache
def change_days(name: str) -> tuple[date, ...]:
    """Returns the local dates of `changes`."""
    return tuple(change.astimezone(zone_named(name)).date() for change in changes(name))


def minute_of_day(instant: datetime, name: str) -> tuple[date, int]:
    """Returns what the zone's clocks show at the instant."""
    local = instant.astimezone(zone_named(name))
    return local.date(), local.hour * 60 + local.minute
