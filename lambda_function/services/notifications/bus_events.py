"""What the notifications function is told by events: changes of visits and offers, and mail that came back. The
contract of the first two is docs/events.md.

An event of a kind that tells nobody is done at once.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from lambda_function.domain.notifications import NotificationKind
from lambda_function.services.event_fields import (
    LAST_ID,
    Fields,
    fields,
    flag,
    instant,
    kind_and_detail,
    names,
    row_id,
)

# What a move changes for the patient. A chair is the clinic's own affair, and a note is no move.
_TOLD_OF_A_MOVE = frozenset({"starts_at", "doctor_id"})


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


def read_event(body: str) -> Told | None:
    """Returns what an event says, or None if its kind does not matter here or it is not to be announced.

    Raises MalformedEventError.
    """
    kind, detail = kind_and_detail(body)
    if (read := _READERS.get(kind)) is None:
        return None
    read_detail = fields(detail)
    return read(read_detail) if flag(read_detail, "announce") else None


def _change(kind: NotificationKind) -> Callable[[Fields], Change | None]:
    def read(detail: Fields) -> Change | None:
        change = Change(kind, row_id(detail, "message_id"), row_id(detail, "appointment_id"), instant(detail, "at"))
        # An event of a release before 0026 does not say what has changed.
        changed = names(detail, "changed") if "changed" in detail else _TOLD_OF_A_MOVE
        return None if kind is NotificationKind.MOVED and _TOLD_OF_A_MOVE.isdisjoint(changed) else change

    return read


def _offer(detail: Fields) -> Offer:
    return Offer(
        row_id(detail, "waitlist_id"),
        row_id(detail, "clinic_id"),
        row_id(detail, "doctor_id"),
        instant(detail, "starts_at"),
    )


def _bounce(*, complaint: bool) -> Callable[[Fields], Bounce]:
    def read(detail: Fields) -> Bounce:
        # A tag of a mail is a text, and so is the number in it.
        number = detail.get("notification_id")
        is_number = (
            isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < len(str(LAST_ID))
        )
        written = {"notification_id": int(str(number)) if is_number else number}
        return Bounce(row_id(written, "notification_id"), complaint, complaint or detail.get("kind") == "Permanent")

    return read


_READERS: Mapping[str, Callable[[Fields], Told | None]] = MappingProxyType(
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
