"""Booking and cancelling: the protocol of docs/decisions/0001-no-double-booking.md.

Everything here runs in the caller's transaction and never commits. Instants are aware UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lambda_function.db.base import AnyRow
from lambda_function.db.models import Appointment, ClaimKind, ClinicPatient
from lambda_function.db.repositories.appointments import Appointments, AppointmentView
from lambda_function.db.repositories.booking import booking_facts
from lambda_function.db.repositories.calendar import Calendar, Claim, busy_error
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import (
    MAX_OPEN_REQUESTS,
    Duration,
    Policy,
    Status,
    Step,
    check_cutoff,
    check_start,
    initial_status,
    next_status,
)
from lambda_function.domain.errors import (
    ContentionError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
    TooManyRequestsOpenError,
    TreatmentNotOfferedError,
)
from lambda_function.domain.intervals import Interval
from lambda_function.domain.permissions import Action, Subject, require


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """`patient_id` may be left out by patients, who book for themselves."""

    doctor_id: int
    treatment_id: int
    starts_at: datetime
    patient_id: int | None = None
    chair_id: int | None = None
    patient_note: str | None = None
    override_reason: str | None = None


def book(work: UnitOfWork, request: BookingRequest) -> AppointmentView:
    """Books a visit, or requests one where a patient's treatment needs approval.

    Raises the domain's errors for whatever is in the way; the first of doctor, patient and chair that is busy
    names the refusal.
    """
    actor = work.actor
    require(actor, Action.BOOK)
    if request.override_reason is not None and actor.role is not Role.RECEPTIONIST:
        raise ForbiddenError("Only the reception may override working hours.")
    patient_id = _patient_of(work, request)
    facts, chair_ids = _locked_facts(work, request, patient_id)
    require(actor, Action.BOOK, Subject(patient_id, request.doctor_id, facts.clinic_id))
    check_start(request.starts_at, actor=actor, policy=policy_of(facts), now=work.now)
    status = initial_status(actor, needs_approval=facts.needs_approval)
    if status is Status.REQUESTED and facts.open_requests >= MAX_OPEN_REQUESTS:
        raise TooManyRequestsOpenError(f"There are {MAX_OPEN_REQUESTS} open requests already.")
    duration = _duration_of(facts)
    visit, occupied = duration.visit_from(request.starts_at), duration.occupied_from(request.starts_at)
    chair_id = _lock_free_chair(
        work, request=request, patient_id=patient_id, chair_ids=chair_ids, visit=visit, occupied=occupied
    )
    view = _add(work, request=request, facts=facts, status=status, visit=visit, chair_id=chair_id)
    claims = [
        Claim(ClaimKind.DOCTOR, request.doctor_id, occupied),
        Claim(ClaimKind.PATIENT, patient_id, visit),
    ]
    if chair_id is not None:
        claims.append(Claim(ClaimKind.CHAIR, chair_id, occupied))
    Calendar(work.session).claim(view.appointment_id, claims)
    return view


def cancel(
    work: UnitOfWork, appointment_id: int, *, reason: str, expected_versions: frozenset[int] | None = None
) -> AppointmentView:
    """Cancels and frees the time at once.

    `expected_versions` are those that the caller has seen (If-Match): StaleVersionError unless it is one of them.
    """
    appointment, policy = _locked(work, appointment_id)
    subject = Subject(appointment.patient_id, appointment.doctor_id, appointment.clinic_id)
    require(work.actor, Action.CANCEL, subject)
    if expected_versions is not None and appointment.version not in expected_versions:
        raise StaleVersionError("The appointment has changed since you read it.")
    status = next_status(appointment.status, Step.CANCEL, work.actor)
    check_cutoff(appointment.starts_at, actor=work.actor, policy=policy, now=work.now)
    _record(work, appointment_id, Step.CANCEL, appointment.status, status, reason=reason)
    appointment.status = status
    appointment.cancel_reason = reason
    appointment.updated_at = work.now
    Calendar(work.session).release(appointment_id)
    work.session.flush()
    view = Appointments(work.session).get_one_or_none(appointment_id)
    if view is None:
        raise NotFoundError("There is no such appointment.")
    return view


def policy_of(row: Any) -> Policy:
    """From a row with lead_minutes, horizon_days and cutoff_minutes."""
    return Policy(
        lead=timedelta(minutes=row.lead_minutes),
        horizon=timedelta(days=row.horizon_days),
        cutoff=timedelta(minutes=row.cutoff_minutes),
    )


def _duration_of(row: Any) -> Duration:
    return Duration(
        visit=timedelta(minutes=row.duration_minutes),
        buffer_before=timedelta(minutes=row.buffer_before_minutes),
        buffer_after=timedelta(minutes=row.buffer_after_minutes),
    )


def _patient_of(work: UnitOfWork, request: BookingRequest) -> int:
    if request.patient_id is not None:
        return request.patient_id
    if work.actor.role is Role.PATIENT:
        return work.actor.user_id
    raise InvalidInputError("Say for whom you book.", field="patient_id")


def _locked_facts(work: UnitOfWork, request: BookingRequest, patient_id: int) -> tuple[AnyRow, list[int]]:
    """Locks doctor and patient, then reads what the rules need, and the clinic's chairs.

    READ COMMITTED shows what was committed by whoever held the locks before.
    """
    calendar = Calendar(work.session)
    if not calendar.lock_doctors([request.doctor_id]):
        raise InvalidInputError("There is no such doctor.", field="doctor_id")
    if not calendar.lock_patient(patient_id):
        raise InvalidInputError("There is no such patient.", field="patient_id")
    found = booking_facts(
        work.session,
        doctor_id=request.doctor_id,
        patient_id=patient_id,
        treatment_id=request.treatment_id,
        receptionist_id=work.actor.user_id if work.actor.role is Role.RECEPTIONIST else None,
    )
    if found is None or not found[0].clinic_active:
        raise InvalidInputError("There is no such doctor.", field="doctor_id")
    facts = found[0]
    if facts.patient_id is None:
        raise InvalidInputError("There is no such patient.", field="patient_id")
    if facts.treatment_id is None:
        raise InvalidInputError("There is no such treatment.", field="treatment_id")
    if facts.offered_treatment_id is None:
        raise TreatmentNotOfferedError("The doctor does not offer this treatment.", field="treatment_id")
    return found


def _lock_free_chair(
    work: UnitOfWork,
    *,
    request: BookingRequest,
    patient_id: int,
    chair_ids: Sequence[int],
    visit: Interval,
    occupied: Interval,
) -> int | None:
    """The chair for the visit, locked and free: the one asked for, or the first by id. None in a clinic without."""
    if request.chair_id is not None and request.chair_id not in chair_ids:
        raise InvalidInputError("There is no such chair in that clinic.", field="chair_id")
    calendar = Calendar(work.session)
    taken = calendar.taken(
        doctor_id=request.doctor_id, patient_id=patient_id, chair_ids=chair_ids, visit=visit, occupied=occupied
    )
    for kind, person in ((ClaimKind.DOCTOR, request.doctor_id), (ClaimKind.PATIENT, patient_id)):
        if (kind, person) in taken:
            raise busy_error(kind)
    if not chair_ids:
        return None
    for chair_id in chair_ids:
        if (ClaimKind.CHAIR, chair_id) in taken or request.chair_id not in {None, chair_id}:
            continue
        calendar.lock_chair(chair_id)
        if not calendar.chair_busy(chair_id, occupied):
            return chair_id
    raise busy_error(ClaimKind.CHAIR)


def _add(
    work: UnitOfWork,
    *,
    request: BookingRequest,
    facts: AnyRow,
    status: Status,
    visit: Interval,
    chair_id: int | None,
) -> AppointmentView:
    """The appointment with its first event, and the patient made one of the clinic's."""
    shown = {
        "patient_id": facts.patient_id,
        "doctor_id": facts.doctor_id,
        "receptionist_id": work.actor.user_id if work.actor.role is Role.RECEPTIONIST else None,
        "clinic_id": facts.clinic_id,
        "chair_id": chair_id,
        "treatment_id": facts.treatment_id,
        "status": status,
        "starts_at": visit.start,
        "ends_at": visit.end,
        "patient_note": request.patient_note,
        "override_reason": request.override_reason,
        "version": 1,
        **dict.fromkeys(("created_at", "updated_at"), work.now),
    }
    appointment_id = Appointments(work.session).add(
        **shown,
        buffer_before_minutes=facts.buffer_before_minutes,
        buffer_after_minutes=facts.buffer_after_minutes,
        price=facts.price,
    )
    if not facts.is_clinic_patient:
        membership = ClinicPatient(clinic_id=facts.clinic_id, patient_id=facts.patient_id, created_at=work.now)
        work.session.add(membership)
    changes = {"starts_at": visit.start.isoformat(), "doctor_id": facts.doctor_id, "chair_id": chair_id}
    _record(work, appointment_id, "BOOK", None, status, reason=request.override_reason, changes=changes)
    # Shown without reading it again: everything in it is known.
    return AppointmentView(
        appointment_id=appointment_id,
        clinic_name=facts.clinic_name,
        time_zone=facts.time_zone,
        doctor_name=facts.doctor_name,
        patient_name=facts.patient_name,
        receptionist_name=facts.receptionist_name,
        treatment_code=facts.treatment_code,
        treatment_name=facts.treatment_name,
        internal_note=None,
        cancel_reason=None,
        **shown,
    )


def _locked(work: UnitOfWork, appointment_id: int) -> tuple[Appointment, Policy]:
    """The appointment with its doctor, patient, chair and own row locked, in that order; and its clinic's policy."""
    resources = Appointments(work.session).resources_of(appointment_id)
    if resources is None:
        raise NotFoundError("There is no such appointment.")
    calendar = Calendar(work.session)
    calendar.lock_doctors([resources.doctor_id])
    calendar.lock_patient(resources.patient_id)
    if resources.chair_id is not None:
        calendar.lock_chair(resources.chair_id)
    appointment = Appointments(work.session).get_for_change(appointment_id)
    if appointment is None:
        raise NotFoundError("There is no such appointment.")
    if (appointment.doctor_id, appointment.chair_id) != (resources.doctor_id, resources.chair_id):
        # It was moved between the two reads, so the locks are on the wrong rows: the request starts again.
        raise ContentionError("The appointment was moved at the same time.")
    return appointment, policy_of(resources)


def _record(
    work: UnitOfWork,
    appointment_id: int,
    action: str,
    before: Status | None,
    after: Status,
    *,
    reason: str | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    Appointments(work.session).add_event(
        appointment_id=appointment_id,
        at=work.now,
        actor_id=work.actor.user_id,
        actor_type=work.actor.role,
        action=action,
        from_status=before,
        to_status=after,
        reason=reason,
        changes=changes or {},
    )
