"""The Lambdas that are called every minute. One publishes the outbox, and the other keeps the waitlist up to date."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dev.lambda_context import LambdaContext
from lambda_function.db.models import FreedTime, OutboxMessage, WaitlistEntry
from lambda_function.domain.errors import UnavailableError
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.services.relay import NotPublishedError
from lambda_function.settings import SettingsError
from tests.aws import load_handler, store_secret
from tests.bus import BUS, Delivery
from tests.clock import NOW
from tests.factories import Practice


def _message(practice: Practice) -> None:
    practice.add(OutboxMessage(kind="appointment.booked", detail={"appointment_id": 1}, created_at=NOW))


def _things_that_are_over(practice: Practice) -> None:
    """Adds a wish and freed time that are in the past of the real clock, which the handler uses."""
    then = datetime.now(UTC) - timedelta(days=2)
    stamps = {"created_at": then, "updated_at": then}
    wish = {"wished_from": then, "wished_to": then + timedelta(hours=1), "status": WaitlistStatus.WAITING, **stamps}
    practice.add(WaitlistEntry(patient_id=practice.ids["pat"], treatment_id=1, **wish))
    time = {"starts_at": then, "ends_at": then + timedelta(hours=1), "created_at": then}
    practice.add(FreedTime(doctor_id=practice.ids["drjay"], clinic_id=1, occupied=True, **time))


@dataclass(frozen=True)
class Scheduled:
    """A Lambda, its metric, a function that gives it one thing to do, and a function that counts what is left to do."""

    module: str
    counted: str
    prepare: Callable[[Practice], None]
    left: Callable[[Practice], int]

    def call(self, seconds: float = 55) -> Any:
        return load_handler(self.module)({}, LambdaContext("scheduled", seconds))


RELAY = Scheduled(
    "lambda_function.entrypoints.outbox_relay",
    "published",
    _message,
    lambda practice: [row.published_at for row in practice.rows(OutboxMessage)].count(None),
)
WAITLIST = Scheduled(
    "lambda_function.entrypoints.waitlist",
    "lapsed",
    _things_that_are_over,
    lambda practice: len(practice.rows(FreedTime)),
)
SETTINGS = [(RELAY, "EVENT_BUS_NAME"), (RELAY, "DATABASE_SECRET_ID"), (WAITLIST, "DATABASE_SECRET_ID")]

each = pytest.mark.parametrize("scheduled", [RELAY, WAITLIST], ids=["relay", "waitlist"])


@pytest.fixture(autouse=True)
def environment(lambda_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    lambda_environment.setenv("EVENT_BUS_NAME", BUS)
    return lambda_environment


@pytest.fixture
def stored(environment: pytest.MonkeyPatch, delivery: Delivery, practice: Practice) -> Practice:
    """The practice, whose database is named by the secret."""
    store_secret(practice.url)
    return practice


@each
def test_it_does_what_is_due_once_and_answers_how_much(stored: Practice, scheduled: Scheduled) -> None:
    scheduled.prepare(stored)

    assert [scheduled.call(), scheduled.call()] == [{scheduled.counted: 1}, {scheduled.counted: 0}]
    assert scheduled.left(stored) == 0


@each
def test_it_leaves_for_the_next_run_what_it_has_no_time_for(stored: Practice, scheduled: Scheduled) -> None:
    scheduled.prepare(stored)

    assert scheduled.call(seconds=3) == {scheduled.counted: 0}
    assert scheduled.left(stored) == 1


@each
def test_it_fails_without_its_database(delivery: Delivery, scheduled: Scheduled) -> None:
    with pytest.raises(UnavailableError):
        scheduled.call()


@pytest.mark.parametrize(("scheduled", "name"), SETTINGS, ids=[name for _, name in SETTINGS])
def test_without_a_setting_it_fails_and_says_which(
    environment: pytest.MonkeyPatch, scheduled: Scheduled, name: str
) -> None:
    environment.delenv(name)

    with pytest.raises(SettingsError, match=name):
        load_handler(scheduled.module)


def test_what_is_published_arrives(stored: Practice, delivery: Delivery) -> None:
    RELAY.prepare(stored)
    RELAY.call()

    [event] = delivery.received()
    assert event["detail"]["appointment_id"] == 1


def test_the_relay_fails_without_its_bus_and_recovers_with_it(stored: Practice, delivery: Delivery) -> None:
    RELAY.prepare(stored)
    delivery.close_bus()
    handler = load_handler(RELAY.module)
    with pytest.raises(NotPublishedError):
        handler({}, LambdaContext("outbox-relay", 60))
    delivery.events.create_event_bus(Name=BUS)

    assert handler({}, LambdaContext("outbox-relay", 60)) == {"published": 1}


def test_a_wish_that_is_over_expires(stored: Practice) -> None:
    WAITLIST.prepare(stored)
    WAITLIST.call()

    assert stored.rows(WaitlistEntry)[0].status is WaitlistStatus.EXPIRED
