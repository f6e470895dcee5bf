"""Half-open intervals of time on the booking grid. All instants are aware UTC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

GRID = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def on_grid(instant: datetime) -> bool:
    """Whether the instant is a whole five minutes of UTC, to the microsecond."""
    return (instant - _EPOCH) % GRID == timedelta(0)


@dataclass(frozen=True, slots=True)
class Interval:
    """The time from `start` up to, not including, `end`."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Interval") -> bool:
        return self.start < other.end and other.start < self.end

    def grid_slots(self) -> Iterator[datetime]:
        """The starts of all grid slots that the interval touches, in order."""
        slot = self.start - (self.start - _EPOCH) % GRID
        while slot < self.end:
            yield slot
            slot += GRID
