"""What the local stack runs again and again."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from dev import pumps
from dev.pumps import Consumer, FunctionFailedError
from lambda_function.domain.errors import UnavailableError
from lambda_function.services.relay import NotPublishedError
from tests.deployments import Answer, answer_invocations, fails, works
from tests.dev.running_stack import RunningStack

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Stopped(Exception):  # noqa: N818 - not an error
    """Somebody stops the pump."""


class Queue:
    """A queue whose messages come back at once when they are not deleted."""

    def __init__(self) -> None:
        self.client: SQSClient = boto3.client("sqs")
        self.url = self.client.create_queue(QueueName="queue", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]

    def put(self, *bodies: str) -> None:
        for body in bodies:
            self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> list[str]:
        received = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return sorted(message["Body"] for message in received)


@pytest.fixture
def queue(aws: pytest.MonkeyPatch) -> Queue:
    return Queue()


def test_it_runs_again_and_again_whatever_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes: list[Exception | None] = [
        UnavailableError("The database is away."),
        UnavailableError("The database is away."),
        NotPublishedError("The bus is away."),
        None,
        UnavailableError("The database is away."),
    ]
    pauses: list[float] = []

    def run() -> None:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if not outcomes:
            raise Stopped

    with pytest.raises(Stopped):
        pumps.keep_running(run, pause)

    assert pauses == [0.5] * 5
    told = ["Not this time: The database is away.", "Not this time: The bus is away."]
    assert capsys.readouterr().err.splitlines() == [*told, told[0]]


def test_what_is_wrong_with_the_program_itself_ends_it() -> None:
    def run() -> None:
        raise KeyError("wrong")

    with pytest.raises(KeyError):
        pumps.keep_running(run, lambda _: None)


def test_the_function_gets_what_waits_in_batches_and_what_succeeded_is_deleted(queue: Queue) -> None:
    queue.put(*map(str, range(12)))
    batches: list[list[str]] = []

    def invoke(event: Mapping[str, Any]) -> Any:
        batches.append([record["body"] for record in event["Records"]])
        return {"batchItemFailures": []}

    Consumer(queue.client, queue.url, invoke)()

    assert sorted(map(len, batches)) == [2, 10]
    assert sorted(chain.from_iterable(batches), key=int) == [str(number) for number in range(12)]
    assert queue.left() == []


def test_a_message_that_comes_while_it_waits_is_brought_at_once(queue: Queue) -> None:
    brought: list[str] = []

    def invoke(event: Mapping[str, Any]) -> Any:
        brought.extend(record["body"] for record in event["Records"])
        raise Stopped

    consumer = Consumer(queue.client, queue.url, invoke, wait_seconds=20)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(consumer)
        queue.put("late")
        with pytest.raises(Stopped):
            waiting.result(10)
    assert brought == ["late"]


def test_what_the_function_could_not_do_stays_in_the_queue(queue: Queue) -> None:
    queue.put("good", "bad")
    calls = 0

    def invoke(event: Mapping[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise FunctionFailedError
        failures = [{"itemIdentifier": each["messageId"]} for each in event["Records"] if each["body"] == "bad"]
        return {"batchItemFailures": failures}

    with pytest.raises(FunctionFailedError):
        Consumer(queue.client, queue.url, invoke)()

    assert queue.left() == ["bad"]


def test_if_the_function_fails_everything_stays(queue: Queue) -> None:
    queue.put("one", "two")

    def invoke(_: Mapping[str, Any]) -> Any:
        raise FunctionFailedError

    with pytest.raises(FunctionFailedError):
        Consumer(queue.client, queue.url, invoke)()

    assert queue.left() == ["one", "two"]


def test_the_function_learns_how_often_each_message_has_come(queue: Queue) -> None:
    queue.put("one")
    counts: list[str] = []

    def invoke(event: Mapping[str, Any]) -> Any:
        [record] = event["Records"]
        counts.append(record["attributes"]["ApproximateReceiveCount"])
        failed = [{"itemIdentifier": record["messageId"]}] if len(counts) < 3 else []
        return {"batchItemFailures": failed}

    Consumer(queue.client, queue.url, invoke)()

    assert counts == ["1", "2", "3"]


@pytest.mark.usefixtures("aws")
def test_a_function_is_invoked_by_its_name() -> None:
    events: list[Any] = []

    def invoke(name: str, event: bytes) -> Answer:
        events.append((name, json.loads(event)))
        return works({"planned": 2})

    answer_invocations(invoke)

    assert pumps.function(boto3.client("lambda"), "known")({"action": "sweep"}) == {"planned": 2}
    assert events == [("known", {"action": "sweep"})]


@pytest.mark.usefixtures("aws")
def test_a_function_that_fails_says_so_without_its_words() -> None:
    answer_invocations(lambda name, event: fails("KeyError"))

    with pytest.raises(FunctionFailedError, match=r"The function known failed\. aws\.log says why\.") as raised:
        pumps.function(boto3.client("lambda"), "known")({"action": "sweep"})
    assert "secret" not in str(raised.value)


def test_the_stack_runs_them(stack: RunningStack) -> None:
    assert (stack.folder / "pumps.log").read_text() == ""
