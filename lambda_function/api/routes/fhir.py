"""FHIR R4: what the server can do, and what there is to book with whom."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal
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
from lambda_function.domain.intervals import Interval
from lambda_function.domain.time_zones import time_zone
from lambda_function.services import availability, catalogue, people

router = Router()

MAX_RANGE = timedelta(days=14)
DEFAULT_COUNT, DEFAULT_SLOTS = 50, 200


@router.get(
    f"{BASE}/metadata",
    tags=["fhir"],
    summary="Read the capability statement",
)
def get_fhir_metadata(_format: Format = None) -> Response[str]:
    """Answers what this FHIR server can do: its resources, interactions and search parameters. Anybody may ask,
    without a token.
    """
    return answer(capability_statement(root_url(router.current_event)))


@router.get(
    f"{BASE}/Schedule",
    tags=["fhir"],
    summary="Search schedules",
)
def search_fhir_schedules(
    actor: Annotated[AnyReference | None, Query(description="Only schedules of this Practitioner or Location")] = None,
    practitioner: Annotated[PractitionerReference | None, Query(description="Only the schedule of this doctor")] = None,
    count: Count = DEFAULT_COUNT,
    cursor: After = None,
    _format: Format = None,
) -> Response[str]:
    """Lists the schedules that can be booked, one for each active doctor, by id. Every role may search.

    422: `actor` is neither a Practitioner nor a Location, or it disagrees with `practitioner`.
    """
    doctor_id, clinic_id = practitioner, None
    match actor:
        case ("Practitioner", actor_id) if practitioner in {None, actor_id}:
            doctor_id = actor_id
        case ("Location", actor_id):
            clinic_id = actor_id
        case (_, _):
            raise InvalidInputError(
                "Give a Practitioner or a Location that agrees with the other parameters.", field="actor"
            )
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


@router.get(f"{BASE}/Schedule/<schedule_id>", tags=["fhir"], summary="Read a schedule")
def get_fhir_schedule(
    schedule_id: Annotated[ParameterId, Path(description="Id of the schedule: that of its doctor")],
    _format: Format = None,
) -> Response[str]:
    """Answers the schedule of one doctor, whose id it has. Every role may read it; 404: there is no such doctor."""
    return answer(resources.schedule(catalogue.doctor(current_work(), schedule_id)))


@router.get(
    f"{BASE}/Slot",
    tags=["fhir"],
    summary="Search free slots",
)
def search_fhir_slots(  # noqa: PLR0917 - Powertools passes them by name
    service_type: Annotated[
        str,
        Query(
            alias="service-type",
            max_length=200,
            description="Code of a treatment, with or without its system: `checkup`",
        ),
    ],
    start: Annotated[list[str], Query(description="Both ends, as `ge…` and `lt…`, at most 14 days apart")],
    schedule: Annotated[ScheduleReference | None, Query(description="Only slots of this schedule")] = None,
    practitioner: Annotated[PractitionerReference | None, Query(description="Only slots of this doctor")] = None,
    location: Annotated[LocationReference | None, Query(description="Only slots in this clinic")] = None,
    status: Annotated[Literal["free"], Query(description="Only free slots can be searched for")] = "free",
    count: SlotCount = DEFAULT_SLOTS,
    cursor: After = None,
    _format: Format = None,
) -> Response[str]:
    """Lists the times at which a treatment can be booked, by start. Slots are not stored: they are worked out from
    working hours and appointments. Whatever is listed can be booked until another caller books it.

    Every role may search; patients get only what they may book. `service-type` and both ends of `start` are needed.
    422 `range_too_wide`: ask for at most 14 days at a time.
    """
    work = current_work()
    if schedule is not None and practitioner not in {None, schedule}:
        raise InvalidInputError("The practitioner does not match the schedule.", field="practitioner")
    names = {"treatment_id": "service-type", "doctor_id": "practitioner" if practitioner else "schedule"}
    with fields_named({**names, "clinic_id": "location", "from": "start", "to": "start", "cursor": "_cursor"}):
        span = _whole_span(start, search_zone(work, location))
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


def _whole_span(start: Sequence[str], zone: ZoneInfo | None) -> Interval:
    """Raises InvalidInputError unless both ends are given, and RangeTooWideError."""
    span = span_of(start, zone, "start")
    if span.start is None or span.end is None:
        raise InvalidInputError("Give the start twice: from when with ge, and until when with lt.", field="start")
    if span.end - span.start > MAX_RANGE:
        raise RangeTooWideError(f"Ask for at most {MAX_RANGE.days} days at a time.", field="start")
    return Interval(span.start, span.end)


def search_zone(work: UnitOfWork, clinic_id: int | None) -> ZoneInfo | None:
    """The zone for dates without a time: that of the location, else of the clinic of the doctor who asks, else UTC.
    None if the clinic's zone is unknown.
    """
    if clinic_id is None and work.actor.role is Role.DOCTOR:
        clinic_id = work.actor.clinic_ids[0]
    if clinic_id is None:
        return time_zone("UTC")
    try:
        return time_zone(catalogue.clinic(work, clinic_id).time_zone)
    except NotFoundError as error:
        raise InvalidInputError(error.detail, field="clinic_id") from None


@router.get(f"{BASE}/Slot/<slot_id>", tags=["fhir"], summary="Read a slot")
def get_fhir_slot(
    slot_id: Annotated[str, Path(description="Id of the slot, as a search answered it")], _format: Format = None
) -> Response[str]:
    """Answers a slot as long as it is free. Every role may read it. 404: it is taken, or it never existed; search
    again.
    """
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
        raise NotFoundError("There is no such slot, or it is no longer free.")
    return answer(resources.slot(found[0], treatment))


@router.get(
    f"{BASE}/Practitioner/<practitioner_id>",
    tags=["fhir"],
    summary="Read a practitioner",
)
def get_fhir_practitioner(
    practitioner_id: Annotated[ParameterId, Path(description="Id of the doctor")], _format: Format = None
) -> Response[str]:
    """Answers a doctor, by name only. Every role may read it; 404: there is no such doctor."""
    return answer(resources.practitioner(catalogue.doctor(current_work(), practitioner_id)))


@router.get(
    f"{BASE}/Patient/<patient_id>",
    tags=["fhir"],
    summary="Read a patient",
)
def get_fhir_patient(
    patient_id: Annotated[ParameterId, Path(description="Id of the patient")], _format: Format = None
) -> Response[str]:
    """Answers a patient whom the caller may see; anybody else is 404. Patients see themselves, doctors the patients
    of their clinic, and receptionists those of their clinics and of no clinic. `telecom` is left out where the
    caller may not see contact data.
    """
    person = people.get(current_work(), patient_id)
    if person.user_type is not Role.PATIENT:
        raise NotFoundError("There is no such patient.")
    return answer(resources.patient(person))


@router.get(f"{BASE}/Location/<location_id>", tags=["fhir"], summary="Read a location")
def get_fhir_location(
    location_id: Annotated[ParameterId, Path(description="Id of the clinic")], _format: Format = None
) -> Response[str]:
    """Answers a clinic, with its time zone and country. Every role may read it; 404: there is no such clinic."""
    return answer(resources.location(catalogue.clinic(current_work(), location_id)))
