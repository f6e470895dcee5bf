"""A reminder that somebody at the reception sends."""

from lambda_function.db.repositories import message_facts, notification_lists
from lambda_function.db.repositories.notification_lists import NotificationView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import check_booked_ahead
from lambda_function.domain.errors import InvalidTransitionError, RemindedRecentlyError
from lambda_function.domain.message_rules import REMINDER_PAUSE
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.permissions import Action, require
from lambda_function.services.notifications.planning import Plan, plan_messages
from lambda_function.services.visits import lock_visit


def remind(work: UnitOfWork, appointment_id: int) -> NotificationView:
    """Plans a reminder that goes at once, or when quiet hours let it, and returns it. If several guardians are told, it
    is the first one's.

    The locks of a change of the visit keep two requests from both finding that nobody has been reminded. Raises
    NotFoundError, ForbiddenError, InvalidTransitionError, RemindedRecentlyError.
    """
    locked = lock_visit(work, appointment_id)
    visit = locked.appointment
    require(work.actor, Action.REMIND, locked.subject)
    check_booked_ahead(visit.status, visit.starts_at, work.now)
    placed_at = visit.placed_at or visit.created_at
    if notification_lists.reminded_since(work.session, appointment_id, work.now - REMINDER_PAUSE, placed_at=placed_at):
        raise RemindedRecentlyError("The patient has been reminded within the last hour, or is about to be.")
    # No other reminder by hand is of the same instant: within the hour, it would have been refused.
    subject = f"by-hand:{appointment_id}:{rfc3339(work.now)}"
    plan = Plan(
        kind=NotificationKind.REMINDER,
        subject=subject,
        patient_id=visit.patient_id,
        clinic=message_facts.clinics(work.session, [visit.clinic_id])[visit.clinic_id],
        basis_at=placed_at,
        wanted=work.now,
        starts_at=visit.starts_at,
        appointment_id=appointment_id,
    )
    plan_messages(work, [plan])
    planned = notification_lists.about(work.session, appointment_id, subject)
    if planned is None:
        raise InvalidTransitionError("The patient is deactivated, so no messages go out.")
    return planned
