"""The processor of a country as AWS calls it: SQS with a batch of changes of visits, and operators."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from lambda_function.aws.queue_batches import read_records, to_come_again
from lambda_function.domain.errors import UnavailableError
from lambda_function.services.queue import Record, SecondsLeft
from lambda_function.services.registers.checking import Comparison


class Check(Protocol):
    def __call__(self, *, after: int, seconds_left: SecondsLeft, repair: bool) -> Comparison: ...


class CountryProcessor:
    """Reads an event, calls the service, and answers as the caller expects. Whatever is no such event is an error."""

    def __init__(self, *, process: Callable[[Sequence[Record], SecondsLeft], Sequence[str]], check: Check) -> None:
        self._process = process
        self._check = check

    def __call__(self, event: Mapping[str, Any], seconds_left: SecondsLeft) -> dict[str, Any]:
        """`{"Records": […]}` answers with the records that have to come again, so that SQS deletes the others.
        `{"action": "check", "after": 0, "repair": false}` compares a part of the register, and answers with what
        differs and where the next part begins: see Comparison in services/registers/checking.py. If a database or the
        bus is away, it answers `{"error": {"code": "unavailable", "detail": …}}`, which says which of them.

        Raises ValueError.
        """
        match event:
            case {"Records": [*records]}:
                return to_come_again(self._process(read_records(records), seconds_left))
            case {"action": "check", "after": int(after), "repair": bool(repair)} if after is not True and after >= 0:
                try:
                    return self._check(after=after, seconds_left=seconds_left, repair=repair).document()
                except UnavailableError as error:
                    return {"error": {"code": error.code, "detail": error.detail}}
        raise ValueError("An event is a batch of SQS, or has the action check with after and repair.")
