"""Messages of a dead-letter queue are moved back, whatever SQS refuses."""

from typing import Any

import boto3
import pytest
from botocore.config import Config

from lambda_function.aws.dead_letters import QueueDeadLetters
from lambda_function.domain.errors import NotFoundError, UnavailableError
from tests.dead_letters import Letters

_NOWHERE = Config(connect_timeout=1, retries={"total_max_attempts": 1})


@pytest.fixture
def letters(aws: pytest.MonkeyPatch) -> Letters:
    return Letters()


def dead_letters(letters: Letters, queue: str = Letters.queue) -> QueueDeadLetters:
    return QueueDeadLetters(letters.client, queue, letters.dead)


def refuse(letters: Letters, operation: str, ids: set[str]) -> None:
    """Makes SQS refuse the entries with these ids."""

    def answered(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Successful"] = [entry for entry in parsed["Successful"] if entry["Id"] not in ids]
        parsed["Failed"] = [{"Id": each, "SenderFault": False, "Code": "InternalError"} for each in sorted(ids)]

    letters.client.meta.events.register(f"after-call.sqs.{operation}", answered)


def test_messages_are_counted_and_moved_back_as_they_are(letters: Letters) -> None:
    letters.die("one", "two", "three")

    assert dead_letters(letters).count() == 3
    assert dead_letters(letters).move_back(2) == 2
    assert dead_letters(letters).move_back(10) == 1

    assert letters.bodies(letters.queue) == ["one", "three", "two"]
    assert letters.number(letters.dead) == 0


def test_an_empty_queue_moves_nothing(letters: Letters) -> None:
    assert (dead_letters(letters).count(), dead_letters(letters).move_back(10)) == (0, 0)


def test_what_the_queue_does_not_take_stays_dead(letters: Letters) -> None:
    letters.die("one", "two", "three")
    refuse(letters, "SendMessageBatch", {"1"})

    with pytest.raises(UnavailableError, match=r"did not take a message \(InternalError\)"):
        dead_letters(letters).move_back(10)

    assert letters.number(letters.dead) == 1


def test_what_is_not_deleted_is_moved_all_the_same(letters: Letters) -> None:
    letters.die("one")
    refuse(letters, "DeleteMessageBatch", {"0"})

    assert dead_letters(letters).move_back(10) == 1
    assert letters.bodies(letters.queue) == ["one"]


def test_messages_that_are_too_large_for_one_request_are_moved_one_by_one(letters: Letters) -> None:
    letters.die(*("ñ" * 100_000 for _ in range(3)))
    requests: list[int] = []
    letters.client.meta.events.register(
        "before-parameter-build.sqs.SendMessageBatch", lambda params, **_: requests.append(len(params["Entries"]))
    )

    assert dead_letters(letters).move_back(10) == 3

    assert requests == [1, 1, 1]
    assert letters.number(letters.dead) == 0


@pytest.mark.parametrize("missing", ["dead", "queue"])
def test_a_queue_that_there_is_not_says_what_to_check(letters: Letters, missing: str) -> None:
    names = {"queue": letters.queue, "dead": letters.dead, missing: "dentist-test-country-xx"}
    with pytest.raises(NotFoundError, match=r"no queue dentist-test-country-xx\. Check the code"):
        QueueDeadLetters(letters.client, **names).move_back(10)


@pytest.mark.usefixtures("aws")
def test_queues_that_cannot_be_reached_are_unavailable() -> None:
    client = boto3.client("sqs", config=_NOWHERE, endpoint_url="http://127.0.0.1:1")
    with pytest.raises(UnavailableError, match="cannot be reached"):
        QueueDeadLetters(client, Letters.queue, Letters.dead).count()
