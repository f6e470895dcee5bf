"""Booking: the protocol of docs/decisions/0001-no-double-booking.md.

Everything here runs in the caller's transaction and never commits. Instants are aware UTC.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from lambda_function.db.models import Appointment
from lambda_function.db.repositories import appointments, claims
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.booking import BookingFacts, booking_facts, view_of
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import (
    Duration,
    EventAction,
    Status,
    check_open_requests,
    check_open_visits,
    check_start,
    initial_status,
)
from lambda_function.domain.errors import (
    InvalidInputError,
    TreatmentNotOfferedError,
)
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.permissions import Action, Subject, require
from lambda_function.services.catalogue import check_ids
from lambda_function.services.guardians import lock_patient
from lambda_function.services.placement import Placement, find_vacancy
from lambda_function.services.visits import NewEvent, join_clinic, record


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """A visit to book. Patients may leave out `patient_id` if they book for themselves. `offered_until` is the
    end of a visit that has been offered to the waitlist: its start and length hold, whatever has changed since.
    `in_place_of` is a cancelled visit that is locked, and in place of which nothing has been booked yet. If there is a
    `clinic_id`, the doctor has to be one of that clinic.
    """

    doctor_id: int
    treatment_id: int
    starts_at: datetime
    patient_id: int | None = None
    chair_id: int | None = None
    patient_note: str | None = None
    override_reason: str | None = None
    offered_until: datetime | None = None
    in_place_of: int | None = None
    clinic_id: int | None = None


def book(work: UnitOfWork, request: BookingRequest) -> AppointmentView:
    """Books a visit, or requests one if a patient's treatment needs approval.

    Raises the domain's errors for whatever is in the way. The first of doctor, patient and chair that is busy names the
    refusal.
    """
    actor = work.actor
    require(actor, Action.BOOK)
    if request.override_reason is not None:
        require(actor, Action.OVERRIDE_HOURS)
    if request.chair_id is not None:
        require(actor, Action.CHOOSE_CHAIR)
    patient_id = _patient_of(work, request)
    facts, chair_ids = _locked_facts(work, request, patient_id)
    require(actor, Action.BOOK, Subject(patient_id, request.doctor_id, facts.clinic_id))
    check_start(request.starts_at, actor=actor, policy=facts.policy, now=work.now)
    status = initial_status(actor, needs_approval=facts.needs_approval)
    if status is Status.REQUESTED:
        check_open_requests(facts.open_requests)
    if actor.role is Role.PATIENT:
        check_open_visits(facts.open_visits, facts.max_open_visits)
    placement = Placement(
        doctor_id=request.doctor_id,
        patient_id=patient_id,
        clinic_id=facts.clinic_id,
        time_zone=facts.time_zone,
        slot_step_minutes=facts.slot_step_minutes,
        chair_ids=chair_ids,
        start=request.starts_at,
        duration=_duration(request, facts),
        held_to_step=actor.role is Role.PATIENT and request.offered_until is None,
    )
    overridden = request.override_reason is not None
    chair_id = find_vacancy(work, placement, chair_id=request.chair_id, overridden=overridden).chair_id
    view = _add(work, request, facts, placement, status=status, chair_id=chair_id)
    claims.claim(work.session, view.appointment_id, placement.claims(chair_id))
    changes = {"starts_at": rfc3339(view.starts_at), "doctor_id": view.doctor_id, "chair_id": chair_id}
    if request.override_reason is not None:
        changes["override_reason"] = request.override_reason
    record(work, NewEvent(view, EventAction.BOOK, before=None, country=facts.country, changes=changes))
    return view


def _patient_of(work: UnitOfWork, request: BookingRequest) -> int:
    if request.patient_id is not None:
        return request.patient_id
    if work.actor.role is Role.PATIENT:
        return work.actor.user_id
    raise InvalidInputError("`patient_id` is required when staff book. Give the patient's id.", field="patient_id")


def _duration(request: BookingRequest, facts: BookingFacts) -> Duration:
    if request.offered_until is None:
        return facts.duration
    return replace(facts.duration, visit=request.offered_until - request.starts_at)


def _locked_facts(work: UnitOfWork, request: BookingRequest, patient_id: int) -> tuple[BookingFacts, list[int]]:
    """Locks doctor and patient, then reads what the rules need, and the clinic's chairs.

    READ COMMITTED shows what was committed by whoever held the locks before.
    """
    clinic_of = claims.lock_doctors(work.session, [request.doctor_id])
    if not clinic_of:
        raise InvalidInputError("There is no such doctor. Look doctors up with GET /doctors.", field="doctor_id")
    if request.clinic_id not in {None, clinic_of[request.doctor_id]}:
        raise InvalidInputError("Choose a doctor of this clinic.", field="doctor_id")
    if not lock_patient(work, patient_id):
        raise InvalidInputError("There is no such patient. Look patients up with GET /users.", field="patient_id")
    found = booking_facts(
        work.session,
        doctor_id=request.doctor_id,
        patient_id=patient_id,
        treatment_id=request.treatment_id,
        receptionist_id=work.actor.user_id if work.actor.role is Role.RECEPTIONIST else None,
        now=work.now,
        counted_clinic_id=clinic_of[request.doctor_id] if work.actor.role is Role.PATIENT else None,
        guardian_id=work.actor.as_guardian_of(patient_id),
    )
    if found is None:
        check_ids(work, treatment_id=request.treatment_id, doctor_id=None, clinic_id=None)
    if found is None or not found[0].clinic_active:
        raise InvalidInputError("There is no such doctor. Look doctors up with GET /doctors.", field="doctor_id")
    facts = found[0]
    if facts.patient_id is None or not facts.represented:
        raise InvalidInputError("There is no such patient. Look patients up with GET /users.", field="patient_id")
    if not facts.treatment_active:
        raise InvalidInputError(
            "There is no such treatment. Look treatments up with GET /treatments.", field="treatment_id"
        )
    if facts.offered_treatment_id is None:
        raise TreatmentNotOfferedError("The doctor does not offer this treatment.", field="treatment_id")
    return found


def _add(
    work: UnitOfWork,
    request: BookingRequest,
    facts: BookingFacts,
    placement: Placement,
    *,
    status: Status,
    chair_id: int | None,
) -> AppointmentView:
    """Adds the appointment, and makes the patient one of the clinic's."""
    values = {
        "patient_id": placement.patient_id,
        "doctor_id": placement.doctor_id,
        "receptionist_id": work.actor.user_id if work.actor.role is Role.RECEPTIONIST else None,
        "clinic_id": facts.clinic_id,
        "chair_id": chair_id,
        "treatment_id": facts.treatment_id,
        "status": status,
        "starts_at": placement.visit.start,
        "ends_at": placement.visit.end,
        "buffer_before_minutes": facts.buffer_before_minutes,
        "buffer_after_minutes": facts.buffer_after_minutes,
        "price": facts.price,
        "patient_note": request.patient_note,
        "override_reason": request.override_reason,
        "in_place_of": request.in_place_of,
        "version": 1,
        **dict.fromkeys(("created_at", "updated_at", "placed_at"), work.now),
    }
    appointment_id = appointments.add(work.session, values)
    join_clinic(work, facts)
    return view_of(Appointment(appointment_id=appointment_id, **values), facts)
