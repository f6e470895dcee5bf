"""Who is told instead, if a person who was to be told can no longer be told when the message is claimed."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

from lambda_function.db.models import Guardian
from lambda_function.domain.addresses import address_hash
from lambda_function.domain.appointment import Status
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel
from tests.api.desk import instant
from tests.services.notifications.messages import Messages
from tests.services.notifications.planned import offered, reminder

START = instant("15:00")
NIGHT = instant("02:30")
MORNING = instant("13:00")


def told(messages: Messages) -> list[tuple[str, str, str | None]]:
    """Returns for whom each message is, and its status and reason, the oldest message first."""
    names = {user_id: name for name, user_id in messages.practice.ids.items()}
    return [(names[row.user_id], row.status.value, row.reason) for row in messages.rows()]


def stop_acting(messages: Messages, guardian: str) -> None:
    messages.practice.session.execute(delete(Guardian).where(Guardian.guardian_id == messages.practice.ids[guardian]))
    messages.practice.session.commit()


@pytest.fixture
def family(messages: Messages) -> None:
    """Ana acts for Pat, who has no address. Ben does not act for Pat yet."""
    messages.change_user("pat", email=None)
    messages.practice.add_patient("ana", email="ana@example.org")
    messages.practice.add_patient("ben", email="ben@example.org")
    messages.practice.add_guardian("ana", "pat")


Happening = Callable[[Messages], None]
HAPPENINGS: dict[str, Happening] = {
    "not_addressee": lambda m: stop_acting(m, "ana"),
    "addressee_inactive": lambda m: m.change_user("ana", active=False),
    "no_address": lambda m: m.change_user("ana", email=None),
    "not_wanted": lambda m: m.change_user("ana", contact_by=Channel.NONE),
    "address_bounced": lambda m: m.change_user("ana", bounced_email_hash=address_hash("ana@example.org")),
    "phone_without_country_code": lambda m: m.change_user("ana", email=None, phone="987654321"),
}


@pytest.mark.parametrize("reason", HAPPENINGS)
@pytest.mark.usefixtures("family")
def test_who_acts_now_is_told_instead(messages: Messages, reason: str) -> None:
    messages.told(START)
    HAPPENINGS[reason](messages)
    messages.practice.add_guardian("ben", "pat")

    [message] = messages.claim()

    assert (message.to, message.kind) == ("ben@example.org", NotificationKind.BOOKED)
    assert told(messages) == [("ana", "SUPPRESSED", reason), ("ben", "SENDING", None)]
    first, second = messages.rows()
    assert (first.subject, first.basis_at, first.clinic_id, first.appointment_id) == (
        second.subject,
        second.basis_at,
        second.clinic_id,
        second.appointment_id,
    )


def test_guardians_are_told_in_place_of_a_patient_whose_address_was_removed(messages: Messages) -> None:
    messages.practice.add_patient("ana", email="ana@example.org")
    messages.practice.add_guardian("ana", "pat")
    messages.told(START)
    messages.change_user("pat", email=None)

    assert [message.to for message in messages.claim()] == ["ana@example.org"]
    assert told(messages) == [("pat", "SUPPRESSED", "no_address"), ("ana", "SENDING", None)]


@pytest.mark.usefixtures("family")
def test_the_patient_is_told_if_nobody_acts_any_more(messages: Messages) -> None:
    messages.told(START)
    stop_acting(messages, "ana")
    messages.change_user("pat", email="pat@example.org")

    assert [message.to for message in messages.claim()] == ["pat@example.org"]


@pytest.mark.usefixtures("family")
def test_if_nobody_can_be_reached_that_is_shown_once_and_it_ends(messages: Messages) -> None:
    messages.told(START)
    stop_acting(messages, "ana")

    assert [messages.claim(), messages.claim()] == [[], []]
    assert told(messages) == [("ana", "SUPPRESSED", "not_addressee"), ("pat", "SUPPRESSED", "no_address")]


@pytest.mark.usefixtures("family")
def test_who_has_been_told_is_not_told_again(messages: Messages) -> None:
    messages.practice.add_guardian("ben", "pat")
    messages.told(START)
    [*both] = messages.claim()
    messages.settle(next(message for message in both if message.to == "ben@example.org"))
    messages.clock.advance(minutes=3)
    stop_acting(messages, "ana")

    assert messages.claim() == []
    assert told(messages) == [("ana", "SUPPRESSED", "not_addressee"), ("ben", "SENT", None)]


@pytest.mark.usefixtures("family")
def test_nobody_is_told_what_no_longer_holds(messages: Messages) -> None:
    visit = messages.told(START)
    stop_acting(messages, "ana")
    messages.practice.add_guardian("ben", "pat")
    messages.change_visit(visit, status=Status.CANCELLED)

    assert messages.claim() == []
    assert told(messages) == [("ana", "SUPPRESSED", "cancelled")]


@pytest.mark.parametrize("columns", [{"active": False}, {"contact_by": Channel.NONE}], ids=str)
def test_nobody_is_told_about_a_patient_who_is_inactive_or_wants_nothing(
    messages: Messages, columns: dict[str, Any]
) -> None:
    messages.practice.add_patient("ana", email="ana@example.org")
    messages.practice.add_guardian("ana", "pat")
    messages.told(START)
    messages.change_user("pat", **columns)

    assert messages.claim() == []
    assert len(messages.rows()) == 1


def test_a_guardian_who_is_told_by_sms_instead_is_not_woken(messages: Messages) -> None:
    messages.practice.add_patient("ana", email=None, phone="+51 987 654 321")
    messages.practice.add_guardian("ana", "pat")
    messages.clock.now = NIGHT
    messages.told(START)
    messages.change_user("pat", email=None)

    assert messages.claim() == []
    assert [row.next_at for row in messages.rows()] == [None, MORNING]
    messages.clock.now = MORNING
    assert [message.to for message in messages.claim()] == ["+51987654321"]


@pytest.mark.usefixtures("family")
def test_reminders_and_offers_reach_who_acts_now(messages: Messages) -> None:
    ana = messages.practice.ids["ana"]
    reminder(messages, messages.practice.add_appointment(START), hours=48, user_id=ana)
    offered(messages)
    stop_acting(messages, "ana")
    messages.practice.add_guardian("ben", "pat")

    claimed = messages.claim()

    assert {(message.to, message.kind) for message in claimed} == {
        ("ben@example.org", NotificationKind.REMINDER),
        ("ben@example.org", NotificationKind.OFFER),
    }
