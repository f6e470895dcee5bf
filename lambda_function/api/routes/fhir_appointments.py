"""FHIR R4: appointments, over the same services as /appointments."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

from lambda_function.api.fhir import resources
from lambda_function.api.fhir.bodies import CancelledFhirAppointment, CancelParameters, NewFhirAppointment
from lambda_function.api.fhir.bundle import Wanted, searchset
from lambda_function.api.fhir.routing import search_routes
from lambda_function.api.fhir.search import (
    NO_SPAN,
    After,
    Count,
    Format,
    LocationReference,
    PatientReference,
    PractitionerReference,
    Prefer,
    Summary,
    Total,
    fields_named,
    span_of,
)
from lambda_function.api.fhir.wire import BASE, MEDIA_TYPE, answer, expected, own_part, root_url
from lambda_function.api.middleware import current_work
from lambda_function.api.routes.fhir import DEFAULT_COUNT, search_zone
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.types import ParameterId
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.domain.appointment import Status, Step
from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.versions import check_version
from lambda_function.services import appointments, booking, catalogue, lifecycle

router = Router()

_BASE = f"{BASE}/Appointment"
_ONE = f"{_BASE}/<appointment_id>"
AppointmentId = Annotated[ParameterId, Path(description="Id of the appointment")]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", description='The ETag that was read, such as W/"1"; 412 if the appointment has changed since'
    ),
]

# The names of our services for elements and search parameters.
_ELEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "doctor_id": "participant",
        "patient_id": "participant",
        "treatment_id": "serviceType",
        "starts_at": "start",
    }
)
_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "doctor_id": "practitioner",
        "patient_id": "patient",
        "clinic_id": "location",
        "from": "date",
        "cursor": "_cursor",
    }
)
_STATUSES: Mapping[str, Status] = MappingProxyType({code: status for status, code in resources.STATUS.items()})
# The elements that may differ from what was read: those that FHIR lets a server ignore, and those of a cancellation.
_MAY_DIFFER = frozenset({"meta", "text", "status", "cancelationReason"})


@search_routes(router, "Appointment", "Search appointments")
def search_fhir_appointments(  # noqa: PLR0917 - Powertools passes them by name
    patient: Annotated[PatientReference | None, Query(description="Only appointments of this patient")] = None,
    practitioner: Annotated[
        PractitionerReference | None, Query(description="Only appointments with this doctor")
    ] = None,
    location: Annotated[LocationReference | None, Query(description="Only appointments in this clinic")] = None,
    date: Annotated[
        list[str] | None,
        Query(description="When they start: `eq`, `ge`, `gt`, `le` or `lt`, and a date or a time; may be repeated"),
    ] = None,
    status: Annotated[
        str | None,
        Query(max_length=200, description="Only appointments with one of these statuses, separated by commas"),
    ] = None,
    count: Count = DEFAULT_COUNT,
    cursor: After = None,
    summary: Summary = None,
    total: Total = None,
    _format: Format = None,
    _prefer: Prefer = None,
) -> Response[str]:
    """Lists the appointments that the caller may see and that match every parameter, by start.

    Patients see their own and their dependants', doctors their own calendar, and receptionists all of their clinics. A
    date without a time is a day of the `location`, else of the clinic of the doctor who asks, else of UTC.
    """
    work = current_work()
    wanted = Wanted(count, cursor, summary, total)
    with fields_named(_PARAMETERS):
        span = span_of(date, search_zone(work, location), "date") if date else NO_SPAN
        search = appointments.AppointmentSearch(
            limit=wanted.limit,
            after=paging.after_start(wanted.after),
            starts_from=span.start,
            starts_before=span.end,
            statuses=None if status is None else _statuses(status),
            doctor_id=practitioner,
            patient_id=patient,
            clinic_id=location,
        )
        rows = () if span.is_empty else appointments.search(work, search).visits
    return answer(
        searchset(
            router.current_event,
            wanted,
            rows,
            key=lambda row: (row.starts_at, row.appointment_id),
            shown=resources.appointment,
        )
    )


def _statuses(listed: str) -> set[Status]:
    """The statuses that are asked for. R4 has more than our six: those are accepted, but no appointment has them."""
    codes = set(listed.split(","))
    if not codes <= _STATUSES.keys() | resources.OTHER_STATUSES:
        raise InvalidInputError("Give FHIR appointment statuses, separated by commas.", field="status")
    return {_STATUSES[code] for code in codes & _STATUSES.keys()}


@router.get(_ONE, tags=["fhir"], summary="Read an appointment")
def get_fhir_appointment(appointment_id: AppointmentId, _format: Format = None) -> Response[str]:
    """Answers one appointment, with its version as the weak ETag. Patients see their own and their dependants', doctors
    their own, receptionists those of their clinics; any other is 404. Notes among staff are in no FHIR resource.
    """
    return answer(resources.appointment(appointments.get(current_work(), appointment_id)))


@router.post(
    _BASE,
    tags=["fhir"],
    summary="Book an appointment",
    status_code=HTTPStatus.CREATED,
)
def book_fhir_appointment(
    wanted: Annotated[NewFhirAppointment, Body(media_type=MEDIA_TYPE)],
    _format: Format = None,
) -> Response[str]:
    """Books a visit, by the rules of `POST /appointments`. The status is `booked`, or `pending` when a patient books
    a treatment that needs approval.

    Patients book for themselves and their dependants, doctors in their own calendar, and receptionists in their
    clinics; staff must name the patient. `slot`, `end` and `minutesDuration` must agree with the visit, else nothing is
    booked and 422 names the element. 409 `doctor_busy`, `patient_busy` or `chair_busy`: search for slots again.
    `If-None-Exist` is refused.
    """
    if "if-none-exist" in router.current_event.headers:
        raise InvalidInputError("Conditional creation is not supported.", field="If-None-Exist")
    work = current_work()
    coding = wanted.service_type[0].coding[0]
    with fields_named(_ELEMENTS):
        treatment = catalogue.treatment_by_code(work, coding.code)
        request = booking.BookingRequest(
            doctor_id=wanted.actors["Practitioner"],
            treatment_id=treatment.treatment_id,
            starts_at=wanted.start,
            patient_id=wanted.actors.get("Patient"),
            patient_note=wanted.comment,
        )
        view = booking.book(work, request)
    _check_agrees(wanted, view)
    location = f"{root_url(router.current_event)}/Appointment/{view.appointment_id}"
    return answer(resources.appointment(view), HTTPStatus.CREATED, headers={"Location": location})


def _check_agrees(wanted: NewFhirAppointment, view: AppointmentView) -> None:
    """Raises InvalidInputError, so that nothing is booked, where the request disagrees with the visit."""
    booked = resources.appointment(view)
    slot = resources.slot_id(view.doctor_id, view.treatment_id, view.starts_at)
    if wanted.slot and wanted.slot[0].reference != f"Slot/{slot}":
        raise InvalidInputError("The slot has another start, practitioner or service type.", field="slot.0.reference")
    if wanted.end not in {None, view.ends_at}:
        raise InvalidInputError(
            "The service type determines the end of the visit. Correct the end, or leave it out.", field="end"
        )
    if wanted.minutes_duration not in {None, booked["minutesDuration"]}:
        raise InvalidInputError(
            "The service type determines the length of the visit. Correct it, or leave it out.", field="minutesDuration"
        )
    if wanted.actors.get("Location") not in {None, view.clinic_id}:
        raise InvalidInputError("The practitioner works at another location.", field="participant")


@router.put(_ONE, tags=["fhir"], summary="Cancel an appointment by update")
def replace_fhir_appointment(
    appointment_id: AppointmentId,
    wanted: Annotated[CancelledFhirAppointment, Body(media_type=MEDIA_TYPE)],
    if_match: IfMatch = None,
    _format: Format = None,
) -> Response[str]:
    """Cancels an appointment: send it as it was read, with `status` set to `cancelled` and a `cancelationReason`.
    Any other change is 422 on the element that differs.

    Who may cancel, and until when, is described at `POST /appointments/{appointment_id}/cancel`. 412: the ETag in
    `If-Match` is no longer that of the appointment; read it again. 409 `invalid_transition`: it has ended or
    started.
    """
    work = current_work()
    view = appointments.get(work, appointment_id)
    check_version(view.version, expected(if_match))
    _check_unchanged(wanted.kept, resources.appointment(view))
    return _cancel(appointment_id, wanted.cancelation_reason.text, frozenset({view.version}))


def _check_unchanged(given: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    for name in sorted((given.keys() | current.keys()) - _MAY_DIFFER):
        if name not in given or name not in current or not _same(given[name], current[name]):
            raise InvalidInputError("Only status and cancelationReason may change.", field=name[:100])


def _same(given: Any, current: Any) -> bool:
    """Whether the client has sent what it read. It goes only as deep as `current`, however deep the other is."""
    match current:
        case dict():
            return (
                isinstance(given, dict)
                and given.keys() == current.keys()
                and all(_same(given[name], value) for name, value in current.items())
            )
        case list():
            return isinstance(given, list) and len(given) == len(current) and all(map(_same, given, current))
        case str():
            return isinstance(given, str) and (own_part(given) == current or _is_instant(given, current))
    return bool(given == current)


def _is_instant(given: str, current: str) -> bool:
    """Whether both are the same instant, which clients write in several ways."""
    try:
        moment, wanted = datetime.fromisoformat(given), datetime.fromisoformat(current)
    except ValueError:
        return False
    return None not in {moment.tzinfo, wanted.tzinfo} and moment == wanted


@router.post(
    f"{_ONE}/$cancel",
    tags=["fhir"],
    summary="Cancel an appointment",
)
def cancel_fhir_appointment(
    appointment_id: AppointmentId,
    wanted: Annotated[CancelParameters, Body(media_type=MEDIA_TYPE)],
    if_match: IfMatch = None,
    _format: Format = None,
) -> Response[str]:
    """Cancels an appointment, which frees its time at once; the time is offered to the waitlist.

    Who may cancel, and until when, is described at `POST /appointments/{appointment_id}/cancel`. 409
    `invalid_transition`: it has ended or started; read it again. 422 `past_cutoff`: the patient has to call the
    clinic.
    """
    return _cancel(appointment_id, wanted.parameter[0].value_string, expected(if_match))


def _cancel(appointment_id: int, reason: str, versions: frozenset[int] | None) -> Response[str]:
    view = lifecycle.take(current_work(), appointment_id, Step.CANCEL, reason=reason, expected_versions=versions)
    return answer(resources.appointment(view))
