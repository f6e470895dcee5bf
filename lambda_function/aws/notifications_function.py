"""The notifications function as the messenger calls it. Payloads hold addresses and texts, so no error quotes them."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.domain.errors import UnavailableError
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
        """Raises UnavailableError if there is no answer, when nobody knows whether the action was run."""
        try:
            answer = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event).encode())
            text = answer["Payload"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise UnavailableError(f"The notifications function cannot be invoked ({code}).") from None
        except BotoCoreError as error:
            reason = type(error).__name__
            raise UnavailableError(f"The notifications function cannot be reached ({reason}).") from None
        if "FunctionError" in answer:
            raise UnavailableError("The notifications function ended without an answer. Its log says why.")
        document: dict[str, Any] = json.loads(text)
        return document


def _message(document: Any) -> ComposedMessage | None:
    """Returns a message, or None for one that cannot be read, whose lease will end. The others are sent."""
    try:
        return ComposedMessage.from_document(document)
    except UNREADABLE as error:
        logger.error("message not read", reason=type(error).__name__)
        return None
