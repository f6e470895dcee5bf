"""The steps of an appointment's life: confirm, cancel, check in, complete, miss. All of them are one function over a
table.
"""

from collections.abc import Mapping
from types import MappingProxyType

from lambda_function.db.repositories import claims
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import (
    HOLDING,
    EventAction,
    Status,
    Step,
    check_cutoff,
    check_step_time,
    next_status,
)
from lambda_function.domain.intervals import Interval
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.versions import check_version
from lambda_function.domain.waitlist import freed_by_visit
from lambda_function.services.offers import record_freed_time
from lambda_function.services.recalls import visit_completed
from lambda_function.services.visits import LockedVisit, NewEvent, lock_visit, record, view

ACTIONS: Mapping[Step, Action] = MappingProxyType(
    {
        Step.CONFIRM: Action.CONFIRM,
        Step.CANCEL: Action.CANCEL,
        Step.CHECK_IN: Action.CHECK_IN,
        Step.COMPLETE: Action.COMPLETE,
        Step.NO_SHOW: Action.MARK_NO_SHOW,
    }
)


def take(
    work: UnitOfWork,
    appointment_id: int,
    step: Step,
    *,
    reason: str | None = None,
    expected_versions: frozenset[int] | None = None,
) -> AppointmentView:
    """Takes the step and returns the appointment after it. A status that does not hold its time frees it at once.
    `reason` is why it is cancelled.

    Raises NotFoundError, ForbiddenError, StaleVersionError, InvalidTransitionError, PastCutoffError.
    """
    locked = lock_visit(work, appointment_id)
    appointment = locked.appointment
    require(work.actor, ACTIONS[step], locked.subject)
    check_version(appointment.version, expected_versions)
    locked.check_may_say(reason)
    after = next_status(appointment.status, step, work.actor)
    if step is Step.CANCEL:
        check_cutoff(appointment.starts_at, actor=work.actor, policy=locked.policy, now=work.now)
    visit = Interval(appointment.starts_at, appointment.ends_at)
    check_step_time(step, appointment.status, visit, zone=time_zone(locked.time_zone), actor=work.actor, now=work.now)
    event = enter(work, locked, step, after, reason=reason)
    record(work, event, more=visit_completed(work, locked) if step is Step.COMPLETE else ())
    shown = view(work, appointment)
    if after not in HOLDING:
        record_freed_time(work, [freed_by_visit(appointment, chair_id=appointment.chair_id)])
    return shown


def enter(work: UnitOfWork, locked: LockedVisit, step: Step, after: Status, *, reason: str | None = None) -> NewEvent:
    """Puts the appointment into the status after a step that has been checked. The caller
    records what happened.
    """
    appointment = locked.appointment
    before = appointment.status
    appointment.status = after
    appointment.updated_at = work.now
    if step is Step.CANCEL:
        appointment.cancel_reason = reason
    if step is Step.CONFIRM:
        # Only now the patient has this time. Reminders that would have come earlier are over.
        appointment.placed_at = work.now
        if work.actor.role is Role.RECEPTIONIST:
            appointment.receptionist_id = work.actor.user_id
    if after not in HOLDING:
        claims.release(work.session, appointment.appointment_id)
    return NewEvent(appointment, EventAction(step), before, locked.country, reason=reason)
