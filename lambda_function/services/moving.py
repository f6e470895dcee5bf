"""Moves a visit, and changes its notes.

A move keeps the id and is all or nothing: the old time stays until the new one is taken, and never conflicts with it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lambda_function.db.models import Appointment
from lambda_function.db.repositories import claims
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.booking import BookingFacts, booking_facts, view_of
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import (
    Duration,
    EventAction,
    Status,
    check_cutoff,
    check_movable,
    check_open_requests,
    check_open_visits,
    check_start,
    initial_status,
)
from lambda_function.domain.errors import (
    InvalidInputError,
    InvalidTransitionError,
    TreatmentNotOfferedError,
)
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.permissions import Action, Subject, require
from lambda_function.domain.versions import check_version
from lambda_function.domain.waitlist import FreedTime, freed_by_visit
from lambda_function.services.offers import record_freed_time
from lambda_function.services.placement import Placement, find_vacancy
from lambda_function.services.visits import LockedVisit, NewEvent, join_clinic, lock_visit, record, view


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A change of a visit. A start, a doctor or a chair that is None stays. `notes` are patient_note and internal_note,
    if given. The doctor has to be one of the visit's clinic if it `stays_in_clinic`.
    """

    starts_at: datetime | None
    doctor_id: int | None
    chair_id: int | None
    override_reason: str | None
    notes: dict[str, str | None]
    stays_in_clinic: bool = False

    @property
    def moves(self) -> bool:
        return (self.starts_at, self.doctor_id, self.chair_id) != (None, None, None)


def change(
    work: UnitOfWork, appointment_id: int, wanted: ChangeRequest, *, expected_versions: frozenset[int] | None = None
) -> AppointmentView:
    """Returns the appointment after the change. A request that changes nothing leaves no event and keeps the version.
    Raises what booking raises, InvalidTransitionError, StaleVersionError and PastCutoffError.
    """
    locked = lock_visit(work, appointment_id, [wanted.doctor_id] if wanted.doctor_id else [])
    for action, asked in (
        (Action.MOVE, wanted.moves),
        (Action.CHOOSE_CHAIR, wanted.chair_id is not None),
        (Action.OVERRIDE_HOURS, wanted.override_reason is not None),
        (Action.NOTE, "patient_note" in wanted.notes),
        (Action.NOTE_INTERNALLY, "internal_note" in wanted.notes),
    ):
        if asked:
            require(work.actor, action, locked.subject)
    check_version(locked.appointment.version, expected_versions)
    locked.check_may_say(wanted.override_reason, *wanted.notes.values())
    if wanted.override_reason is not None and not wanted.moves:
        raise InvalidInputError(
            "Give an override reason only together with a new time, doctor or chair.", field="override_reason"
        )
    visit = locked.appointment
    # It is written once, at the end, so that a move with a note is one version.
    moved: _MoveOutcome | None = None
    events: list[NewEvent] = []
    with work.session.no_autoflush:
        if _is_elsewhere(visit, wanted):
            moved = _move(work, locked, wanted)
            events.append(moved.event)
        events += _note(work, visit, wanted.notes, country=locked.country if moved is None else moved.facts.country)
    record(work, *events)
    if moved is None:
        return view(work, visit)
    if moved.awaited:
        record_freed_time(work, [moved.left])
    return view_of(visit, moved.facts)


@dataclass(frozen=True, slots=True)
class _MoveOutcome:
    """A completed move: the facts behind it, the time it left, and as `awaited` whether anybody waits for that time."""

    event: NewEvent
    facts: BookingFacts
    left: FreedTime
    awaited: bool


def _is_elsewhere(visit: Appointment, wanted: ChangeRequest) -> bool:
    return any(
        value is not None and value != current
        for value, current in (
            (wanted.starts_at, visit.starts_at),
            (wanted.doctor_id, visit.doctor_id),
            (wanted.chair_id, visit.chair_id),
        )
    )


def _move(work: UnitOfWork, locked: LockedVisit, wanted: ChangeRequest) -> _MoveOutcome:
    visit = locked.appointment
    check_movable(visit.status, visit.starts_at, work.now)
    check_cutoff(visit.starts_at, actor=work.actor, policy=locked.policy, now=work.now)
    facts, chair_ids = _facts(work, locked, wanted)
    require(work.actor, Action.BOOK, Subject(visit.patient_id, facts.doctor_id, facts.clinic_id))
    left = freed_by_visit(visit, chair_id=visit.chair_id)
    start = wanted.starts_at or visit.starts_at
    placement = Placement(
        doctor_id=facts.doctor_id,
        patient_id=visit.patient_id,
        clinic_id=facts.clinic_id,
        time_zone=facts.time_zone,
        slot_step_minutes=facts.slot_step_minutes,
        chair_ids=chair_ids,
        start=start,
        duration=Duration.as_booked(visit),
        # The old start has been agreed, even if the clinic does not offer it.
        held_to_step=work.actor.role is Role.PATIENT and start != visit.starts_at,
        moved_id=visit.appointment_id,
    )
    check_start(placement.start, actor=work.actor, policy=facts.policy, now=work.now)
    status = visit.status
    if work.actor.role is Role.PATIENT:
        status = initial_status(work.actor, needs_approval=facts.needs_approval)
    if status is Status.REQUESTED and visit.status is not status:
        check_open_requests(facts.open_requests)
    if work.actor.role is Role.PATIENT and facts.clinic_id != visit.clinic_id:
        # It counts as one more there. Otherwise patients could book here and move there without limit.
        check_open_visits(facts.open_visits, facts.max_open_visits)
    overridden = wanted.override_reason is not None
    vacancy = find_vacancy(work, placement, chair_id=wanted.chair_id, overridden=overridden)
    before, visit.status = visit.status, status
    changes = _put(work, visit, placement, clinic_id=facts.clinic_id, chair_id=vacancy.chair_id)
    if wanted.override_reason is not None:
        visit.override_reason = changes["override_reason"] = wanted.override_reason
    join_clinic(work, facts)
    left_country = locked.country if locked.country != facts.country else None
    event = NewEvent(visit, EventAction.MOVE, before, facts.country, changes=changes, left_country=left_country)
    return _MoveOutcome(event, facts, left, vacancy.awaited)


def _facts(work: UnitOfWork, locked: LockedVisit, wanted: ChangeRequest) -> tuple[BookingFacts, list[int]]:
    """Returns the facts of the new doctor, with the clinic's chairs. A new doctor must offer the treatment. The current
    doctor may have stopped offering it.
    """
    visit = locked.appointment
    doctor_id = wanted.doctor_id or visit.doctor_id
    if wanted.stays_in_clinic and locked.clinic_of.get(doctor_id) != visit.clinic_id:
        raise InvalidInputError("Choose a doctor of this clinic.", field="doctor_id")
    found = booking_facts(
        work.session,
        doctor_id=doctor_id,
        patient_id=visit.patient_id,
        treatment_id=visit.treatment_id,
        receptionist_id=visit.receptionist_id,
        now=work.now,
        counted_clinic_id=locked.clinic_of.get(doctor_id) if work.actor.role is Role.PATIENT else None,
    )
    if found is None or not found[0].clinic_active:
        raise InvalidInputError("There is no such doctor. Look doctors up with GET /doctors.", field="doctor_id")
    if found[0].patient_id is None:
        raise InvalidTransitionError("The patient's account is deactivated. Reactivate it first.")
    if doctor_id != visit.doctor_id and found[0].offered_treatment_id is None:
        raise TreatmentNotOfferedError("The doctor does not offer this treatment.", field="doctor_id")
    return found


def _put(
    work: UnitOfWork, visit: Appointment, placement: Placement, *, clinic_id: int, chair_id: int | None
) -> dict[str, Any]:
    """Puts the visit there, with its claims. Returns what has changed, each with the value before and after."""
    old = _described(visit)
    if (visit.starts_at, visit.doctor_id) != (placement.visit.start, placement.doctor_id):
        # What the patient has agreed to is another time or doctor. A chair is the clinic's own affair.
        visit.placed_at, visit.attendance_confirmed_at = work.now, None
    visit.starts_at, visit.ends_at = placement.visit.start, placement.visit.end
    visit.doctor_id, visit.clinic_id, visit.chair_id = placement.doctor_id, clinic_id, chair_id
    visit.updated_at = work.now
    claims.release(work.session, visit.appointment_id)
    claims.claim(work.session, visit.appointment_id, placement.claims(chair_id))
    return {name: [old[name], value] for name, value in _described(visit).items() if old[name] != value}


def _described(visit: Appointment) -> dict[str, object]:
    return {"starts_at": rfc3339(visit.starts_at), "doctor_id": visit.doctor_id, "chair_id": visit.chair_id}


def _note(work: UnitOfWork, visit: Appointment, notes: dict[str, str | None], *, country: str) -> list[NewEvent]:
    changes = {name: [getattr(visit, name), note] for name, note in notes.items() if getattr(visit, name) != note}
    if not changes:
        return []
    for name, (_, note) in changes.items():
        setattr(visit, name, note)
    visit.updated_at = work.now
    return [NewEvent(visit, EventAction.NOTE, visit.status, country, changes=changes)]
