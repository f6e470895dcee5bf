"""Reading recalls: lists, single ones, and their history."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from lambda_function.db.repositories import people, recall_lists
from lambda_function.db.repositories.catalogue import had_treatment, time_zones, visible_ids
from lambda_function.db.repositories.recall_lists import Place, RecallView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import InvalidInputError, NotFoundError
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.recalls import RecallAction, RecallState, state_of
from lambda_function.domain.time_zones import time_zone
from lambda_function.services.text_rules import MAX_ID

# The places in a history before and after everything that people did, whose places are the ids of the events.
_OPENED, _ENDED = 0, MAX_ID
_NOWHERE = "There is nothing with this id that you may see."
# What the history calls the end of a recall by a completed visit. The visit opens the next one by OPEN, as people do.
_DONE = "DONE"


@dataclass(frozen=True, slots=True)
class RecallSearch:
    """The recalls to find, whose patients are due from `due_from` to `due_to`, both included. `after` is the
    (due_on, recall_id) at which the page before ended.
    """

    limit: int
    after: tuple[date, int] | None = None
    clinic_id: int | None = None
    patient_id: int | None = None
    treatment_id: int | None = None
    state: RecallState | None = None
    due_from: date | None = None
    due_to: date | None = None


@dataclass(frozen=True, slots=True)
class RecallListing:
    """A recall, its state now, and how to reach the patient if the caller may see that."""

    recall: RecallView
    state: RecallState
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class ListedRecalls:
    """Recalls in order. There may be more after `until`, unless it is None."""

    recalls: Sequence[RecallListing]
    until: Place | None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Something that happened to a recall, at its place in the history. `user_name` is None if no user of the API did
    it, and `appointment_id` the visit that did, if the caller may see it.
    """

    place: int
    at: datetime
    action: str
    user_name: str | None = None
    reason: str | None = None
    changes: Mapping[str, Any] | None = None
    appointment_id: int | None = None


def get(work: UnitOfWork, recall_id: int) -> RecallListing:
    require(work.actor, Action.READ_RECALLS)
    found = recall_lists.find(work.session, recall_id, now=work.now, staff=work.actor.is_staff)
    if found is None:
        raise NotFoundError("There is no such recall.")
    [listing] = _listed(work, [found])
    return listing


def search(work: UnitOfWork, wanted: RecallSearch, *, export: bool = False) -> ListedRecalls:
    """Returns at most `limit` recalls in the order of (due_on, recall_id). `export` is whether they leave the service
    as a table.

    Raises ForbiddenError, and InvalidInputError for ids that name nothing the caller may see and for days that are no
    range.
    """
    require(work.actor, Action.READ_RECALLS)
    if export:
        require(work.actor, Action.EXPORT_RECALLS)
    _check(work, wanted)
    filters: dict[str, Any] = {
        "clinic_id": wanted.clinic_id,
        "patient_id": wanted.patient_id,
        "treatment_id": wanted.treatment_id,
        "due_from": wanted.due_from,
        "due_to": wanted.due_to,
    }
    if wanted.after is not None:
        filters["after_day"], filters["after_id"] = wanted.after
    by_day = wanted.state in {RecallState.UPCOMING, RecallState.DUE}
    clinic_ids, patient_ids = _spread(work.actor, wanted)
    found = recall_lists.page(
        work.session,
        {name: value for name, value in filters.items() if value is not None},
        limit=wanted.limit,
        now=work.now,
        staff=work.actor.is_staff,
        state=wanted.state,
        today=_days(time_zones(work.session), work.now) if by_day else {},
        clinic_ids=clinic_ids,
        patient_ids=patient_ids,
    )
    return ListedRecalls(_listed(work, found.recalls), found.until)


def _check(work: UnitOfWork, wanted: RecallSearch) -> None:
    if wanted.due_from and wanted.due_to and wanted.due_from > wanted.due_to:
        raise InvalidInputError("The range must not end before it starts.", field="due_from")
    if (wanted.clinic_id, wanted.patient_id) != (None, None):
        visible = visible_ids(work.session, patient_id=wanted.patient_id, clinic_id=wanted.clinic_id)
        if wanted.clinic_id is not None and visible.clinic_id is None:
            raise InvalidInputError(_NOWHERE, field="clinic_id")
        if wanted.patient_id is not None and visible.patient_id is None:
            raise InvalidInputError(_NOWHERE, field="patient_id")
    if wanted.treatment_id is not None and not had_treatment(work.session, wanted.treatment_id):
        raise InvalidInputError(
            "There is no such treatment. Look treatments up with GET /treatments.", field="treatment_id"
        )


def _spread(actor: Actor, wanted: RecallSearch) -> tuple[Sequence[int], Sequence[int]]:
    """Returns the clinics or the patients whose recalls are to be found one after the other, because an index has only
    those of each one in order.
    """
    if wanted.patient_id is not None:
        return (), ()
    if actor.role is Role.PATIENT:
        return (), actor.patient_ids
    return (actor.clinic_ids, ()) if wanted.clinic_id is None else ((), ())


def _day(zone_name: str, now: datetime) -> date:
    """Returns what day it is in a time zone, or in UTC if nobody knows the zone."""
    return now.astimezone(time_zone(zone_name) or UTC).date()


def _days(zone_names: Iterable[str], now: datetime) -> dict[date, list[str]]:
    """Returns the days that it is now in any of the time zones, at most three, each with its zones."""
    days: defaultdict[date, list[str]] = defaultdict(list, {now.date(): []})
    for name in zone_names:
        days[_day(name, now)].append(name)
    return dict(sorted(days.items()))


def _listed(work: UnitOfWork, recalls: Sequence[RecallView]) -> list[RecallListing]:
    patient_ids = sorted({recall.patient_id for recall in recalls})
    found = people.get_several(work.session, work.actor, patient_ids) if patient_ids else []
    contacts = {person.user_id: (person.email, person.phone) for person in found}
    listed = []
    for recall in recalls:
        today = _day(recall.time_zone, work.now)
        state = state_of(recall.status, recall.due_on, booked=recall.booked, today=today)
        listed.append(RecallListing(recall, state, *contacts.get(recall.patient_id, (None, None))))
    return listed


def history(work: UnitOfWork, recall_id: int, *, after: int | None, limit: int) -> list[HistoryEntry]:
    """Returns at most `limit` entries of what happened to a recall after that place, oldest first. What completing a
    visit did is in the recall itself.
    """
    require(work.actor, Action.READ_RECALL_HISTORY)
    ends = recall_lists.ends(work.session, recall_id)
    if ends is None:
        raise NotFoundError("There is no such recall.")
    entries: list[HistoryEntry] = []
    if ends.by_visit and after is None:
        entries.append(HistoryEntry(_OPENED, ends.created_at, RecallAction.OPEN, appointment_id=ends.opened_by))
    entries += [
        HistoryEntry(event.recall_event_id, event.at, event.action, event.user_name, event.reason, event.changes)
        for event in recall_lists.events(work.session, recall_id, after=after or _OPENED, limit=limit)
    ]
    if ends.visited and ends.closed_at is not None and after != _ENDED:
        entries.append(HistoryEntry(_ENDED, ends.closed_at, _DONE, appointment_id=ends.done_by))
    return entries[:limit]
