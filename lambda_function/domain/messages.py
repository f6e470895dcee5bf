"""The messages for other systems, without personal data. docs/events.md is the contract."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from lambda_function.domain.appointment import EventAction, Status

OFFERED = "waitlist.offered"
# About a visit to which nothing has happened. It has a new version because its patient was erased or merged into
# another, or it is to be registered again although its version is the same.
ERASED = "appointment.erased"
MERGED = "appointment.merged"
REGISTRATION_REQUESTED = "appointment.registration_requested"
_KINDS: Mapping[EventAction, str] = MappingProxyType(
    {
        EventAction.BOOK: "appointment.booked",
        EventAction.MOVE: "appointment.moved",
        EventAction.NOTE: "appointment.noted",
        EventAction.CONFIRM: "appointment.confirmed",
        EventAction.CANCEL: "appointment.cancelled",
        EventAction.CHECK_IN: "appointment.checked_in",
        EventAction.COMPLETE: "appointment.completed",
        EventAction.NO_SHOW: "appointment.no_show",
        EventAction.CONFIRM_ATTENDANCE: "appointment.attendance_confirmed",
    }
)


def kind_of(action: EventAction, after: Status) -> str:
    """A request is not yet booked, and must not pass for it with somebody who looks at the kind only."""
    return "appointment.requested" if (action, after) == (EventAction.BOOK, Status.REQUESTED) else _KINDS[action]


def rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
