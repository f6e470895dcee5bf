"""What happened to appointments, as far as the caller may see it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow
from lambda_function.db.models import AppointmentEvent, PersonName, UserType


def history(session: Session, appointment_id: int, *, after: int, limit: int) -> Sequence[AnyRow]:
    """Rows of event_id, at, user_name, user_type, action, from_status, to_status, reason and changes, oldest first.
    Names are NULL for what the system did.
    """
    return session.execute(
        select(
            AppointmentEvent.event_id,
            AppointmentEvent.at,
            PersonName.user_name,
            UserType.description.label("user_type"),
            AppointmentEvent.action,
            AppointmentEvent.from_status,
            AppointmentEvent.to_status,
            AppointmentEvent.reason,
            AppointmentEvent.changes,
        )
        .outerjoin(PersonName, PersonName.user_id == AppointmentEvent.actor_id)
        .outerjoin(UserType, UserType.user_type_id == AppointmentEvent.actor_type)
        .where(AppointmentEvent.appointment_id == appointment_id, AppointmentEvent.event_id > after)
        .order_by(AppointmentEvent.event_id)
        .limit(limit)
    ).all()
