"""What the page behind a link shows: the visit, the offer or the recall as it is now, and what can be done about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lambda_function.db.repositories import appointments, message_facts
from lambda_function.db.repositories.appointments import AppointmentView, VisitResources
from lambda_function.db.repositories.message_facts import RecallFacts
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import EventAction, Status, Via, why_unchangeable
from lambda_function.domain.errors import DomainError
from lambda_function.domain.time_zones import time_zone
from lambda_function.services.links.acting import LinkAction, seen_of
from lambda_function.services.links.opening import OpenedLink
from lambda_function.services.links.times import Times, TimesOf, TimesWanted, free_times

# What has just been done by a link is said for as long as this.
JUST_NOW = timedelta(minutes=10)
# Somebody who is due later than this, since staff have chosen another day, is not told that it is time.
NOT_YET = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows. `actions` are possible now, as far as can be known without trying, besides UNSUBSCRIBE. `done`
    is what has just been done by a link. `unchangeable` says why a visit can be neither moved nor cancelled here.
    `seen` goes with every action (see `seen_of`). `searched` is whether the person asked for certain times. `due_later`
    is whether the person is due for a recall only in more than NOT_YET.
    """

    opened: OpenedLink
    patient_name: str
    actions: frozenset[LinkAction]
    seen: str
    done: EventAction | None = None
    unchangeable: DomainError | None = None
    times: Times | None = None
    searched: bool = False
    due_later: bool = False


def shown(work: UnitOfWork, opened: OpenedLink, wanted: TimesWanted) -> Shown:
    """Returns what the page shows, for a link that was opened in this unit of work. It writes nothing."""
    visit = opened.visit
    if visit is None and opened.recall is not None:
        return _shown_recall(work, opened, opened.recall, wanted)
    if visit is None:
        return Shown(
            opened=opened,
            patient_name=_patient_name(work, opened),
            actions=frozenset({LinkAction.ACCEPT} if _tells_time(opened) else ()),
            seen=seen_of(opened),
        )
    moved = None if visit.status is Status.CANCELLED else appointments.resources_of(work.session, visit.appointment_id)
    unchangeable = moved and why_unchangeable(
        moved.status, moved.starts_at, actor=work.actor, policy=moved.policy, now=work.now
    )
    actions = _actions(opened, visit, unchangeable, work.now)
    choosing = not actions.isdisjoint({LinkAction.MOVE, LinkAction.BOOK})
    return Shown(
        opened=opened,
        patient_name=visit.patient_name,
        actions=actions,
        seen=seen_of(opened),
        done=_just_done(work, visit.appointment_id),
        unchangeable=unchangeable,
        times=free_times(work, _times_of_visit(visit, moved), wanted) if choosing else None,
        searched=wanted != TimesWanted(),
    )


def _shown_recall(work: UnitOfWork, opened: OpenedLink, recall: RecallFacts, wanted: TimesWanted) -> Shown:
    """Returns the page of what is due and not booked. It says that a visit has just been cancelled, as its own page
    would.
    """
    zone = opened.clinic.time_zone
    what = TimesOf(recall.treatment_id, recall.clinic_id, zone, recall.patient_id, recall.doctor_id)
    done = None if opened.cancelled_id is None else _just_done(work, opened.cancelled_id)
    return Shown(
        opened=opened,
        patient_name=_patient_name(work, opened),
        actions=frozenset({LinkAction.BOOK}),
        seen=seen_of(opened),
        done=done if done is EventAction.CANCEL else None,
        times=free_times(work, what, wanted),
        searched=wanted != TimesWanted(),
        due_later=recall.due_on - work.today > NOT_YET,
    )


def _times_of_visit(visit: AppointmentView, moved: VisitResources | None) -> TimesOf:
    return TimesOf(
        visit.treatment_id,
        visit.clinic_id,
        visit.time_zone,
        visit.patient_id,
        visit.doctor_id,
        moved=moved,
        moved_id=None if moved is None else visit.appointment_id,
    )


def _patient_name(work: UnitOfWork, opened: OpenedLink) -> str:
    if opened.patient_id == opened.person.user_id:
        return opened.person.full_name
    return message_facts.contacts(work.session, {opened.patient_id})[opened.patient_id].full_name


def _tells_time(opened: OpenedLink) -> bool:
    """Returns whether the page can tell the local time. Nobody agrees to a time that they cannot be told."""
    return time_zone(opened.clinic.time_zone) is not None


def _actions(
    opened: OpenedLink, visit: AppointmentView, unchangeable: DomainError | None, now: datetime
) -> frozenset[LinkAction]:
    if visit.status is Status.CANCELLED:
        return frozenset({LinkAction.BOOK})
    found = set() if unchangeable is not None else {LinkAction.MOVE, LinkAction.CANCEL}
    # The link of a recall still leads to a visit that has begun.
    confirmable = visit.status is Status.BOOKED and visit.attendance_confirmed_at is None and visit.starts_at > now
    if confirmable and _tells_time(opened):
        found.add(LinkAction.CONFIRM)
    return frozenset(found)


def _just_done(work: UnitOfWork, appointment_id: int) -> EventAction | None:
    last = appointments.last_event(work.session, appointment_id)
    if last is None or last.via != Via.LINK or work.now - last.at >= JUST_NOW:
        return None
    return EventAction(last.action)
