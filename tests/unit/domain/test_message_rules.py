"""When a message still holds, whatever has happened since it was planned, and when it is tried again."""

from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

import pytest

from lambda_function.domain.appointment import Status
from lambda_function.domain.message_rules import (
    MAX_ATTEMPTS,
    offer_subject,
    pause_after,
    reminder_hours,
    why_not_of_offer,
    why_not_of_recall,
    why_not_of_visit,
)
from lambda_function.domain.notifications import NotificationKind, Reason
from lambda_function.domain.recalls import RecallStatus, recall_subject
from lambda_function.domain.waitlist import WaitlistStatus

BASIS = datetime(2030, 1, 7, 14, 0, tzinfo=UTC)
NOW = BASIS + timedelta(hours=1)
START = BASIS + timedelta(days=1)
DUE = date(2030, 2, 28)
EARLIER, LATER = BASIS - timedelta(microseconds=1), BASIS + timedelta(microseconds=1)
OF_VISITS = [kind for kind in NotificationKind if kind not in {NotificationKind.OFFER, NotificationKind.RECALL}]
UNDER_WAY = [Status.CHECKED_IN, Status.COMPLETED, Status.NO_SHOW]

# Each kind of message in each state in which a visit can be that has not begun: why it is not sent, or None.
IN_STATE = {
    (NotificationKind.REQUESTED, Status.REQUESTED): None,
    (NotificationKind.REQUESTED, Status.BOOKED): Reason.SUPERSEDED,
    (NotificationKind.REQUESTED, Status.CANCELLED): Reason.CANCELLED,
    (NotificationKind.BOOKED, Status.REQUESTED): Reason.NOT_CONFIRMED,
    (NotificationKind.BOOKED, Status.BOOKED): None,
    (NotificationKind.BOOKED, Status.CANCELLED): Reason.CANCELLED,
    (NotificationKind.CONFIRMED, Status.REQUESTED): Reason.NOT_CONFIRMED,
    (NotificationKind.CONFIRMED, Status.BOOKED): None,
    (NotificationKind.CONFIRMED, Status.CANCELLED): Reason.CANCELLED,
    (NotificationKind.MOVED, Status.REQUESTED): None,
    (NotificationKind.MOVED, Status.BOOKED): None,
    (NotificationKind.MOVED, Status.CANCELLED): Reason.CANCELLED,
    (NotificationKind.CANCELLED, Status.REQUESTED): Reason.NOT_CONFIRMED,
    (NotificationKind.CANCELLED, Status.BOOKED): Reason.SUPERSEDED,
    (NotificationKind.CANCELLED, Status.CANCELLED): None,
    (NotificationKind.REMINDER, Status.REQUESTED): Reason.NOT_CONFIRMED,
    (NotificationKind.REMINDER, Status.BOOKED): None,
    (NotificationKind.REMINDER, Status.CANCELLED): Reason.CANCELLED,
}


class Visit(NamedTuple):
    status: Status
    starts_at: datetime = START
    placed_at: datetime = BASIS


class Offer(NamedTuple):
    status: WaitlistStatus = WaitlistStatus.OFFERED
    offer_starts_at: datetime | None = BASIS
    offer_expires_at: datetime | None = NOW + timedelta(minutes=1)
    offer_doctor_id: int | None = 7
    waitlist_id: int = 5


class Recall(NamedTuple):
    status: RecallStatus = RecallStatus.OPEN
    due_on: date = DUE
    treatment_active: bool = True
    appointment_id: int | None = None
    unfinished: bool = False


def test_the_table_has_each_kind_in_each_state() -> None:
    assert set(IN_STATE) == {
        (kind, status) for kind in OF_VISITS for status in (Status.REQUESTED, Status.BOOKED, Status.CANCELLED)
    }


@pytest.mark.parametrize(("case", "reason"), IN_STATE.items(), ids=str)
def test_a_message_holds_in_the_states_that_it_tells_of(
    case: tuple[NotificationKind, Status], reason: Reason | None
) -> None:
    kind, status = case

    assert why_not_of_visit(kind, BASIS, Visit(status), NOW) is reason


@pytest.mark.parametrize("kind", OF_VISITS)
@pytest.mark.parametrize("status", UNDER_WAY)
def test_nothing_is_told_of_a_visit_that_is_under_way_or_over(kind: NotificationKind, status: Status) -> None:
    assert why_not_of_visit(kind, BASIS, Visit(status), NOW) is Reason.STARTED


@pytest.mark.parametrize("kind", OF_VISITS)
def test_nothing_is_told_from_the_start_of_the_visit_on(kind: NotificationKind) -> None:
    status = next(status for (other, status), reason in IN_STATE.items() if other is kind and reason is None)

    assert why_not_of_visit(kind, BASIS, Visit(status), START - timedelta(microseconds=1)) is None
    assert why_not_of_visit(kind, BASIS, Visit(status), START) is Reason.STARTED


@pytest.mark.parametrize("kind", OF_VISITS)
def test_a_visit_that_got_another_time_since_is_told_of_by_a_later_message(kind: NotificationKind) -> None:
    status = next(status for (other, status), reason in IN_STATE.items() if other is kind and reason is None)

    assert why_not_of_visit(kind, BASIS, Visit(status, placed_at=LATER), NOW) is Reason.SUPERSEDED
    earlier = why_not_of_visit(kind, BASIS, Visit(status, placed_at=EARLIER), NOW)
    assert earlier is (Reason.SUPERSEDED if kind is NotificationKind.REMINDER else None)


@pytest.mark.parametrize(
    ("offer", "stands"),
    [
        (Offer(), True),
        (Offer(offer_expires_at=NOW), False),
        (Offer(offer_starts_at=LATER), False),
        (Offer(offer_doctor_id=8), False),
        (Offer(waitlist_id=6), False),
        (Offer(offer_starts_at=None, offer_expires_at=None), False),
        *((Offer(status), False) for status in WaitlistStatus if status is not WaitlistStatus.OFFERED),
    ],
)
def test_an_offer_is_told_while_it_stands(offer: Offer, *, stands: bool) -> None:
    assert why_not_of_offer(offer_subject(5, BASIS, 7), offer, NOW) is (None if stands else Reason.OFFER_ENDED)


@pytest.mark.parametrize(
    ("recall", "reason"),
    [
        (Recall(), None),
        (Recall(due_on=DUE + timedelta(days=1)), Reason.SUPERSEDED),
        (Recall(treatment_active=False, appointment_id=17), Reason.TREATMENT_INACTIVE),
        (Recall(appointment_id=17, unfinished=True), Reason.BOOKED),
        (Recall(unfinished=True), Reason.STARTED),
        *((Recall(status), Reason.RECALL_CLOSED) for status in RecallStatus if status is not RecallStatus.OPEN),
        *(
            (Recall(status, DUE + timedelta(days=1), treatment_active=False, appointment_id=17), Reason.RECALL_CLOSED)
            for status in RecallStatus
            if status is not RecallStatus.OPEN
        ),
    ],
)
def test_a_patient_is_told_of_a_recall_while_it_is_open_for_the_same_day_and_bookable_and_no_visit_is_unfinished(
    recall: Recall, reason: Reason | None
) -> None:
    assert why_not_of_recall(recall_subject(3, -14, DUE), recall) is reason


@pytest.mark.parametrize(
    ("subject", "hours"),
    [
        ("reminder:17:48:2030-01-07T14:00:00+00:00", 48),
        ("reminder:17:2:2030-01-07T14:00:00Z", 2),
        ("by-hand:17:abc", None),
        ("change:3:BOOKED", None),
    ],
)
def test_the_hours_of_a_reminder_are_read_from_its_subject(subject: str, hours: int | None) -> None:
    assert reminder_hours(subject) == hours


def test_a_message_is_tried_ever_more_rarely_for_about_a_day() -> None:
    def in_the_middle(low: float, high: float) -> float:
        return (low + high) / 2

    pauses = [pause_after(attempts, in_the_middle) for attempts in range(1, MAX_ATTEMPTS)]

    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert max(pauses) == timedelta(hours=4)
    total = list(accumulate(pauses, initial=timedelta(0)))[-1]
    assert timedelta(hours=20) < total < timedelta(hours=28)


def test_messages_that_failed_at_once_do_not_come_back_at_once() -> None:
    shortest = pause_after(3, lambda low, _high: low)
    longest = pause_after(3, lambda _low, high: high)

    assert (shortest, longest) == (timedelta(minutes=3), timedelta(minutes=5))
