"""EventBridge, emulated by moto: what is sent, in how many requests, and what happens after refusals."""

import json
from collections.abc import Sequence
from typing import Any

import boto3
import pytest
from botocore.config import Config

from lambda_function.aws.events import MAX_BYTES, EventBridge
from lambda_function.services.bus import Message
from tests.bus import BUS, Delivery
from tests.clock import NOW


def message(number: int, *, kind: str = "appointment.booked", size: int = 1) -> Message:
    return Message(number, kind, NOW, {"message_id": number, "word": "x" * size})


def requests_of(delivery: Delivery, messages: Sequence[Message]) -> tuple[set[int], list[list[int]]]:
    """Returns the ids that were accepted, and the ids in each request."""
    sent: list[list[int]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        sent.append([json.loads(entry["Detail"])["message_id"] for entry in params["Entries"]])

    delivery.events.meta.events.register("provide-client-params.events.PutEvents", note)
    return delivery.bus.publish(messages), sent


def test_what_is_published_arrives_with_its_detail_kind_and_time(delivery: Delivery) -> None:
    assert delivery.bus.publish([message(7)]) == {7}

    [event] = delivery.received()
    assert (event["source"], event["detail-type"]) == ("dentist-appointments", "appointment.booked")
    assert event["detail"] == {"message_id": 7, "word": "x"}
    assert event["time"] == "2030-01-07T14:00:00Z"


def test_ten_go_into_a_request_in_their_order(delivery: Delivery) -> None:
    numbers = list(range(1, 24))

    taken, sent = requests_of(delivery, [message(number) for number in numbers])

    assert taken == set(numbers)
    assert sent == [numbers[:10], numbers[10:20], numbers[20:]]
    assert delivery.ids() == numbers


def test_nothing_is_sent_for_nothing(delivery: Delivery) -> None:
    assert requests_of(delivery, []) == (set(), [])


def test_large_ones_go_into_requests_of_their_own(delivery: Delivery) -> None:
    half = MAX_BYTES // 2 - 200

    taken, sent = requests_of(delivery, [message(n, size=half if n in {2, 3, 4} else 1) for n in range(1, 6)])

    assert taken == {1, 2, 3, 4, 5}
    assert sent == [[1, 2, 3], [4, 5]]


def test_one_that_is_too_large_is_left_out_and_keeps_nobody_else_back(delivery: Delivery) -> None:
    taken, sent = requests_of(delivery, [message(1), message(2, size=MAX_BYTES), message(3)])

    assert taken == {1, 3}
    assert sent == [[1, 3]]


def test_letters_of_several_bytes_are_counted_as_such(delivery: Delivery) -> None:
    """JSON escapes them to six bytes, so a text with few letters can be long when it is sent."""
    long = Message(1, "appointment.booked", NOW, {"word": "ß" * (MAX_BYTES // 6)})

    assert requests_of(delivery, [long]) == (set(), [])


def test_a_refused_entry_is_not_among_those_taken(delivery: Delivery) -> None:
    taken, _ = requests_of(delivery, [message(1), message(2, kind=""), message(3)])

    assert taken == {1, 3}
    assert delivery.ids() == [1, 3]


def test_a_bus_that_is_not_there_takes_nothing_and_is_asked_once(delivery: Delivery) -> None:
    delivery.close_bus()

    taken, sent = requests_of(delivery, [message(number) for number in range(30)])

    assert (taken, len(sent)) == (set(), 1)


def test_a_service_that_cannot_be_reached_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    once = Config(connect_timeout=1, retries={"total_max_attempts": 1})
    client = boto3.client(
        "events",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=once,
    )

    assert EventBridge(client, BUS).publish([message(1)]) == set()
