"""The registration function as AWS calls it: SQS with a batch of outcomes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambda_function.aws.queue_batches import read_records, to_come_again
from lambda_function.services.queue import Record, SecondsLeft


class RegistrationOutcomes:
    """Reads a batch, calls the service, and answers with the records that have to come again."""

    def __init__(self, keep: Callable[[Sequence[Record], SecondsLeft], Sequence[str]]) -> None:
        self._keep = keep

    def __call__(self, event: Mapping[str, Any], seconds_left: SecondsLeft) -> dict[str, Any]:
        """Raises ValueError."""
        match event:
            case {"Records": [*records]}:
                return to_come_again(self._keep(read_records(records), seconds_left))
        raise ValueError("An event is a batch of SQS.")
