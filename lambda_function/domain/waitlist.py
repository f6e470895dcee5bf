"""The life of a place in the waitlist, and which free time fits a wish. Instants are aware UTC."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from lambda_function.domain.appointment import MAX_HORIZON, BookedTime, Duration, Policy
from lambda_function.domain.errors import InvalidTransitionError, OfferExpiredError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.quiet_hours import QuietHours, quiet_end
from lambda_function.domain.slots import Timeline, bits, union
from lambda_function.domain.working_hours import merge

_TICK = timedelta.resolution
# A visit with what it keeps free behind it: each is a day at most.
_LONGEST = timedelta(days=2)


class WaitlistStatus(StrEnum):
    """WAITING becomes OFFERED while a time is on offer, and ACCEPTED when it is booked. An offer that lapses leads
    back to WAITING, at the same place in the line. EXPIRED means that the wanted time has passed.
    """

    WAITING = "WAITING"
    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


class WishedVisit(Protocol):
    """What somebody waits for. `doctor_id` and `clinic_id` are None for any."""

    @property
    def treatment_id(self) -> int: ...
    @property
    def doctor_id(self) -> int | None: ...
    @property
    def clinic_id(self) -> int | None: ...
    @property
    def wished_from(self) -> datetime: ...
    @property
    def wished_to(self) -> datetime: ...


def waits_for_the_same(one: WishedVisit, other: WishedVisit) -> bool:
    """Whether one patient may not have both wishes: they are for the same, at overlapping times."""
    same = (one.treatment_id, one.doctor_id, one.clinic_id) == (other.treatment_id, other.doctor_id, other.clinic_id)
    return same and Interval(one.wished_from, one.wished_to).overlaps(Interval(other.wished_from, other.wished_to))


OPEN = frozenset({WaitlistStatus.WAITING, WaitlistStatus.OFFERED})
# The limit for one patient.
MAX_OPEN_WISHES = 10
# An offer takes a chair, but none in particular.
SOME_CHAIR = 0
# A chair that can be used from now on is freed by no doctor.
NO_DOCTOR = 0


def status_at(
    status: WaitlistStatus, wished_to: datetime, expires_at: datetime | None, now: datetime
) -> WaitlistStatus:
    """What an entry is now, whether or not the schedule has written it down yet."""
    if status in OPEN and wished_to <= now:
        return WaitlistStatus.EXPIRED
    if status is WaitlistStatus.OFFERED and expires_at is not None and expires_at <= now:
        return WaitlistStatus.WAITING
    return status


@dataclass(frozen=True, slots=True)
class FreedTime:
    """Time of a doctor, or of NO_DOCTOR, that can be booked again. `chair_id` is the chair that was freed with it, or
    SOME_CHAIR where an offer has ended, which kept one from the others; `occupied` is whether a visit has left the
    time, with its buffers: those of another visit then count as well. It is for those who stand behind `after` in the
    line, a waitlist_id.
    """

    doctor_id: int
    clinic_id: int
    time: Interval
    chair_id: int | None = None
    occupied: bool = False
    after: int = 0


class TimedVisit(BookedTime, Protocol):
    """A visit that is booked or on offer."""

    @property
    def doctor_id(self) -> int: ...
    @property
    def clinic_id(self) -> int: ...


def freed_by_visit(visit: TimedVisit, *, chair_id: int | None = None, after: int = 0) -> FreedTime:
    """The time that a visit leaves, buffers included."""
    time = Duration.as_booked(visit).occupied_from(visit.starts_at)
    return FreedTime(visit.doctor_id, visit.clinic_id, time, chair_id, occupied=True, after=after)


def offered_span(now: datetime) -> Interval:
    """Where freed time is offered: no visit lies later, however far ahead a clinic is booked."""
    return Interval(now, now + MAX_HORIZON + _LONGEST)


def merged(parts: Iterable[FreedTime], span: Interval, longest: timedelta) -> list[FreedTime]:
    """The parts as far as they lie in the span, in order of time: what overlaps or touches is one, and no part is
    longer than `longest`.
    """
    alike: dict[FreedTime, list[Interval]] = defaultdict(list)
    for part in parts:
        if part.time.overlaps(span):
            alike[replace(part, time=span)].append(part.time)
    found = []
    for key, times in alike.items():
        for time in merge(times):
            start, end = max(time.start, span.start), min(time.end, span.end)
            while end - start > longest:
                found.append(replace(key, time=Interval(start, start + longest)))
                start += longest
            found.append(replace(key, time=Interval(start, end)))
    return sorted(found, key=lambda part: (part.time.start, part.doctor_id))


def touching(timeline: Timeline, freed: FreedTime, duration: Duration) -> int:
    """The starts whose visit needs some of the freed time."""
    before = duration.buffer_before if freed.occupied else timedelta(0)
    after = duration.buffer_after if freed.occupied else timedelta(0)
    earliest = freed.time.start - duration.visit - after
    return timeline.beginning_in(Interval(earliest + _TICK, freed.time.end + before))


def within_wish(timeline: Timeline, wish: Interval, visit: timedelta) -> int:
    """The starts whose whole visit lies in the wish."""
    return timeline.beginning_in(Interval(wish.start, wish.end - visit + _TICK))


def best_start(fit: int, freed: Sequence[tuple[int, int]]) -> tuple[bool, int] | None:
    """The first start that fits and lies in freed time, else the last of those that reach into the first freed time
    that any reaches. Each part of the freed time is given by the starts in it and those that touch it.
    Answers whether it only reaches into it, and the step; None when none fits.
    """
    begins = fit & union(inside for inside, _ in freed)
    if begins:
        return False, next(bits(begins))
    reaching = next((fit & touched for _, touched in freed if fit & touched), 0)
    return (True, reaching.bit_length() - 1) if reaching else None


def offer_end(
    start: datetime,
    *,
    length: timedelta,
    policy: Policy,
    quiet: QuietHours | None,
    zone: ZoneInfo | None,
    now: datetime,
) -> datetime:
    """When an offer ends that is made now: after the clinic's time for it, which begins after quiet hours, and before a
    patient can no longer book.
    """
    begins = now if quiet is None or zone is None else quiet_end(now, quiet, zone)
    return min(begins + length, start - policy.lead)


def check_acceptable(status: WaitlistStatus, expires_at: datetime | None, now: datetime) -> None:
    """Raises OfferExpiredError when there was an offer but no longer is, InvalidTransitionError when there is none to
    accept.
    """
    if status is WaitlistStatus.OFFERED and expires_at is not None and now < expires_at:
        return
    if expires_at is not None and status not in {WaitlistStatus.ACCEPTED, WaitlistStatus.WITHDRAWN}:
        raise OfferExpiredError("The offer has expired.")
    raise InvalidTransitionError(f"An entry that is {status} has no offer to accept.")
