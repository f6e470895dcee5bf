"""Messages of a queue, which come in batches. Those that fail come again, and end in the queue of dead messages."""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeVar

from lambda_function.domain.errors import UnavailableError
from lambda_function.observability import count, logger, stack
from lambda_function.services.event_fields import MalformedEventError

# Nothing is begun with fewer seconds left than this, which is enough for the lock waits of one transaction and its
# repetition.
RESERVE = 15.0

SecondsLeft = Callable[[], float]
_Item = TypeVar("_Item", bound=Hashable)


class Record(NamedTuple):
    """A message of the queue, which has been received so often by now."""

    record_id: str
    body: str
    receives: int = 1


def together_or_each(
    items: Sequence[_Item], run: Callable[[Sequence[_Item]], None], seconds_left: SecondsLeft
) -> dict[_Item, Exception]:
    """Runs all items at once, and one by one if that fails, so that one of them stops no other. Returns the errors of
    those that failed. If a database is away or the time is nearly over, nothing more is tried.
    """
    if not items:
        return {}
    if seconds_left() <= RESERVE:
        return dict.fromkeys(items, UnavailableError("There is no time left."))
    try:
        run(items)
    except UnavailableError as error:
        return dict.fromkeys(items, error)
    except Exception as error:  # noqa: BLE001 - as the docstring says; whoever calls this logs it
        return {items[0]: error} if len(items) == 1 else _each(items, run, seconds_left)
    return {}


def _each(
    items: Sequence[_Item], run: Callable[[Sequence[_Item]], None], seconds_left: SecondsLeft
) -> dict[_Item, Exception]:
    failures: dict[_Item, Exception] = {}
    for number, item in enumerate(items):
        failures |= together_or_each([item], run, seconds_left)
        if isinstance(error := failures.get(item), UnavailableError):
            # Each of the others would wait just as long.
            return failures | dict.fromkeys(items[number:], error)
    return failures


def note_failure(record: Record, error: Exception, metric: str) -> None:
    """Logs the failure, with the message only if it is ours, since others may quote a row."""
    reason = str(error) if isinstance(error, MalformedEventError) else type(error).__name__
    logger.error("event not handled", record_id=record.record_id, reason=reason, stack=stack(error.__traceback__))
    count(metric)
