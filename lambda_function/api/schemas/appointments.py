"""Appointments, as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Any, NotRequired, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from lambda_function.api.ids import acting_id
from lambda_function.api.schemas.paging import NextCursor
from lambda_function.api.schemas.types import BodyId, BodyIdOrMe, Instant, Note
from lambda_function.db.repositories.appointments import AppointmentView, EventView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Status
from lambda_function.domain.registration import RegistrationState, RegistrationStatus
from lambda_function.services.booking import BookingRequest
from lambda_function.services.moving import ChangeRequest
from lambda_function.services.text_rules import Reason

# Stands for "as it is": the fields themselves do not take null.
UNCHANGED: Any = None


class ClinicName(TypedDict):
    """The clinic of an appointment."""

    clinic_id: Annotated[int, Field(description="Id of the clinic, as in `GET /clinics`")]
    name: Annotated[str, Field(description="The clinic's name")]
    time_zone: Annotated[
        str, Field(description="IANA name of the clinic's time zone; show the times of the appointment in it")
    ]


class PersonInVisit(TypedDict):
    """A person who takes part in an appointment."""

    user_id: Annotated[int, Field(description="Id of the person, as in `GET /users/{user_id}`")]
    full_name: Annotated[str, Field(description="The person's name now, not at the time of booking")]


class TreatmentName(TypedDict):
    """The treatment of an appointment."""

    treatment_id: Annotated[int, Field(description="Id of the treatment, as in `GET /treatments`")]
    code: Annotated[str, Field(description="Stable short name of the treatment, for programs")]
    name: Annotated[str, Field(description="The treatment's name, for people")]


class ShownRegistration(TypedDict):
    """What has become of registering an appointment in the register of its country."""

    status: Annotated[
        RegistrationStatus,
        Field(description="`PENDING` until there is an outcome for the present version; then `DONE` or `FAILED`"),
    ]
    version: Annotated[int, Field(description="The appointment's version")]
    error: Annotated[
        str | None,
        Field(
            description=(
                "Why it is `FAILED`: `unavailable` when a database could not be reached, `refused` when one did not "
                "accept it, `unknown_time_zone`, or `internal`; more may be added; null otherwise"
            )
        ),
    ]
    at: Annotated[datetime | None, Field(description="When the outcome was found, in UTC; null while it is `PENDING`")]


# A plain dict with a schema: a page of fifty is written five times faster than from models.
class Appointment(TypedDict):
    """A visit of a patient to a doctor. `internal_note` and `override_reason` are present only when staff ask."""

    appointment_id: Annotated[
        int, Field(description="Id of the appointment; it stays the same when the appointment is moved")
    ]
    status: Annotated[
        Status,
        Field(
            description=(
                "Where the appointment is in its life; the actions below `/appointments/{appointment_id}` change it"
            )
        ),
    ]
    starts_at: Annotated[datetime, Field(description="Start of the visit, in UTC")]
    ends_at: Annotated[
        datetime,
        Field(
            description=(
                "End of the visit, in UTC: the start plus the length that the treatment had when it was booked, "
                "without buffers"
            )
        ),
    ]
    clinic: Annotated[ClinicName, Field(description="The clinic of the doctor, where the visit takes place")]
    doctor: Annotated[PersonInVisit, Field(description="The doctor who treats the patient")]
    patient: Annotated[PersonInVisit, Field(description="The patient")]
    receptionist: Annotated[
        PersonInVisit | None,
        Field(
            description=(
                "The receptionist who booked the appointment or confirmed it last; null when no receptionist did"
            )
        ),
    ]
    treatment: Annotated[TreatmentName, Field(description="What the visit is for; it never changes")]
    chair_id: Annotated[
        int | None, Field(description="The chair that is reserved for the visit; null in a clinic without chairs")
    ]
    patient_note: Annotated[
        str | None,
        Field(
            description="A note that the patient and the staff share, at most 2,000 characters; null when there is none"
        ),
    ]
    internal_note: NotRequired[
        Annotated[
            str | None,
            Field(
                description=(
                    "A note among staff, at most 2,000 characters; null when there is none, and absent when a patient "
                    "asks"
                )
            ),
        ]
    ]
    cancel_reason: Annotated[
        str | None, Field(description="Why the appointment was cancelled; null unless `status` is `CANCELLED`")
    ]
    override_reason: NotRequired[
        Annotated[
            str | None,
            Field(
                description=(
                    "Why a receptionist booked it outside working hours; null when nobody did, and absent when a "
                    "patient asks"
                )
            ),
        ]
    ]
    version: Annotated[
        int, Field(description="1 for a new appointment, and higher after each change; the ETag has the same number")
    ]
    created_at: Annotated[datetime, Field(description="When it was booked, in UTC")]
    updated_at: Annotated[datetime, Field(description="When it last changed, in UTC")]
    attendance_confirmed_at: Annotated[
        datetime | None,
        Field(
            description=(
                "When the patient said that they would come, in UTC; null when they have not, and after a move to "
                "another time or doctor"
            )
        ),
    ]
    country: Annotated[str, Field(description="The clinic's country, as ISO 3166-1 has it")]
    registration: Annotated[
        ShownRegistration | None,
        Field(description="Its state in the register of the country; null when the country has no register"),
    ]


class AppointmentPage(TypedDict):
    """One page of appointments."""

    items: Annotated[list[Appointment], Field(description="The appointments of this page, by start and then by id")]
    next_cursor: NextCursor


APPOINTMENT_PAGE = TypeAdapter(AppointmentPage)


def shown(view: AppointmentView, *, staff: bool) -> Appointment:
    appointment: Appointment = {
        "appointment_id": view.appointment_id,
        "status": view.status,
        "starts_at": view.starts_at,
        "ends_at": view.ends_at,
        "clinic": {"clinic_id": view.clinic_id, "name": view.clinic_name, "time_zone": view.time_zone},
        "doctor": {"user_id": view.doctor_id, "full_name": view.doctor_name},
        "patient": {"user_id": view.patient_id, "full_name": view.patient_name},
        "receptionist": None
        if view.receptionist_id is None or view.receptionist_name is None
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
        "attendance_confirmed_at": view.attendance_confirmed_at,
        "country": view.country,
        "registration": _shown_registration(view.registration),
    }
    if staff:
        appointment["internal_note"] = view.internal_note
        appointment["override_reason"] = view.override_reason
    return appointment


def _shown_registration(registration: RegistrationState | None) -> ShownRegistration | None:
    if registration is None:
        return None
    return {
        "status": registration.status,
        "version": registration.version,
        "error": registration.error,
        "at": registration.at,
    }


class NewAppointment(BaseModel):
    """An appointment to be booked."""

    model_config = ConfigDict(extra="forbid")

    doctor_id: Annotated[
        BodyIdOrMe, Field(description="The doctor to book, or `me` for a doctor who books in their own calendar")
    ]
    treatment_id: Annotated[
        BodyId, Field(description="A treatment that the doctor offers; it decides how long the visit is")
    ]
    starts_at: Annotated[
        Instant, Field(description="When the visit is to start, with an offset; on a whole five minutes")
    ]
    patient_id: Annotated[
        BodyIdOrMe | None,
        Field(
            description=(
                "The patient, or `me`. Patients may leave it out and book for themselves, or give a dependant; staff "
                "must give it."
            )
        ),
    ] = None
    chair_id: Annotated[
        BodyId | None,
        Field(
            description="A chair of the doctor's clinic, which only staff may choose; left out, the first that is free"
        ),
    ] = None
    patient_note: Annotated[Note | None, Field(description="A note that the patient and the staff share")] = None
    override_reason: Annotated[
        Reason | None, Field(description="Why the visit may lie outside working hours; only receptionists may give it")
    ] = None

    def request(self, work: UnitOfWork) -> BookingRequest:
        return BookingRequest(
            doctor_id=acting_id(work, self.doctor_id),
            treatment_id=self.treatment_id,
            starts_at=self.starts_at,
            patient_id=acting_id(work, self.patient_id),
            chair_id=self.chair_id,
            patient_note=self.patient_note,
            override_reason=self.override_reason,
        )


class Cancellation(BaseModel):
    """Why an appointment is cancelled."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Reason, Field(description="Why; the patient and the staff can read it")]


class AppointmentChange(BaseModel):
    """What to change of an appointment: at least one field. Whatever is left out stays as it is; null removes a
    note.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    starts_at: Annotated[Instant, Field(description="The new start, with an offset; on a whole five minutes")] = (
        UNCHANGED
    )
    doctor_id: Annotated[BodyIdOrMe, Field(description="The new doctor, who must offer the treatment, or `me`")] = (
        UNCHANGED
    )
    chair_id: Annotated[
        BodyId,
        Field(description="The new chair, which only staff may choose; left out, a move takes the first that is free"),
    ] = UNCHANGED
    patient_note: Annotated[
        Note | None, Field(description="The new note that the patient and the staff share; null removes it")
    ] = None
    internal_note: Annotated[
        Note | None, Field(description="The new note among staff, who alone may set it; null removes it")
    ] = None
    override_reason: Annotated[
        Reason,
        Field(
            description=(
                "Why the visit may lie outside working hours; only receptionists may give it, and only with a move"
            )
        ),
    ] = UNCHANGED

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_change", "Give at least one field to change.")
        return self

    def request(self, work: UnitOfWork) -> ChangeRequest:
        return ChangeRequest(
            starts_at=self.starts_at,
            doctor_id=acting_id(work, self.doctor_id),
            chair_id=self.chair_id,
            override_reason=self.override_reason,
            notes={
                name: getattr(self, name) for name in ("patient_note", "internal_note") if name in self.model_fields_set
            },
        )


class EventActor(TypedDict):
    """Who did something to an appointment."""

    user_name: Annotated[str, Field(description="User name of the person")]
    user_type: Annotated[str, Field(description="The role of the person when it happened")]


class Event(TypedDict):
    """Something that happened to an appointment. Patients see less of `changes`."""

    at: Annotated[datetime, Field(description="When it happened, in UTC")]
    actor: Annotated[
        EventActor | None, Field(description="Who did it; null when no user of the API did, for instance an operator")
    ]
    action: Annotated[
        str,
        Field(
            description=(
                "What was done: `BOOK`, `MOVE`, `NOTE`, `CONFIRM`, `CONFIRM_ATTENDANCE`, `CHECK_IN`, `COMPLETE`, "
                "`NO_SHOW` or `CANCEL`; more may be added"
            )
        ),
    ]
    from_status: Annotated[Status | None, Field(description="The status before; null for `BOOK`")]
    to_status: Annotated[Status, Field(description="The status after")]
    reason: Annotated[str | None, Field(description="The reason that was given for `CANCEL`; null otherwise")]
    via: Annotated[
        str | None,
        Field(description="`LINK` if it was done on the page behind the link of a message; null otherwise"),
    ]
    changes: Annotated[
        dict[str, Any],
        Field(
            description=(
                "The changed fields by name: new values for `BOOK`, `[before, after]` for `MOVE` and `NOTE`; "
                "`override_reason` is always text. Patients do not see internal notes and override reasons."
            )
        ),
    ]


class EventPage(TypedDict):
    """One page of the history of an appointment."""

    items: Annotated[list[Event], Field(description="The events of this page, oldest first")]
    next_cursor: NextCursor


_FOR_STAFF = frozenset({"internal_note", "override_reason"})


def shown_event(event: EventView, *, staff: bool) -> Event:
    return {
        "at": event.at,
        "actor": None
        if event.user_name is None or event.user_type is None
        else {"user_name": event.user_name, "user_type": event.user_type},
        "action": event.action,
        "from_status": event.from_status,
        "to_status": event.to_status,
        "reason": event.reason,
        "via": event.via,
        "changes": {name: value for name, value in event.changes.items() if staff or name not in _FOR_STAFF},
    }
