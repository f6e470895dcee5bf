"""Every offer leaves a message in the outbox, and its time runs when the clinic is awake."""

import json
from typing import Any

import pytest

from lambda_function.db.models import OutboxMessage
from tests.api.conftest import Statements
from tests.api.desk import Desk, at, instant
from tests.api.waiting import Waitlist, free, policy
from tests.clock import NOW, Clock


@pytest.fixture
def waitlist(desk: Desk) -> Waitlist:
    desk.practice.add_patient("ana", clinics=(1,))
    return Waitlist(desk)


@pytest.fixture
def busy(waitlist: Waitlist) -> Any:
    """Books Tuesday 15:00Z with drjay for ana, who is not on the waitlist."""
    return waitlist.desk.booked("rita", at("15:00"), patient="ana")


def offered(desk: Desk) -> list[OutboxMessage]:
    return [row for row in desk.practice.rows(OutboxMessage) if row.kind == "waitlist.offered"]


def test_an_offer_leaves_a_message_without_anything_personal(waitlist: Waitlist, busy: Any) -> None:
    entry = waitlist.join("kim")

    free(waitlist, busy)

    [message] = offered(waitlist.desk)
    assert (message.created_at, message.published_at) == (NOW, None)
    assert message.detail == {
        "waitlist_id": entry,
        "announce": True,
        "country": "PE",
        "clinic_id": 1,
        "doctor_id": waitlist.desk.id_of("drjay"),
        "starts_at": at("15:00"),
        "ends_at": at("15:30"),
        "expires_at": at("16:00", "2030-01-07"),
        "at": at("14:00", "2030-01-07"),
    }
    assert "patient" not in json.dumps(message.detail)


def test_a_round_tells_of_all_its_offers_in_one_statement(waitlist: Waitlist, statements: Statements) -> None:
    visit = waitlist.desk.booked("rita", at("15:00"), patient="ana", treatment=3)
    entries = [waitlist.join("kim"), waitlist.join("pat")]
    statements.clear()

    free(waitlist, visit)

    assert [message.detail["waitlist_id"] for message in offered(waitlist.desk)] == entries
    # One is that of the cancellation.
    assert len([sent for sent in statements.sent if sent.startswith("INSERT INTO outbox")]) == 2


def test_time_that_nobody_gets_leaves_no_message(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drwu"))

    free(waitlist, busy)

    assert offered(waitlist.desk) == []


def test_the_time_for_an_offer_that_is_made_at_night_begins_in_the_morning(
    waitlist: Waitlist, busy: Any, clock: Clock
) -> None:
    waitlist.join("kim")
    clock.now = instant("03:00")  # 22:00 in Lima, where it is quiet until 08:00

    free(waitlist, busy)

    assert waitlist.entries("kim")[0]["offer"]["expires_at"] == at("14:00")


def test_without_quiet_hours_it_begins_at_once(waitlist: Waitlist, busy: Any, clock: Clock) -> None:
    policy(waitlist, quiet_from_minute=None, quiet_to_minute=None)
    waitlist.join("kim")
    clock.now = instant("03:00")

    free(waitlist, busy)

    assert waitlist.entries("kim")[0]["offer"]["expires_at"] == at("05:00")
