"""A batch of the queue: from events to the rows of those who are told, each once."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete

from lambda_function.db.models import Guardian, WaitlistEntry
from lambda_function.domain.addresses import address_hash
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.services.notifications.consuming import consume
from lambda_function.services.queue import RESERVE, Record
from tests.api.desk import instant
from tests.clock import NOW
from tests.services.notifications.messages import Messages

START = instant("15:00")
# 21:30 in Lima, in quiet hours.
NIGHT = instant("02:30")


def test_a_change_is_planned_for_the_patient_at_once(messages: Messages) -> None:
    visit = messages.told(START)

    row = messages.row()
    assert (row.kind, row.channel, row.status) == (NotificationKind.BOOKED, Channel.EMAIL, NotificationStatus.PENDING)
    assert (row.user_id, row.clinic_id, row.appointment_id) == (visit.patient_id, 1, visit.appointment_id)
    assert (row.due_at, row.next_at, row.basis_at, row.created_at) == (NOW, NOW, NOW, NOW)
    assert row.subject == "change:1:BOOKED"


def test_an_event_that_comes_again_is_told_once(messages: Messages) -> None:
    visit = messages.practice.add_appointment(START)
    event = messages.event("appointment.booked", appointment_id=visit.appointment_id)

    assert messages.deliver(event, event) == []
    first = messages.row()
    messages.clock.advance(minutes=5)
    assert messages.deliver(event) == []

    assert (messages.row().notification_id, messages.row().due_at) == (first.notification_id, NOW)


def test_an_event_that_comes_again_after_it_was_told_changes_nothing(messages: Messages) -> None:
    visit = messages.practice.add_appointment(START)
    event = messages.event("appointment.booked", appointment_id=visit.appointment_id)
    messages.deliver(event)
    [message] = messages.claim()
    messages.settle(message, provider_id="ses-1")

    messages.deliver(event)

    assert (messages.fate(), messages.row().provider_id) == (("SENT", None), "ses-1")
    assert messages.claim() == []


def test_events_out_of_order_tell_what_holds(messages: Messages) -> None:
    """The move arrives before the booking, which is then no news any more."""
    visit = messages.practice.add_appointment(START, placed_at=NOW + timedelta(minutes=2))
    booked = messages.event("appointment.booked", appointment_id=visit.appointment_id)
    messages.clock.advance(minutes=2)
    messages.tell("moved", visit, changed=["starts_at"])
    messages.deliver(booked)

    assert [message.kind for message in messages.claim()] == [NotificationKind.MOVED]
    assert {row.kind: row.reason for row in messages.rows()} == {
        NotificationKind.BOOKED: "superseded",
        NotificationKind.MOVED: None,
    }


def test_what_fails_stops_no_other_and_comes_again(messages: Messages, log_text: Callable[[], str]) -> None:
    visit = messages.practice.add_appointment(START)
    good = messages.event("appointment.booked", appointment_id=visit.appointment_id)
    secret = json.dumps({"detail-type": "appointment.booked", "detail": {"message_id": "Pat Rojas"}})

    assert messages.deliver("{", good, secret, messages.event("recall.due")) == ["0", "2"]

    assert messages.row().appointment_id == visit.appointment_id
    logged = log_text()
    assert logged.count("event not handled") == 2
    assert "NotificationEventsFailed" in logged
    assert "Pat Rojas" not in logged


def test_the_greatest_numbers_are_numbers_like_others(messages: Messages) -> None:
    visit = messages.practice.add_appointment(START)
    strange = messages.event("appointment.booked", appointment_id=visit.appointment_id, message_id=2**63 - 1)
    offer = messages.event(
        "waitlist.offered", waitlist_id=2**63 - 1, clinic_id=1, doctor_id=7, starts_at="9999-12-31T23:59:59Z"
    )

    assert messages.deliver(offer, strange) == []
    assert messages.row().subject == f"change:{2**63 - 1}:BOOKED"


def test_what_there_is_no_time_for_comes_again(messages: Messages) -> None:
    visit = messages.practice.add_appointment(START)
    events = [messages.event("appointment.booked", appointment_id=visit.appointment_id) for _ in range(3)]
    left = iter([RESERVE + 1, RESERVE])

    failed = consume(messages.database, [Record(str(n), body) for n, body in enumerate(events)], lambda: next(left))

    assert failed == ["1", "2"]
    assert len(messages.rows()) == 1


def test_an_event_about_what_is_not_there_tells_nobody(messages: Messages) -> None:
    visit = messages.event("appointment.booked", appointment_id=999)
    offer = messages.event(
        "waitlist.offered", waitlist_id=999, clinic_id=1, doctor_id=7, starts_at="2030-01-08T15:00:00Z"
    )
    entry = _waiting(messages)
    clinic = messages.event(
        "waitlist.offered",
        waitlist_id=entry.waitlist_id,
        clinic_id=999,
        doctor_id=7,
        starts_at="2030-01-08T15:00:00Z",
    )

    assert messages.deliver(visit, offer, clinic) == []
    assert messages.rows() == []


def test_what_is_not_announced_tells_nobody(messages: Messages) -> None:
    visit = messages.practice.add_appointment(START)
    messages.tell("cancelled", visit, announce=False)
    messages.tell("moved", visit, changed=["chair_id"])

    assert messages.rows() == []


def test_an_offer_is_planned_for_the_patient_who_waits(messages: Messages) -> None:
    entry = _waiting(messages)
    event = messages.event(
        "waitlist.offered",
        waitlist_id=entry.waitlist_id,
        clinic_id=2,
        doctor_id=7,
        starts_at="2030-01-08T15:00:00+00:00",
    )

    assert messages.deliver(event, event) == []

    row = messages.row()
    assert (row.kind, row.user_id, row.clinic_id) == (NotificationKind.OFFER, entry.patient_id, 2)
    assert (row.waitlist_id, row.appointment_id, row.basis_at) == (entry.waitlist_id, None, START)
    assert row.subject == f"offer:{entry.waitlist_id}:2030-01-08T15:00:00Z:7"


def test_an_sms_waits_for_the_end_of_quiet_hours_and_an_e_mail_does_not(messages: Messages) -> None:
    messages.clock.now = NIGHT
    messages.change_user("pat", contact_by=Channel.SMS, phone="+51 987 654 321")
    messages.told(START)
    messages.told(START, patient_id=messages.practice.ids["kim"])

    assert {row.channel: row.next_at for row in messages.rows()} == {
        Channel.SMS: instant("13:00"),
        Channel.EMAIL: NIGHT,
    }


def test_an_sms_for_which_quiet_hours_leave_no_time_is_suppressed_and_says_so(messages: Messages) -> None:
    messages.clock.now = NIGHT
    messages.change_user("pat", contact_by=Channel.SMS, phone="+51 987 654 321")
    messages.told(NIGHT + timedelta(hours=1))

    assert (*messages.fate(), messages.row().next_at) == ("SUPPRESSED", "quiet_hours", None)


def test_a_clinic_without_quiet_hours_sends_at_once(messages: Messages) -> None:
    messages.clock.now = NIGHT
    messages.change_clinic(quiet_from_minute=None, quiet_to_minute=None)
    messages.change_user("pat", contact_by=Channel.SMS, phone="+51 987 654 321")
    messages.told(START)

    assert messages.row().next_at == NIGHT


class TestToWhom:
    """Pat is the patient. Ana and Ben act for Pat."""

    @pytest.fixture(autouse=True)
    def family(self, messages: Messages) -> None:
        messages.practice.add_patient("ana", email="ana@example.org")
        messages.practice.add_patient("ben", phone="+51 911 111 111")
        messages.practice.add_guardian("ana", "pat")
        messages.practice.add_guardian("ben", "pat")

    def test_the_patient_with_an_address_is_told_and_nobody_else(self, messages: Messages) -> None:
        messages.told(START)

        assert messages.to() == [("pat", "EMAIL")]

    def test_without_an_address_each_guardian_is_told_once(self, messages: Messages) -> None:
        messages.change_user("pat", email=None)
        visit = messages.told(START)
        messages.tell("confirmed", visit)

        assert messages.to() == [("ana", "EMAIL"), ("ben", "SMS")] * 2

    def test_an_address_from_which_mail_came_back_is_none(self, messages: Messages) -> None:
        messages.change_user("pat", bounced_email_hash=address_hash("pat@example.org"))
        messages.told(START)

        assert messages.to() == [("ana", "EMAIL"), ("ben", "SMS")]

    def test_a_number_without_a_country_code_is_none(self, messages: Messages) -> None:
        messages.change_user("pat", email=None, phone="987654321")
        messages.change_user("ben", phone="911 111 111", email="ben@example.org", contact_by=Channel.SMS)
        messages.told(START)

        assert messages.to() == [("ana", "EMAIL"), ("ben", "EMAIL")]

    def test_if_there_are_only_numbers_without_a_country_code_that_is_said_once(self, messages: Messages) -> None:
        messages.change_user("pat", email=None, phone="987654321")
        messages.change_user("ana", email=None, phone="922222222")
        messages.change_user("ben", phone="911 111 111")
        messages.told(START)

        assert messages.to() == [("pat", "NONE")]
        assert (*messages.fate(), messages.row().next_at) == ("SUPPRESSED", "phone_without_country_code", None)

    def test_another_address_than_the_one_from_which_mail_came_back_is_one(self, messages: Messages) -> None:
        messages.change_user("pat", bounced_email_hash=address_hash("old@example.org"))
        messages.told(START)

        assert messages.to() == [("pat", "EMAIL")]

    def test_a_patient_with_an_address_who_wants_nothing_gets_nothing_and_nobody_else_does(
        self, messages: Messages
    ) -> None:
        messages.change_user("pat", contact_by=Channel.NONE)
        messages.told(START)

        assert messages.to() == [("pat", "NONE")]
        assert messages.fate() == ("SUPPRESSED", "not_wanted")

    def test_a_guardian_who_cannot_be_reached_is_left_out(self, messages: Messages) -> None:
        messages.change_user("pat", email=None)
        messages.change_user("ben", contact_by=Channel.NONE)
        messages.told(START)

        assert messages.to() == [("ana", "EMAIL")]

    def test_if_nobody_can_be_reached_it_is_said_once(self, messages: Messages) -> None:
        messages.change_user("pat", email=None)
        messages.change_user("ana", email=None)
        messages.change_user("ben", contact_by=Channel.NONE)
        messages.told(START)

        assert messages.to() == [("pat", "NONE")]
        assert (*messages.fate(), messages.row().next_at) == ("SUPPRESSED", "no_address", None)
        assert messages.claim() == []

    def test_if_only_mail_comes_back_that_is_said(self, messages: Messages) -> None:
        messages.practice.session.execute(delete(Guardian))
        messages.practice.session.commit()
        messages.change_user("pat", bounced_email_hash=address_hash("pat@example.org"))
        messages.told(START)

        assert messages.fate() == ("SUPPRESSED", "address_bounced")

    @pytest.mark.parametrize("columns", [{"active": False}, {"active": False, "erased_at": NOW}])
    def test_nothing_is_said_about_a_patient_who_is_not_active(
        self, messages: Messages, columns: dict[str, object]
    ) -> None:
        messages.change_user("pat", **columns)
        messages.told(START)

        assert messages.rows() == []

    def test_guardians_who_are_not_active_or_act_no_longer_are_not_told(self, messages: Messages) -> None:
        messages.practice.add_patient("eva", email="eva@example.org")
        messages.practice.add_guardian("eva", "pat", ends_on=NOW.date())
        messages.change_user("pat", email=None)
        messages.change_user("ana", active=False)
        messages.told(START)

        assert messages.to() == [("ben", "SMS")]

    def test_a_patient_who_was_merged_is_the_person_who_remains(self, messages: Messages) -> None:
        ids = messages.practice.ids
        messages.change_user("pat", active=False, merged_into=ids["ana"], email=None)
        messages.change_user("ana", merged_into=ids["kim"], active=False)
        messages.told(START)

        assert messages.to() == [("kim", "EMAIL")]

    def test_merges_that_lead_in_a_circle_tell_nobody(self, messages: Messages) -> None:
        ids = messages.practice.ids
        messages.change_user("pat", active=False, merged_into=ids["ana"])
        messages.change_user("ana", active=False, merged_into=ids["pat"])
        messages.told(START)

        assert messages.rows() == []


def _waiting(messages: Messages) -> WaitlistEntry:
    entry = WaitlistEntry(
        patient_id=messages.practice.ids["pat"],
        treatment_id=1,
        status=WaitlistStatus.OFFERED,
        wished_from=NOW,
        wished_to=NOW + timedelta(days=30),
        offer_doctor_id=messages.practice.ids["drjay"],
        offer_starts_at=START,
        offer_ends_at=START + timedelta(minutes=30),
        offer_expires_at=NOW + timedelta(hours=2),
        created_at=NOW,
        updated_at=NOW,
    )
    messages.practice.add(entry)
    return entry
