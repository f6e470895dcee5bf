"""POST /appointments/{id}/remind: a reminder that the reception sends. It is 09:00 in Lima."""

from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import Appointment, Notification
from lambda_function.domain.appointment import Status
from lambda_function.domain.notifications import NotificationStatus
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import NOW, Clock


@pytest.fixture
def booked(desk: Desk) -> int:
    appointment_id: int = desk.booked("rita", at("15:00", "2030-01-10"))["appointment_id"]
    return appointment_id


def remind(desk: Desk, visit: int, user_name: str = "rita", **headers: str) -> Answer:
    return desk.client.post(user_name, f"/appointments/{visit}/remind", headers=headers)


def change(desk: Desk, **columns: Any) -> None:
    desk.practice.session.rollback()
    desk.practice.session.execute(update(Notification).values(columns))
    desk.practice.session.commit()


def test_the_patient_is_reminded_at_once(desk: Desk, booked: int) -> None:
    answer = remind(desk, booked)

    assert answer.status == 202
    [row] = desk.practice.rows(Notification)
    assert answer.json == {
        "notification_id": row.notification_id,
        "kind": "REMINDER",
        "channel": "EMAIL",
        "status": "PENDING",
        "due_at": at("14:00", "2030-01-07"),
        "sent_at": None,
        "reason": None,
        "appointment_id": booked,
        "recall_id": None,
        "waitlist_id": None,
        "user_id": desk.id_of("pat"),
    }
    assert (row.next_at, row.basis_at, row.clinic_id) == (NOW, NOW, 1)
    assert row.subject.startswith(f"by-hand:{booked}:")


def test_at_night_the_reminder_waits_for_the_morning(desk: Desk, booked: int, clock: Clock) -> None:
    clock.now = instant("03:00")

    assert remind(desk, booked).json["due_at"] == at("13:00")


def test_shortly_before_a_visit_at_night_nobody_is_woken(desk: Desk, clock: Clock) -> None:
    visit = desk.practice.add_appointment(instant("13:30", "2030-01-10")).appointment_id
    clock.now = instant("03:00", "2030-01-10")

    answer = remind(desk, visit)

    assert (answer.status, answer.json["status"], answer.json["reason"]) == (202, "SUPPRESSED", "quiet_hours")


def test_whoever_cannot_be_reached_is_shown_to_the_reception(desk: Desk, booked: int) -> None:
    kim = desk.practice.user("pat")
    kim.email = kim.phone = None
    desk.practice.session.commit()

    answer = remind(desk, booked)

    assert (answer.json["channel"], answer.json["status"], answer.json["reason"]) == (
        "NONE",
        "SUPPRESSED",
        "no_address",
    )


@pytest.mark.parametrize("status", [NotificationStatus.PENDING, NotificationStatus.SENDING])
def test_a_reminder_that_is_on_its_way_is_enough(desk: Desk, booked: int, status: NotificationStatus) -> None:
    remind(desk, booked)
    change(desk, status=status)

    expect_problem(remind(desk, booked), 409, "reminded_recently")


@pytest.mark.parametrize("status", [NotificationStatus.PENDING, NotificationStatus.SENDING])
def test_a_reminder_that_is_tried_again_for_hours_is_not_repeated(
    desk: Desk, booked: int, clock: Clock, status: NotificationStatus
) -> None:
    remind(desk, booked)
    change(desk, status=status, attempts=9)
    clock.advance(hours=5)

    expect_problem(remind(desk, booked), 409, "reminded_recently")


def test_a_reminder_of_a_time_that_the_visit_had_before_does_not_count(desk: Desk, booked: int, clock: Clock) -> None:
    remind(desk, booked)
    change(desk, basis_at=instant("14:00", "2030-01-06"))
    clock.advance(minutes=1)

    assert remind(desk, booked).status == 202


def test_within_an_hour_of_the_last_reminder_there_is_no_other(desk: Desk, booked: int, clock: Clock) -> None:
    remind(desk, booked)
    change(desk, status=NotificationStatus.SENT, sent_at=instant("14:01", "2030-01-07"), subject="reminder:1:48:x")
    clock.now = instant("15:00", "2030-01-07")
    expect_problem(remind(desk, booked), 409, "reminded_recently")

    clock.now = instant("15:01", "2030-01-07")

    assert remind(desk, booked).status == 202


def test_a_reminder_that_waits_for_the_morning_is_not_repeated_in_the_night(
    desk: Desk, booked: int, clock: Clock
) -> None:
    clock.now = instant("03:00")
    remind(desk, booked)
    clock.now = instant("06:00")

    expect_problem(remind(desk, booked), 409, "reminded_recently")


@pytest.mark.parametrize("status", [NotificationStatus.FAILED, NotificationStatus.SUPPRESSED])
def test_a_reminder_that_was_not_sent_can_be_repeated(desk: Desk, booked: int, clock: Clock, status: Any) -> None:
    remind(desk, booked)
    change(desk, status=status, next_at=None)
    clock.advance(minutes=1)

    assert remind(desk, booked).status == 202


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.BOOKED])
def test_only_of_a_booked_visit_can_one_be_reminded(desk: Desk, status: Status) -> None:
    visit = desk.practice.add_appointment(instant("15:00", "2030-01-10"), status=status).appointment_id

    expect_problem(remind(desk, visit), 409, "invalid_transition")
    assert desk.practice.rows(Notification) == []


def test_nobody_is_reminded_of_a_visit_that_has_started(desk: Desk, booked: int, clock: Clock) -> None:
    clock.now = instant("15:00", "2030-01-10")

    expect_problem(remind(desk, booked), 409, "invalid_transition")


@pytest.mark.parametrize("user_name", ["pat", "drjay"])
def test_only_the_reception_reminds(desk: Desk, booked: int, user_name: str) -> None:
    expect_problem(remind(desk, booked, user_name), 403, "forbidden")


def test_a_repetition_with_the_same_key_gets_the_same_answer(desk: Desk, booked: int) -> None:
    key = {"Idempotency-Key": "once"}

    first, again = remind(desk, booked, **key), remind(desk, booked, **key)

    assert (first.status, again.status, first.json) == (202, 202, again.json)
    assert len(desk.practice.rows(Notification)) == 1


def test_reminding_leaves_the_visit_as_it_is(desk: Desk, booked: int) -> None:
    remind(desk, booked)

    assert [row.version for row in desk.practice.rows(Appointment)] == [1]
