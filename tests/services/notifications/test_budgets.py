"""How many statements the notifications function sends, with little and with much to do."""

from datetime import timedelta

import pytest

from lambda_function.domain.people import Channel
from lambda_function.services.notifications.messages import Outcome, OutcomeStatus
from lambda_function.services.notifications.settling import settle
from tests.api.conftest import Statements, statements
from tests.api.desk import instant
from tests.clock import NOW
from tests.services.notifications.messages import Messages
from tests.services.notifications.planned import noticed, offered, recalled, reminder

__all__ = ["statements"]

START = instant("15:00")
# The lock, eight reads, the words of clinics and the change; the people, their guardians and the new rows if others are
# to be told instead; and the commit.
CLAIM = 14
# The visit, its clinic, the people, their guardians, and the new rows; and the commit.
EVENT = 6
# The lock and the change; and the commit.
SETTLE = 3


@pytest.fixture(params=[1, 30], ids=["little", "much"])
def mixed(request: pytest.FixtureRequest, messages: Messages) -> Messages:
    """Messages of each kind that are due: of changes, reminders, offers and recalls, to patients and guardians, and
    some that are suppressed.
    """
    practice = messages.practice
    for number in range(request.param):
        child, mother = f"child{number}", f"mother{number}"
        patient = practice.add_patient(child)
        practice.add_patient(mother, phone="+51 987 654 321" if number % 2 else "12345")
        practice.add_guardian(mother, child)
        visit = messages.told(START + timedelta(days=number), patient_id=patient.user_id)
        messages.told(START)
        reminder(messages, practice.add_appointment(START + timedelta(days=number)), hours=48)
        messages.change_visit(visit, placed_at=NOW + timedelta(hours=number % 2))
        offered(messages)
        noticed(messages, recalled(messages, patient=child))
        messages.change_user(mother, contact_by=Channel.NONE if number % 3 == 0 else None)
    return messages


def test_a_claim_sends_as_many_statements_whatever_it_claims(mixed: Messages, statements: Statements) -> None:
    statements.clear()

    claimed = mixed.claim(100)

    assert len(statements) <= CLAIM, statements.sent
    assert len(claimed) >= 2

    statements.clear()
    settle(
        mixed.database,
        [
            Outcome(notification_id=each.notification_id, lease=each.lease, status=OutcomeStatus.SENT)
            for each in claimed
        ],
    )
    assert len(statements) == SETTLE, statements.sent


def test_a_claim_of_nothing_is_one_statement(messages: Messages, statements: Statements) -> None:
    statements.clear()

    assert messages.claim() == []

    assert [sent.split()[0] for sent in statements.sent] == ["SELECT", "COMMIT"]


@pytest.mark.parametrize("guardians", [0, 1, 10])
def test_an_event_sends_as_many_statements_whomever_it_concerns(
    messages: Messages, statements: Statements, guardians: int
) -> None:
    if guardians:
        messages.change_user("pat", email=None)
    for number in range(guardians):
        messages.practice.add_patient(f"g{number}", email=f"g{number}@example.org")
        messages.practice.add_guardian(f"g{number}", "pat")
    visit = messages.practice.add_appointment(START)
    statements.clear()

    messages.tell("booked", visit)

    assert len(statements) <= EVENT, statements.sent
    assert len(messages.rows()) == max(guardians, 1)


def test_an_event_that_tells_nobody_sends_none(messages: Messages, statements: Statements) -> None:
    visit = messages.practice.add_appointment(START)
    statements.clear()

    messages.tell("completed", visit)

    assert statements.sent == []


def test_a_bounce_sends_few(messages: Messages, statements: Statements) -> None:
    messages.told(START)
    [message] = messages.claim()
    messages.settle(message)
    event = messages.event("mail.bounced", notification_id=str(message.notification_id), kind="Permanent")
    statements.clear()

    messages.deliver(event)

    assert len(statements) <= 6, statements.sent
    assert messages.practice.user("pat").contact_by is not Channel.NONE
