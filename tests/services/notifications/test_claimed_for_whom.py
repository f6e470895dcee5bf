"""Claiming for guardians and for people who were merged, and of several reminders the one that is sent."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from lambda_function.db.models import Guardian
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from tests.api.desk import instant
from tests.clock import NOW
from tests.services.notifications.messages import Messages
from tests.services.notifications.planned import reminder

START = instant("15:00")


class TestReminders:
    def test_a_reminder_of_a_visit_that_still_has_its_time_is_sent(self, messages: Messages) -> None:
        visit = messages.practice.add_appointment(START)
        reminder(messages, visit, hours=24)

        assert [message.kind for message in messages.claim()] == [NotificationKind.REMINDER]

    def test_of_two_that_are_due_the_one_closer_to_the_visit_is_sent(self, messages: Messages) -> None:
        visit = messages.practice.add_appointment(START)
        reminder(messages, visit, hours=48)
        reminder(messages, visit, hours=2)

        [message] = messages.claim()

        larger, smaller = messages.rows()
        assert (larger.status, larger.reason) == (NotificationStatus.SUPPRESSED, "superseded")
        assert message.notification_id == smaller.notification_id

    def test_one_that_is_not_due_yet_replaces_none(self, messages: Messages) -> None:
        visit = messages.practice.add_appointment(START)
        reminder(messages, visit, hours=48)
        reminder(messages, visit, hours=2, due_at=NOW + timedelta(hours=1))

        assert len(messages.claim()) == 1

    @pytest.mark.parametrize("other", ["another person", "another time", "suppressed"])
    def test_only_one_of_the_same_person_and_time_replaces_another(self, messages: Messages, other: str) -> None:
        visit = messages.practice.add_appointment(START)
        reminder(messages, visit, hours=48)
        cases: dict[str, dict[str, Any]] = {
            "another person": {"user_id": messages.practice.ids["kim"]},
            "another time": {"basis_at": NOW - timedelta(days=1), "subject": "reminder:1:2:earlier"},
            "suppressed": {"status": NotificationStatus.SUPPRESSED, "next_at": None},
        }
        reminder(messages, visit, hours=2, **cases[other])

        messages.claim()

        assert messages.rows()[0].status is NotificationStatus.SENDING

    def test_one_by_hand_is_sent_in_place_of_one_that_is_due_with_it(self, messages: Messages) -> None:
        visit = messages.practice.add_appointment(START)
        reminder(messages, visit, hours=2)
        reminder(messages, visit, hours=0, subject=f"by-hand:{visit.appointment_id}:1")

        [message] = messages.claim()

        scheduled, by_hand = messages.rows()
        assert (scheduled.status, scheduled.reason) == (NotificationStatus.SUPPRESSED, "superseded")
        assert message.notification_id == by_hand.notification_id

    @pytest.mark.parametrize(("since", "sent"), [(timedelta(minutes=1), False), (timedelta(hours=1), True)])
    def test_one_by_hand_is_enough_for_an_hour(self, messages: Messages, since: timedelta, *, sent: bool) -> None:
        visit = messages.practice.add_appointment(START)
        reminder(messages, visit, hours=0, subject=f"by-hand:{visit.appointment_id}:1")
        [by_hand] = messages.claim()
        messages.settle(by_hand)
        messages.clock.advance(seconds=since.total_seconds())
        reminder(messages, visit, hours=2, due_at=messages.clock.now)

        assert bool(messages.claim()) is sent
        assert messages.rows()[1].reason == (None if sent else "superseded")

    @pytest.mark.parametrize("other", ["another person", "another time", "failed", "not due yet"])
    def test_only_one_by_hand_that_tells_the_same_counts(self, messages: Messages, other: str) -> None:
        visit = messages.practice.add_appointment(START)
        reminder(messages, visit, hours=2)
        cases: dict[str, dict[str, Any]] = {
            "another person": {"user_id": messages.practice.ids["kim"]},
            "another time": {"basis_at": NOW - timedelta(days=1)},
            "failed": {"status": NotificationStatus.FAILED, "next_at": None},
            "not due yet": {"due_at": NOW + timedelta(minutes=1), "next_at": NOW + timedelta(minutes=1)},
        }
        reminder(messages, visit, hours=0, **{"subject": "by-hand:1:1", **cases[other]})

        assert len(messages.claim()) == 1
        assert messages.rows()[0].status is NotificationStatus.SENDING


class TestGuardians:
    """Ana and Ben act for Pat, who has no address."""

    @pytest.fixture(autouse=True)
    def family(self, messages: Messages) -> None:
        messages.change_user("pat", email=None)
        messages.practice.add_patient("ana", email="ana@example.org")
        messages.practice.add_patient("ben", email="ben@example.org")
        messages.practice.add_guardian("ana", "pat")
        messages.practice.add_guardian("ben", "pat")

    def test_each_reads_about_whom_it_is(self, messages: Messages) -> None:
        messages.told(START)

        claimed = messages.claim()

        assert {message.to for message in claimed} == {"ana@example.org", "ben@example.org"}
        assert all("Pat Rojas" in message.text for message in claimed)

    def test_who_acts_no_longer_is_not_told(self, messages: Messages) -> None:
        messages.told(START)
        messages.practice.session.execute(delete(Guardian).where(Guardian.guardian_id == messages.practice.ids["ana"]))
        messages.practice.session.commit()

        assert [message.to for message in messages.claim()] == ["ben@example.org"]
        assert messages.rows()[0].reason == "not_addressee"

    def test_who_was_deactivated_is_not_told(self, messages: Messages) -> None:
        messages.told(START)
        messages.change_user("ana", active=False)

        assert [message.to for message in messages.claim()] == ["ben@example.org"]
        assert messages.rows()[0].reason == "addressee_inactive"

    def test_a_patient_who_has_an_address_now_does_not_silence_them(self, messages: Messages) -> None:
        messages.told(START)
        messages.change_user("pat", email="pat@example.org")

        assert len(messages.claim()) == 2

    def test_a_guardian_who_was_merged_is_the_person_who_remains(self, messages: Messages) -> None:
        messages.told(START)
        ids = messages.practice.ids
        messages.practice.add_guardian("kim", "pat")
        messages.change_user("ana", active=False, merged_into=ids["kim"], email=None)

        assert {message.to for message in messages.claim()} == {"kim@example.org", "ben@example.org"}
        assert {row.user_id for row in messages.rows()} == {ids["kim"], ids["ben"]}

    def test_of_two_who_became_one_person_one_message_is_left(self, messages: Messages) -> None:
        messages.told(START)
        ids = messages.practice.ids
        messages.change_user("ana", active=False, merged_into=ids["ben"], email=None)

        assert [message.to for message in messages.claim()] == ["ben@example.org"]
        assert [row.user_id for row in messages.rows()] == [ids["ben"]]

    def test_of_two_who_were_merged_into_a_third_one_message_is_left(self, messages: Messages) -> None:
        messages.told(START)
        ids = messages.practice.ids
        messages.practice.add_guardian("kim", "pat")
        messages.change_user("ana", active=False, merged_into=ids["kim"], email=None)
        messages.change_user("ben", active=False, merged_into=ids["kim"], email=None)

        assert [message.to for message in messages.claim()] == ["kim@example.org"]
        assert [row.user_id for row in messages.rows()] == [ids["kim"]]


def test_a_patient_who_was_merged_is_told_at_the_address_of_the_person_who_remains(messages: Messages) -> None:
    messages.told(START)
    kim = messages.practice.ids["kim"]
    messages.change_user("pat", active=False, merged_into=kim, email=None)

    [message] = messages.claim()

    assert (message.to, messages.row().user_id) == ("kim@example.org", kim)
