"""Appointments: book, find, cancel."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from lambda_function.api.etags import etag, expected_versions
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.appointments import (
    APPOINTMENT_PAGE,
    Appointment,
    AppointmentPage,
    Cancellation,
    NewAppointment,
    shown,
)
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import Day, Instant, ParameterId, ParameterIdOrMe
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Status
from lambda_function.services import appointments, booking

router = Router()

AppointmentId = Annotated[ParameterId, Path()]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="ETag that the appointment must still have")]
PersonFilter = Annotated[ParameterIdOrMe | None, Query()]


def _own(work: UnitOfWork, person: int | Literal["me"] | None) -> int | None:
    return work.actor.user_id if person == "me" else person


def _answer(work: UnitOfWork, view: Any, status: HTTPStatus = HTTPStatus.OK) -> Response[Appointment]:
    headers = {"ETag": etag(view.version)}
    if status is HTTPStatus.CREATED:
        headers["Location"] = f"/appointments/{view.appointment_id}"
    return Response(status, content_types.APPLICATION_JSON, shown(view, staff=work.actor.is_staff), headers=headers)


@router.get(
    "/appointments",
    tags=["appointments"],
    summary="Appointments that the caller may see, by start",
    responses={200: {"description": "A page", "content": {"application/json": {"model": AppointmentPage}}}},
)
def get_appointments(  # noqa: PLR0917 - Powertools passes them by name
    from_: Annotated[Instant | None, Query(alias="from", description="Starting at or after")] = None,
    to: Annotated[Instant | None, Query(description="Starting before")] = None,
    date: Annotated[Day | None, Query(description="A day of the clinic's calendar")] = None,
    status: Annotated[Status | None, Query()] = None,
    doctor_id: PersonFilter = None,
    patient_id: PersonFilter = None,
    clinic_id: Annotated[ParameterId | None, Query()] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response[Any]:  # a closer type would make Powertools validate the page a second time
    work = current_work()
    rows = appointments.search(
        work,
        appointments.Search(
            limit=limit + 1,
            after=paging.after_start(cursor),
            starts_from=from_,
            starts_before=to,
            day=date,
            status=status,
            doctor_id=_own(work, doctor_id),
            patient_id=_own(work, patient_id),
            clinic_id=clinic_id,
        ),
    )
    page, last = paging.split(rows, limit)
    body: AppointmentPage = {
        "items": [shown(row, staff=work.actor.is_staff) for row in page],
        "next_cursor": paging.encode(last.starts_at, last.appointment_id) if last else None,
    }
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, APPOINTMENT_PAGE.dump_json(body).decode())


@router.get("/appointments/<appointment_id>", tags=["appointments"], summary="One appointment")
def get_appointment(appointment_id: AppointmentId) -> Response[Appointment]:
    work = current_work()
    return _answer(work, appointments.get(work, appointment_id))


@router.post("/appointments", tags=["appointments"], summary="Book a visit", status_code=HTTPStatus.CREATED)
def post_appointment(wanted: NewAppointment) -> Response[Appointment]:
    work = current_work()
    request = booking.BookingRequest(
        doctor_id=work.actor.user_id if wanted.doctor_id == "me" else wanted.doctor_id,
        treatment_id=wanted.treatment_id,
        starts_at=wanted.starts_at,
        patient_id=_own(work, wanted.patient_id),
        chair_id=wanted.chair_id,
        patient_note=wanted.patient_note,
        override_reason=wanted.override_reason,
    )
    return _answer(work, booking.book(work, request), HTTPStatus.CREATED)


@router.post("/appointments/<appointment_id>/cancel", tags=["appointments"], summary="Cancel, and free the time")
def post_cancel(
    appointment_id: AppointmentId, cancellation: Cancellation, if_match: IfMatch = None
) -> Response[Appointment]:
    work = current_work()
    view = booking.cancel(
        work, appointment_id, reason=cancellation.reason, expected_versions=expected_versions(if_match)
    )
    return _answer(work, view)
