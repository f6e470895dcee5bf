"""Appointments, as the API shows and takes them."""

from datetime import datetime
from typing import Any, NotRequired

from pydantic import BaseModel, ConfigDict, TypeAdapter
from typing_extensions import TypedDict

from lambda_function.api.schemas.types import BodyId, BodyIdOrMe, Instant, Note, Reason, SomeName, WallClock
from lambda_function.domain.appointment import Status


class ClinicName(TypedDict):
    clinic_id: int
    name: str
    time_zone: str


class PersonInVisit(TypedDict):
    user_id: int
    full_name: str


class TreatmentName(TypedDict):
    treatment_id: int
    code: str
    name: str


class Appointment(TypedDict):
    """A plain dict with a schema: a page of fifty is written five times faster than from models.

    `internal_note` and `override_reason` are there for staff only.
    """

    appointment_id: int
    status: Status
    starts_at: datetime
    ends_at: datetime
    clinic: ClinicName
    doctor: PersonInVisit
    patient: PersonInVisit
    receptionist: PersonInVisit | None
    treatment: TreatmentName
    chair_id: int | None
    patient_note: str | None
    internal_note: NotRequired[str | None]
    cancel_reason: str | None
    override_reason: NotRequired[str | None]
    version: int
    created_at: datetime
    updated_at: datetime


class AppointmentPage(TypedDict):
    items: list[Appointment]
    next_cursor: str | None


APPOINTMENT_PAGE = TypeAdapter(AppointmentPage)


def shown(view: Any, *, staff: bool) -> Appointment:
    """From a row or object with the fields of AppointmentView."""
    appointment: Appointment = {
        "appointment_id": view.appointment_id,
        "status": view.status,
        "starts_at": view.starts_at,
        "ends_at": view.ends_at,
        "clinic": {"clinic_id": view.clinic_id, "name": view.clinic_name, "time_zone": view.time_zone},
        "doctor": {"user_id": view.doctor_id, "full_name": view.doctor_name},
        "patient": {"user_id": view.patient_id, "full_name": view.patient_name},
        "receptionist": None
        if view.receptionist_id is None
        else {"user_id": view.receptionist_id, "full_name": view.receptionist_name},
        "treatment": {
            "treatment_id": view.treatment_id,
            "code": view.treatment_code,
            "name": view.treatment_name,
        },
        "chair_id": view.chair_id,
        "patient_note": view.patient_note,
        "cancel_reason": view.cancel_reason,
        "version": view.version,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
    }
    if staff:
        appointment["internal_note"] = view.internal_note
        appointment["override_reason"] = view.override_reason
    return appointment


class NewAppointment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    doctor_id: BodyIdOrMe
    treatment_id: BodyId
    starts_at: Instant
    patient_id: BodyIdOrMe | None = None
    chair_id: BodyId | None = None
    patient_note: Note | None = None
    override_reason: Reason | None = None


class Cancellation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason


class LegacyVisit(TypedDict):
    """User names; `appointment_date` is what the clinic's clocks show."""

    doctor: str
    receptionist: str | None
    patient: str
    appointment_date: str


class LegacyBooking(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patient: SomeName
    doctor: SomeName
    appointment_date: WallClock


class LegacyReceipt(TypedDict):
    verificationNumber: str
