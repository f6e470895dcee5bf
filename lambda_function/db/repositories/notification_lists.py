"""Messages to people, as far as the caller may see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.models import Notification
from lambda_function.db.repositories.keyset import first_of
from lambda_function.db.rows import columns, fetch_all, fetch_one
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel


class NotificationView(NamedTuple):
    notification_id: int
    kind: NotificationKind
    channel: Channel
    status: NotificationStatus
    due_at: datetime
    sent_at: datetime | None
    reason: str | None
    appointment_id: int | None
    recall_id: int | None
    waitlist_id: int | None
    user_id: int


_VIEW: AnySelect = select(*columns(NotificationView, Notification))
_FILTERS: Mapping[str, ColumnElement[bool]] = MappingProxyType(
    {
        "appointment_id": Notification.appointment_id == bindparam("appointment_id"),
        "user_id": Notification.user_id == bindparam("user_id"),
        "status": Notification.status == bindparam("status"),
        "kind": Notification.kind == bindparam("kind"),
    }
)
_ABOUT: AnySelect = (
    _VIEW.where(
        Notification.appointment_id == bindparam("appointment_id"), Notification.subject == bindparam("subject")
    )
    .order_by(Notification.notification_id)
    .limit(1)
)
# A reminder that has yet to be sent counts for as long as that takes, which may be a day if the provider is down. It
# will not be sent if the visit has another time by now.
_REMINDED = (
    select(Notification.notification_id)
    .where(
        Notification.appointment_id == bindparam("appointment_id"),
        Notification.kind == NotificationKind.REMINDER,
        or_(
            and_(
                Notification.status.in_([NotificationStatus.PENDING, NotificationStatus.SENDING]),
                Notification.basis_at == instant_parameter("placed_at"),
            ),
            and_(Notification.status == NotificationStatus.SENT, Notification.sent_at > instant_parameter("since")),
        ),
    )
    .limit(1)
)


@lru_cache(maxsize=128)
def _page_statement(filters: frozenset[str], clinics: int, people: int) -> AnySelect:
    """Builds the statement once for each set of filters in use, as in db/repositories/appointments.py."""
    found = (
        select(Notification.notification_id)
        .where(Notification.notification_id > bindparam("after"), *(_FILTERS[name] for name in sorted(filters)))
        .order_by(Notification.notification_id)
        .limit(bindparam("page_limit"))
    )
    parts = [Notification.clinic_id == bindparam(f"clinic_{number}") for number in range(clinics)]
    parts += [Notification.user_id == bindparam(f"person_{number}") for number in range(people)]
    page = first_of(found, parts)
    return (
        _VIEW.join(page, page.c.notification_id == Notification.notification_id)
        .order_by(Notification.notification_id)
        .limit(bindparam("page_limit"))
    )


def page(
    session: Session,
    filters: Mapping[str, Any],
    *,
    after: int,
    limit: int,
    clinic_ids: Sequence[int] = (),
    user_ids: Sequence[int] = (),
) -> list[NotificationView]:
    """Returns rows by notification_id. `filters` are any of appointment_id, user_id, status and kind. `clinic_ids` or
    `user_ids`, unless both are empty, are the clinics or the people to search.
    """
    statement = _page_statement(frozenset(filters), len(clinic_ids), len(user_ids))
    clinics = {f"clinic_{number}": clinic_id for number, clinic_id in enumerate(clinic_ids)}
    people = {f"person_{number}": user_id for number, user_id in enumerate(user_ids)}
    values = {**filters, **clinics, **people, "after": after, "page_limit": limit}
    return fetch_all(session, NotificationView, statement, values)


def about(session: Session, appointment_id: int, subject: str) -> NotificationView | None:
    """Returns the first message about this subject, which concerns the visit."""
    return fetch_one(session, NotificationView, _ABOUT, {"appointment_id": appointment_id, "subject": subject})


def reminded_since(session: Session, appointment_id: int, since: datetime, *, placed_at: datetime) -> bool:
    """Whether a reminder of the visit, which got its time at `placed_at`, has been sent since then, or is still to be
    sent.
    """
    values = {"appointment_id": appointment_id, "since": since, "placed_at": placed_at}
    return session.scalar(_REMINDED, values, execution_options=UNSCOPED) is not None
