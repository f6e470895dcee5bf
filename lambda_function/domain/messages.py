"""What other systems are told of appointments: ids and words, nothing personal. docs/events.md is the contract."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from lambda_function.domain.appointment import Status, Step

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "BOOK": "appointment.booked",
        "MOVE": "appointment.moved",
        "NOTE": "appointment.noted",
        Step.CONFIRM: "appointment.confirmed",
        Step.CANCEL: "appointment.cancelled",
        Step.CHECK_IN: "appointment.checked_in",
        Step.COMPLETE: "appointment.completed",
        Step.NO_SHOW: "appointment.no_show",
    }
)


def kind_of(action: str, after: Status) -> str:
    """A request is not yet booked, and must not pass for it with somebody who looks at the kind only."""
    return "appointment.requested" if (action, after) == ("BOOK", Status.REQUESTED) else _KINDS[action]


def rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
