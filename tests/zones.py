"""Six zones whose clocks change in different ways, and the days on which they do."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from lambda_function.domain.intervals import GRID
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.working_hours import DAY_MINUTES, Window

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


@cache
def _grid_around(day: date, name: str) -> tuple[tuple[datetime, int], ...]:
    """Returns each five minutes from this date to the next, with the minutes that clocks show after the midnight with
    which the date begins.
    """
    first = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=1)
    shown = [
        (instant, minute_of_day(instant, name)) for instant in (first + number * GRID for number in range(4 * 288))
    ]
    return tuple((instant, (of - day).days * DAY_MINUTES + minute) for instant, (of, minute) in shown)


def counted_starts(day: date, window: Window, name: str, step_minutes: int) -> list[datetime]:
    """Returns the starts that a window of this date gives, by looking at the clocks every five minutes."""
    end = window.start + window.length
    inside = [instant for instant, minute in _grid_around(day, name) if window.start <= minute < end]
    return [instant for instant in inside if (instant - inside[0]) % timedelta(minutes=step_minutes) == timedelta(0)]
