"""Time that is taken, and other obstacles to a visit. All rows are seen here, as in claims.py."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, bindparam, exists, func, literal, or_, select, text, union_all
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.models import Appointment, Chair, ClaimKind, SlotClaim, WaitlistEntry
from lambda_function.db.repositories.claims import claimed
from lambda_function.db.repositories.working_hours import WORKING_RULES, Rule, rule_values, rules, working_time_of
from lambda_function.db.rows import columns, fetch_all
from lambda_function.domain.appointment import HOLDING, UNFINISHED, Status
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import OPEN, WaitlistStatus
from lambda_function.domain.working_hours import WorkingTime


class TakenTime(NamedTuple):
    """The time that an appointment occupies, in minutes from the start of the requested span."""

    doctor_id: int
    chair_id: int | None
    patient_id: int
    start: int
    end: int
    before: int
    after: int


class VisitInSpan(NamedTuple):
    appointment_id: int
    patient_id: int
    doctor_id: int
    clinic_id: int
    starts_at: datetime
    ends_at: datetime


class VisitOfDoctor(NamedTuple):
    """A visit of a doctor. Start and end are in minutes from the start of the requested span."""

    doctor_id: int
    appointment_id: int
    patient_id: int
    clinic_id: int
    start: int
    end: int


class PatientsTime(NamedTuple):
    patient_id: int
    starts_at: datetime
    ends_at: datetime


class VisitAhead(NamedTuple):
    appointment_id: int
    patient_id: int
    doctor_id: int
    clinic_id: int
    status: Status


class ActiveChair(NamedTuple):
    clinic_id: int
    chair_id: int


@dataclass(frozen=True, slots=True)
class Obstacles:
    """`taken` are the doctor, the patient and the chairs who are busy, as (kind, id). For doctor and patient this is
    certain only under their locks. For a chair it is a hint until that chair is locked. `awaited` is whether anybody
    waits for the time that a move leaves.
    """

    working_time: WorkingTime
    taken: frozenset[tuple[int, int]]
    awaited: bool


def _minutes(instant: Any) -> Any:
    """Returns the minutes since `base` as an integer, which a driver reads several times faster than a time."""
    return func.timestampdiff(text("MINUTE"), instant_parameter("base"), instant)


def _taken(*where: Any) -> AnySelect:
    occupied_until = func.timestampadd(text("MINUTE"), Appointment.buffer_after_minutes, Appointment.ends_at)
    return select(
        *columns(
            TakenTime,
            Appointment,
            start=_minutes(Appointment.starts_at),
            end=_minutes(Appointment.ends_at),
            before=Appointment.buffer_before_minutes,
            after=Appointment.buffer_after_minutes,
        )
    ).where(
        Appointment.status.in_(sorted(HOLDING)),
        Appointment.starts_at >= instant_parameter("earliest"),
        Appointment.starts_at < instant_parameter("latest"),
        occupied_until > instant_parameter("base"),
        Appointment.appointment_id != bindparam("exclude_id"),
        *where,
    )


_DOCTORS: BindParameter[Any] = bindparam("doctor_ids", expanding=True)
_CLINICS: BindParameter[Any] = bindparam("clinic_ids", expanding=True)
# The clinics' branch finds doctors and chairs. The other two find what a doctor or the patient has elsewhere.
_TAKEN_TIME = union_all(
    _taken(Appointment.clinic_id.in_(_CLINICS)),
    _taken(Appointment.doctor_id.in_(_DOCTORS), Appointment.clinic_id.not_in(_CLINICS)),
    _taken(Appointment.patient_id == bindparam("patient_id"), Appointment.clinic_id.not_in(_CLINICS)),
)
_HOLDS_TIME_IN_SPAN = (
    Appointment.status.in_(sorted(HOLDING)),
    Appointment.starts_at < instant_parameter("span_end"),
    Appointment.starts_at >= instant_parameter("earliest"),
    Appointment.ends_at > instant_parameter("span_start"),
)
_PERSON: Mapping[ClaimKind, Any] = MappingProxyType(
    {ClaimKind.DOCTOR: Appointment.doctor_id, ClaimKind.PATIENT: Appointment.patient_id}
)
_VISITS_OF: Mapping[ClaimKind, AnySelect] = MappingProxyType(
    {
        kind: select(*columns(VisitInSpan, Appointment))
        .where(person == bindparam("person_id"), *_HOLDS_TIME_IN_SPAN)
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        for kind, person in _PERSON.items()
    }
)
_VISITS_AHEAD: Mapping[ClaimKind, AnySelect] = MappingProxyType(
    {
        kind: select(*columns(VisitAhead, Appointment))
        .where(
            person == bindparam("person_id"),
            Appointment.starts_at > instant_parameter("now"),
            Appointment.status.in_(sorted(HOLDING)),
        )
        .order_by(Appointment.appointment_id)
        for kind, person in _PERSON.items()
    }
)
_VISITS_OF_DOCTORS: AnySelect = (
    select(
        *columns(VisitOfDoctor, Appointment, start=_minutes(Appointment.starts_at), end=_minutes(Appointment.ends_at))
    )
    .where(
        Appointment.doctor_id.in_(_DOCTORS),
        Appointment.status.in_(sorted(UNFINISHED)),
        Appointment.starts_at >= instant_parameter("earliest"),
        Appointment.starts_at < instant_parameter("latest"),
        Appointment.ends_at > instant_parameter("base"),
    )
    .order_by(Appointment.doctor_id, Appointment.starts_at, Appointment.appointment_id)
)
_PATIENTS: BindParameter[Any] = bindparam("patient_ids", expanding=True)
_TIME_OF_PATIENTS = union_all(
    select(*columns(PatientsTime, Appointment)).where(Appointment.patient_id.in_(_PATIENTS), *_HOLDS_TIME_IN_SPAN),
    select(WaitlistEntry.patient_id, WaitlistEntry.offer_starts_at, WaitlistEntry.offer_ends_at).where(
        WaitlistEntry.patient_id.in_(_PATIENTS),
        WaitlistEntry.status == WaitlistStatus.OFFERED,
        WaitlistEntry.offer_expires_at > instant_parameter("now"),
        WaitlistEntry.offer_starts_at < instant_parameter("span_end"),
        WaitlistEntry.offer_ends_at > instant_parameter("span_start"),
    ),
)
_CHAIRS: AnySelect = (
    select(*columns(ActiveChair, Chair)).where(Chair.clinic_id.in_(_CLINICS), Chair.active).order_by(Chair.chair_id)
)
# The ids are constants for the server, so it reads only an interval of the primary key. With a join of `chair`
# it would read every claim that a chair has ever had.
_CLAIMED = (
    rules("claimed", owner_id=SlotClaim.resource_id, claim_kind=SlotClaim.kind)
    .where(
        or_(
            claimed(ClaimKind.DOCTOR, SlotClaim.resource_id == bindparam("doctor_id"), "occupied"),
            claimed(ClaimKind.PATIENT, SlotClaim.resource_id == bindparam("patient_id"), "visit"),
            claimed(ClaimKind.CHAIR, SlotClaim.resource_id.in_(bindparam("chair_ids", expanding=True)), "occupied"),
        )
    )
    .distinct()
)
# This tells whether anybody waits at all.
_AWAITED = rules("awaited", owner_id=literal(0, literal_execute=True)).where(
    exists().where(WaitlistEntry.status.in_(sorted(OPEN)))
)
_FOR_BOOKING = union_all(*WORKING_RULES, _CLAIMED)
_FOR_MOVING = union_all(*WORKING_RULES, _CLAIMED, _AWAITED)
# The greatest distance between an appointment's start and a time that it occupies, in either direction.
_REACH = timedelta(days=2)


def taken_time(
    session: Session,
    span: Interval,
    *,
    doctor_ids: Collection[int],
    clinic_ids: Collection[int],
    patient_id: int | None,
    exclude_id: int | None = None,
) -> list[TakenTime]:
    """Returns all appointments of the clinics, and those of the doctors and the patient elsewhere, that occupy time in
    the span.
    """
    values = {
        "base": span.start,
        "earliest": span.start - _REACH,
        "latest": span.end + _REACH,
        "doctor_ids": sorted(doctor_ids),
        "clinic_ids": sorted(clinic_ids),
        "patient_id": patient_id,
        "exclude_id": exclude_id or 0,
    }
    return fetch_all(session, TakenTime, _TAKEN_TIME, values, unscoped=True)


def visits_of(session: Session, kind: ClaimKind, person_id: int, span: Interval) -> list[VisitInSpan]:
    """Returns visits of a doctor or patient that hold time in the span, by start."""
    return fetch_all(session, VisitInSpan, _VISITS_OF[kind], {"person_id": person_id, **_bounds(span)}, unscoped=True)


def visits_of_doctors(session: Session, doctor_ids: Collection[int], span: Interval) -> dict[int, list[VisitOfDoctor]]:
    """Returns visits that are not over and hold time in the span, which starts on a whole minute. They are grouped by
    the doctors who have any, and ordered by start.
    """
    values = {
        "doctor_ids": sorted(doctor_ids),
        "base": span.start,
        "earliest": span.start - _REACH,
        "latest": span.end,
    }
    found: dict[int, list[VisitOfDoctor]] = defaultdict(list)
    for visit in fetch_all(session, VisitOfDoctor, _VISITS_OF_DOCTORS, values, unscoped=True):
        found[visit.doctor_id].append(visit)
    return found


def time_of_patients(
    session: Session, patient_ids: Collection[int], span: Interval, now: datetime
) -> list[PatientsTime]:
    """Returns the visits of the patients that hold time in the span, and the offers of time in it that they have."""
    values = {"patient_ids": sorted(patient_ids), "now": now, **_bounds(span)}
    return fetch_all(session, PatientsTime, _TIME_OF_PATIENTS, values, unscoped=True)


def _bounds(span: Interval) -> dict[str, datetime]:
    return {"span_start": span.start, "span_end": span.end, "earliest": span.start - _REACH}


def visits_ahead(session: Session, kind: ClaimKind, person_id: int, now: datetime) -> list[VisitAhead]:
    """Returns visits of a doctor or patient that hold time and have not begun, by id."""
    return fetch_all(session, VisitAhead, _VISITS_AHEAD[kind], {"person_id": person_id, "now": now}, unscoped=True)


def active_chairs(session: Session, clinic_ids: Collection[int]) -> dict[int, list[int]]:
    """Returns the active chairs of each clinic, by id."""
    found: dict[int, list[int]] = {clinic_id: [] for clinic_id in clinic_ids}
    for chair in fetch_all(session, ActiveChair, _CHAIRS, {"clinic_ids": sorted(clinic_ids)}, unscoped=True):
        found[chair.clinic_id].append(chair.chair_id)
    return found


def obstacles(
    session: Session,
    *,
    doctor_id: int,
    patient_id: int,
    chair_ids: Sequence[int],
    visit: Interval,
    occupied: Interval,
    moved_id: int | None,
) -> Obstacles:
    """Returns what is in the way of a visit. `moved_id` is the appointment that is to be moved, whose own claims are no
    obstacle.
    """
    values = {
        **rule_values([doctor_id], visit),
        "doctor_id": doctor_id,
        "patient_id": patient_id,
        "chair_ids": chair_ids,
        "visit_start": visit.start,
        "visit_end": visit.end,
        "occupied_start": occupied.start,
        "occupied_end": occupied.end,
        "moved_id": moved_id or 0,
    }
    found = fetch_all(session, Rule, _FOR_BOOKING if moved_id is None else _FOR_MOVING, values, unscoped=True)
    return Obstacles(
        working_time=working_time_of(found),
        taken=frozenset((rule.claim_kind, rule.owner_id) for rule in found if rule.claim_kind is not None),
        awaited=any(rule.kind == "awaited" for rule in found),
    )
