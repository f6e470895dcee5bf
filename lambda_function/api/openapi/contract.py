"""What the OpenAPI document says beyond the routes: the families of routes, which codes a route answers beyond those
that follow from its shape, and the values for examples. The API does not load it to serve.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from lambda_function.api import problems
from lambda_function.api.fhir import wire
from lambda_function.api.fhir.outcome import of_problem
from lambda_function.api.openapi.fhir_examples import EXAMPLES
from lambda_function.api.openapi.message_examples import MESSAGE_EXAMPLES
from lambda_function.domain.errors import DomainError, HasBookingsError, PossibleDuplicateError
from lambda_function.services import value_messages
from lambda_function.web.codes import PROBLEM_CODES
from lambda_function.web.errors import EdgeError
from lambda_function.web.events import Result

_Code = Annotated[str, WithJsonSchema({"type": "string", "enum": sorted(PROBLEM_CODES)})]


# What the entries of `errors` say: what is wrong with a value, or which rule it breaks.
FIELD_CODES: Mapping[str, str] = MappingProxyType(
    {
        **value_messages.CODES,
        **{
            name: code.meaning for name, code in PROBLEM_CODES.items() if code.status is HTTPStatus.UNPROCESSABLE_ENTITY
        },
        "validation_error": "The value has the right form, but cannot be used here: the message says why.",
    }
)
_FieldCode = Annotated[
    str,
    WithJsonSchema({"type": "string", "enum": sorted(FIELD_CODES)}),
    Field(description="\n".join(f"- `{code}`: {meaning}" for code, meaning in sorted(FIELD_CODES.items()))),
]


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    field: Annotated[
        str,
        Field(
            description=(
                "The field, parameter or header that is wrong, such as `hours.0.start`; `body` for the request as a "
                "whole"
            )
        ),
    ]
    code: _FieldCode
    message: Annotated[str, Field(description="What to do, for people; it never repeats the value")]


class Problem(BaseModel):
    """An error (RFC 9457). Programs decide by `status` and `code`; `title` and `detail` are for people and may
    change.
    """

    type: Annotated[
        str,
        WithJsonSchema({"type": "string", "format": "uri"}),
        Field(description="The code as a URI; nothing is served there"),
    ]
    title: Annotated[str, Field(description="The code in words")]
    status: Annotated[int, Field(ge=400, le=599, description="The HTTP status")]
    detail: Annotated[str, Field(description="What went wrong, and often what to do about it")]
    code: Annotated[
        _Code,
        Field(
            description="What went wrong, as a stable word for programs; treat one that you do not know by its status"
        ),
    ]
    request_id: Annotated[str, Field(description="The same as X-Request-Id; quote it when you ask for help")]
    errors: Annotated[list[FieldError], Field(description="Each thing that is wrong; present with 422")] = []
    appointment_ids: Annotated[
        list[int], Field(description="With `has_bookings`: the appointments in the way that the caller may see")
    ] = []
    elsewhere: Annotated[
        int,
        Field(
            ge=0, description="With `has_bookings`: how many more appointments there are that the caller may not see"
        ),
    ] = 0
    user_ids: Annotated[
        list[int],
        Field(max_length=20, description="With `possible_duplicate`: the patients who may be the same, at most 20"),
    ] = []


class OutcomeCoding(BaseModel):
    """Our code for an error."""

    system: Annotated[Literal["urn:dentist-appointments:problem"], Field(description="The system of our codes")]
    code: Annotated[
        _Code,
        Field(
            description="What went wrong, as a stable word for programs; treat one that you do not know by its status"
        ),
    ]


class OutcomeDetails(BaseModel):
    """An error, for programs and for people."""

    coding: Annotated[list[OutcomeCoding], Field(min_length=1, max_length=1, description="Exactly one: our code")]
    text: Annotated[str, Field(description="What went wrong, for people")]


class OutcomeIssue(BaseModel):
    """One thing that is wrong with a request."""

    severity: Annotated[Literal["error"], Field(description="Always `error`")]
    code: Annotated[str, Field(description="FHIR's kind of issue, less exact than our code in `details`")]
    details: Annotated[OutcomeDetails, Field(description="Our code and a text for people")]
    diagnostics: Annotated[str, Field(description="The id of the request; quote it when you ask for help")]
    location: Annotated[list[str], Field(description="The parameter or header that is wrong, such as `http.date`")] = []
    expression: Annotated[list[str], Field(description="The element that is wrong, as a FHIRPath expression")] = []


class OperationOutcome(BaseModel):
    """An error in FHIR's form (https://hl7.org/fhir/R4/operationoutcome.html), with one issue for each thing that
    is wrong.
    """

    resourceType: Annotated[  # noqa: N815 - FHIR's name
        Literal["OperationOutcome"], Field(description="The kind of FHIR resource")
    ]
    issue: Annotated[list[OutcomeIssue], Field(min_length=1, description="What is wrong, one issue each")]


def _answer(code: str) -> Result:
    """The answer that the API itself writes for the code."""
    meaning = PROBLEM_CODES[code].meaning
    error: DomainError
    match code:
        case "has_bookings":
            error = HasBookingsError(meaning, [7])
        case "possible_duplicate":
            error = PossibleDuplicateError(meaning, [6])
        case _:
            error = EdgeError(code, meaning)
    return problems.from_domain(error, "c6af9ac6-7b61-11e6-9a41-93e8deadbeef")


def _problem(code: str) -> Any:
    return json.loads(_answer(code)["body"])


def _outcome(code: str) -> Any:
    event = {"rawPath": f"{wire.BASE}/Appointment", "requestContext": {"http": {"method": "POST"}}}
    return json.loads(of_problem(_answer(code), event)["body"])


@dataclass(frozen=True)
class Dialect:
    """How a family of routes is documented. `name` begins the names of its components, `refusal` is the schema of its
    errors, `example` makes an error from a code, `etag` is the pattern of its entity tags, and `codes` are those that
    any of its routes may answer beside the usual ones.
    """

    name: str
    media_type: str
    refusal_type: str
    refusal: type[Any]
    example: Callable[[str], Any]
    etag: str
    codes: frozenset[str] = frozenset()


PLAIN = Dialect("", "application/json", problems.CONTENT_TYPE, Problem, _problem, etag='^"[1-9][0-9]*"$')
FHIR = Dialect(
    "Fhir",
    wire.MEDIA_TYPE,
    wire.MEDIA_TYPE,
    OperationOutcome,
    _outcome,
    etag='^W/"[1-9][0-9]*"$',
    codes=frozenset({"not_supported"}),
)
DIALECTS = (PLAIN, FHIR)


@dataclass(frozen=True)
class Family:
    """The routes of one tag."""

    description: str
    dialect: Dialect = PLAIN


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "appointments": Family("Appointments: book, find, move, cancel and complete them."),
        "notifications": Family("Messages to people: reminders, confirmations and offers."),
        "availability": Family("Free slots that can be booked."),
        "recalls": Family("Recalls: which patients are due for a treatment again."),
        "waitlist": Family("The waitlist of patients who want a time that is not free."),
        "people": Family("The caller, and the other people whom the caller may see."),
        "catalogue": Family("Clinics, treatments and doctors, which operators maintain."),
        "opening": Family("When doctors work: weekly hours, exceptions and time off."),
        "calendar": Family("Appointments in calendar programs."),
        "legacy": Family("The routes of the first version of the service, by user name."),
        "fhir": Family("The same appointments for FHIR R4 clients.", FHIR),
        "health": Family("Whether the service runs and can serve."),
    }
)

_BUSY = frozenset({"doctor_busy", "patient_busy", "chair_busy"})
_PLACE = _BUSY | {"too_soon", "too_late", "off_grid", "outside_hours", "treatment_not_offered"}

# The codes of each operation that do not follow from its shape (api/openapi/document.py says which do). The tests check
# every answer that they get against this.
REFUSALS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "book_appointment": _PLACE | {"too_many_requests_open", "too_many_open_visits"},
        "change_appointment": _PLACE
        | {"too_many_requests_open", "too_many_open_visits", "past_cutoff", "invalid_transition"},
        "cancel_appointment": frozenset({"past_cutoff", "invalid_transition"}),
        "remind_of_appointment": frozenset({"invalid_transition", "reminded_recently"}),
        "register_appointment": frozenset({"no_register"}),
        "confirm_appointment": frozenset({"invalid_transition"}),
        "confirm_attendance": frozenset({"invalid_transition"}),
        "check_in_appointment": frozenset({"invalid_transition"}),
        "complete_appointment": frozenset({"invalid_transition"}),
        "mark_no_show": frozenset({"invalid_transition"}),
        "list_free_slots": frozenset({"range_too_wide"}),
        "create_time_off": frozenset({"has_bookings"}),
        "create_user": frozenset({"name_taken", "possible_duplicate", "identifier_taken", "throttled"}),
        "change_user": frozenset({"identifier_taken", "throttled"}),
        "deactivate_user": frozenset({"has_bookings"}),
        "create_link_code": frozenset({"link_refused"}),
        "link_account": frozenset({"link_refused", "throttled"}),
        "open_recall": frozenset({"already_recalled"}),
        "change_recall": frozenset({"invalid_transition"}),
        "dismiss_recall": frozenset({"invalid_transition"}),
        "join_waitlist": frozenset({"already_waiting", "too_many_waiting", "treatment_not_offered"}),
        "leave_waitlist": frozenset({"invalid_transition"}),
        "accept_offer": _PLACE
        | {"offer_expired", "invalid_transition", "too_many_requests_open", "too_many_open_visits"},
        "get_calendar": frozenset({"not_found"}),
        "delete_calendar_token": frozenset({"not_found"}),
        "search_fhir_slots": frozenset({"range_too_wide"}),
        "search_fhir_slots_by_form": frozenset({"range_too_wide"}),
        "book_fhir_appointment": _PLACE | {"too_many_requests_open", "too_many_open_visits"},
        "replace_fhir_appointment": frozenset({"past_cutoff", "invalid_transition"}),
        "cancel_fhir_appointment": frozenset({"past_cutoff", "invalid_transition"}),
        "book_visit_by_name": _PLACE | {"not_found", "ambiguous_time", "nonexistent_time"},
    }
)

# Parameters without an example. Swagger UI sends the examples as they are, and only the caller knows a value for these:
# the page and the version that were read, a new key, a secret. An invented value would be refused, as would a day
# together with the span of time that has examples already; and together with the other examples, a number or a date of
# birth would find nobody.
UNSHOWN = frozenset(
    {
        "cursor",
        "_cursor",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "exclude_appointment_id",
        "token",
        "list_appointments.date",
        "list_appointments.registration",
        "list_notifications.appointment_id",
        "list_users.active",
        "list_users.birth_date",
        "list_users.identifier",
        "search_fhir_patients.birthdate",
    }
)

# Examples are composed of these values, which are found by the name of a field, a parameter or a schema, or by
# `Schema.field` or `operation.parameter`. A field that has no value here is null, or gets one for its type.
VALUES: Mapping[str, Any] = MappingProxyType(
    {
        **EXAMPLES,
        **MESSAGE_EXAMPLES,
        "accept_conflicts": False,
        "NewPatient.user_name": "luz",
        "NewPatient.full_name": "Luz Paredes",
        "NewPatient.email": "luz@example.org",
        "NewTimeOff.starts_at": "2030-01-28T05:00:00Z",
        "NewTimeOff.ends_at": "2030-01-30T05:00:00Z",
        "action": "BOOK",
        "appointment_date": "2030-01-08 10:00:00",
        "at": "2030-01-07T14:00:00Z",
        "accept_duplicate": False,
        "active": True,
        "attendance_confirmed": False,
        "birth_date": "1990-01-31",
        "contact_by": "EMAIL",
        "identifiers": [{"system": "national_id", "value": "12345678"}],
        "language": "es",
        "NewIdentifier.value": "12345678",
        "ShownIdentifier.value": "12345678",
        "system": "national_id",
        "NewPatient.birth_date": "1994-06-30",
        "NewPatient.identifiers": [{"system": "national_id", "value": "87.654.321"}],
        "changes": {"starts_at": [None, "2030-01-08T15:00:00Z"]},
        "code": "checkup",
        "ShownRegistration.error": None,
        "ShownRegistration.status": "DONE",
        "country": "PE",
        "created_at": "2030-01-07T14:00:00Z",
        "created_from": "2030-01-01T00:00:00Z",
        "created_to": "2030-02-01T00:00:00Z",
        "cutoff_minutes": 1440,
        "Link.code": "K5QTSMBSGU3DOOBZGEZDGNBVGY",
        "NewLinkCode.code": "K5QTSMBSGU3DOOBZGEZDGNBVGY",
        "NewLinkCode.expires_at": "2030-01-14T14:00:00Z",
        "Guardian.ends_on": "2041-05-17",
        "Guardian.full_name": "Luz Paredes",
        "Guardian.reason": None,
        "Guardian.user_id": 7,
        "NewGuardian.reason": "Decision of a court",
        "guardian_id": 7,
        "date": "2030-01-08",
        "day": "2030-01-08",
        "doctor": "drjay",
        "duration_minutes": 30,
        "email": "pat@example.org",
        "end": "12:00",
        "ends_at": "2030-01-08T15:30:00Z",
        "expires_at": "2030-01-07T16:00:00Z",
        "from": "2030-01-08T00:00:00Z",
        "full_name": "Pat Paredes",
        "Health.version": "0.1.0",
        "horizon_days": 400,
        "lead_minutes": 60,
        "limit": 50,
        "Clinic.address": "Jirón de la Unión 421, Lima",
        "Clinic.email": "lima@clinic.example",
        "Clinic.name": "Lima Centro",
        "Clinic.phone": "+51 1 555 0142",
        "ClinicName.name": "Lima Centro",
        "Treatment.name": "Check-up",
        "TreatmentName.name": "Check-up",
        "patient": "pat",
        "patient_id": 6,
        "patient_note": "I come by wheelchair",
        "phone": "+51 999 111 222",
        "price": "120.00",
        "q": "pat",
        "reason": "I have the flu",
        "slot_step_minutes": 15,
        "start": "09:00",
        "starts_at": "2030-01-08T15:00:00Z",
        "status": "BOOKED",
        "time_zone": "America/Lima",
        "to": "2030-01-15T00:00:00Z",
        "token": "u3yQ0f2sX9cH5b1kZr7TtVd8mLwEoJaN",
        "updated_at": "2030-01-07T14:00:00Z",
        "user_id": 6,
        "user_name": "pat",
        "user_type": "PATIENT",
        "verificationNumber": "7",
        "weekday": 1,
        "_count": 50,
        "_id": "6",
        "_summary": "false",
        "_total": "accurate",
        "family": "paredes",
        "given": "pat",
        "Prefer": "handling=strict",
        "search_fhir_locations._id": "1",
        "search_fhir_locations.name": "Lima",
        "search_fhir_patients.name": "pat",
        "search_fhir_patients.identifier": "urn:dentist-appointments:user-name|pat",
        "search_fhir_practitioners._id": "1",
        "search_fhir_practitioners.name": "jay",
        "search_fhir_practitioners.family": "quispe",
        "search_fhir_practitioners.given": "jay",
        "search_fhir_appointments.date": ["ge2030-01-08", "lt2030-01-15"],
        "search_fhir_appointments.location": "Location/1",
        "search_fhir_appointments.patient": "Patient/6",
        "search_fhir_appointments.practitioner": "Practitioner/1",
        "search_fhir_appointments.status": "booked,pending",
        "search_fhir_schedules.actor": "Location/1",
        "search_fhir_schedules.practitioner": "Practitioner/1",
        "search_fhir_slots.location": "Location/1",
        "search_fhir_slots.practitioner": "Practitioner/1",
        "search_fhir_slots.schedule": "Schedule/1",
        "search_fhir_slots.service-type": "checkup",
        "search_fhir_slots.start": ["ge2030-01-08", "lt2030-01-15"],
        "slot_id": "1-1-20300108T1500Z",
    }
)
