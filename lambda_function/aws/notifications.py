"""The notifications function as AWS calls it: SQS with a batch of events, a schedule, and the messenger."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambda_function.aws.queue_batches import read_records, to_come_again
from lambda_function.observability import logger
from lambda_function.services.notifications.messages import UNREADABLE, ComposedMessage, Outcome
from lambda_function.services.queue import Record, SecondsLeft

# As many as the messenger asks for, or a person who tries it.
MAX_CLAIMED = 100


class Notifications:
    """Reads an event, calls the service, and answers as the caller expects. Whatever is no such event is an error."""

    def __init__(
        self,
        *,
        consume: Callable[[Sequence[Record], SecondsLeft], Sequence[str]],
        sweep: Callable[[SecondsLeft], int],
        claim: Callable[[int], Sequence[ComposedMessage]],
        settle: Callable[[Sequence[Outcome]], int],
        lease_seconds: int,
    ) -> None:
        self._consume = consume
        self._sweep = sweep
        self._claim = claim
        self._settle = settle
        self._lease_seconds = lease_seconds

    def __call__(self, event: Mapping[str, Any], seconds_left: SecondsLeft) -> dict[str, Any]:
        """`{"Records": […]}` answers with the records that have to come again, so that SQS deletes the others.

        Raises ValueError.
        """
        match event:
            case {"Records": [*records]}:
                return to_come_again(self._consume(read_records(records), seconds_left))
            case {"action": "sweep"}:
                return {"planned": self._sweep(seconds_left)}
            case {"action": "claim", "limit": int(limit)} if limit is not True and 0 < limit <= MAX_CLAIMED:
                messages = [message.document() for message in self._claim(limit)]
                return {"messages": messages, "lease_seconds": self._lease_seconds}
            case {"action": "settle", "outcomes": [*outcomes]}:
                return {"settled": self._settle([read for each in outcomes if (read := _outcome(each)) is not None])}
        # The event is not repeated, since outcomes hold leases.
        raise ValueError("An event is a batch of SQS, or has an action: sweep, claim with a limit, or settle.")


def _outcome(document: Any) -> Outcome | None:
    """Returns an outcome, or None for one that cannot be read. The others are settled all the same: otherwise all their
    messages would be sent again.
    """
    try:
        return Outcome.from_document(document)
    except UNREADABLE as error:
        logger.error("outcome not read", reason=type(error).__name__)
        return None
