"""Claiming: what is due is leased to one messenger, with its words, which are made of what is true then."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import delete

from lambda_function.db.models import ClinicMessage, Link, WaitlistEntry
from lambda_function.domain.addresses import address_hash
from lambda_function.domain.appointment import Status
from lambda_function.domain.message_rules import LEASE, MAX_ATTEMPTS
from lambda_function.domain.notifications import NotificationKind, NotificationStatus, Reason
from lambda_function.domain.people import Channel, Language
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.services.notifications.claiming import report_oldest_due
from tests.api.desk import instant
from tests.clock import NOW
from tests.services.notifications.messages import PUBLIC_URL, Messages
from tests.services.notifications.planned import offered, reminder

START = instant("15:00")
NIGHT = instant("02:30")
EVENTS = {
    NotificationKind.REQUESTED: ("requested", Status.REQUESTED),
    NotificationKind.BOOKED: ("booked", Status.BOOKED),
    NotificationKind.CONFIRMED: ("confirmed", Status.BOOKED),
    NotificationKind.MOVED: ("moved", Status.BOOKED),
    NotificationKind.CANCELLED: ("cancelled", Status.CANCELLED),
}


def test_a_message_is_complete(messages: Messages) -> None:
    messages.change_clinic(email="desk@clinic.example", language=Language.EN)
    messages.told(START)

    [message] = messages.claim()

    assert (message.kind, message.channel, message.to) == (NotificationKind.BOOKED, Channel.EMAIL, "pat@example.org")
    assert message.sender_name
    assert message.reply_to == "desk@clinic.example"
    assert message.subject
    assert message.html
    assert "Pat Rojas" in message.text
    [link] = message.links
    assert link.startswith(f"{PUBLIC_URL}/visit/")
    assert link in message.text
    assert link in message.html

    [file] = message.attachments
    assert "METHOD:PUBLISH" in file.text
    row = messages.row()
    assert (row.status, row.attempts, row.lease) == (NotificationStatus.SENDING, 1, message.lease)
    assert (row.next_at, row.address_hash) == (NOW + timedelta(seconds=120), address_hash("pat@example.org"))
    assert len(message.lease) == 32


@pytest.mark.parametrize(("late", "promised"), [(timedelta(), True), (timedelta(microseconds=1), False)])
def test_a_change_is_promised_until_the_cut_off_of_the_clinic(
    messages: Messages, late: timedelta, *, promised: bool
) -> None:
    messages.change_clinic(cutoff_minutes=120)
    reminder(messages, messages.practice.add_appointment(START), hours=2)
    messages.clock.now = START - timedelta(minutes=120) + late

    [message] = messages.claim()

    assert ("change or cancel" in message.text) == promised


def test_who_has_said_to_come_is_not_asked_again(messages: Messages) -> None:
    visit = messages.practice.add_appointment(START)
    messages.change_visit(visit, attendance_confirmed_at=NOW)
    reminder(messages, visit, hours=48)

    [message] = messages.claim()

    assert "If you can no longer come, please change or cancel the appointment online" in message.text
    assert "confirm" not in message.text


def test_each_copy_has_a_link_of_its_own_of_which_only_the_hash_is_kept(messages: Messages) -> None:
    messages.told(START)
    [first] = messages.claim()
    messages.clock.now += LEASE
    [second] = messages.claim()

    tokens = [message.links[0].rpartition("/")[2] for message in (first, second)]

    assert {len(token) for token in tokens} == {43}
    hashes = {sha256(token.encode()).hexdigest() for token in tokens}
    assert {row.token_hash for row in messages.practice.rows(Link)} == hashes
    assert len(hashes) == 2


@pytest.mark.parametrize("kind", EVENTS)
def test_each_kind_of_change_is_sent(messages: Messages, kind: NotificationKind) -> None:
    name, status = EVENTS[kind]
    visit = messages.practice.add_appointment(START, status=status)
    messages.tell(name, visit, changed=["starts_at"])

    [message] = messages.claim()

    assert message.kind is kind
    assert ("METHOD:CANCEL" in message.attachments[0].text) is (kind is NotificationKind.CANCELLED)


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.BOOKED])
def test_a_move_that_the_clinic_has_yet_to_agree_to_is_told_as_that(messages: Messages, status: Status) -> None:
    messages.change_clinic(language=Language.EN)
    visit = messages.practice.add_appointment(START, status=status)
    messages.tell("moved", visit, changed=["starts_at"])

    [message] = messages.claim()

    assert ("not confirmed yet" in message.text) is (status is Status.REQUESTED)


def test_an_offer_is_sent_without_a_file(messages: Messages) -> None:
    offered(messages)

    [message] = messages.claim()

    assert (message.kind, message.attachments) == (NotificationKind.OFFER, ())


def test_an_sms_goes_to_the_number_in_international_form_and_has_only_a_text(messages: Messages) -> None:
    messages.change_user("pat", contact_by=Channel.SMS, phone="0051 (987) 654-321 ext. 4")
    messages.told(START)

    [message] = messages.claim()

    assert (message.channel, message.to) == (Channel.SMS, "+51987654321")
    assert (message.subject, message.html, message.attachments) == (None, None, ())
    assert messages.row().address_hash == address_hash("+51987654321")


def test_a_number_that_lost_its_country_code_keeps_no_other_waiting(messages: Messages) -> None:
    messages.change_user("pat", email=None, phone="+51 987 654 321")
    messages.told(START)
    messages.told(START, patient_id=messages.practice.ids["kim"])
    messages.change_user("pat", phone="987 654 321")

    assert [message.to for message in messages.claim()] == ["kim@example.org"]
    assert [(row.status.value, row.reason) for row in messages.rows()] == [
        ("SUPPRESSED", "phone_without_country_code"),
        ("SENDING", None),
    ]


def test_a_clinics_own_words_are_used_and_broken_ones_keep_no_other_waiting(
    messages: Messages, log_text: Callable[[], str]
) -> None:
    own = {"kind": NotificationKind.BOOKED, "channel": Channel.EMAIL, "language": Language.ES, "subject": "Hola"}
    messages.change_clinic(language=Language.ES)
    messages.practice.add(ClinicMessage(clinic_id=1, **own, text="Le esperamos, {{ name }}."))
    messages.practice.add(ClinicMessage(clinic_id=2, **own, text="{% for x in range(10**9) %}{{ x }}{% endfor %}"))
    messages.told(START)
    messages.told(START, clinic_id=2, patient_id=messages.practice.ids["kim"])

    [message] = messages.claim()

    assert (message.subject, "Le esperamos, Pat Rojas." in message.text) == ("Hola", True)
    assert [(row.status.value, row.reason) for row in messages.rows()] == [
        ("SENDING", None),
        ("FAILED", "broken_words"),
    ]
    assert "Kim" not in log_text()


def test_a_clinic_whose_time_zone_nobody_knows_cannot_tell_a_time(messages: Messages) -> None:
    messages.change_clinic(time_zone="Mars/Olympus")
    messages.told(START)

    assert messages.claim() == []
    assert messages.fate() == ("FAILED", "broken_words")


def test_the_language_is_the_persons_and_else_the_clinics(messages: Messages) -> None:
    messages.change_clinic(language=Language.EN)
    messages.change_user("pat", language=Language.ES)
    messages.told(START)
    messages.told(START, patient_id=messages.practice.ids["kim"])

    files = {message.to: message.attachments[0].filename for message in messages.claim()}

    assert files == {"pat@example.org": "cita.ics", "kim@example.org": "appointment.ics"}


def test_those_that_have_waited_longest_are_claimed_first(messages: Messages) -> None:
    visits = [messages.told(START) for _ in range(3)]
    messages.clock.advance(minutes=1)
    messages.told(START)

    first = [message.notification_id for message in messages.claim(2)]
    rest = [message.notification_id for message in messages.claim(2)]

    assert len(visits) == 3
    assert first + rest == [row.notification_id for row in messages.rows()]


def test_what_is_suppressed_keeps_nothing_behind_it_waiting(messages: Messages) -> None:
    for _ in range(5):
        messages.change_visit(messages.told(START), status=Status.CANCELLED)
    messages.clock.advance(minutes=1)
    messages.told(START)

    assert len(messages.claim(2)) == 1
    assert [row.status.value for row in messages.rows()] == ["SUPPRESSED"] * 5 + ["SENDING"]


def test_what_is_not_due_is_not_claimed(messages: Messages) -> None:
    visit = messages.practice.add_appointment(START)
    reminder(messages, visit, hours=2, due_at=NOW + timedelta(microseconds=1))

    assert messages.claim() == []
    assert messages.row().status is NotificationStatus.PENDING


def test_a_lease_that_ends_without_an_outcome_is_counted_and_claimed_again(
    messages: Messages, log_text: Callable[[], str]
) -> None:
    messages.told(START)
    [first] = messages.claim()
    assert messages.claim() == []
    messages.clock.advance(seconds=120)
    log_text()

    [again] = messages.claim()

    assert "MessageLeaseExpired" in log_text()
    assert (again.notification_id, messages.row().attempts) == (first.notification_id, 2)
    assert again.lease != first.lease


def test_what_is_never_settled_is_given_up(messages: Messages) -> None:
    messages.told(instant("15:00", "2030-03-01"))
    for _ in range(MAX_ATTEMPTS):
        assert len(messages.claim()) == 1
        messages.clock.advance(seconds=120)

    assert messages.claim() == []
    assert messages.fate() == ("FAILED", "gave_up")


# What happens between planning and claiming, and what becomes of the message then.
Happening = Callable[[Messages, Any], None]
HAPPENINGS: dict[str, tuple[Happening, Reason]] = {
    "cancelled": (lambda m, visit: m.change_visit(visit, status=Status.CANCELLED), Reason.CANCELLED),
    "begun": (lambda m, _: m.clock.advance(days=3), Reason.STARTED),
    "checked in": (lambda m, visit: m.change_visit(visit, status=Status.CHECKED_IN), Reason.STARTED),
    "moved": (
        lambda m, visit: m.change_visit(visit, placed_at=NOW + timedelta(seconds=1)),
        Reason.SUPERSEDED,
    ),
    "requested again": (lambda m, visit: m.change_visit(visit, status=Status.REQUESTED), Reason.NOT_CONFIRMED),
    "patient deactivated": (lambda m, _: m.change_user("pat", active=False), Reason.PATIENT_INACTIVE),
    "patient erased": (
        lambda m, _: m.change_user("pat", active=False, erased_at=NOW, email=None),
        Reason.PATIENT_INACTIVE,
    ),
    "clinic closed": (lambda m, _: m.change_clinic(active=False), Reason.CLINIC_INACTIVE),
    "nothing wanted": (lambda m, _: m.change_user("pat", contact_by=Channel.NONE), Reason.NOT_WANTED),
    "address removed": (lambda m, _: m.change_user("pat", email=None), Reason.NO_ADDRESS),
    "mail came back": (
        lambda m, _: m.change_user("pat", bounced_email_hash=address_hash("PAT@example.org")),
        Reason.ADDRESS_BOUNCED,
    ),
    "row without a visit": (lambda m, _: m.change_rows(appointment_id=999), Reason.GONE),
}


@pytest.mark.parametrize("what", HAPPENINGS)
def test_what_no_longer_holds_or_may_not_be_said_is_suppressed_with_the_reason(
    messages: Messages, what: str, log_text: Callable[[], str]
) -> None:
    happen, reason = HAPPENINGS[what]
    visit = messages.told(START)
    happen(messages, visit)
    log_text()

    assert messages.claim() == []

    assert messages.fate() == ("SUPPRESSED", reason)
    row = messages.row()
    assert (row.next_at, row.lease, row.address_hash, row.attempts) == (None, None, None, 0)
    assert "MessagesSuppressed" in log_text()


@pytest.mark.parametrize(
    "columns",
    [
        {"status": WaitlistStatus.ACCEPTED},
        {"status": WaitlistStatus.WITHDRAWN},
        {"status": WaitlistStatus.WAITING},
        {"offer_starts_at": START + timedelta(hours=1)},
        {"offer_expires_at": NOW},
    ],
    ids=str,
)
def test_an_offer_that_has_ended_is_not_told(messages: Messages, columns: dict[str, Any]) -> None:
    offered(messages, **columns)

    assert messages.claim() == []
    assert messages.fate() == ("SUPPRESSED", "offer_ended")


def test_an_offer_to_somebody_whose_entry_was_removed_is_not_told(messages: Messages) -> None:
    offered(messages)
    messages.practice.session.execute(delete(WaitlistEntry))
    messages.practice.session.commit()

    assert messages.claim() == []
    assert messages.fate() == ("SUPPRESSED", "gone")


def test_a_patient_who_was_reactivated_is_told_what_still_holds(messages: Messages) -> None:
    messages.told(START)
    messages.change_user("pat", active=False)
    messages.change_user("pat", active=True)

    assert len(messages.claim()) == 1


def test_the_address_is_that_of_the_claim(messages: Messages) -> None:
    messages.told(START)
    messages.change_user("pat", email="new@example.org", full_name="Pat Nuevo")

    [message] = messages.claim()

    assert message.to == "new@example.org"
    assert "Pat Nuevo" in message.text
    assert messages.row().address_hash == address_hash("new@example.org")


def test_the_channel_is_that_of_the_claim_and_has_its_own_quiet_hours(messages: Messages) -> None:
    messages.clock.now = NIGHT
    messages.told(START)
    messages.change_user("pat", contact_by=Channel.SMS, phone="+51 987 654 321")

    assert messages.claim() == []
    row = messages.row()
    assert (row.status, row.next_at, row.attempts) == (NotificationStatus.PENDING, instant("13:00"), 0)
    messages.clock.now = instant("13:00")
    [message] = messages.claim()
    assert (message.channel, messages.row().channel) == (Channel.SMS, Channel.SMS)


def test_a_message_that_was_late_does_not_go_out_in_quiet_hours(messages: Messages) -> None:
    visit = messages.practice.add_appointment(NIGHT + timedelta(minutes=90))
    reminder(messages, visit, hours=2, due_at=NOW)
    messages.clock.now = NIGHT

    assert messages.claim() == []
    assert messages.fate() == ("SUPPRESSED", "quiet_hours")


def test_the_age_of_the_oldest_that_is_due_is_reported(messages: Messages, log_text: Callable[[], str]) -> None:
    report_oldest_due(messages.database)
    assert '"OldestDueMessageSeconds":[0.0]' in log_text().replace(" ", "")
    messages.told(START)
    messages.clock.advance(seconds=90)

    report_oldest_due(messages.database)

    assert '"OldestDueMessageSeconds":[90.0]' in log_text().replace(" ", "")
