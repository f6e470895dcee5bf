"""What becomes of the messages to somebody who is merged, erased or asks for a copy."""

import json
from typing import Any

import pytest

from lambda_function.db.models import Guardian, Notification
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.addresses import address_hash
from lambda_function.domain.notifications import NotificationStatus
from lambda_function.services.notifications.messages import OutcomeStatus
from tests.api.desk import instant
from tests.cli.terminal import Terminal
from tests.cli.zoe_twice import ZOE, add_zoe_twice
from tests.clock import Clock
from tests.services.notifications.messages import Messages
from tests.traces import everywhere

START = instant("15:00")


@pytest.fixture
def messages(database: Database, terminal: Terminal, clock: Clock) -> Messages:
    """Zoe is there twice, as `zoe.quinn` and `zoe2`."""
    add_zoe_twice(terminal)
    return Messages(database, terminal.practice, clock)


def wrong(terminal: Terminal) -> list[Any]:
    """Returns what `check` finds about merges and messages. The visits of these tests have no claims."""
    findings = json.loads(terminal.run("check", "--json").stdout)["findings"]
    return [finding for finding in findings if finding["check"] in {"merge", "notification"}]


def merged(terminal: Terminal) -> None:
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")


def test_the_messages_of_one_become_those_of_the_other(terminal: Terminal, messages: Messages) -> None:
    messages.told(START, patient_id=messages.practice.ids["zoe.quinn"])
    [sent] = messages.claim()
    messages.settle(sent, provider_id="ses-1")
    messages.told(START, patient_id=messages.practice.ids["zoe.quinn"])

    merged(terminal)

    assert messages.to() == [("zoe2", "EMAIL")] * 2
    [pending] = messages.claim()
    assert pending.to == ZOE["email"]
    assert wrong(terminal) == []


def test_of_two_guardians_of_one_child_who_are_one_person_one_was_told(terminal: Terminal, messages: Messages) -> None:
    messages.change_user("zoe2", email="other@example.org")
    messages.change_user("pat", email=None)
    messages.practice.add_guardian("zoe.quinn", "pat")
    messages.practice.add_guardian("zoe2", "pat")
    messages.told(START)
    messages.told(START, patient_id=messages.practice.ids["zoe.quinn"])
    assert messages.to() == [("zoe.quinn", "EMAIL"), ("zoe2", "EMAIL"), ("zoe.quinn", "EMAIL")]

    merged(terminal)

    assert messages.to() == [("zoe2", "EMAIL"), ("zoe2", "EMAIL")]
    assert [message.to for message in messages.claim()] == ["other@example.org"] * 2
    assert len(messages.practice.rows(Guardian)) == 1
    assert wrong(terminal) == []


def test_a_message_that_was_on_its_way_to_the_one_is_settled_for_the_other(
    terminal: Terminal, messages: Messages
) -> None:
    messages.told(START, patient_id=messages.practice.ids["zoe.quinn"])
    [message] = messages.claim()

    merged(terminal)

    assert messages.settle(message, provider_id="ses-1") == 1
    assert (messages.fate(), messages.to()) == (("SENT", None), [("zoe2", "EMAIL")])


def test_an_address_from_which_mail_came_back_stays_one_when_it_becomes_the_others(
    terminal: Terminal, messages: Messages
) -> None:
    messages.change_user("zoe.quinn", bounced_email_hash=address_hash(ZOE["email"]))

    merged(terminal)

    assert messages.practice.user("zoe2").email == ZOE["email"]
    messages.told(START, patient_id=messages.practice.ids["zoe2"])
    assert messages.to() == [("zoe2", "SMS")]


def test_of_an_erased_person_neither_hash_nor_provider_is_kept(terminal: Terminal, messages: Messages) -> None:
    for _ in range(3):
        messages.told(START, patient_id=messages.practice.ids["zoe.quinn"])
    done, sending = messages.claim(2)
    messages.settle(done, provider_id="ses-1")
    messages.change_user("zoe.quinn", bounced_email_hash=address_hash(ZOE["email"]))
    traces = ("ses-1", address_hash(ZOE["email"]))
    assert {word for _, _, word in everywhere(terminal.practice.url, traces)} == set(traces)

    erase = ("erase-person", "zoe.quinn", "--yes", "--cancel-visits")
    user_id = terminal.done(*erase)["user_id"]
    messages.settle(sending, OutcomeStatus.SENT, provider_id="ses-2")

    assert everywhere(terminal.practice.url, (*traces, "ses-2")) == set()
    assert {row.user_id for row in messages.rows()} == {user_id}
    assert messages.claim() == []
    assert [(row.status, row.reason) for row in messages.rows()] == [
        (NotificationStatus.SENT, None),
        (NotificationStatus.SENT, None),
        (NotificationStatus.SUPPRESSED, "patient_inactive"),
    ]
    assert wrong(terminal) == []


def test_a_bounce_of_an_erased_person_marks_nobody(terminal: Terminal, messages: Messages) -> None:
    messages.told(START, patient_id=messages.practice.ids["zoe.quinn"])
    [message] = messages.claim()
    messages.settle(message)
    terminal.done("erase-person", "zoe.quinn", "--yes", "--cancel-visits")

    event = messages.event("mail.bounced", notification_id=str(message.notification_id), kind="Permanent")
    assert messages.deliver(event) == []

    assert messages.fate() == ("FAILED", "bounced")
    assert everywhere(terminal.practice.url, (address_hash(ZOE["email"]),)) == set()


def test_a_copy_shows_what_somebody_was_told_without_secrets(terminal: Terminal, messages: Messages) -> None:
    messages.told(START, patient_id=messages.practice.ids["zoe.quinn"])
    [message] = messages.claim()
    messages.told(START)

    copy = terminal.done("export-person", "zoe.quinn")

    [shown] = copy["notifications"]
    assert (shown["notification_id"], shown["kind"], shown["channel"]) == (message.notification_id, "BOOKED", "EMAIL")
    assert not {"lease", "address_hash"} & shown.keys()
    assert message.lease not in str(copy)
    assert len(messages.practice.rows(Notification)) == 2
