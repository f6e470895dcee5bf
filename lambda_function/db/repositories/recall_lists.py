"""Recalls as far as the caller may see them, page by page in the order of (due_on, recall_id).

An index finds the recalls of a person or a clinic in that order, but none knows which patients have booked, or what day
it is in each clinic. A page that asks for this, or for a treatment, looks at a limited number of recalls, the next in
the order, and ends there, however few it found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Subquery,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.criteria import in_my_clinics
from lambda_function.db.models import Appointment, Clinic, PersonName, Recall, RecallEvent, Treatment
from lambda_function.db.models.appointments import APPOINTMENT_ROWS
from lambda_function.db.models.notifications import NOTIFICATION_ROWS
from lambda_function.db.repositories.appointments import ACTOR_NAME, MERGED_INTO
from lambda_function.db.repositories.keyset import first_of
from lambda_function.db.repositories.recalls import is_ahead
from lambda_function.db.rows import columns, fetch_all, fetch_one
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.recalls import RecallAction, RecallState, RecallStatus

# The most recalls that are looked at for one page, if more has to be looked up than an index tells.
LOOKED_AT = 5000


class RecallView(NamedTuple):
    """A recall with the names of its patient and treatment. `booked` is whether a visit of the treatment is ahead, and
    `appointment_id` that visit, or the one that ended the recall, if the caller may see it.
    """

    recall_id: int
    patient_id: int
    patient_name: str
    treatment_id: int
    treatment_code: str
    treatment_name: str
    clinic_id: int
    time_zone: str
    doctor_id: int | None
    due_on: date
    status: RecallStatus
    booked: bool
    appointment_id: int | None
    note: str | None
    last_notified_at: datetime | None
    version: int


class RecallEnds(NamedTuple):
    """How a recall began and ended. The visits are those that the caller may see."""

    by_visit: bool
    opened_by: int | None
    created_at: datetime
    visited: bool
    done_by: int | None
    closed_at: datetime | None


class RecallEventView(NamedTuple):
    """What somebody did about a recall. The name is None if no user of the API did it."""

    recall_event_id: int
    at: datetime
    user_name: str | None
    action: RecallAction
    reason: str | None
    changes: dict[str, Any]


class Place(NamedTuple):
    """The place of a recall in the order of a list."""

    due_on: date
    recall_id: int


@dataclass(frozen=True, slots=True)
class FoundRecalls:
    """Recalls in order. There may be more after `until`, unless it is None."""

    recalls: Sequence[RecallView]
    until: Place | None


def _is_booked(*, staff: bool) -> ColumnElement[bool]:
    """Returns whether a visit of the patient and the treatment is ahead, whoever the doctor. Staff are not told of
    visits in clinics that are not theirs.
    """
    rows = APPOINTMENT_ROWS.alias().c
    ahead = exists().where(is_ahead(rows, Recall))
    return ahead.where(in_my_clinics(rows.clinic_id)) if staff else ahead


def _visit(*which: ColumnElement[bool]) -> Any:
    """Returns the id of the first of these visits that the caller may see."""
    return (
        select(Appointment.appointment_id)
        .where(*which)
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(1)
        .correlate(Recall)
        .scalar_subquery()
    )


_VISIT_AHEAD = _visit(is_ahead(Appointment, Recall))
_ENDED_BY = _visit(Appointment.appointment_id == Recall.done_by)
_OPENED_BY = _visit(Appointment.appointment_id == Recall.opened_by)
_LAST_NOTIFIED_AT = (
    select(func.max(NOTIFICATION_ROWS.c.sent_at))
    .where(NOTIFICATION_ROWS.c.recall_id == Recall.recall_id, NOTIFICATION_ROWS.c.kind == NotificationKind.RECALL)
    # Most messages are about no recall, from which the server would conclude that the index finds too many of them.
    .with_hint(NOTIFICATION_ROWS, "FORCE INDEX (ix_notification_recall_id)", "mysql")
    .correlate(Recall)
    .scalar_subquery()
)


def _view(*, staff: bool, page: Subquery | None = None) -> AnySelect:
    """Returns the statement for all recalls, or for those of a page, which is read first."""
    is_open = Recall.status == RecallStatus.OPEN
    shown: AnySelect = select(
        *columns(
            RecallView,
            Recall,
            patient_name=PersonName.full_name,
            treatment_code=Treatment.code,
            treatment_name=Treatment.name,
            time_zone=Clinic.time_zone,
            booked=case((is_open, _is_booked(staff=staff)), else_=false()),
            appointment_id=case((is_open, _VISIT_AHEAD), else_=_ENDED_BY),
            last_notified_at=_LAST_NOTIFIED_AT,
        )
    )
    if page is None:
        shown = shown.select_from(Recall)
    else:
        # Otherwise the server may begin with all recalls of a clinic, and sort them.
        shown = shown.prefix_with("STRAIGHT_JOIN").select_from(page)
        shown = shown.join(Recall, Recall.recall_id == page.c.recall_id)
    return (
        shown.join(PersonName, PersonName.user_id == Recall.patient_id)
        .join(Treatment, Treatment.treatment_id == Recall.treatment_id)
        .join(Clinic, Clinic.clinic_id == Recall.clinic_id)
    )


_ONE: Mapping[bool, AnySelect] = MappingProxyType(
    {staff: _view(staff=staff).where(Recall.recall_id == bindparam("recall_id")) for staff in (False, True)}
)
_ENDS: AnySelect = select(
    *columns(
        RecallEnds,
        Recall,
        by_visit=Recall.opened_by.is_not(None),
        opened_by=_OPENED_BY,
        visited=Recall.done_by.is_not(None),
        done_by=_ENDED_BY,
    )
).where(Recall.recall_id == bindparam("recall_id"))
_EVENTS: AnySelect = (
    select(*columns(RecallEventView, RecallEvent, user_name=ACTOR_NAME))
    .outerjoin(PersonName, PersonName.user_id == RecallEvent.actor_id)
    .outerjoin(MERGED_INTO, MERGED_INTO.user_id == PersonName.merged_into)
    .where(RecallEvent.recall_id == bindparam("recall_id"), RecallEvent.recall_event_id > bindparam("after"))
    .order_by(RecallEvent.recall_event_id)
    .limit(bindparam("page_limit"))
)
# An index finds these in order.
_PLACED: Mapping[str, ColumnElement[bool]] = MappingProxyType(
    {
        "clinic_id": Recall.clinic_id == bindparam("clinic_id"),
        "patient_id": Recall.patient_id == bindparam("patient_id"),
        "status": Recall.status == bindparam("status"),
        "due_from": Recall.due_on >= bindparam("due_from"),
        "due_to": Recall.due_on <= bindparam("due_to"),
        # The other way to write this, (a, b) > (x, y), would read all earlier rows.
        "after_day": and_(
            Recall.due_on >= bindparam("after_day"),
            or_(Recall.due_on > bindparam("after_day"), Recall.recall_id > bindparam("after_id")),
        ),
    }
)
_OF_TREATMENT = Recall.treatment_id == bindparam("treatment_id")


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the text of a statement. `clinics` and `patients` are how many there are to be searched, and `days`
    is how many days it is now in different time zones.
    """

    filters: frozenset[str]
    state: RecallState | None
    staff: bool
    clinics: int
    patients: int
    days: int

    @property
    def owners(self) -> list[ColumnElement[bool]]:
        parts = [Recall.clinic_id == bindparam(f"clinic_{number}") for number in range(self.clinics)]
        return parts + [Recall.patient_id == bindparam(f"patient_{number}") for number in range(self.patients)]

    @property
    def placed(self) -> list[ColumnElement[bool]]:
        return [condition for name, condition in _PLACED.items() if name in self.filters]

    @property
    def looked_up(self) -> list[ColumnElement[bool]]:
        """Returns the conditions that no index holds in the order of the list."""
        found = [_OF_TREATMENT] if "treatment_id" in self.filters else []
        booked = _is_booked(staff=self.staff)
        match self.state:
            case RecallState.BOOKED:
                found.append(booked)
            case RecallState.DUE:
                found += [self._is_due(), not_(booked)]
            case RecallState.UPCOMING:
                found += [not_(self._is_due()), not_(booked)]
            case RecallState.DONE | RecallState.DISMISSED | None:
                pass
        return found

    def _is_due(self) -> ColumnElement[bool]:
        """Returns whether the patient is due by the day that it is now in the clinic."""
        return or_(
            *(
                and_(
                    Clinic.time_zone.in_(bindparam(f"zones_{number}", expanding=True)),
                    Recall.due_on <= bindparam(f"day_{number}"),
                )
                for number in range(self.days)
            )
        )


def page(
    session: Session,
    filters: Mapping[str, Any],
    *,
    limit: int,
    now: datetime,
    staff: bool,
    state: RecallState | None = None,
    today: Mapping[date, Sequence[str]] = MappingProxyType({}),
    clinic_ids: Sequence[int] = (),
    patient_ids: Sequence[int] = (),
) -> FoundRecalls:
    """Returns at most `limit` recalls. `filters` are any of clinic_id, patient_id, treatment_id, due_from, due_to, and
    after_day with after_id, the last row of the page before. `today` has the days that it is now, each with its
    time zones, and is needed for the states UPCOMING and DUE. `clinic_ids` or `patient_ids`, unless both are empty, are
    the clinics or the patients to search. `staff` is whether the caller is staff.
    """
    given = {**filters, **_bounds(state, today, filters)}
    names = frozenset(given) - {"after_id"}
    shape = _Shape(names, state, staff, len(clinic_ids), len(patient_ids), len(today))
    values = {
        **given,
        **{f"clinic_{number}": clinic_id for number, clinic_id in enumerate(clinic_ids)},
        **{f"patient_{number}": patient_id for number, patient_id in enumerate(patient_ids)},
        **{f"day_{number}": day for number, day in enumerate(today)},
        **{f"zones_{number}": list(zones) for number, zones in enumerate(today.values())},
        "now": now,
        "page_limit": limit,
        "looked_at": LOOKED_AT,
    }
    recalls = fetch_all(session, RecallView, _page(shape), values)
    if not shape.looked_up or len(recalls) == limit:
        return FoundRecalls(recalls, until=None)
    return FoundRecalls(recalls, fetch_one(session, Place, _last_looked_at(shape), {**values, "before": LOOKED_AT - 1}))


def _bounds(
    state: RecallState | None, today: Mapping[date, Sequence[str]], filters: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the filters that follow from a state, so that an index finds where its recalls begin or end."""
    match state:
        case None:
            return {}
        case RecallState.DONE | RecallState.DISMISSED:
            return {"status": RecallStatus(state)}
        case RecallState.BOOKED:
            return {"status": RecallStatus.OPEN}
        case RecallState.DUE:
            last = max(today)
            return {"status": RecallStatus.OPEN, "due_to": min(last, filters.get("due_to", last))}
        case RecallState.UPCOMING:
            first = min(today)
            return {"status": RecallStatus.OPEN, "due_from": max(first, filters.get("due_from", first))}


def _next(shape: _Shape, *, limit: str) -> Subquery:
    """Returns the next recalls in order, from the index alone. Otherwise the server would join all later rows to their
    names and sort them.
    """
    found = (
        select(Recall.recall_id, Recall.due_on)
        .where(*shape.placed)
        .order_by(Recall.due_on, Recall.recall_id)
        .limit(bindparam(limit))
    )
    if shape.staff and shape.filters.isdisjoint({"patient_id", "status"}):
        # The server might skip through the statuses of another index instead, and sort all later recalls of a clinic.
        found = found.with_hint(Recall, "FORCE INDEX (ix_recall_clinic_id_due_on_recall_id)")
    return first_of(found, shape.owners, limit=limit)


@lru_cache(maxsize=128)
def _page(shape: _Shape) -> AnySelect:
    """Builds the statement once for each set of filters in use, because building costs more than running."""
    page = _looked_up_page(shape) if shape.looked_up else _next(shape, limit="page_limit")
    return _view(staff=shape.staff, page=page).order_by(page.c.due_on, page.c.recall_id).limit(bindparam("page_limit"))


def _looked_up_page(shape: _Shape) -> Subquery:
    looked_at = _next(shape, limit="looked_at")
    return (
        select(*columns(Place, Recall))
        # In their order, so that the search ends when the page is full.
        .prefix_with("STRAIGHT_JOIN")
        .select_from(looked_at)
        .join(Recall, Recall.recall_id == looked_at.c.recall_id)
        .join(Clinic, Clinic.clinic_id == Recall.clinic_id)
        .where(*shape.looked_up)
        .order_by(looked_at.c.due_on, looked_at.c.recall_id)
        .limit(bindparam("page_limit"))
        .subquery()
    )


@lru_cache(maxsize=128)
def _last_looked_at(shape: _Shape) -> AnySelect:
    """Returns the statement for the place of the last recall that a page looks at, if there are that many."""
    looked_at = _next(shape, limit="looked_at")
    return (
        select(*columns(Place, Recall))
        .join(looked_at, looked_at.c.recall_id == Recall.recall_id)
        .order_by(Recall.due_on, Recall.recall_id)
        .offset(bindparam("before", type_=BigInteger))
        .limit(1)
    )


def find(session: Session, recall_id: int, *, now: datetime, staff: bool) -> RecallView | None:
    return fetch_one(session, RecallView, _ONE[staff], {"recall_id": recall_id, "now": now})


def ends(session: Session, recall_id: int) -> RecallEnds | None:
    """Returns how a recall that the caller may see began and ended."""
    return fetch_one(session, RecallEnds, _ENDS, {"recall_id": recall_id})


def events(session: Session, recall_id: int, *, after: int, limit: int) -> list[RecallEventView]:
    """Returns what people did about the recall, oldest first."""
    values = {"recall_id": recall_id, "after": after, "page_limit": limit}
    return fetch_all(session, RecallEventView, _EVENTS, values)
