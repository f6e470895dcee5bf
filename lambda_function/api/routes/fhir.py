"""FHIR R4: what the server can do, and what there is to book."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambda_function.api.fhir import resources
from lambda_function.api.fhir.bundle import Wanted, searchset
from lambda_function.api.fhir.capability import capability_statement
from lambda_function.api.fhir.routing import search_routes
from lambda_function.api.fhir.search import (
    After,
    AnyReference,
    Count,
    Format,
    LocationReference,
    PractitionerReference,
    Prefer,
    ScheduleReference,
    SlotCount,
    Summary,
    Total,
    code_of,
    fields_named,
    slot_key,
    span_of,
)
from lambda_function.api.fhir.wire import BASE, answer, root_url
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.types import ParameterId
from lambda_function.db.repositories.catalogue import TreatmentRow
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import InvalidInputError, NotFoundError, RangeTooWideError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.time_zones import time_zone
from lambda_function.services import availability, catalogue

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


@search_routes(router, "Schedule", "Search schedules")
def search_fhir_schedules(  # noqa: PLR0917 - Powertools passes them by name
    actor: Annotated[AnyReference | None, Query(description="Only schedules of this Practitioner or Location")] = None,
    practitioner: Annotated[PractitionerReference | None, Query(description="Only the schedule of this doctor")] = None,
    count: Count = DEFAULT_COUNT,
    cursor: After = None,
    summary: Summary = None,
    total: Total = None,
    _format: Format = None,
    _prefer: Prefer = None,
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
    wanted = Wanted(count, cursor, summary, total)
    with fields_named({"clinic_id": "actor", "cursor": "_cursor"}):
        found = catalogue.doctors(
            current_work(),
            clinic_id=clinic_id,
            treatment_id=None,
            doctor_id=doctor_id,
            after=paging.after_id(wanted.after),
            limit=wanted.limit,
        )
    bundle = searchset(
        router.current_event, wanted, found, key=lambda doctor: (doctor.user_id,), shown=resources.schedule
    )
    return answer(bundle)


@router.get(f"{BASE}/Schedule/<schedule_id>", tags=["fhir"], summary="Read a schedule")
def get_fhir_schedule(
    schedule_id: Annotated[ParameterId, Path(description="Id of the schedule: that of its doctor")],
    _format: Format = None,
) -> Response[str]:
    """Answers the schedule of one doctor, whose id it has. Every role may read it; 404: there is no such doctor."""
    return answer(resources.schedule(catalogue.doctor(current_work(), schedule_id)))


@search_routes(router, "Slot", "Search free slots")
def search_fhir_slots(  # noqa: PLR0917 - Powertools passes them by name
    start: Annotated[list[str], Query(description="Both ends, as `ge…` and `lt…`, at most 14 days apart")],
    service_type: Annotated[
        str | None,
        Query(
            alias="service-type",
            max_length=200,
            description="Code of a treatment, with or without its system: `checkup`. Left out, it is the treatment "
            "that most of the doctors asked for give by default",
        ),
    ] = None,
    schedule: Annotated[ScheduleReference | None, Query(description="Only slots of this schedule")] = None,
    practitioner: Annotated[PractitionerReference | None, Query(description="Only slots of this doctor")] = None,
    location: Annotated[LocationReference | None, Query(description="Only slots in this clinic")] = None,
    status: Annotated[Literal["free"], Query(description="Only free slots can be searched for")] = "free",
    count: SlotCount = DEFAULT_SLOTS,
    cursor: After = None,
    summary: Summary = None,
    total: Total = None,
    _format: Format = None,
    _prefer: Prefer = None,
) -> Response[str]:
    """Lists the times at which a treatment can be booked, by start. Slots are not stored: they are worked out from
    working hours and appointments. Whatever is listed can be booked until another caller books it.

    Every role may search; patients get only what they may book. Both ends of `start` are needed; there are no slots
    between ends that leave no time. 422 `range_too_wide`: ask for at most 14 days at a time.
    """
    work = current_work()
    if schedule is not None and practitioner not in {None, schedule}:
        raise InvalidInputError("The practitioner does not match the schedule.", field="practitioner")
    wanted = Wanted(count, cursor, summary, total)
    names = {"treatment_id": "service-type", "doctor_id": "practitioner" if practitioner else "schedule"}
    with fields_named({**names, "clinic_id": "location", "from": "start", "to": "start", "cursor": "_cursor"}):
        span = _whole_span(start, search_zone(work, location))
        found = _slots(work, service_type, span, wanted, doctor_id=schedule or practitioner, clinic_id=location)
    return answer(
        searchset(
            router.current_event,
            wanted,
            found,
            key=lambda row: (row[0].starts_at, row[0].doctor_id),
            shown=lambda row: resources.slot(*row),
        )
    )


def _slots(
    work: UnitOfWork,
    service_type: str | None,
    span: Interval,
    wanted: Wanted,
    *,
    doctor_id: int | None,
    clinic_id: int | None,
) -> list[tuple[availability.Slot, TreatmentRow]]:
    """Free slots with the treatment that is asked for, or else the usual one of the doctors in question."""
    if service_type is None:
        treatment = catalogue.usual_treatment(work, doctor_id=doctor_id, clinic_id=clinic_id)
    else:
        treatment = catalogue.treatment_by_code(work, code_of(service_type, "service-type"))
    after = paging.after_start(wanted.after)
    if treatment is None or span.start >= span.end:
        return []
    search = availability.SlotSearch(
        treatment_id=treatment.treatment_id,
        starts_from=span.start,
        starts_before=span.end,
        limit=wanted.limit,
        doctor_id=doctor_id,
        clinic_id=clinic_id,
        after=after,
    )
    return [(slot, treatment) for slot in availability.search(work, search)]


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
