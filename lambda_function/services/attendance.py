"""Patients say that they will come."""

from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import EventAction, check_booked_ahead
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.versions import check_version
from lambda_function.services.visits import NewEvent, lock_visit, record, view


def confirm(
    work: UnitOfWork, appointment_id: int, *, expected_versions: frozenset[int] | None = None
) -> AppointmentView:
    """Notes it, and returns the appointment after that. What has been said already is not noted again.

    Raises NotFoundError, ForbiddenError, StaleVersionError, InvalidTransitionError.
    """
    locked = lock_visit(work, appointment_id)
    visit = locked.appointment
    require(work.actor, Action.CONFIRM_ATTENDANCE, locked.subject)
    check_version(visit.version, expected_versions)
    check_booked_ahead(visit.status, visit.starts_at, work.now)
    if visit.attendance_confirmed_at is None:
        visit.attendance_confirmed_at = visit.updated_at = work.now
        record(work, NewEvent(visit, EventAction.CONFIRM_ATTENDANCE, visit.status, locked.country))
    return view(work, visit)
