"""What the notifications function is told by events: changes of visits and offers, and mail that came back. The
contract of the first two is docs/events.md.

An event is read strictly as far as it matters here, and everything else in it is ignored, so that events of a later
release can be read. An event of a kind that tells nobody is done at once.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from lambda_function.domain.notifications import NotificationKind

# The greatest number of a row.
_LAST_ID = 2**63 - 1

# What a move changes for the patient. A chair is the clinic's own affair, and a note is no move.
_TOLD_OF_A_MOVE = frozenset({"starts_at", "doctor_id"})


class MalformedEventError(ValueError):
    """An event that cannot be understood. The message names a field and never a value."""


class Change(NamedTuple):
    """A change of a visit that is to be told. `message_id` is the same at every delivery."""

    kind: NotificationKind
    message_id: int
    appointment_id: int
    at: datetime


class Offer(NamedTuple):
    """An offer that was made to an entry of the waitlist."""

    waitlist_id: int
    clinic_id: int
    doctor_id: int
    starts_at: datetime


class Bounce(NamedTuple):
    """Mail that came back. Only a permanent one, or a complaint, says something about the address."""

    notification_id: int
    complaint: bool
    permanent: bool


Told = Change | Offer | Bounce
_Fields = Mapping[str, Any]


def read_event(body: str) -> Told | None:
    """Returns what an event says, or None if its kind does not matter here or it is not to be announced.

    Raises MalformedEventError.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedEventError("The event is not JSON.") from None
    if not isinstance(event, dict):
        raise MalformedEventError("The event is not an object.")
    kind, detail = event.get("detail-type"), event.get("detail")
    if not isinstance(kind, str):
        raise MalformedEventError("The event has no detail-type.")
    if (read := _READERS.get(kind)) is None:
        return None
    if not isinstance(detail, dict):
        raise MalformedEventError("The event has no detail.")
    return read(detail) if _flag(detail, "announce") else None


def _change(kind: NotificationKind) -> Callable[[_Fields], Change | None]:
    def read(detail: _Fields) -> Change | None:
        change = Change(kind, _id(detail, "message_id"), _id(detail, "appointment_id"), _instant(detail, "at"))
        # An event of a release before 0026 does not say what has changed.
        changed = _names(detail, "changed") if "changed" in detail else _TOLD_OF_A_MOVE
        return None if kind is NotificationKind.MOVED and _TOLD_OF_A_MOVE.isdisjoint(changed) else change

    return read


def _offer(detail: _Fields) -> Offer:
    return Offer(
        _id(detail, "waitlist_id"), _id(detail, "clinic_id"), _id(detail, "doctor_id"), _instant(detail, "starts_at")
    )


def _bounce(*, complaint: bool) -> Callable[[_Fields], Bounce]:
    def read(detail: _Fields) -> Bounce:
        # A tag of a mail is a text, and so is the number in it.
        number = detail.get("notification_id")
        is_number = (
            isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < len(str(_LAST_ID))
        )
        written = {"notification_id": int(str(number)) if is_number else number}
        return Bounce(_id(written, "notification_id"), complaint, complaint or detail.get("kind") == "Permanent")

    return read


_READERS: Mapping[str, Callable[[_Fields], Told | None]] = MappingProxyType(
    {
        "appointment.requested": _change(NotificationKind.REQUESTED),
        "appointment.booked": _change(NotificationKind.BOOKED),
        "appointment.confirmed": _change(NotificationKind.CONFIRMED),
        "appointment.moved": _change(NotificationKind.MOVED),
        "appointment.cancelled": _change(NotificationKind.CANCELLED),
        "waitlist.offered": _offer,
        "mail.bounced": _bounce(complaint=False),
        "mail.complained": _bounce(complaint=True),
    }
)


def _id(detail: _Fields, name: str) -> int:
    value = detail.get(name)
    if type(value) is not int or not 0 < value <= _LAST_ID:
        raise MalformedEventError(f"{name} is not the number of a row.")
    return value


def _instant(detail: _Fields, name: str) -> datetime:
    value = detail.get(name)
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        if instant is not None and instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise MalformedEventError(f"{name} is not a time with its offset.")


def _names(detail: _Fields, name: str) -> list[str]:
    value = detail.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise MalformedEventError(f"{name} is not a list of names.")
    return value


def _flag(detail: _Fields, name: str) -> bool:
    value = detail.get(name, True)
    if not isinstance(value, bool):
        raise MalformedEventError(f"{name} is neither true nor false.")
    return value
