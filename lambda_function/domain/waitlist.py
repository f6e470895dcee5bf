"""The life of a place in the waitlist, and which free time fits a wish. Instants are aware UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lambda_function.domain.appointment import Policy
from lambda_function.domain.errors import InvalidTransitionError, OfferExpiredError
from lambda_function.domain.intervals import Interval


class WaitlistStatus(StrEnum):
    """WAITING → OFFERED → ACCEPTED. An offer that nobody takes in time leads back to WAITING, at the same place in
    the line; EXPIRED is a wish whose own time has passed.
    """

    WAITING = "WAITING"
    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


OPEN = frozenset({WaitlistStatus.WAITING, WaitlistStatus.OFFERED})


@dataclass(frozen=True, slots=True)
class Freed:
    """Time of a doctor that can be booked again."""

    doctor_id: int
    clinic_id: int
    time: Interval


def best_fit(
    visits: Iterable[Interval], *, wish: Interval, freed: Interval, taken: Iterable[Interval]
) -> Interval | None:
    """Of the visits that could be booked, given by start: the first that begins in the freed time, else the last that
    reaches into it. The whole visit lies in the wish, and on none of the times that are taken.
    """
    away = list(taken)
    fits = [
        visit
        for visit in visits
        if wish.start <= visit.start
        and visit.end <= wish.end
        and visit.overlaps(freed)
        and not any(visit.overlaps(time) for time in away)
    ]
    begins_there = (visit for visit in fits if visit.start >= freed.start)
    return next(begins_there, fits[-1] if fits else None)


def offer_end(start: datetime, *, length: timedelta, policy: Policy, now: datetime) -> datetime:
    """When an offer ends that is made now: after the clinic's time for it, and before a patient can no longer book."""
    return min(now + length, start - policy.lead)


def check_acceptable(status: WaitlistStatus, expires_at: datetime | None, now: datetime) -> None:
    """Raises OfferExpiredError when there was an offer but no longer is, InvalidTransitionError when there is none to
    accept.
    """
    if status is WaitlistStatus.OFFERED and expires_at is not None and now < expires_at:
        return
    if expires_at is not None and status not in {WaitlistStatus.ACCEPTED, WaitlistStatus.WITHDRAWN}:
        raise OfferExpiredError("The offer has expired.")
    raise InvalidTransitionError(f"An entry that is {status} has no offer to accept.")
