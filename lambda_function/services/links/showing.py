"""What the page behind a link shows: the visit or the offer as it is now, and what can be done about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lambda_function.db.repositories import appointments, message_facts
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import EventAction, Status, Via, check_cutoff, check_movable
from lambda_function.domain.errors import DomainError, InvalidTransitionError, PastCutoffError
from lambda_function.domain.time_zones import time_zone
from lambda_function.services.links.acting import LinkAction, seen_of
from lambda_function.services.links.opening import OpenedLink
from lambda_function.services.links.times import Times, TimesWanted, free_times

# What has just been done by a link is said for as long as this.
JUST_NOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows. `actions` are possible now, as far as can be known without trying, besides UNSUBSCRIBE. `done`
    is what has just been done by a link. `unchangeable` says why a visit can be neither moved nor cancelled here.
    `seen` goes with every action (see `seen_of`). `searched` is whether the person asked for certain times.
    """

    opened: OpenedLink
    patient_name: str
    now: datetime
    actions: frozenset[LinkAction]
    seen: str
    done: EventAction | None = None
    unchangeable: DomainError | None = None
    times: Times | None = None
    searched: bool = False


def shown(work: UnitOfWork, opened: OpenedLink, wanted: TimesWanted) -> Shown:
    """Returns what the page shows, for a link that was opened in this unit of work. It writes nothing."""
    visit = opened.visit
    if visit is None:
        return Shown(
            opened=opened,
            patient_name=_patient_name(work, opened),
            now=work.now,
            actions=frozenset({LinkAction.ACCEPT} if _tells_time(opened) else ()),
            seen=seen_of(opened),
        )
    unchangeable = _unchangeable(work, visit)
    actions = _actions(opened, visit, unchangeable)
    choosing = not actions.isdisjoint({LinkAction.MOVE, LinkAction.BOOK})
    return Shown(
        opened=opened,
        patient_name=visit.patient_name,
        now=work.now,
        actions=actions,
        seen=seen_of(opened),
        done=_just_done(work, visit),
        unchangeable=unchangeable,
        times=free_times(work, visit, wanted) if choosing else None,
        searched=wanted != TimesWanted(),
    )


def _patient_name(work: UnitOfWork, opened: OpenedLink) -> str:
    if opened.patient_id == opened.person.user_id:
        return opened.person.full_name
    return message_facts.contacts(work.session, {opened.patient_id})[opened.patient_id].full_name


def _unchangeable(work: UnitOfWork, visit: AppointmentView) -> DomainError | None:
    """Returns why the visit can be neither moved nor cancelled. It is None if it can be, or has been cancelled."""
    resources = appointments.resources_of(work.session, visit.appointment_id)
    if resources is None or visit.status is Status.CANCELLED:
        return None
    try:
        check_movable(visit.status, visit.starts_at, work.now)
        check_cutoff(visit.starts_at, actor=work.actor, policy=resources.policy, now=work.now)
    except (InvalidTransitionError, PastCutoffError) as error:
        return error
    return None


def _tells_time(opened: OpenedLink) -> bool:
    """Returns whether the page can tell the local time. Nobody agrees to a time that they cannot be told."""
    return time_zone(opened.clinic.time_zone) is not None


def _actions(opened: OpenedLink, visit: AppointmentView, unchangeable: DomainError | None) -> frozenset[LinkAction]:
    if visit.status is Status.CANCELLED:
        return frozenset({LinkAction.BOOK})
    found = set() if unchangeable is not None else {LinkAction.MOVE, LinkAction.CANCEL}
    if visit.status is Status.BOOKED and visit.attendance_confirmed_at is None and _tells_time(opened):
        found.add(LinkAction.CONFIRM)
    return frozenset(found)


def _just_done(work: UnitOfWork, visit: AppointmentView) -> EventAction | None:
    last = appointments.last_event(work.session, visit.appointment_id)
    is_new = last is not None and last.via is Via.LINK and work.now - last.at < JUST_NOW
    return last.action if last is not None and is_new else None
