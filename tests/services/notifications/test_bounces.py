"""Mail that comes back, and what it means for the address."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambda_function.db.models import PersonEvent
from lambda_function.domain.addresses import address_hash
from lambda_function.domain.notifications import NotificationStatus
from lambda_function.domain.people import Channel, PersonAction
from lambda_function.services.notifications.messages import ComposedMessage, OutcomeStatus
from tests.api.desk import instant
from tests.api_client import ApiClient
from tests.clock import NOW
from tests.services.notifications.messages import Messages

START = instant("15:00")
HASH = address_hash("pat@example.org")


@pytest.fixture
def sent(messages: Messages) -> ComposedMessage:
    """A message that was sent to Pat."""
    messages.told(START)
    [message] = messages.claim()
    messages.settle(message, provider_id="ses-1")
    return message


def come_back(messages: Messages, message: ComposedMessage, kind: str = "Permanent", event: str = "bounced") -> None:
    """Delivers what the rule makes of an event of SES."""
    detail = {"notification_id": str(message.notification_id), "kind": kind}
    assert messages.deliver(json.dumps({"detail-type": f"mail.{event}", "detail": detail})) == []


@pytest.mark.parametrize(("event", "kind"), [("bounced", "Permanent"), ("complained", "abuse"), ("complained", "")])
def test_a_permanent_bounce_or_a_complaint_ends_the_message_and_the_address(
    messages: Messages, sent: ComposedMessage, event: str, kind: str, log_text: Callable[[], str]
) -> None:
    log_text()
    come_back(messages, sent, kind, event)

    row = messages.row()
    assert (row.status, row.reason, row.provider_id) == (NotificationStatus.FAILED, event, "ses-1")
    assert row.sent_at is not None
    assert messages.practice.user("pat").bounced_email_hash == HASH
    logged = log_text()
    assert '"MessagesFailed"' in logged
    assert "example.org" not in logged


@pytest.mark.parametrize("kind", ["Transient", "Undetermined", "permanent", "Later"])
def test_what_may_pass_changes_nothing(messages: Messages, sent: ComposedMessage, kind: str) -> None:
    come_back(messages, sent, kind)

    assert messages.fate() == ("SENT", None)
    assert messages.practice.user("pat").bounced_email_hash is None


def test_what_comes_again_changes_nothing_more(messages: Messages, sent: ComposedMessage) -> None:
    come_back(messages, sent)
    version = messages.practice.user("pat").version

    come_back(messages, sent)
    come_back(messages, sent, event="complained")

    assert messages.fate() == ("FAILED", "bounced")
    assert messages.practice.user("pat").version == version
    [event] = [row for row in messages.practice.rows(PersonEvent) if row.user_id == messages.practice.ids["pat"]]
    assert (event.action, event.fields, event.actor_id) == (PersonAction.CHANGE, ["bounced_email_hash"], None)


def test_another_address_is_not_marked(messages: Messages, sent: ComposedMessage) -> None:
    messages.change_user("pat", email="new@example.org")

    come_back(messages, sent)

    assert messages.fate() == ("FAILED", "bounced")
    assert messages.practice.user("pat").bounced_email_hash is None


def test_an_address_that_is_written_otherwise_is_the_same(messages: Messages, sent: ComposedMessage) -> None:
    messages.change_user("pat", email="PAT@Example.org")

    come_back(messages, sent)

    assert messages.practice.user("pat").bounced_email_hash == HASH


def test_it_may_come_before_the_outcome_which_then_changes_nothing(messages: Messages) -> None:
    messages.told(START)
    [message] = messages.claim()
    come_back(messages, message)

    assert messages.settle(message, OutcomeStatus.SENT) == 0
    assert messages.fate() == ("FAILED", "bounced")


def test_one_whose_outcome_was_unknown_is_not_sent_again(messages: Messages) -> None:
    messages.told(START)
    [message] = messages.claim()
    messages.settle(message, OutcomeStatus.UNKNOWN)
    come_back(messages, message)
    messages.clock.advance(hours=1)

    assert messages.claim() == []
    assert messages.fate() == ("FAILED", "bounced")


def test_one_that_was_given_up_may_have_been_sent(messages: Messages) -> None:
    messages.told(START)
    [message] = messages.claim()
    messages.change_rows(status=NotificationStatus.FAILED, reason="gave_up", next_at=None, lease=None)

    come_back(messages, message)

    assert messages.fate() == ("FAILED", "bounced")


@pytest.mark.parametrize(
    "columns",
    [
        {"channel": Channel.SMS},
        {"channel": Channel.NONE, "status": NotificationStatus.SUPPRESSED, "reason": "no_address"},
        {"status": NotificationStatus.SUPPRESSED, "reason": "cancelled"},
        {"status": NotificationStatus.FAILED, "reason": "address_refused"},
        {"status": NotificationStatus.PENDING, "attempts": 0, "next_at": NOW},
    ],
    ids=str,
)
def test_what_cannot_have_been_mailed_does_not_come_back(
    messages: Messages, sent: ComposedMessage, columns: dict[str, Any]
) -> None:
    messages.change_rows(**columns)
    before = messages.fate()

    come_back(messages, sent)

    assert messages.fate() == before
    assert messages.practice.user("pat").bounced_email_hash is None


def test_a_message_that_is_not_there_any_more_is_no_error(messages: Messages) -> None:
    body = json.dumps({"detail-type": "mail.bounced", "detail": {"notification_id": "999", "kind": "Permanent"}})

    assert messages.deliver(body) == []


def test_from_then_on_the_next_channel_is_used_and_shown(
    messages: Messages, sent: ComposedMessage, client: ApiClient
) -> None:
    messages.change_user("pat", phone="+51 987 654 321")
    assert client.get("pat", "/me").json["contact_by"] == "EMAIL"

    come_back(messages, sent)

    assert client.get("pat", "/me").json["contact_by"] == "SMS"
    assert client.get("rita", f"/users/{messages.practice.ids['pat']}").json["contact_by"] == "SMS"
    found = client.get("rita", "/users", q="pat").json["items"]
    assert [item["contact_by"] for item in found] == ["SMS"]
    messages.told(START)
    assert messages.to()[-1] == ("pat", "SMS")


def test_without_another_channel_none_is_shown(messages: Messages, sent: ComposedMessage, client: ApiClient) -> None:
    come_back(messages, sent)

    assert client.get("pat", "/me").json["contact_by"] == Channel.NONE


def test_an_address_that_is_entered_again_is_tried_again(
    messages: Messages, sent: ComposedMessage, client: ApiClient
) -> None:
    come_back(messages, sent)
    for email in ("new@example.org", "pat@example.org"):
        assert client.call("pat", "PATCH", "/me", {"email": email}).status == 200

    assert client.get("pat", "/me").json["contact_by"] == "EMAIL"


@pytest.mark.parametrize(("trusted", "version"), [(True, 3), (None, 1), (False, 1), (None, 2)])
def test_an_address_is_trusted_as_it_was_before(
    messages: Messages, sent: ComposedMessage, *, trusted: bool | None, version: int
) -> None:
    messages.change_user("pat", email_trusted=trusted, version=version)

    come_back(messages, sent)

    pat = messages.practice.user("pat")
    assert (pat.email_trusted, pat.version) == (trusted if trusted is not None else version == 1, version + 1)


@pytest.mark.parametrize("email", ["pat@example.org", "pat.rojas@example.org"])
def test_an_address_that_a_reception_enters_is_tried_again_even_if_it_is_the_same(
    messages: Messages, sent: ComposedMessage, client: ApiClient, email: str
) -> None:
    come_back(messages, sent)
    pat = messages.practice.ids["pat"]

    answer = client.call("rita", "PATCH", f"/users/{pat}", {"email": email})

    assert answer.status == 200
    assert messages.practice.user("pat").bounced_email_hash is None
    last = max(messages.practice.rows(PersonEvent), key=lambda row: row.person_event_id)
    assert "bounced_email_hash" in last.fields
