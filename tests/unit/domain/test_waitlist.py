"""Which time fits a wish, and which offers can be accepted."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from lambda_function.domain.appointment import Duration, Policy
from lambda_function.domain.errors import DomainError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.quiet_hours import QuietHours
from lambda_function.domain.slots import Timeline, bits
from lambda_function.domain.waitlist import (
    FreedTime,
    WaitlistStatus,
    best_start,
    check_acceptable,
    merged,
    offer_end,
    offered_span,
    status_at,
    touching,
    within_wish,
)
from tests.clock import NOW
from tests.zones import zone_named

POLICY = Policy(lead=timedelta(minutes=60), horizon=timedelta(days=400), cutoff=timedelta(days=1))
TWO_HOURS = timedelta(hours=2)
LIMA = zone_named("America/Lima")


def minute(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def span(start: int, end: int) -> Interval:
    return Interval(minute(start), minute(end))


DAY = span(0, 600)
LINE = Timeline.around(DAY)
VISIT = Duration(timedelta(minutes=30), timedelta(0), timedelta(0))
# Half hours that can be booked, on a step of fifteen minutes.
STARTS = sum(1 << LINE.index(minute(start)) for start in range(60, 180, 15))


def freed(start: int, end: int, **more: Any) -> FreedTime:
    return FreedTime(1, 1, span(start, end), **more)


def fit(wish: Interval, *parts: FreedTime) -> tuple[bool, Interval] | None:
    fitting = STARTS & within_wish(LINE, wish, VISIT.visit)
    found = best_start(fitting, [(LINE.beginning_in(part.time), touching(LINE, part, VISIT)) for part in parts])
    if found is None:
        return None
    reaching, step = found
    return reaching, VISIT.visit_from(LINE.instant(step))


@pytest.mark.parametrize(
    ("wish", "part", "expected"),
    [
        (DAY, freed(120, 150), (False, span(120, 150))),
        (DAY, freed(100, 130), (False, span(105, 135))),
        (DAY, freed(110, 120), (True, span(105, 135))),
        (span(0, 150), freed(120, 150), (False, span(120, 150))),
        (span(120, 600), freed(120, 150), (False, span(120, 150))),
        (span(0, 149), freed(120, 150), (True, span(105, 135))),
        (span(121, 600), freed(120, 150), (False, span(135, 165))),
        (span(150, 600), freed(120, 150), None),
        (span(0, 120), freed(120, 150), None),
        (span(120, 149), freed(120, 150), None),
        (DAY, freed(300, 330), None),
    ],
)
def test_the_fit_begins_in_the_freed_time_or_reaches_into_it(
    wish: Interval, part: FreedTime, expected: tuple[bool, Interval] | None
) -> None:
    assert fit(wish, part) == expected


def test_the_first_freed_time_that_is_reached_counts() -> None:
    assert fit(DAY, freed(76, 80), freed(140, 145)) == (True, span(75, 105))


def test_without_bookable_time_nothing_fits() -> None:
    assert best_start(0, [(LINE.everything, LINE.everything)]) is None


@pytest.mark.parametrize("occupied", [True, False])
def test_buffers_count_where_a_visit_has_left_the_time(occupied: bool) -> None:  # noqa: FBT001 - a parameter of the test
    duration = Duration(timedelta(minutes=30), timedelta(minutes=10), timedelta(minutes=5))
    starts = {LINE.instant(step) for step in bits(touching(LINE, freed(100, 120, occupied=occupied), duration))}
    first, last = (70, 125) if occupied else (75, 115)
    assert (min(starts), max(starts)) == (minute(first), minute(last))


def test_freed_times_that_touch_are_one_for_the_same_people() -> None:
    parts = [freed(60, 90), freed(90, 120), freed(30, 40, after=7), freed(35, 50, after=7), freed(0, 10, chair_id=3)]
    assert merged(parts, span(5, 110), timedelta(days=1)) == [
        freed(5, 10, chair_id=3),
        freed(30, 50, after=7),
        freed(60, 110),
    ]


def test_long_freed_time_comes_in_parts() -> None:
    assert merged([freed(0, 250)], DAY, timedelta(minutes=100)) == [freed(0, 100), freed(100, 200), freed(200, 250)]


def test_what_is_over_or_beyond_all_wishes_is_not_freed() -> None:
    assert merged([freed(0, 10), freed(20, 30)], span(10, 20), timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("status", "wished_to", "expires_at", "expected"),
    [
        (WaitlistStatus.WAITING, 1, None, WaitlistStatus.WAITING),
        (WaitlistStatus.WAITING, 0, None, WaitlistStatus.EXPIRED),
        (WaitlistStatus.OFFERED, 9, 1, WaitlistStatus.OFFERED),
        (WaitlistStatus.OFFERED, 9, 0, WaitlistStatus.WAITING),
        (WaitlistStatus.OFFERED, 0, 1, WaitlistStatus.EXPIRED),
        (WaitlistStatus.ACCEPTED, 0, 0, WaitlistStatus.ACCEPTED),
        (WaitlistStatus.WITHDRAWN, 0, None, WaitlistStatus.WITHDRAWN),
    ],
)
def test_what_is_over_is_over_before_anybody_writes_it_down(
    status: WaitlistStatus, wished_to: int, expires_at: int | None, expected: WaitlistStatus
) -> None:
    expiry = None if expires_at is None else minute(expires_at)
    assert status_at(status, minute(wished_to), expiry, NOW) is expected


@pytest.mark.parametrize(("start", "expected"), [(600, 120), (180, 120), (179, 119), (61, 1)])
def test_an_offer_ends_with_its_time_or_when_patients_can_no_longer_book(start: int, expected: int) -> None:
    end = offer_end(minute(start), length=TWO_HOURS, policy=POLICY, quiet=None, zone=LIMA, now=NOW)
    assert end == minute(expected)


@pytest.mark.parametrize(("start", "expected"), [(6000, 180), (200, 140)])
def test_the_time_for_an_offer_does_not_run_in_quiet_hours(start: int, expected: int) -> None:
    """It is 09:00 in Lima, and quiet until 10:00."""
    quiet = QuietHours(21 * 60, 10 * 60)
    end = offer_end(minute(start), length=TWO_HOURS, policy=POLICY, quiet=quiet, zone=LIMA, now=NOW)
    assert end == minute(expected)


def test_a_clinic_without_a_zone_has_no_quiet_hours() -> None:
    end = offer_end(minute(6000), length=TWO_HOURS, policy=POLICY, quiet=QuietHours(0, 1439), zone=None, now=NOW)
    assert end == minute(120)


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


@pytest.mark.parametrize("hours", [1, 24 * 31, 24 * 31 + 1, 24 * 62])
def test_freed_time_at_the_end_of_time_is_cut_as_any_other(hours: int) -> None:
    end = datetime.max.replace(tzinfo=UTC)
    whole = Interval(end - timedelta(hours=hours), end)

    parts = merged([FreedTime(1, 1, whole)], Interval(NOW, end), timedelta(days=31))

    assert (parts[0].time.start, parts[-1].time.end) == (whole.start, end)
    assert all(earlier.time.end == later.time.start for earlier, later in pairwise(parts))
    assert all(part.time.end - part.time.start == timedelta(days=31) for part in parts[:-1])


def test_nothing_is_offered_beyond_what_any_clinic_takes() -> None:
    assert offered_span(NOW) == Interval(NOW, NOW + timedelta(days=1832))
