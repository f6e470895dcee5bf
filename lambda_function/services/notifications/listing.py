"""Reading which messages there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lambda_function.db.repositories import appointments, notification_lists
from lambda_function.db.repositories.catalogue import visible_ids
from lambda_function.db.repositories.notification_lists import NotificationView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.permissions import Action, require

_NOTHING = "There is nothing with this id that you may see."


@dataclass(frozen=True, slots=True)
class NotificationSearch:
    """The messages to find, after the id `after`."""

    limit: int
    after: int = 0
    appointment_id: int | None = None
    user_id: int | None = None
    status: NotificationStatus | None = None
    kind: NotificationKind | None = None


def search(work: UnitOfWork, wanted: NotificationSearch) -> Sequence[NotificationView]:
    """Returns at most `limit` rows by id. Raises InvalidInputError for an id that names nothing the caller may see."""
    require(work.actor, Action.READ_NOTIFICATIONS)
    _check_ids(work, wanted)
    filters: dict[str, Any] = {
        "appointment_id": wanted.appointment_id,
        "user_id": wanted.user_id,
        "status": wanted.status,
        "kind": wanted.kind,
    }
    clinic_ids, user_ids = _spread(work.actor, wanted)
    return notification_lists.page(
        work.session,
        {name: value for name, value in filters.items() if value is not None},
        after=wanted.after,
        limit=wanted.limit,
        clinic_ids=clinic_ids,
        user_ids=user_ids,
    )


def _check_ids(work: UnitOfWork, wanted: NotificationSearch) -> None:
    appointment_id, user_id = wanted.appointment_id, wanted.user_id
    if appointment_id is not None and appointments.resources_of(work.session, appointment_id) is None:
        raise InvalidInputError(_NOTHING, field="appointment_id")
    if user_id is not None and visible_ids(work.session, patient_id=user_id).patient_id is None:
        raise InvalidInputError(_NOTHING, field="user_id")


def _spread(actor: Actor, wanted: NotificationSearch) -> tuple[Sequence[int], Sequence[int]]:
    """Returns the clinics or the people whose messages are to be found one after the other, because an index holds
    those of one.
    """
    if (wanted.appointment_id, wanted.user_id) != (None, None):
        return (), ()
    return ((), actor.patient_ids) if actor.role is Role.PATIENT else (actor.clinic_ids, ())
