"""Notices of recalls that are claimed: whom they go to, what they say, and when they no longer hold."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, update

from lambda_function.db.models import Recall, Treatment
from lambda_function.domain.appointment import Status
from lambda_function.domain.people import Channel, Language
from lambda_function.domain.recalls import RecallStatus
from tests.api.desk import instant
from tests.clock import NOW
from tests.services.notifications.messages import Messages
from tests.services.notifications.planned import noticed, recalled

NIGHT = instant("02:30")


def told(messages: Messages) -> list[tuple[str, str, str | None]]:
    names = {user_id: name for name, user_id in messages.practice.ids.items()}
    return sorted((names[row.user_id], row.status.value, row.reason) for row in messages.rows())


def child_of(messages: Messages, *guardians: str) -> Recall:
    """Returns the recall of a child without an address, of which all of these guardians are about to be told."""
    practice = messages.practice
    practice.add_patient("child")
    recall = recalled(messages, patient="child")
    for guardian in guardians:
        practice.add_patient(guardian, email=f"{guardian}@example.org")
        practice.add_guardian(guardian, "child")
        noticed(messages, recall, user_id=practice.ids[guardian])
    return recall


def test_a_notice_says_what_to_do_and_how_to_stop_it(messages: Messages) -> None:
    noticed(messages, recalled(messages))

    [message] = messages.claim()

    assert message.subject == "It is time for your next dental visit"
    assert "due on Monday, 21 January 2030" in message.text
    assert "Treatment: Check-up" in message.text
    assert f"Make an appointment:\n{message.links[0]}" in message.text
    assert "you can stop them on the same page" in message.text
    assert message.attachments == ()


@pytest.mark.parametrize(
    ("due_on", "said"),
    [("2030-01-07", "visit, due on Monday, 7 January"), ("2030-01-06", "visit, which was due on Sunday, 6 January")],
)
def test_a_notice_after_the_day_says_that_it_has_passed(messages: Messages, due_on: str, said: str) -> None:
    noticed(messages, recalled(messages, due_on))

    assert said in messages.claim()[0].text


def test_a_notice_is_in_the_language_of_the_person(messages: Messages) -> None:
    noticed(messages, recalled(messages))
    messages.change_user("pat", language=Language.ES)

    [message] = messages.claim()

    assert message.subject == "Ya es momento de su próxima visita dental"
    assert "recomendada para el lunes 21 de enero de 2030" in message.text


@pytest.mark.parametrize("language", Language)
def test_an_sms_names_the_day_and_the_page_and_no_treatment(messages: Messages, language: Language) -> None:
    noticed(messages, recalled(messages))
    messages.change_user("pat", email=None, phone="+51 987 654 321", language=language)

    [message] = messages.claim()

    assert (message.channel, message.subject) == (Channel.SMS, None)
    assert message.links[0] in message.text
    assert {Language.EN: "due on Mon 21 Jan", Language.ES: "el lun 21 ene"}[language] in message.text
    assert "check-up" not in message.text.lower()


STOPPED: dict[str, tuple[Callable[[Messages, Recall], object], str]] = {
    "dismissed": (lambda m, r: m.change_recall(r, status=RecallStatus.DISMISSED, open_key=None), "recall_closed"),
    "done": (lambda m, r: m.change_recall(r, status=RecallStatus.DONE, open_key=None), "recall_closed"),
    "another day": (lambda m, r: m.change_recall(r, due_on=date(2030, 1, 22)), "superseded"),
    "treatment out of use": (
        lambda m, r: m.write(update(Treatment).where(Treatment.treatment_id == r.treatment_id).values(active=False)),
        "treatment_inactive",
    ),
    "booked": (lambda m, _: m.practice.add_appointment(NOW + timedelta(days=9), clinic_id=2), "booked"),
    "in the chair": (
        lambda m, _: m.practice.add_appointment(NOW - timedelta(hours=1), status=Status.CHECKED_IN, clinic_id=2),
        "started",
    ),
    "unsubscribed": (lambda m, _: m.change_user("pat", recalls=False), "not_wanted"),
    "wants nothing": (lambda m, _: m.change_user("pat", contact_by=Channel.NONE), "not_wanted"),
    "deactivated": (lambda m, _: m.change_user("pat", active=False), "patient_inactive"),
    "clinic closed": (lambda m, _: m.change_clinic(active=False), "clinic_inactive"),
    "erased": (lambda m, r: m.write(delete(Recall).where(Recall.recall_id == r.recall_id)), "gone"),
}


@pytest.mark.parametrize(("change", "reason"), STOPPED.values(), ids=STOPPED.keys())
def test_what_no_longer_holds_is_not_sent(
    messages: Messages, change: Callable[[Messages, Recall], object], reason: str
) -> None:
    recall = recalled(messages)
    noticed(messages, recall)
    change(messages, recall)

    assert messages.claim() == []
    assert messages.fate() == ("SUPPRESSED", reason)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_quiet_hours_hold_back_a_notice_whatever_its_channel(messages: Messages, channel: Channel) -> None:
    noticed(messages, recalled(messages))
    messages.change_user("pat", phone="+51 987 654 321", contact_by=channel)
    messages.clock.now = NIGHT

    assert messages.claim() == []

    row = messages.row()
    assert (row.status.value, row.next_at) == ("PENDING", instant("13:00"))


def test_a_guardian_who_wants_no_reminders_is_not_told_and_the_other_is(messages: Messages) -> None:
    child_of(messages, "ana", "ben")
    messages.change_user("ana", recalls=False)

    [message] = messages.claim()

    assert message.to == "ben@example.org"
    assert message.subject == "It is time for the next dental visit of Child"
    assert told(messages) == [("ana", "SUPPRESSED", "not_wanted"), ("ben", "SENDING", None)]


def test_if_a_guardian_wants_no_reminders_one_who_was_added_later_is_told(messages: Messages) -> None:
    child_of(messages, "ana")
    messages.change_user("ana", recalls=False)
    messages.practice.add_patient("ben", email="ben@example.org")
    messages.practice.add_guardian("ben", "child")

    assert [message.to for message in messages.claim()] == ["ben@example.org"]

    assert told(messages) == [("ana", "SUPPRESSED", "not_wanted"), ("ben", "SENDING", None)]
    assert len({(row.recall_id, row.subject) for row in messages.rows()}) == 1


def test_nobody_is_told_of_a_child_who_is_not_to_be_reminded(messages: Messages) -> None:
    child_of(messages, "ana", "ben")
    messages.change_user("child", recalls=False)

    assert messages.claim() == []
    assert messages.claim() == []
    assert told(messages) == [("ana", "SUPPRESSED", "not_wanted"), ("ben", "SUPPRESSED", "not_wanted")]
