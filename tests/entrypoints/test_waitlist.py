"""The Lambda that keeps the waitlist up to date, as it is loaded and called."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from dev.lambda_context import LambdaContext
from lambda_function.db.models import FreedTime, WaitlistEntry
from lambda_function.domain.errors import UnavailableError
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.settings import SettingsError
from tests.factories import Practice

MODULE = "lambda_function.entrypoints.waitlist"
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
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    with mock_aws():
        yield monkeypatch


@pytest.fixture
def stored(environment: pytest.MonkeyPatch, practice: Practice) -> Practice:
    """The practice, whose database the secret names: with a wish that is over, and freed time that is over, too."""
    url = practice.url
    secret = {
        "host": url.host,
        "port": url.port,
        "username": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    boto3.client("secretsmanager").create_secret(Name=SECRET_ID, SecretString=json.dumps(secret))
    # The handler has the real clock.
    then = datetime.now(UTC) - timedelta(days=2)
    stamps = {"created_at": then, "updated_at": then}
    wish = {"wished_from": then, "wished_to": then + timedelta(hours=1), "status": WaitlistStatus.WAITING, **stamps}
    practice.add(WaitlistEntry(patient_id=practice.ids["pat"], treatment_id=1, **wish))
    time = {"starts_at": then, "ends_at": then + timedelta(hours=1), "created_at": then}
    practice.add(FreedTime(doctor_id=practice.ids["drjay"], clinic_id=1, occupied=True, **time))
    return practice


def _load() -> Handler:
    handler: Handler = importlib.import_module(MODULE).handler
    return handler


def _context(seconds: float = 55) -> LambdaContext:
    return LambdaContext("waitlist", seconds)


def test_it_ends_what_is_over_and_answers_how_many(stored: Practice) -> None:
    handler = _load()

    assert [handler({}, _context()), handler({}, _context())] == [{"lapsed": 1}, {"lapsed": 0}]
    assert stored.rows(WaitlistEntry)[0].status is WaitlistStatus.EXPIRED
    assert stored.rows(FreedTime) == []


def test_it_leaves_for_the_next_run_what_it_has_no_time_for(stored: Practice) -> None:
    assert _load()({}, _context(seconds=3)) == {"lapsed": 0}
    assert len(stored.rows(FreedTime)) == 1


@pytest.mark.usefixtures("environment")
def test_it_fails_without_its_database() -> None:
    with pytest.raises(UnavailableError):
        _load()({}, _context())


def test_without_a_setting_it_fails_and_says_which(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DATABASE_SECRET_ID")

    with pytest.raises(SettingsError, match="DATABASE_SECRET_ID"):
        _load()
