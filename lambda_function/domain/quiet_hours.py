"""The hours of a clinic's day in which nobody is disturbed. Instants are aware UTC.

Quiet hours are given as local times, and may span midnight. A local time that clocks skip stands for the instant at
which they are put forward. Of one that comes twice, the first begins quiet hours and the last ends them, so an hour
that is repeated is quiet both times.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lambda_function.domain.intervals import Interval
from lambda_function.domain.time_zones import first_and_last
from lambda_function.domain.working_hours import DAY_MINUTES, merge

# Quiet hours that contain an instant begin on one of these days from its own. A zone may skip a whole day, or put
# clocks back over midnight.
_DAYS = range(-2, 3)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Two different minutes of the local day, from the first up to, not including, the second. If the second is the
    earlier one, it is on the next day.
    """

    from_minute: int
    to_minute: int

    @classmethod
    def between(cls, from_minute: int | None, to_minute: int | None) -> "QuietHours | None":
        """Returns the quiet hours of a clinic, or None if it has none."""
        return None if from_minute is None or to_minute is None else cls(from_minute, to_minute)


def quiet_period(instant: datetime, quiet: QuietHours, zone: ZoneInfo) -> Interval | None:
    """Returns the quiet hours that contain the instant, or None outside them."""
    today = instant.astimezone(zone).date()
    periods = [_beginning_on(today + timedelta(days=number), quiet, zone) for number in _DAYS]
    return next((each for each in merge(periods) if each.start <= instant < each.end), None)


def is_quiet(instant: datetime, quiet: QuietHours, zone: ZoneInfo) -> bool:
    return quiet_period(instant, quiet, zone) is not None


def quiet_end(instant: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """Returns the first instant from this one on that is not quiet."""
    period = quiet_period(instant, quiet, zone)
    return instant if period is None else period.end


def _beginning_on(day: date, quiet: QuietHours, zone: ZoneInfo) -> Interval:
    midnight = datetime.combine(day, time())
    length = (quiet.to_minute - quiet.from_minute) % DAY_MINUTES
    begins = midnight + timedelta(minutes=quiet.from_minute)
    start, _ = first_and_last(begins, zone)
    _, end = first_and_last(begins + timedelta(minutes=length), zone)
    return Interval(start, end)
