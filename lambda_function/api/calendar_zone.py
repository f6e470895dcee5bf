"""A time zone as the component VTIMEZONE of iCalendar (RFC 5545, section 3.6.5).

It lists the changes of clocks one by one, since the rules behind them are not in the package that knows the changes.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise

from lambda_function.domain.time_zones import time_zone

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=64)
def zone_lines(name: str | None, year: int) -> tuple[str, ...]:
    """Describes the zone from the year before to the year after. It is UTC if there is no zone of that name."""
    zone: tzinfo | None = time_zone(name) if name else None
    if zone is None:
        name, zone = "UTC", UTC
    first = datetime(year - 1, 1, 1, tzinfo=UTC)
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}", *_observance(first, first, zone)]
    for before, after in _changes(zone, first, datetime(year + 2, 1, 1, tzinfo=UTC)):
        lines += _observance(before, after, zone)
    return (*lines, "END:VTIMEZONE")


def _changes(zone: tzinfo, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yields the last second before each change of clocks, and the first second after it."""
    days = [first + number * _DAY for number in range((last - first) // _DAY + 1)]
    for (day, old), (_, new) in pairwise((day, _kept(zone, day)) for day in days):
        if old != new:
            seconds = bisect_left(range(_DAY // _SECOND), True, key=lambda at: _kept(zone, day + at * _SECOND) != old)
            yield day + (seconds - 1) * _SECOND, day + seconds * _SECOND


def _kept(zone: tzinfo, instant: datetime) -> tuple[object, ...]:
    local = instant.astimezone(zone)
    return local.utcoffset(), local.dst(), local.tzname()


def _observance(before: datetime, after: datetime, zone: tzinfo) -> list[str]:
    """Describes how clocks are set from `after` on. The start is in the local time of before the change."""
    old, new = before.astimezone(zone), after.astimezone(zone)
    kind = "DAYLIGHT" if new.dst() else "STANDARD"
    start = after + (old.utcoffset() or timedelta())
    return [
        f"BEGIN:{kind}",
        f"DTSTART:{start:%Y%m%dT%H%M%S}",
        f"TZOFFSETFROM:{old:%z}",
        f"TZOFFSETTO:{new:%z}",
        f"TZNAME:{new.tzname()}",
        f"END:{kind}",
    ]
