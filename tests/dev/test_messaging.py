"""What functions need of the emulated AWS: events reach their queues, and what was sent to people is seen."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import boto3
import pytest

from dev import aws, clock, messaging
from dev.aws import Aws
from lambda_function.aws.events import EventBridge
from lambda_function.aws.mail import Mail
from lambda_function.aws.sms import Sms
from lambda_function.services.bus import Message
from lambda_function.services.notifications.messages import ComposedMessage, OutcomeStatus
from tests.clock import NOW
from tests.dev.emulator import API, emulated_aws
from tests.dev.http_server import Client
from tests.messages import mail, sms


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("messaging")


@pytest.fixture(scope="module")
def emulator(folder: Path) -> Iterator[Aws]:
    with emulated_aws(folder) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def settings(emulator: Aws) -> dict[str, str]:
    return messaging.create(emulator)


@pytest.fixture
def seen(emulator: Aws) -> "Mailbox":
    return Mailbox(emulator)


class Mailbox:
    """Sends as the messenger does, and reads what is seen."""

    def __init__(self, emulator: Aws) -> None:
        self._emulator = emulator
        self._before = len(self._items())

    def send(self, message: ComposedMessage, settings: dict[str, str]) -> OutcomeStatus:
        session, url = self._emulator.session, self._emulator.url
        if message.subject is None:
            return Sms(session.client("sns", endpoint_url=url), None).send(message).status
        ses = session.client("sesv2", endpoint_url=url)
        sender = Mail(ses, settings["MAIL_SENDER"], settings["MAIL_CONFIGURATION_SET"], lambda: NOW)
        return sender.send(message).status

    def new(self) -> list[dict[str, Any]]:
        """Returns what has been sent since, the newest first."""
        items = self._items()
        return items[: len(items) - self._before]

    def _items(self) -> list[dict[str, Any]]:
        reply = Client(int(self._emulator.url.rpartition(":")[2])).send("GET", "/dev/messages")
        assert reply.status == HTTPStatus.OK
        items: list[dict[str, Any]] = reply.json()["items"]
        return items


class Registers:
    """The queues of the registers of PE and CL."""

    def __init__(self, emulator: Aws, bus: str) -> None:
        messaging.create_registers(emulator, ["PE", "CL"])
        self._queues = emulator.session.client("sqs", endpoint_url=emulator.url)
        self._bus = EventBridge(emulator.session.client("events", endpoint_url=emulator.url), bus)

    def publish(self, kind: str, country: str) -> None:
        assert self._bus.publish([Message(7, kind, NOW, {"appointment_id": 3, "country": country})]) == {7}

    def received(self, name: str) -> list[str]:
        """Returns the kinds of the events that were in the queue."""
        kinds = []
        while messages := self._queues.receive_message(QueueUrl=self._url(name)).get("Messages", []):
            for message in messages:
                kinds.append(json.loads(message["Body"])["detail-type"])
                self._queues.delete_message(QueueUrl=self._url(name), ReceiptHandle=message["ReceiptHandle"])
        return kinds

    def attributes(self, name: str) -> Mapping[Any, str]:
        return self._queues.get_queue_attributes(QueueUrl=self._url(name), AttributeNames=["All"])["Attributes"]

    def _url(self, name: str) -> str:
        return self._queues.get_queue_url(QueueName=f"dentist-{name}")["QueueUrl"]


@pytest.fixture(scope="module")
def registers(emulator: Aws, settings: dict[str, str]) -> Registers:
    return Registers(emulator, settings["EVENT_BUS_NAME"])


def test_what_is_published_waits_in_the_queue(emulator: Aws, settings: dict[str, str]) -> None:
    bus = EventBridge(emulator.session.client("events", endpoint_url=emulator.url), settings["EVENT_BUS_NAME"])
    assert bus.publish([Message(7, "appointment.booked", NOW, {"appointment_id": 3})]) == {7}

    queues = emulator.session.client("sqs", endpoint_url=emulator.url)
    [received] = queues.receive_message(QueueUrl=settings["LOCAL_QUEUE_URL"])["Messages"]
    event = json.loads(received["Body"])
    assert (event["detail-type"], event["detail"]) == ("appointment.booked", {"appointment_id": 3})


def test_what_fails_five_times_goes_to_the_queue_of_dead_messages(emulator: Aws, settings: dict[str, str]) -> None:
    queues = emulator.session.client("sqs", endpoint_url=emulator.url)
    attributes = queues.get_queue_attributes(QueueUrl=settings["LOCAL_QUEUE_URL"], AttributeNames=["All"])["Attributes"]
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["maxReceiveCount"] == 5
    assert redrive["deadLetterTargetArn"].endswith(":dentist-notifications-dead")


@pytest.mark.parametrize(
    "kind",
    [
        "appointment.requested",
        "appointment.booked",
        "appointment.confirmed",
        "appointment.moved",
        "appointment.noted",
        "appointment.checked_in",
        "appointment.completed",
        "appointment.no_show",
        "appointment.cancelled",
        "appointment.attendance_confirmed",
        "appointment.erased",
        "appointment.merged",
        "appointment.registration_requested",
    ],
)
def test_what_concerns_a_visit_reaches_the_queue_of_its_country_only(registers: Registers, kind: str) -> None:
    registers.publish(kind, "PE")

    assert registers.received("country-pe") == [kind]
    assert registers.received("country-cl") == registers.received("registration") == []


@pytest.mark.parametrize("kind", ["visit.registered", "visit.registration_failed"])
def test_an_outcome_reaches_the_queue_of_outcomes_and_no_country(registers: Registers, kind: str) -> None:
    registers.publish(kind, "PE")

    assert registers.received("registration") == [kind]
    assert registers.received("country-pe") == []


@pytest.mark.parametrize(("kind", "country"), [("waitlist.offered", "PE"), ("appointment.booked", "BR")])
def test_what_concerns_no_register_reaches_none(registers: Registers, kind: str, country: str) -> None:
    registers.publish(kind, country)

    assert [registers.received(name) for name in ("country-pe", "country-cl", "registration")] == [[], [], []]


@pytest.mark.parametrize(
    ("name", "receives"), [("country-pe", messaging.COUNTRY_MAX_RECEIVES), ("country-cl", 30), ("registration", 5)]
)
def test_each_queue_has_one_for_what_keeps_failing(registers: Registers, name: str, receives: int) -> None:
    attributes = registers.attributes(name)
    redrive = json.loads(attributes["RedrivePolicy"])
    assert (redrive["maxReceiveCount"], attributes["VisibilityTimeout"]) == (receives, "10")
    assert redrive["deadLetterTargetArn"].endswith(f":dentist-{name}-dead")


def test_an_email_is_seen_as_a_mail_program_shows_it(seen: Mailbox, settings: dict[str, str]) -> None:
    assert seen.send(mail(), settings) is OutcomeStatus.SENT

    [item] = seen.new()
    datetime.fromisoformat(item.pop("sent_at"))
    [file] = mail().attachments
    assert item == {
        "notification_id": 17,
        "kind": "BOOKED",
        "channel": "EMAIL",
        "to": "pat@example.org",
        "subject": "Your visit on 7 January",
        "text": "See you on Monday at 9:00.\nClínica Sur\n",
        "html": "<p>See you on <b>Monday</b> at 9:00.</p>\n",
        "links": [],
        "attachments": [file._asdict()],
    }


def test_a_long_subject_is_seen_exactly(seen: Mailbox, settings: dict[str, str]) -> None:
    for each in (
        "Your appointment on Friday, 4 December 2026 at 08:15 has been cancelled",
        "Recordatorio: la cita de Ana Torres del miércoles 9 de enero a las 10:00",
    ):
        assert seen.send(mail(subject=each), settings) is OutcomeStatus.SENT
        assert seen.new()[0]["subject"] == each


def test_an_sms_is_seen_with_its_number(seen: Mailbox, settings: dict[str, str]) -> None:
    text = "Clínica Sur: see you on Monday & Tuesday, 100% + more"
    assert seen.send(sms(text=text), settings) is OutcomeStatus.SENT

    [item] = seen.new()
    assert (item["channel"], item["to"], item["text"]) == ("SMS", "+51987654321", text)
    assert (item["notification_id"], item["kind"], item["subject"], item["html"]) == (17, "BOOKED", None, None)


def test_the_newest_is_first(seen: Mailbox, settings: dict[str, str]) -> None:
    for number in (1, 2, 3):
        seen.send(sms(notification_id=number), settings)

    assert [item["notification_id"] for item in seen.new()] == [3, 2, 1]


def test_only_links_to_our_own_pages_are_listed(seen: Mailbox, settings: dict[str, str]) -> None:
    own = f"{API}/visit/5f70"
    seen.send(sms(text=f"See {own} or https://clinic.example/map, {own}"), settings)

    assert seen.new()[0]["links"] == [own]


def test_what_is_refused_is_not_seen(seen: Mailbox, settings: dict[str, str]) -> None:
    assert seen.send(sms(to="the desk"), settings) is OutcomeStatus.REFUSED
    assert seen.send(mail(to="a@-example.org" + "x" * 300), settings) is OutcomeStatus.REFUSED
    assert seen.new() == []


def test_it_is_sent_in_the_time_of_the_stack(seen: Mailbox, settings: dict[str, str], folder: Path) -> None:
    clock.clock_in(folder).set(-7 * 24 * 60 * 60)
    try:
        before = datetime.now(UTC) - timedelta(days=7)
        seen.send(sms(), settings)
    finally:
        clock.clock_in(folder).set(0)

    sent_at = seen.new()[0]["sent_at"]
    assert sent_at.endswith("Z")
    assert timedelta(milliseconds=-1) < datetime.fromisoformat(sent_at) - before < timedelta(minutes=1)


def test_other_services_are_not_disturbed(emulator: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.environment(emulator.url).items():
        monkeypatch.setenv(name, value)
    boto3.client("sns").create_topic(Name="letters")
    assert len(boto3.client("sns").list_topics()["Topics"]) == 1
