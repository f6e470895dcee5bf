"""FHIR R4: what the server can do, and what there is to book with whom."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambda_function.api.fhir import resources
from lambda_function.api.fhir.bundle import searchset
from lambda_function.api.fhir.capability import capability_statement
from lambda_function.api.fhir.search import (
    After,
    AnyReference,
    Count,
    Format,
    LocationReference,
    PractitionerReference,
    ScheduleReference,
    SlotCount,
    code_of,
    fields_named,
    slot_key,
    span_of,
)
from lambda_function.api.fhir.wire import BASE, answer, root_url
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.types import ParameterId
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import InvalidInputError, NotFoundError, RangeTooWideError
from lambda_function.services import availability, catalogue, people

router = Router()

MAX_RANGE = timedelta(days=14)
DEFAULT_COUNT, DEFAULT_SLOTS = 50, 200


@router.get(
    f"{BASE}/metadata",
    tags=["fhir"],
    summary="What this FHIR server can do",
)
def get_fhir_metadata(_format: Format = None) -> Response[Any]:
    return answer(capability_statement(root_url(router.current_event)))


@router.get(
    f"{BASE}/Schedule",
    tags=["fhir"],
    summary="Whose time can be booked: one schedule for each doctor",
)
def search_fhir_schedules(
    actor: Annotated[AnyReference | None, Query(description="Practitioner/1 or Location/1")] = None,
    practitioner: Annotated[PractitionerReference | None, Query()] = None,
    count: Count = DEFAULT_COUNT,
    cursor: After = None,
    _format: Format = None,
) -> Response[Any]:
    doctor_id, clinic_id = practitioner, None
    match actor:
        case ("Practitioner", actor_id) if practitioner in {None, actor_id}:
            doctor_id = actor_id
        case ("Location", actor_id):
            clinic_id = actor_id
        case (_, _):
            raise InvalidInputError("It is a Practitioner or a Location, and agrees with the rest.", field="actor")
    with fields_named({"clinic_id": "actor", "cursor": "_cursor"}):
        found = catalogue.doctors(
            current_work(),
            clinic_id=clinic_id,
            treatment_id=None,
            doctor_id=doctor_id,
            after=paging.after_id(cursor),
            limit=count + 1,
        )
    page = paging.page(found, count, key=lambda doctor: (doctor.user_id,), shown=resources.schedule)
    return answer(searchset(router.current_event, page))


@router.get(f"{BASE}/Schedule/<schedule_id>", tags=["fhir"], summary="One schedule")
def get_fhir_schedule(schedule_id: Annotated[ParameterId, Path()], _format: Format = None) -> Response[Any]:
    return answer(resources.schedule(catalogue.doctor(current_work(), schedule_id)))


@router.get(
    f"{BASE}/Slot",
    tags=["fhir"],
    summary="Free time, worked out when it is asked for",
)
def search_fhir_slots(  # noqa: PLR0917 - Powertools passes them by name
    service_type: Annotated[str, Query(alias="service-type", max_length=200, description="Code of a treatment")],
    start: Annotated[list[str], Query(description="Both ends: ge and lt, at most 14 days apart")],
    schedule: Annotated[ScheduleReference | None, Query()] = None,
    practitioner: Annotated[PractitionerReference | None, Query()] = None,
    location: Annotated[LocationReference | None, Query()] = None,
    status: Annotated[Literal["free"], Query(description="Nothing else is shown")] = "free",
    count: SlotCount = DEFAULT_SLOTS,
    cursor: After = None,
    _format: Format = None,
) -> Response[Any]:
    work = current_work()
    if schedule is not None and practitioner not in {None, schedule}:
        raise InvalidInputError("It is another's than the schedule.", field="practitioner")
    names = {"treatment_id": "service-type", "doctor_id": "practitioner" if practitioner else "schedule"}
    with fields_named({**names, "clinic_id": "location", "from": "start", "to": "start", "cursor": "_cursor"}):
        span = span_of(start, search_zone(work, location), "start")
        if span.start is None or span.end is None:
            raise InvalidInputError("Say from when (ge) and until when (lt).", field="start")
        if span.end - span.start > MAX_RANGE:
            raise RangeTooWideError(f"At most {MAX_RANGE.days} days at a time.", field="start")
        treatment = catalogue.treatment_by_code(work, code_of(service_type, "service-type"))
        found = availability.search(
            work,
            availability.SlotSearch(
                treatment_id=treatment.treatment_id,
                starts_from=span.start,
                starts_before=span.end,
                limit=count + 1,
                doctor_id=schedule or practitioner,
                clinic_id=location,
                after=paging.after_start(cursor),
            ),
        )
    page = paging.page(
        found,
        count,
        key=lambda slot: (slot.starts_at, slot.doctor_id),
        shown=lambda slot: resources.slot(slot, treatment),
    )
    return answer(searchset(router.current_event, page))


def search_zone(work: UnitOfWork, clinic_id: int | None) -> ZoneInfo:
    """Whose days a date without a time means: the location's, else the doctor's who asks, else UTC's."""
    if clinic_id is None and work.actor.role is Role.DOCTOR:
        clinic_id = work.actor.clinic_ids[0]
    if clinic_id is None:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(catalogue.clinic(work, clinic_id).time_zone)
    except NotFoundError as error:
        raise InvalidInputError(error.detail, field="clinic_id") from None


@router.get(f"{BASE}/Slot/<slot_id>", tags=["fhir"], summary="A slot, while it is free")
def get_fhir_slot(slot_id: Annotated[str, Path()], _format: Format = None) -> Response[Any]:
    work = current_work()
    wanted = slot_key(slot_id)
    treatment = catalogue.treatment(work, wanted.treatment_id)
    found = availability.search(
        work,
        availability.SlotSearch(
            treatment_id=wanted.treatment_id,
            starts_from=wanted.start,
            starts_before=wanted.start + timedelta(minutes=1),
            limit=1,
            doctor_id=catalogue.doctor(work, wanted.doctor_id).user_id,
        ),
    )
    if not found:
        raise NotFoundError("There is no such slot, or it is not free any more.")
    return answer(resources.slot(found[0], treatment))


@router.get(
    f"{BASE}/Practitioner/<practitioner_id>",
    tags=["fhir"],
    summary="A doctor",
)
def get_fhir_practitioner(practitioner_id: Annotated[ParameterId, Path()], _format: Format = None) -> Response[Any]:
    return answer(resources.practitioner(catalogue.doctor(current_work(), practitioner_id)))


@router.get(
    f"{BASE}/Patient/<patient_id>",
    tags=["fhir"],
    summary="A patient whom the caller may see",
)
def get_fhir_patient(patient_id: Annotated[ParameterId, Path()], _format: Format = None) -> Response[Any]:
    person = people.get(current_work(), patient_id)
    if person.user_type is not Role.PATIENT:
        raise NotFoundError("There is no such patient.")
    return answer(resources.patient(person))


@router.get(f"{BASE}/Location/<location_id>", tags=["fhir"], summary="A clinic")
def get_fhir_location(location_id: Annotated[ParameterId, Path()], _format: Format = None) -> Response[Any]:
    return answer(resources.location(catalogue.clinic(current_work(), location_id)))
