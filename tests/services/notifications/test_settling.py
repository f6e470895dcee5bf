"""Settling: whoever holds the lease says what became of a message, and nobody else."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from lambda_function.domain.message_rules import MAX_ATTEMPTS
from lambda_function.domain.notifications import NotificationStatus, Reason
from lambda_function.services.notifications.messages import ComposedMessage, Outcome, OutcomeStatus
from lambda_function.services.notifications.settling import settle
from tests.api.desk import instant
from tests.clock import NOW
from tests.services.notifications.messages import Messages

START = instant("15:00", "2030-03-01")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def message(messages: Messages) -> ComposedMessage:
    """A message that has just been claimed."""
    messages.told(START)
    [message] = messages.claim()
    return message


def test_what_was_sent_has_the_providers_id_and_is_done(
    messages: Messages, message: ComposedMessage, log_text: Callable[[], str]
) -> None:
    log_text()
    messages.clock.advance(seconds=5)

    assert messages.settle(message, provider_id="ses-1") == 1

    row = messages.row()
    assert (row.status, row.sent_at, row.provider_id) == (
        NotificationStatus.SENT,
        NOW + timedelta(seconds=5),
        "ses-1",
    )
    assert (row.next_at, row.lease, row.reason) == (None, None, None)
    assert '"MessagesSent"' in log_text()


@pytest.mark.parametrize("reason", [Reason.ADDRESS_REFUSED, Reason.OPTED_OUT, None])
def test_what_was_refused_has_failed_with_the_reason(
    messages: Messages, message: ComposedMessage, reason: Reason | None, log_text: Callable[[], str]
) -> None:
    log_text()

    messages.settle(message, OutcomeStatus.REFUSED, reason=reason)

    row = messages.row()
    assert (row.status, row.reason) == (NotificationStatus.FAILED, reason or Reason.REFUSED)
    assert (row.next_at, row.lease, row.sent_at) == (None, None, None)
    assert '"MessagesFailed"' in log_text()


def test_a_reason_that_is_too_long_is_cut(messages: Messages, message: ComposedMessage) -> None:
    messages.settle(message, OutcomeStatus.REFUSED, reason="x" * 300)

    assert messages.fate() == ("FAILED", "x" * 64)


@pytest.mark.parametrize("status", [OutcomeStatus.RETRY, OutcomeStatus.UNKNOWN])
def test_what_may_succeed_later_is_tried_again_after_a_pause(
    messages: Messages, message: ComposedMessage, status: OutcomeStatus, log_text: Callable[[], str]
) -> None:
    log_text()

    messages.settle(message, status)

    row = messages.row()
    assert (row.status, row.lease, row.attempts) == (NotificationStatus.PENDING, None, 1)
    assert row.next_at is not None
    assert NOW + 0.75 * MINUTE <= row.next_at <= NOW + 1.25 * MINUTE
    assert ('"MessageOutcomeUnknown"' in log_text()) is (status is OutcomeStatus.UNKNOWN)
    assert messages.claim() == []
    messages.clock.advance(minutes=1.25)
    assert len(messages.claim()) == 1


def test_what_was_not_tried_is_due_at_once_and_no_attempt(messages: Messages, message: ComposedMessage) -> None:
    messages.settle(message, OutcomeStatus.UNSENT)

    row = messages.row()
    assert (row.status, row.lease, row.attempts, row.next_at) == (NotificationStatus.PENDING, None, 0, NOW)
    assert len(messages.claim()) == 1


def test_after_about_a_day_it_is_given_up(messages: Messages, message: ComposedMessage) -> None:
    begun, attempts = messages.clock.now, 1
    while messages.row().status is not NotificationStatus.FAILED:
        messages.settle(message, OutcomeStatus.RETRY)
        next_at = messages.row().next_at
        if next_at is not None:
            messages.clock.now, attempts = next_at, attempts + 1
            claimed = messages.claim()
            # At night the channel is an e-mail's, which waits for nothing.
            [message] = claimed

    assert (messages.row().reason, attempts) == (Reason.GAVE_UP, MAX_ATTEMPTS)
    assert timedelta(hours=15) < messages.clock.now - begun < timedelta(hours=31)


def test_an_old_lease_changes_nothing(messages: Messages, message: ComposedMessage) -> None:
    messages.clock.advance(seconds=120)
    [again] = messages.claim()

    assert messages.settle(message) == 0

    assert (messages.row().status, messages.row().lease) == (NotificationStatus.SENDING, again.lease)
    assert messages.settle(again) == 1
    assert messages.settle(again) == 0


def test_a_lease_that_has_ended_settles_as_long_as_nobody_else_has_claimed(
    messages: Messages, message: ComposedMessage
) -> None:
    messages.clock.advance(minutes=10)

    assert messages.settle(message) == 1
    assert messages.fate() == ("SENT", None)


def test_a_batch_is_settled_as_far_as_it_is_leased(messages: Messages, message: ComposedMessage) -> None:
    messages.told(START)
    [second] = messages.claim()
    outcomes = [
        Outcome(notification_id=message.notification_id, lease=message.lease, status=OutcomeStatus.SENT),
        Outcome(notification_id=second.notification_id, lease="0" * 32, status=OutcomeStatus.SENT),
        Outcome(notification_id=999, lease="0" * 32, status=OutcomeStatus.SENT),
    ]

    assert settle(messages.database, outcomes) == 1
    assert settle(messages.database, []) == 0
    assert [row.status.value for row in messages.rows()] == ["SENT", "SENDING"]


def test_nothing_more_is_written_about_somebody_who_was_erased_meanwhile(
    messages: Messages, message: ComposedMessage
) -> None:
    messages.change_user("pat", active=False, erased_at=NOW)

    messages.settle(message, provider_id="ses-1")

    assert (messages.fate(), messages.row().provider_id) == (("SENT", None), None)
