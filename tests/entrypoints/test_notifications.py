"""The notifications function as SQS, its schedule and the messenger call it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dev.lambda_context import LambdaContext
from lambda_function.db.models import Notification
from lambda_function.domain.errors import UnavailableError
from lambda_function.domain.intervals import GRID
from lambda_function.domain.notifications import NotificationStatus
from lambda_function.services.notifications.messages import ComposedMessage, Outcome, OutcomeStatus
from lambda_function.settings import SettingsError
from tests.aws import load_handler, store_secret
from tests.bus import Delivery
from tests.factories import Practice

MODULE = "lambda_function.entrypoints.notifications"


@pytest.fixture
def stored(lambda_environment: pytest.MonkeyPatch, delivery: Delivery, practice: Practice) -> Practice:
    """The practice, whose database is named by the secret."""
    store_secret(practice.url)
    return practice


def call(event: Any, seconds: float = 60) -> Any:
    return load_handler(MODULE)(event, LambdaContext("notifications", seconds))


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]}


def booked(practice: Practice) -> str:
    """Returns the event of a visit that is ahead by the real clock, which the handler uses."""
    now = datetime.now(UTC)
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=3) + GRID
    visit = practice.add_appointment(start, created_at=now)
    detail = {"message_id": 1, "appointment_id": visit.appointment_id, "at": now.isoformat()}
    return json.dumps({"detail-type": "appointment.booked", "detail": detail})


def test_a_message_goes_from_the_queue_to_the_messenger_and_its_outcome_comes_back(stored: Practice) -> None:
    assert call(batch(booked(stored))) == {"batchItemFailures": []}
    claimed = call({"action": "claim", "limit": 25})
    [message] = [ComposedMessage.from_document(document) for document in json.loads(json.dumps(claimed["messages"]))]
    outcome = Outcome(
        notification_id=message.notification_id,
        lease=message.lease,
        status=OutcomeStatus.SENT,
        provider_id="ses-1",
    )
    settled = call({"action": "settle", "outcomes": [json.loads(json.dumps(outcome.document()))]})

    assert (claimed["lease_seconds"], settled) == (120, {"settled": 1})
    [row] = stored.rows(Notification)
    assert (row.status, row.provider_id) == (NotificationStatus.SENT, "ses-1")


def test_an_outcome_that_cannot_be_read_keeps_no_other_from_being_settled(stored: Practice) -> None:
    call(batch(booked(stored)))
    [message] = call({"action": "claim", "limit": 25})["messages"]
    good = {"notification_id": message["notification_id"], "lease": message["lease"], "status": "SENT"}
    number = good["notification_id"]
    unreadable = [
        {},
        "text",
        {**good, "status": "LATER"},
        {**good, "status": ["SENT"]},
        {**good, "notification_id": [number]},
        {**good, "notification_id": str(number)},
        {**good, "notification_id": True},
        {**good, "lease": None},
        {**good, "provider_id": {"id": 1}},
        {**good, "provider_id": "\ud800"},
        {**good, "reason": 1},
    ]
    outcomes = [{**good, "provider_id": "x" * 300, "of_a_later_release": 1}, *unreadable]

    assert call({"action": "settle", "outcomes": outcomes}) == {"settled": 1}
    assert stored.rows(Notification)[0].status is NotificationStatus.SENT


def test_only_what_failed_comes_again(stored: Practice) -> None:
    answer = call(batch("{", booked(stored), "[]"))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m2"}]}
    assert len(stored.rows(Notification)) == 1


def test_what_it_has_no_time_for_comes_again(stored: Practice) -> None:
    answer = call(batch(booked(stored)), seconds=3)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert stored.rows(Notification) == []


def test_the_schedule_gets_how_much_was_planned(stored: Practice) -> None:
    assert call({"action": "sweep"}) == {"planned": 0}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"action": "send"},
        {"action": "claim"},
        {"action": "claim", "limit": 0},
        {"action": "claim", "limit": 101},
        {"action": "claim", "limit": "25"},
        {"action": "claim", "limit": True},
        {"action": "settle"},
        {"Records": {}},
    ],
)
def test_what_is_no_event_of_its_is_an_error(stored: Practice, event: Any) -> None:
    with pytest.raises(ValueError, match="An event is a batch"):
        call(event)


def test_without_its_database_every_event_comes_again_and_a_claim_fails(
    lambda_environment: pytest.MonkeyPatch, delivery: Delivery
) -> None:
    detail = {"message_id": 1, "appointment_id": 1, "at": "2030-01-07T14:00:00Z"}
    event = json.dumps({"detail-type": "appointment.booked", "detail": detail})

    assert call(batch(event, event)) == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
    with pytest.raises(UnavailableError):
        call({"action": "claim", "limit": 25})


def test_without_a_setting_it_fails_and_says_which(lambda_environment: pytest.MonkeyPatch) -> None:
    lambda_environment.delenv("DATABASE_SECRET_ID")

    with pytest.raises(SettingsError, match="DATABASE_SECRET_ID"):
        load_handler(MODULE)
