"""The notifications function as the messenger calls it. Payloads hold addresses and texts, so no error quotes them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lambda_function.aws.invocation import invoked
from lambda_function.observability import logger
from lambda_function.services.messenger import Claim
from lambda_function.services.notifications.messages import UNREADABLE, ComposedMessage, Outcome

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class NotificationsFunction:
    """Implements Notifications of services/messenger.py."""

    def __init__(self, client: "LambdaClient", name: str) -> None:
        self._client = client
        self._name = name

    def claim(self, limit: int) -> Claim:
        answer = self._call({"action": "claim", "limit": limit})
        read = (_message(document) for document in answer["messages"])
        return Claim([message for message in read if message is not None], float(answer["lease_seconds"]))

    def settle(self, outcomes: Sequence[Outcome]) -> int:
        answer = self._call({"action": "settle", "outcomes": [outcome.document() for outcome in outcomes]})
        return int(answer["settled"])

    def _call(self, event: Mapping[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = invoked(self._client, self._name, event, called="The notifications function")
        return document


def _message(document: Any) -> ComposedMessage | None:
    """Returns a message, or None for one that cannot be read, whose lease will end. The others are sent."""
    try:
        return ComposedMessage.from_document(document)
    except UNREADABLE as error:
        logger.error("message not read", reason=type(error).__name__)
        return None
