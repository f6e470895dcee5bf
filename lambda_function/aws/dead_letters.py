"""The dead-letter queue of a queue, from which an operator moves messages back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.aws.errors import error_code
from lambda_function.domain.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Whoever stops in the middle of a batch leaves it invisible for so long.
_VISIBILITY_SECONDS = 60
# With a short wait SQS asks all its servers, instead of some that may have nothing.
_WAIT_SECONDS = 1
# What SQS takes in one request. Messages of a bus are far smaller.
_MOST_BYTES = 256 * 1024


class QueueDeadLetters:
    """Implements DeadLetters; see services/operators/countries.py. `queue` is the name of the queue, and `dead` that of
    its dead-letter queue.
    """

    def __init__(self, client: "SQSClient", queue: str, dead: str) -> None:
        self._client = client
        self._queue = queue
        self._dead = dead

    def count(self) -> int:
        """How many there are, as SQS knows it: what has just come may not be counted yet."""
        url = self._url(self._dead)
        with _trouble(self._dead):
            attributes = self._client.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
            )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def move_back(self, most: int) -> int:
        """A message is sent before it is deleted, so none is lost, and at worst one is there twice."""
        source, target = self._url(self._dead), self._url(self._queue)
        with _trouble(self._dead):
            messages = self._client.receive_message(
                QueueUrl=source,
                MaxNumberOfMessages=most,
                VisibilityTimeout=_VISIBILITY_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
            ).get("Messages", [])
        for request in _requests(messages):
            self._move(source, target, request)
        return len(messages)

    def _move(self, source: str, target: str, messages: "Sequence[MessageTypeDef]") -> None:
        with _trouble(self._queue):
            sent = self._client.send_message_batch(
                QueueUrl=target,
                Entries=[{"Id": str(n), "MessageBody": message["Body"]} for n, message in enumerate(messages)],
            )
        taken = {int(entry["Id"]) for entry in sent.get("Successful", [])}
        if taken:
            with _trouble(self._dead):
                self._client.delete_message_batch(
                    QueueUrl=source,
                    Entries=[{"Id": str(n), "ReceiptHandle": messages[n]["ReceiptHandle"]} for n in sorted(taken)],
                )
        if refused := sent.get("Failed", []):
            raise UnavailableError(f"The queue {self._queue} did not take a message ({refused[0]['Code']}).")

    def _url(self, name: str) -> str:
        with _trouble(name):
            return self._client.get_queue_url(QueueName=name)["QueueUrl"]


def _requests(messages: "Sequence[MessageTypeDef]") -> "Iterator[Sequence[MessageTypeDef]]":
    """Yields the messages as one request, or one by one if they are too large for that."""
    if sum(len(message["Body"].encode()) for message in messages) <= _MOST_BYTES:
        yield from [messages] if messages else []
    else:
        yield from ([message] for message in messages)


@contextmanager
def _trouble(queue: str) -> Iterator[None]:
    """Raises NotFoundError if there is no such queue, and UnavailableError for other errors of AWS."""
    try:
        yield
    except ClientError as error:
        if "NonExistentQueue" in error_code(error):
            raise NotFoundError(
                f"There is no queue {queue}. Check the code of the country, COUNTRY_PREFIX, and the region."
            ) from None
        raise UnavailableError(f"The queue {queue} refused ({error_code(error)}).") from None
    except BotoCoreError as error:
        raise UnavailableError(f"The queue {queue} cannot be reached ({error_code(error)}).") from None
