"""Claiming: what is due is leased to one messenger, with its words, which are made of what is true then."""

from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from tests.api.desk import instant
from tests.services.notifications.messages import Messages


def test_a_booking_is_told_by_e_mail_with_the_visit_as_a_file(messages: Messages) -> None:
    messages.told(instant("15:00"))

    [message] = messages.claim()

    assert (message.kind, message.channel, message.to) == (NotificationKind.BOOKED, Channel.EMAIL, "pat@example.org")
    assert message.subject
    assert message.html
    assert message.attachments[0].filename.endswith(".ics")
    row = messages.row()
    assert (row.status, row.attempts, row.lease) == (NotificationStatus.SENDING, 1, message.lease)


def test_what_is_leased_is_not_claimed_again_before_its_lease_ends(messages: Messages) -> None:
    messages.told(instant("15:00"))
    messages.claim()

    assert messages.claim() == []
    messages.clock.advance(seconds=120)
    [again] = messages.claim()
    assert messages.settle(again) == 1
    assert messages.fate() == ("SENT", None)
