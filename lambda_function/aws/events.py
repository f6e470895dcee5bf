"""The bus: Amazon EventBridge."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.aws.errors import error_code
from lambda_function.observability import logger
from lambda_function.services.bus import Message

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "dentist-appointments"
# EventBridge's own limits of one request; the bytes are those of all its entries.
MAX_ENTRIES = 10
MAX_BYTES = 256 * 1024
_TIME_BYTES = 14


class EventBridge:
    """Implements Bus of services/bus.py."""

    def __init__(self, client: "EventBridgeClient", bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def publish(self, messages: Sequence[Message]) -> set[int]:
        """Stops at the first request that fails as a whole: the others would fail in the same way."""
        taken: set[int] = set()
        for request in _requests([(message.key, self._entry(message)) for message in messages]):
            try:
                answer = self._client.put_events(Entries=[entry for _, entry in request])
            except (BotoCoreError, ClientError) as error:
                logger.error("events not sent", reason=error_code(error))
                break
            for (key, _), result in zip(request, answer["Entries"], strict=True):
                if "EventId" in result:
                    taken.add(key)
                else:
                    logger.error("event refused", key=key, reason=result.get("ErrorCode"))
        return taken

    def _entry(self, message: Message) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._bus_name,
            "Source": SOURCE,
            "DetailType": message.kind,
            "Time": message.at,
            "Detail": json.dumps(message.detail),
        }


def _requests(
    entries: Sequence[tuple[int, "PutEventsRequestEntryTypeDef"]],
) -> Iterator[list[tuple[int, "PutEventsRequestEntryTypeDef"]]]:
    """The entries in their order, as many in a request as it may hold. One that is too large for any is left out, since
    it would take its whole request with it.
    """
    request: list[tuple[int, PutEventsRequestEntryTypeDef]] = []
    size = 0
    for key, entry in entries:
        own = _size(entry)
        if own >= MAX_BYTES:
            logger.error("event refused", key=key, reason="too large")
            continue
        if request and (len(request) == MAX_ENTRIES or size + own >= MAX_BYTES):
            yield request
            request, size = [], 0
        request.append((key, entry))
        size += own
    if request:
        yield request


def _size(entry: "PutEventsRequestEntryTypeDef") -> int:
    """The size in bytes, counted in the way that EventBridge counts it."""
    return _TIME_BYTES + sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))
