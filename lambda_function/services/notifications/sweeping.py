"""Plans the reminders that fall due, on a schedule and in bounded transactions.

The only memory is what has been planned, so an interrupted run loses nothing: the next one finds what is missing.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from lambda_function.db.repositories import reminders
from lambda_function.db.repositories.reminders import RemindingClinic, VisitToCome
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.message_rules import reminder_subject
from lambda_function.domain.notification_times import reminder_times
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.time_zones import time_zone
from lambda_function.services.notifications.clinics_in_turn import RESERVE, in_turn
from lambda_function.services.notifications.planning import Plan, plan_messages

BATCH = 500
# The schedule runs every five minutes, and may be late.
LOOK_AHEAD = timedelta(minutes=10)
# Quiet hours bring a reminder forward by less than a day.
FORWARD = timedelta(days=1)


class _Batch(NamedTuple):
    planned: int
    last: VisitToCome | None


def sweep(database: Database, seconds_left: Callable[[], float]) -> int:
    """Plans all reminders that are due within ten minutes or should have gone already, and those that can no longer go,
    which are SUPPRESSED. Returns how many messages it planned.

    A failure in one clinic does not hold up the others. Raises ContentionError at the end if there was any.
    """
    clinics = database.transact(_clinics, commit=False)
    sweep_clinic = partial(_sweep_clinic, database, seconds_left=seconds_left)
    return in_turn(clinics, sweep_clinic, planned="RemindersPlanned", called="reminders")


def _clinics(work: UnitOfWork) -> list[RemindingClinic]:
    return reminders.reminding_clinics(work.session)


def _sweep_clinic(database: Database, clinic: RemindingClinic, seconds_left: Callable[[], float]) -> Iterator[int]:
    """Yields how many messages were planned in each transaction."""
    after: tuple[datetime, int] | None = None
    while seconds_left() > RESERVE:
        batch = database.transact(partial(_plan_batch, clinic=clinic, after=after))
        yield batch.planned
        if batch.last is None:
            return
        after = batch.last.starts_at, batch.last.appointment_id


def _plan_batch(work: UnitOfWork, *, clinic: RemindingClinic, after: tuple[datetime, int] | None) -> _Batch:
    visits = reminders.visits_to_come(
        work.session,
        clinic.clinic_id,
        # A visit that starts at this very moment has begun.
        after=after or (work.now + timedelta.resolution, 0),
        until=work.now + timedelta(hours=max(clinic.reminder_hours)) + FORWARD,
        limit=BATCH,
    )
    plans = [plan for visit in visits for plan in _due(visit, clinic, work.now)]
    there = reminders.planned(work.session, {plan.appointment_id for plan in plans if plan.appointment_id})
    planned = plan_messages(work, [plan for plan in plans if plan.subject not in there])
    return _Batch(planned, visits[-1] if len(visits) == BATCH else None)


def _due(visit: VisitToCome, clinic: RemindingClinic, now: datetime) -> Iterator[Plan]:
    """Yields the reminders of a visit that are to be planned now, whether or not they have been."""
    times = reminder_times(
        visit.starts_at,
        visit.placed_at,
        clinic.reminder_hours,
        quiet=clinic.quiet,
        zone=time_zone(clinic.time_zone),
        now=now,
    )
    for hours, at in times:
        if at is not None and at > now + LOOK_AHEAD:
            continue
        yield Plan(
            kind=NotificationKind.REMINDER,
            subject=reminder_subject(visit.appointment_id, hours, visit.placed_at),
            patient_id=visit.patient_id,
            clinic=clinic,
            basis_at=visit.placed_at,
            wanted=visit.starts_at - timedelta(hours=hours),
            starts_at=visit.starts_at,
            appointment_id=visit.appointment_id,
        )
