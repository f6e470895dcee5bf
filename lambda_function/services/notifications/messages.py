"""What the two sides of a message say to each other. The notifications function composes messages and has the
database; the messenger sends them and has neither the database nor a memory.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language


class Attachment(NamedTuple):
    """A file of an e-mail. `content_type` may have parameters, such as `text/calendar; method=PUBLISH`."""

    filename: str
    content_type: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """What a message is made of, all of it true when it was read. `patient_name` differs from `addressee_name` for a
    guardian. `starts_at` and `ends_at` are those of the visit or of the offered time. `link` is the page's address, and
    None where there is none. `unconfirmed` is a visit that the clinic has yet to agree to.
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
    starts_at: datetime
    ends_at: datetime
    offer_expires_at: datetime | None = None
    link: str | None = None
    unconfirmed: bool = False


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
        values = {
            **document,
            "kind": NotificationKind(document["kind"]),
            "channel": Channel(document["channel"]),
            "attachments": tuple(Attachment(**each) for each in document["attachments"]),
            "links": tuple(document["links"]),
        }
        return cls(**values)


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
        """Ignores fields of a later release, because an outcome that is not read is a message that is sent again."""
        known = {name: value for name, value in document.items() if name in cls.__dataclass_fields__}
        return cls(**{**known, "status": OutcomeStatus(document["status"])})
