"""The Lambdas between the bus, the register of a country and the main database, as SQS calls them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import URL

from dev.lambda_context import LambdaContext
from lambda_function.db.models import AppointmentRegistration
from lambda_function.settings import SettingsError
from tests.aws import load_handler, store_secret
from tests.bus import BUS, Delivery
from tests.clock import NOW
from tests.factories import Practice
from tests.registers import PeruvianRegister

PROCESSOR = "lambda_function.entrypoints.country_processor"
REGISTRATION = "lambda_function.entrypoints.registration"


@pytest.fixture
def environment(lambda_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    lambda_environment.setenv("COUNTRY", "PE")
    lambda_environment.setenv("REGISTER_SECRET_ID", "register")
    lambda_environment.setenv("EVENT_BUS_NAME", BUS)
    lambda_environment.setenv("MAX_RECEIVES", "3")
    return lambda_environment


@pytest.fixture
def stored(environment: pytest.MonkeyPatch, peru: PeruvianRegister, reader_url: URL, register_url: URL) -> Practice:
    """The practice, with the secrets of a reader and of the register."""
    store_secret(reader_url)
    store_secret(register_url, "register")
    return peru.practice


def call(module: str, event: Any) -> Any:
    return load_handler(module)(event, LambdaContext("registration", 60))


def batch(*bodies: str, receives: int = 1) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(receives)}
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body, "attributes": attributes} for number, body in enumerate(bodies)
        ]
    }


def test_a_change_goes_through_the_register_to_the_main_database(
    stored: Practice, peru: PeruvianRegister, delivery: Delivery, environment: pytest.MonkeyPatch, app_url: URL
) -> None:
    visit = stored.add_appointment(NOW)

    assert call(PROCESSOR, batch(peru.change(visit).body)) == {"batchItemFailures": []}
    outcomes = [json.dumps(event) for event in delivery.received()]
    store_secret(app_url, "application")
    environment.setenv("DATABASE_SECRET_ID", "application")
    assert call(REGISTRATION, batch(*outcomes)) == {"batchItemFailures": []}

    assert peru.versions() == {visit.appointment_id: 1}
    [row] = stored.rows(AppointmentRegistration)
    assert (row.appointment_id, row.version, row.status) == (visit.appointment_id, 1, "DONE")


def test_only_what_failed_comes_again(stored: Practice, peru: PeruvianRegister) -> None:
    visit = stored.add_appointment(NOW)

    answer = call(PROCESSOR, batch("{", peru.change(visit).body, "[]"))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m2"}]}
    assert call(REGISTRATION, batch("{")) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_the_queue_says_how_often_a_message_was_received(
    stored: Practice, peru: PeruvianRegister, delivery: Delivery
) -> None:
    lost = stored.add_clinic("Atlantis", "America/Atlantis").clinic_id
    there = peru.change(stored.add_appointment(NOW, clinic_id=lost)).body

    call(PROCESSOR, batch(there, receives=2))
    assert delivery.received() == []

    call(PROCESSOR, batch(there, receives=3))
    [failed] = delivery.received()
    assert (failed["detail-type"], failed["detail"]["error"]) == ("visit.registration_failed", "unknown_time_zone")


def test_without_the_register_everything_comes_again_and_its_last_time_is_told(
    stored: Practice, peru: PeruvianRegister, delivery: Delivery, environment: pytest.MonkeyPatch, register_url: URL
) -> None:
    visit = stored.add_appointment(NOW)
    store_secret(register_url.set(host="127.0.0.1", port=1), "away")
    environment.setenv("REGISTER_SECRET_ID", "away")

    answer = call(PROCESSOR, batch(peru.change(visit).body, receives=3))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert [event["detail"]["error"] for event in delivery.received()] == ["unavailable"]


def test_an_operator_gets_what_differs_and_repairs_it(stored: Practice, delivery: Delivery) -> None:
    visit = stored.add_appointment(NOW, updated_at=datetime.now(UTC) - timedelta(days=1)).appointment_id
    missing = {
        "after": None,
        "last_id": visit,
        "visits": 1,
        "registered": 0,
        "days": {"2030-01-07": {"visits": 1, "registered": 0}},
        "differences": [{"appointment_id": visit, "kind": "missing"}],
        "on_their_way": [],
        "untold": [],
        "repaired": 0,
    }
    event = {"action": "check", "after": 0, "repair": False}

    assert call(PROCESSOR, event) == missing
    assert call(PROCESSOR, {**event, "repair": True}) == {**missing, "repaired": 1}
    assert [told["detail"]["appointment_id"] for told in delivery.received()] == [visit]


@pytest.mark.parametrize("module", [PROCESSOR, REGISTRATION])
@pytest.mark.parametrize(
    "event",
    [
        {},
        {"action": "register"},
        {"Records": {}},
        {"action": "check"},
        {"action": "check", "after": -1, "repair": False},
        {"action": "check", "after": True, "repair": False},
        {"action": "check", "after": 0, "repair": "no"},
    ],
)
def test_what_is_no_event_of_theirs_is_an_error(stored: Practice, module: str, event: Any) -> None:
    with pytest.raises(ValueError, match="batch of SQS"):
        call(module, event)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        *((PROCESSOR, name) for name in ("COUNTRY", "REGISTER_SECRET_ID", "EVENT_BUS_NAME", "MAX_RECEIVES")),
        (PROCESSOR, "DATABASE_SECRET_ID"),
        (REGISTRATION, "DATABASE_SECRET_ID"),
    ],
)
def test_without_a_setting_they_fail_and_say_which(environment: pytest.MonkeyPatch, module: str, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(SettingsError, match=name):
        load_handler(module)
