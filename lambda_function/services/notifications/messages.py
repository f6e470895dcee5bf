"""What the two sides of a message say to each other. The notifications function composes messages and has the
database; the messenger sends them and has neither the database nor a memory.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language

# What is raised for a document that is no message and no outcome.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)


class Attachment(NamedTuple):
    """A file of an e-mail. `content_type` may have parameters, such as `text/calendar; method=PUBLISH`."""

    filename: str
    content_type: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """What a message is made of, all of it true when it was read. `patient_name` differs from `addressee_name` for a
    guardian. `starts_at` and `ends_at` are those of the visit or of the offered time. A recall has neither: `due_on` is
    the day on which its patient is due, and `overdue` whether that has passed. `link` is the page's address, and None
    where there is none. `unconfirmed` is a visit that the clinic has yet to agree to, `attending` is one to which the
    patient has said to come, and `changeable` is whether patients may still change or cancel it themselves.
    """

    kind: NotificationKind
    channel: Channel
    language: Language
    addressee_name: str
    patient_name: str
    for_guardian: bool
    clinic_name: str
    clinic_address: str | None
    clinic_phone: str | None
    clinic_email: str | None
    time_zone: str
    doctor_name: str
    treatment_name: str
    starts_at: datetime | None
    ends_at: datetime | None
    due_on: date | None = None
    overdue: bool = False
    offer_expires_at: datetime | None = None
    link: str | None = None
    unconfirmed: bool = False
    attending: bool = False
    changeable: bool = True


class Words(NamedTuple):
    """A message in words. An SMS has only a text."""

    subject: str | None
    text: str
    html: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedMessage:
    """A message that is ready to be sent. `to` is the bare address, or the number in international form. Whoever has
    the `lease` may settle it.
    """

    notification_id: int
    lease: str
    kind: NotificationKind
    channel: Channel
    to: str
    sender_name: str
    reply_to: str | None
    subject: str | None
    text: str
    html: str | None
    attachments: tuple[Attachment, ...] = ()
    links: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "attachments": [each._asdict() for each in self.attachments], "links": list(self.links)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "ComposedMessage":
        """Ignores fields of a later release, so that messages go out while one is deployed. Raises UNREADABLE."""
        attachments = ({name: each[name] for name in Attachment._fields} for each in document["attachments"])
        return cls(
            notification_id=_number(document["notification_id"]),
            lease=_text(document["lease"]),
            kind=NotificationKind(document["kind"]),
            channel=Channel(document["channel"]),
            to=_text(document["to"]),
            sender_name=_text(document["sender_name"]),
            reply_to=_text_or_none(document["reply_to"]),
            subject=_text_or_none(document["subject"]),
            text=_text(document["text"]),
            html=_text_or_none(document["html"]),
            attachments=tuple(Attachment(**{name: _text(part) for name, part in each.items()}) for each in attachments),
            links=tuple(_text(link) for link in document["links"]),
        )


class OutcomeStatus(StrEnum):
    """What became of an attempt. UNKNOWN may have been sent: the answer was lost. UNSENT was certainly not tried, and
    RETRY not taken, for a reason that will pass. REFUSED will never be taken.
    """

    SENT = "SENT"
    REFUSED = "REFUSED"
    RETRY = "RETRY"
    UNKNOWN = "UNKNOWN"
    UNSENT = "UNSENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one attempt. `provider_id` is what the provider calls a message that it took, and `reason` one of
    domain/notifications.Reason for a message that was refused.
    """

    notification_id: int
    lease: str
    status: OutcomeStatus
    provider_id: str | None = None
    reason: str | None = None

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Outcome":
        """Ignores fields of a later release, because an outcome that is not read is a message that is sent again.
        Raises UNREADABLE.
        """
        return cls(
            notification_id=_number(document["notification_id"]),
            lease=_text(document["lease"]),
            status=OutcomeStatus(document["status"]),
            provider_id=_text_or_none(document.get("provider_id")),
            reason=_text_or_none(document.get("reason")),
        )


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    # JSON can hold half of a character, which nothing else takes. This raises UnicodeEncodeError, a ValueError.
    value.encode()
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)
