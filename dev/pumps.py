"""Runs what schedules and queues run on AWS: `python -m dev.pumps`, started by dev.run. What a schedule runs is run
every half second, and what a queue calls as soon as there is a message.
"""

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dev import messaging
from dev.children import end_with_parent
from dev.clock import stack_clock
from dev.lambda_context import LambdaContext, drop_metrics
from lambda_function.domain.errors import DomainError
from lambda_function.services.messenger import NotSettledError
from lambda_function.services.relay import NotPublishedError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

_SECONDS = 0.5
_TIMEOUT_SECONDS = 55
_BATCH = 10
# SQS answers no later than this, and at once when a message comes, as it answers Lambda's own consumers.
_LONGEST_WAIT_SECONDS = 20


class FunctionFailedError(Exception):
    """A function ended with an error. The log of the emulated AWS says which."""


# These pass by themselves, and a later run does the work.
_PASSING = (DomainError, NotPublishedError, NotSettledError, FunctionFailedError, BotoCoreError, ClientError)


class Consumer:
    """Brings what is in the queue to a function, as an event source mapping of Lambda does."""

    def __init__(
        self, queues: "SQSClient", url: str, invoke: Callable[[Mapping[str, Any]], Any], *, wait_seconds: int = 0
    ) -> None:
        self._queues = queues
        self._url = url
        self._invoke = invoke
        self._wait_seconds = wait_seconds

    def __call__(self) -> None:
        """Goes on until the queue has been empty for `wait_seconds`. What fails stays there, and can be received again
        later.
        """
        while messages := self._received():
            answer = self._invoke({"Records": [_record(message) for message in messages.values()]})
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            handles = {key: message["ReceiptHandle"] for key, message in messages.items() if key not in failed}
            if handles:
                entries: Any = [{"Id": key, "ReceiptHandle": handle} for key, handle in handles.items()]
                self._queues.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _received(self) -> dict[str, Any]:
        received = self._queues.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_BATCH,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
            WaitTimeSeconds=self._wait_seconds,
        )
        return {message["MessageId"]: message for message in received.get("Messages", [])}


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the message as Lambda hands it over."""
    return {
        "messageId": message["MessageId"],
        "body": message["Body"],
        "attributes": dict(message["Attributes"]),
        "eventSource": "aws:sqs",
    }


def function(functions: "LambdaClient", name: str) -> Callable[[Mapping[str, Any]], Any]:
    """Returns the function of that name. A call raises FunctionFailedError if it ended with an error."""

    def invoke(event: Mapping[str, Any]) -> Any:
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        if "FunctionError" in answer:
            raise FunctionFailedError(f"The function {name} failed. aws.log says why.")
        return json.loads(answer["Payload"].read())

    return invoke


def keep_running(run: Callable[[], object], pause: Callable[[float], None]) -> None:
    """Repeats the call until the program ends. Trouble is printed once, not each time."""
    told = ""
    while True:
        try:
            run()
            told = ""
        except _PASSING as error:
            if told != (told := f"Not this time: {error}"):
                print(told, file=sys.stderr, flush=True)
        pause(_SECONDS)


def pumps() -> dict[str, Callable[[], object]]:
    """Returns what is run, by names, with the settings that dev.run has put into the environment."""
    from lambda_function.bootstrap.messenger import build_messenger  # noqa: PLC0415 - they take long to import
    from lambda_function.bootstrap.outbox_relay import build_relay  # noqa: PLC0415 - see above
    from lambda_function.bootstrap.waitlist import build_waitlist  # noqa: PLC0415 - see above

    clock = stack_clock()
    queues = boto3.client("sqs")
    functions = boto3.client("lambda", config=Config(retries={"mode": "standard", "total_max_attempts": 1}))
    notifications = function(functions, os.environ["NOTIFICATIONS_FUNCTION"])
    countries = [messaging.country_function(country) for country in os.environ["LOCAL_COUNTRIES"].split()]
    consumers = [messaging.FUNCTION, messaging.REGISTRATION_FUNCTION, *countries]
    scheduled: dict[str, Callable[[Callable[[], float]], object]] = {
        "waitlist": build_waitlist(clock),
        "relay": build_relay(clock),
        "messenger": build_messenger(clock),
    }
    return (
        {name: _timed(name, run) for name, run in scheduled.items()}
        | {name: _consumer(queues, name, function(functions, name)) for name in consumers}
        | {"sweep": lambda: notifications({"action": "sweep"})}
    )


def _consumer(queues: "SQSClient", name: str, invoke: Callable[[Mapping[str, Any]], Any]) -> Consumer:
    url = queues.get_queue_url(QueueName=name)["QueueUrl"]
    return Consumer(queues, url, invoke, wait_seconds=_LONGEST_WAIT_SECONDS)


def _timed(name: str, run: Callable[[Callable[[], float]], object]) -> Callable[[], object]:
    return lambda: run(LambdaContext(name, _TIMEOUT_SECONDS).seconds_left)


def main() -> None:
    """Runs each in a thread of its own, so that none waits for another, until one breaks."""
    drop_metrics()
    broken: queue.Queue[BaseException] = queue.Queue()

    def thread(run: Callable[[], object]) -> None:
        try:
            # Between two runs nothing can tell that there is work: on AWS the scheduler waits, here this does.
            keep_running(run, time.sleep)  # the scheduler's wait
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            broken.put(error)

    for name, run in pumps().items():
        threading.Thread(target=thread, args=[run], name=name, daemon=True).start()
    raise broken.get()


if __name__ == "__main__":
    end_with_parent()
    main()
