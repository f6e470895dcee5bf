"""Messages to people, as the API shows them: never their text or address."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.paging import NextCursor
from lambda_function.db.repositories.notification_lists import NotificationView
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel


class Notification(TypedDict):
    """A message to a person about an appointment, an offer of the waitlist, or a recall."""

    notification_id: Annotated[int, Field(description="Id of the message")]
    kind: Annotated[NotificationKind, Field(description="What the message tells")]
    channel: Annotated[
        Channel, Field(description="How it is sent; `NONE` when the person cannot be reached or does not want to be")
    ]
    status: Annotated[
        NotificationStatus,
        Field(
            description=(
                "`PENDING` until it is due, `SENDING` while it is being sent, then `SENT`, `FAILED` if it could not be "
                "delivered, or `SUPPRESSED` if it no longer holds or may not be sent"
            )
        ),
    ]
    due_at: Annotated[datetime, Field(description="When it is or was to be sent, in UTC")]
    sent_at: Annotated[datetime | None, Field(description="When it was sent, in UTC; null when it was not")]
    reason: Annotated[
        str | None,
        Field(
            description=(
                "Why it is `FAILED` or `SUPPRESSED`, as a stable word such as `no_address`, `quiet_hours` or "
                "`bounced`; null otherwise; more may be added"
            )
        ),
    ]
    appointment_id: Annotated[
        int | None, Field(description="The appointment that it is about; null for an offer and a recall")
    ]
    recall_id: Annotated[int | None, Field(description="The recall that it is about; null otherwise")]
    waitlist_id: Annotated[int | None, Field(description="The waitlist entry whose offer it tells of; null otherwise")]
    user_id: Annotated[int, Field(description="The person to whom it goes: the patient or a guardian")]


class NotificationPage(TypedDict):
    """One page of messages."""

    items: Annotated[list[Notification], Field(description="The messages of this page, by id")]
    next_cursor: NextCursor


def shown_notification(row: NotificationView) -> Notification:
    return {
        "notification_id": row.notification_id,
        "kind": row.kind,
        "channel": row.channel,
        "status": row.status,
        "due_at": row.due_at,
        "sent_at": row.sent_at,
        "reason": row.reason,
        "appointment_id": row.appointment_id,
        "recall_id": row.recall_id,
        "waitlist_id": row.waitlist_id,
        "user_id": row.user_id,
    }
