"""The processor of a country as AWS calls it: SQS with a batch of changes of visits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambda_function.aws.queue_batches import read_records, to_come_again
from lambda_function.services.queue import Record, SecondsLeft


class CountryProcessor:
    """Reads an event, calls the service, and answers as the caller expects. Whatever is no such event is an error."""

    def __init__(self, *, process: Callable[[Sequence[Record], SecondsLeft], Sequence[str]]) -> None:
        self._process = process

    def __call__(self, event: Mapping[str, Any], seconds_left: SecondsLeft) -> dict[str, Any]:
        """`{"Records": […]}` answers with the records that have to come again, so that SQS deletes the others.

        Raises ValueError.
        """
        match event:
            case {"Records": [*records]}:
                return to_come_again(self._process(read_records(records), seconds_left))
        raise ValueError("An event is a batch of SQS.")
