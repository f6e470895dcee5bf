"""Appointments, as the API shows and takes them."""

from datetime import datetime
from typing import Any, NotRequired, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, model_validator
from typing_extensions import TypedDict

from lambda_function.api.schemas.types import BodyId, BodyIdOrMe, Instant, Note, Reason
from lambda_function.domain.appointment import Status

# Stands for "as it is": the fields themselves do not take null.
UNCHANGED: Any = None


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


# A plain dict with a schema: a page of fifty is written five times faster than from models.
class Appointment(TypedDict):
    """`internal_note` and `override_reason` are there for staff only."""

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


class AppointmentChange(BaseModel):
    """At least one field. A note may be set to null, which removes it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    starts_at: Instant = UNCHANGED
    doctor_id: BodyIdOrMe = UNCHANGED
    chair_id: BodyId = UNCHANGED
    patient_note: Note | None = None
    internal_note: Note | None = None
    override_reason: Reason = UNCHANGED

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must change something")
        return self

    def notes(self) -> dict[str, str | None]:
        """The notes that are given."""
        return {
            name: getattr(self, name) for name in ("patient_note", "internal_note") if name in self.model_fields_set
        }


class EventActor(TypedDict):
    user_name: str
    user_type: str


class Event(TypedDict):
    """`changes` says before and after; patients see less of it. `actor` is null for what no user did."""

    at: datetime
    actor: EventActor | None
    action: str
    from_status: Status | None
    to_status: Status
    reason: str | None
    changes: dict[str, Any]


class EventPage(TypedDict):
    items: list[Event]
    next_cursor: str | None


_FOR_STAFF = frozenset({"internal_note", "override_reason"})


def shown_event(row: Any, *, staff: bool) -> Event:
    """From a row of db/repositories/history.py."""
    return {
        "at": row.at,
        "actor": None if row.user_name is None else {"user_name": row.user_name, "user_type": row.user_type},
        "action": row.action,
        "from_status": row.from_status,
        "to_status": row.to_status,
        "reason": row.reason,
        "changes": {name: value for name, value in row.changes.items() if staff or name not in _FOR_STAFF},
    }
