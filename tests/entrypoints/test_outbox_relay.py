"""The Lambda that publishes the outbox, as it is loaded and called."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from dev.lambda_context import LambdaContext
from lambda_function.db.models import OutboxMessage
from lambda_function.domain.errors import UnavailableError
from lambda_function.services.relay import NotPublishedError
from lambda_function.settings import SettingsError
from tests.bus import BUS, Delivery
from tests.clock import NOW
from tests.factories import Practice

MODULE = "lambda_function.entrypoints.outbox_relay"
SECRET_ID = "app-credentials"

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, int]]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """As Lambda's, with an AWS of this process only."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "DATABASE_CA_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("DATABASE_SECRET_ID", SECRET_ID)
    monkeypatch.setenv("DATABASE_TLS", "off")
    monkeypatch.setenv("EVENT_BUS_NAME", BUS)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    with mock_aws():
        yield monkeypatch


@pytest.fixture
def delivery(environment: pytest.MonkeyPatch) -> Delivery:
    return Delivery()


@pytest.fixture
def stored(environment: pytest.MonkeyPatch, practice: Practice) -> Practice:
    """The practice, whose database the secret names and whose outbox holds one message."""
    url = practice.url
    secret = {
        "host": url.host,
        "port": url.port,
        "username": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    boto3.client("secretsmanager").create_secret(Name=SECRET_ID, SecretString=json.dumps(secret))
    practice.add(OutboxMessage(kind="appointment.booked", detail={"appointment_id": 1}, created_at=NOW))
    return practice


def _load() -> Handler:
    handler: Handler = importlib.import_module(MODULE).handler
    return handler


def _context(seconds: float = 60) -> LambdaContext:
    return LambdaContext("outbox-relay", seconds)


def test_it_publishes_and_answers_how_many(stored: Practice, delivery: Delivery) -> None:
    handler = _load()

    assert [handler({}, _context()), handler({}, _context())] == [{"published": 1}, {"published": 0}]
    [event] = delivery.received()
    assert event["detail"]["appointment_id"] == 1
    assert stored.rows(OutboxMessage)[0].published_at is not None


def test_it_leaves_for_the_next_run_what_it_has_no_time_for(stored: Practice, delivery: Delivery) -> None:
    assert _load()({}, _context(seconds=3)) == {"published": 0}
    assert delivery.received() == []


def test_it_fails_without_its_bus_and_recovers_with_it(stored: Practice, delivery: Delivery) -> None:
    delivery.close_bus()
    handler = _load()

    with pytest.raises(NotPublishedError):
        handler({}, _context())
    delivery.events.create_event_bus(Name=BUS)

    assert handler({}, _context()) == {"published": 1}


def test_it_fails_without_its_database(delivery: Delivery) -> None:
    handler = _load()

    with pytest.raises(UnavailableError):
        handler({}, _context())


@pytest.mark.parametrize("name", ["EVENT_BUS_NAME", "DATABASE_SECRET_ID"])
def test_without_a_setting_it_fails_and_says_which(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(SettingsError, match=name):
        _load()
