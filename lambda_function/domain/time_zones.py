"""Time zones, and local times of a clinic as UTC and back. A time that a clock shows twice or never is an error.

This is the only module that makes a ZoneInfo. Called with a name, the class reads the host's files and keeps what it
has read for good, so what the host has, and which part of a process asks first, would decide what a local time is.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from lambda_function.domain.errors import AmbiguousTimeError, NonexistentTimeError
from lambda_function.domain.intervals import Interval

_SECOND = timedelta(seconds=1)
# Before the one and after the other there is nothing to compare with, whatever the zone.
FIRST_INSTANT, LAST_INSTANT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def time_zone(name: str) -> ZoneInfo | None:
    """The zone with exactly this name as the tzdata package describes it, whatever the host has, or None if that
    package does not list it.

    Practice files with other names are refused, but a database may hold one: written by hand, or by a release whose
    list was longer. So every caller decides what becomes of a clinic whose zone is None, and no other clinic suffers.
    """
    return _zone(name) if name in time_zone_names() else None


@cache
def time_zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def _zone(name: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _candidates(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return (
        local.replace(tzinfo=zone, fold=0).astimezone(UTC),
        local.replace(tzinfo=zone, fold=1).astimezone(UTC),
    )


def _shows(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def to_utc(local: datetime, zone: ZoneInfo, *, field: str | None = None) -> datetime:
    """The instant at which the clocks of `zone` show `local` (naive).

    Raises:
        NonexistentTimeError: clocks were put forward over it.
        AmbiguousTimeError: clocks were put back over it, so it comes twice.
    """
    first, second = _candidates(local, zone)
    if _shows(first, zone) != local:
        raise NonexistentTimeError(
            "This local time does not exist, because clocks go forward then. Choose another.", field=field
        )
    if first != second:
        raise AmbiguousTimeError(
            "This local time occurs twice, because clocks go back then. Choose another.", field=field
        )
    return first


def first_and_last(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first and the last instant (UTC) at which the clocks of `zone` show `local` (naive). Where clocks skip it,
    both are when they are put forward.
    """
    first, last = _candidates(local, zone)
    if _shows(first, zone) == local:
        return first, last
    # In a gap the fold order turns round: `last` is the earlier of the two, and the change lies between them.
    offset = bisect_left(
        range((first - last) // _SECOND),
        local,
        key=lambda seconds: _shows(last + seconds * _SECOND, zone),
    )
    change = last + offset * _SECOND
    return change, change


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of a local date. Where the clocks skip midnight, that is when they are put forward; of
    the first date of all it is the first instant of all.
    """
    return FIRST_INSTANT if day == date.min else first_and_last(datetime.combine(day, time()), zone)[0]


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) after a local date; of the last date of all it is the last instant of all."""
    return LAST_INSTANT if day == date.max else day_start(day + timedelta(days=1), zone)


def day_interval(day: date, zone: ZoneInfo) -> Interval:
    """A local date as instants: 23 to 25 hours, and not always a whole number of them."""
    return days_interval(day, day, zone)


def days_interval(first: date, last: date, zone: ZoneInfo) -> Interval:
    """Local dates as instants; both dates are included."""
    return Interval(day_start(first, zone), day_end(last, zone))
