"""Which time fits a wish, and what can be accepted."""

from datetime import datetime, timedelta

import pytest

from lambda_function.domain.appointment import Policy
from lambda_function.domain.errors import DomainError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import WaitlistStatus, best_fit, check_acceptable, offer_end
from tests.clock import NOW

POLICY = Policy(lead=timedelta(minutes=60), horizon=timedelta(days=400), cutoff=timedelta(days=1))
TWO_HOURS = timedelta(hours=2)


def minute(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def span(start: int, end: int) -> Interval:
    return Interval(minute(start), minute(end))


DAY = span(0, 600)
# Half-hours that could be booked, on a step of fifteen minutes.
VISITS = [span(start, start + 30) for start in range(60, 180, 15)]


@pytest.mark.parametrize(
    ("wish", "freed", "taken", "expected"),
    [
        (DAY, span(120, 150), [], span(120, 150)),
        (DAY, span(100, 130), [], span(105, 135)),
        (DAY, span(110, 120), [], span(105, 135)),
        (span(0, 150), span(120, 150), [], span(120, 150)),
        (span(120, 600), span(120, 150), [], span(120, 150)),
        (span(0, 149), span(120, 150), [], span(105, 135)),
        (span(121, 600), span(120, 150), [], span(135, 165)),
        (span(150, 600), span(120, 150), [], None),
        (span(0, 120), span(120, 150), [], None),
        (span(120, 149), span(120, 150), [], None),
        (DAY, span(120, 150), [span(120, 150)], None),
        (DAY, span(120, 150), [span(60, 120)], span(120, 150)),
        (DAY, span(120, 180), [span(120, 150)], span(150, 180)),
        (DAY, span(300, 330), [], None),
    ],
)
def test_the_fit_begins_in_the_freed_time_or_reaches_into_it(
    wish: Interval, freed: Interval, taken: list[Interval], expected: Interval | None
) -> None:
    assert best_fit(VISITS, wish=wish, freed=freed, taken=taken) == expected


def test_without_bookable_time_nothing_fits() -> None:
    assert best_fit([], wish=DAY, freed=DAY, taken=[]) is None


@pytest.mark.parametrize(("start", "expected"), [(600, 120), (180, 120), (179, 119), (61, 1)])
def test_an_offer_ends_with_its_time_or_when_patients_can_no_longer_book(start: int, expected: int) -> None:
    assert offer_end(minute(start), length=TWO_HOURS, policy=POLICY, now=NOW) == minute(expected)


def test_an_offer_is_acceptable_until_it_expires() -> None:
    check_acceptable(WaitlistStatus.OFFERED, NOW + timedelta(microseconds=1), NOW)


@pytest.mark.parametrize(
    ("status", "expires_at", "code"),
    [
        (WaitlistStatus.OFFERED, NOW, "offer_expired"),
        (WaitlistStatus.WAITING, NOW, "offer_expired"),
        (WaitlistStatus.WAITING, None, "invalid_transition"),
        (WaitlistStatus.EXPIRED, NOW, "offer_expired"),
        (WaitlistStatus.EXPIRED, None, "invalid_transition"),
        (WaitlistStatus.ACCEPTED, minute(1), "invalid_transition"),
        (WaitlistStatus.WITHDRAWN, minute(1), "invalid_transition"),
        (WaitlistStatus.WITHDRAWN, None, "invalid_transition"),
    ],
)
def test_nothing_else_is_acceptable(status: WaitlistStatus, expires_at: datetime | None, code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        check_acceptable(status, expires_at, NOW)
    assert refusal.value.code == code
