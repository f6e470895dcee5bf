"""What every consumer of the bus reads events with: strictly as far as it matters, and whatever else is in an event is
ignored, so that events of a later release can be read.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# The greatest number of a row.
LAST_ID = 2**63 - 1
# The greatest version of one.
_LAST_VERSION = 2**31 - 1
_COUNTRY = re.compile(r"[A-Z]{2}")

Fields = Mapping[str, Any]


class MalformedEventError(ValueError):
    """An event that cannot be understood. The message names a field and never a value."""


def kind_and_detail(body: str) -> tuple[str, Any]:
    """Returns the kind of an event and its detail, whatever that is. Raises MalformedEventError."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedEventError("The event is not JSON.") from None
    if not isinstance(event, dict):
        raise MalformedEventError("The event is not an object.")
    kind = event.get("detail-type")
    if not isinstance(kind, str):
        raise MalformedEventError("The event has no detail-type.")
    return kind, event.get("detail")


def fields(detail: Any) -> Fields:
    """Returns the detail if it has fields. Raises MalformedEventError, as each of the functions below does."""
    if not isinstance(detail, dict):
        raise MalformedEventError("The event has no detail.")
    return detail


def row_id(detail: Fields, name: str) -> int:
    return _number(detail, name, LAST_ID, "the number of a row")


def version(detail: Fields, name: str) -> int:
    return _number(detail, name, _LAST_VERSION, "a version")


def country(detail: Fields, name: str) -> str:
    value = detail.get(name)
    if not isinstance(value, str) or not _COUNTRY.fullmatch(value):
        raise MalformedEventError(f"{name} is not the code of a country.")
    return value


def _number(detail: Fields, name: str, last: int, what: str) -> int:
    value = detail.get(name)
    if type(value) is not int or not 0 < value <= last:
        raise MalformedEventError(f"{name} is not {what}.")
    return value


def instant(detail: Fields, name: str) -> datetime:
    value = detail.get(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise MalformedEventError(f"{name} is not a time with its offset.")


def names(detail: Fields, name: str) -> list[str]:
    value = detail.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise MalformedEventError(f"{name} is not a list of names.")
    return value


def flag(detail: Fields, name: str) -> bool:
    """Returns true where the field is missing."""
    value = detail.get(name, True)
    if not isinstance(value, bool):
        raise MalformedEventError(f"{name} is neither true nor false.")
    return value
