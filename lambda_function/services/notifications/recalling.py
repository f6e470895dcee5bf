"""Plans the notices of recalls that may go, on a schedule and in bounded transactions.

A day of a clinic's calendar is swept when its quiet hours have ended, and again by each run until the day has settled
(see SETTLED_AFTER). That is remembered in the transaction of the last batch, so an interrupted run is repeated by the
next. What a run finds planned it leaves alone.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambda_function.db.repositories import recall_notices
from lambda_function.db.repositories.recall_notices import RecallingClinic, RecallToNotice
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.recalls import days_to_tell, notices, recall_subject, settled_day
from lambda_function.domain.time_zones import time_zone
from lambda_function.services.notifications.clinics_in_turn import RESERVE, in_turn
from lambda_function.services.notifications.planning import Plan, plan_messages

BATCH = 500


class _Day(NamedTuple):
    """A clinic with the days whose notices are to be planned, the last of them that has settled, if any has, and the
    due days of the recalls that they are about.
    """

    clinic: RecallingClinic
    zone: ZoneInfo
    days: Sequence[date]
    settled: date | None
    due_days: frozenset[date]


class _Batch(NamedTuple):
    planned: int
    last: RecallToNotice | None


def sweep_recalls(database: Database, seconds_left: Callable[[], float]) -> int:
    """Plans the notices of each clinic's days that have not been swept. Returns how many messages it planned.

    A failure in one clinic does not hold up the others. Raises ContentionError at the end if there was any.
    """
    clinics = database.transact(_clinics, commit=False)
    sweep_clinic = partial(_sweep_clinic, database, seconds_left=seconds_left)
    return in_turn(clinics, sweep_clinic, planned="RecallNoticesPlanned", called="notices of recalls")


def _clinics(work: UnitOfWork) -> list[_Day]:
    found = (_day(clinic, work) for clinic in recall_notices.recalling_clinics(work.session))
    return [each for each in found if each is not None]


def _day(clinic: RecallingClinic, work: UnitOfWork) -> _Day | None:
    """Returns what is to be swept of a clinic now, or None. A clinic whose zone nobody knows has no days."""
    zone = time_zone(clinic.time_zone)
    days = [] if zone is None else days_to_tell(clinic.swept_on, work.now, quiet=clinic.quiet, zone=zone)
    if zone is None or not days:
        return None
    due_days = frozenset(day - timedelta(days=number) for day in days for number in clinic.recall_notice_days)
    settled = settled_day(days, work.now, quiet=clinic.quiet, zone=zone)
    return _Day(clinic, zone, days, settled, due_days)


def _sweep_clinic(database: Database, day: _Day, seconds_left: Callable[[], float]) -> Iterator[int]:
    """Yields how many messages were planned in each transaction."""
    after: tuple[date, int] | None = None
    while seconds_left() > RESERVE:
        batch = database.transact(partial(_plan_batch, day=day, after=after))
        yield batch.planned
        if batch.last is None:
            return
        after = batch.last.due_on, batch.last.recall_id


def _plan_batch(work: UnitOfWork, *, day: _Day, after: tuple[date, int] | None) -> _Batch:
    clinic_id = day.clinic.clinic_id
    found = recall_notices.recalls_to_notice(
        work.session, clinic_id, day.due_days, after=after, now=work.now, limit=BATCH
    )
    plans = [plan for recall in found if (plan := _plan(recall, day)) is not None]
    there = recall_notices.planned(work.session, {recall.recall_id for recall in found} if plans else ())
    planned = plan_messages(work, [plan for plan in plans if plan.subject not in there])
    if len(found) == BATCH:
        return _Batch(planned, found[-1])
    if day.settled is not None:
        recall_notices.note_swept(work.session, clinic_id, day.settled)
    return _Batch(planned, None)


def _plan(recall: RecallToNotice, day: _Day) -> Plan | None:
    """Returns the last of the recall's notices on these days, because nobody is told the same thing twice at once, or
    None if the time of all of them had come when the due day was set.
    """
    clinic = day.clinic
    told = [
        notice
        for notice in notices(
            recall.due_on, recall.due_set_at, clinic.recall_notice_days, quiet=clinic.quiet, zone=day.zone
        )
        if recall.due_on + timedelta(days=notice.days) in day.days
    ]
    if not told:
        return None
    return Plan(
        kind=NotificationKind.RECALL,
        subject=recall_subject(recall.recall_id, told[-1].days, recall.due_on),
        patient_id=recall.patient_id,
        clinic=clinic,
        basis_at=recall.due_set_at,
        wanted=told[-1].at,
        starts_at=None,
        recall_id=recall.recall_id,
    )
