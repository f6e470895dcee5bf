"""Converts local times of a clinic to UTC and back. A time that a clock shows twice or never is an error."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lambda_function.domain.errors import AmbiguousTimeError, NonexistentTimeError
from lambda_function.domain.intervals import Interval

_SECOND = timedelta(seconds=1)
# Before the one and after the other there is nothing to compare with, whatever the zone.
FIRST_INSTANT, LAST_INSTANT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


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


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of a local date. Where the clocks skip midnight, that is when they are put forward; of
    the first date of all it is the first instant of all.
    """
    if day == date.min:
        return FIRST_INSTANT
    midnight = datetime.combine(day, time())
    before, after = _candidates(midnight, zone)
    if _shows(before, zone) == midnight:
        return before
    # In a gap the fold order turns round: `after` is the earlier of the two, and the change lies between them.
    offset = bisect_left(
        range((before - after) // _SECOND),
        midnight,
        key=lambda seconds: _shows(after + seconds * _SECOND, zone),
    )
    return after + offset * _SECOND


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) after a local date; of the last date of all it is the last instant of all."""
    return LAST_INSTANT if day == date.max else day_start(day + timedelta(days=1), zone)


def day_interval(day: date, zone: ZoneInfo) -> Interval:
    """A local date as instants: 23 to 25 hours, and not always a whole number of them."""
    return days_interval(day, day, zone)


def days_interval(first: date, last: date, zone: ZoneInfo) -> Interval:
    """Local dates as instants; both dates are included."""
    return Interval(day_start(first, zone), day_end(last, zone))
