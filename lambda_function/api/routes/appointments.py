"""Appointments: book, find, move, and the steps of their life."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from lambda_function.api.etags import etag, expected_versions
from lambda_function.api.ids import acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.appointments import (
    APPOINTMENT_PAGE,
    Appointment,
    AppointmentChange,
    AppointmentPage,
    Cancellation,
    EventPage,
    NewAppointment,
    shown,
    shown_event,
)
from lambda_function.api.schemas.empty import EmptyBody
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import Day, Instant, ParameterId, ParameterIdOrMe
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Status, Step
from lambda_function.services import appointments, booking, lifecycle, moving

router = Router()

AppointmentId = Annotated[ParameterId, Path()]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="ETag that the appointment must still have")]
PersonFilter = Annotated[ParameterIdOrMe | None, Query()]


def answer_appointment(
    work: UnitOfWork, view: AppointmentView, status: HTTPStatus = HTTPStatus.OK
) -> Response[Appointment]:
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
def list_appointments(  # noqa: PLR0917 - Powertools passes them by name
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
        appointments.AppointmentSearch(
            limit=limit + 1,
            after=paging.after_start(cursor),
            starts_from=from_,
            starts_before=to,
            day=date,
            statuses=None if status is None else {status},
            doctor_id=acting_id(work, doctor_id),
            patient_id=acting_id(work, patient_id),
            clinic_id=clinic_id,
        ),
    )
    body: AppointmentPage = paging.page(
        rows,
        limit,
        key=lambda row: (row.starts_at, row.appointment_id),
        shown=lambda row: shown(row, staff=work.actor.is_staff),
    )
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, APPOINTMENT_PAGE.dump_json(body).decode())


@router.get("/appointments/<appointment_id>", tags=["appointments"], summary="One appointment")
def get_appointment(appointment_id: AppointmentId) -> Response[Appointment]:
    work = current_work()
    return answer_appointment(work, appointments.get(work, appointment_id))


@router.post("/appointments", tags=["appointments"], summary="Book a visit", status_code=HTTPStatus.CREATED)
def book_appointment(wanted: NewAppointment) -> Response[Appointment]:
    work = current_work()
    request = booking.BookingRequest(
        doctor_id=acting_id(work, wanted.doctor_id),
        treatment_id=wanted.treatment_id,
        starts_at=wanted.starts_at,
        patient_id=acting_id(work, wanted.patient_id),
        chair_id=wanted.chair_id,
        patient_note=wanted.patient_note,
        override_reason=wanted.override_reason,
    )
    return answer_appointment(work, booking.book(work, request), HTTPStatus.CREATED)


@router.patch("/appointments/<appointment_id>", tags=["appointments"], summary="Move, or change notes")
def change_appointment(
    appointment_id: AppointmentId, wanted: AppointmentChange, if_match: IfMatch = None
) -> Response[Appointment]:
    work = current_work()
    change = moving.ChangeRequest(
        starts_at=wanted.starts_at,
        doctor_id=acting_id(work, wanted.doctor_id),
        chair_id=wanted.chair_id,
        override_reason=wanted.override_reason,
        notes=wanted.notes(),
    )
    view = moving.change(work, appointment_id, change, expected_versions=expected_versions(if_match))
    return answer_appointment(work, view)


def _take(appointment_id: int, step: Step, if_match: str | None, reason: str | None = None) -> Response[Appointment]:
    work = current_work()
    view = lifecycle.take(work, appointment_id, step, reason=reason, expected_versions=expected_versions(if_match))
    return answer_appointment(work, view)


@router.post("/appointments/<appointment_id>/cancel", tags=["appointments"], summary="Cancel, and free the time")
def cancel_appointment(
    appointment_id: AppointmentId, cancellation: Cancellation, if_match: IfMatch = None
) -> Response[Appointment]:
    return _take(appointment_id, Step.CANCEL, if_match, cancellation.reason)


@router.post("/appointments/<appointment_id>/confirm", tags=["appointments"], summary="Confirm a request")
def confirm_appointment(
    appointment_id: AppointmentId, body: EmptyBody | None = None, if_match: IfMatch = None
) -> Response[Appointment]:
    return _take(appointment_id, Step.CONFIRM, if_match)


@router.post("/appointments/<appointment_id>/check-in", tags=["appointments"], summary="The patient is here")
def check_in_appointment(
    appointment_id: AppointmentId, body: EmptyBody | None = None, if_match: IfMatch = None
) -> Response[Appointment]:
    return _take(appointment_id, Step.CHECK_IN, if_match)


@router.post("/appointments/<appointment_id>/complete", tags=["appointments"], summary="The visit is over")
def complete_appointment(
    appointment_id: AppointmentId, body: EmptyBody | None = None, if_match: IfMatch = None
) -> Response[Appointment]:
    return _take(appointment_id, Step.COMPLETE, if_match)


@router.post("/appointments/<appointment_id>/no-show", tags=["appointments"], summary="The patient did not come")
def mark_no_show(
    appointment_id: AppointmentId, body: EmptyBody | None = None, if_match: IfMatch = None
) -> Response[Appointment]:
    return _take(appointment_id, Step.NO_SHOW, if_match)


@router.get("/appointments/<appointment_id>/history", tags=["appointments"], summary="What happened to it")
def list_appointment_history(
    appointment_id: AppointmentId, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> EventPage:
    work = current_work()
    rows = appointments.history(work, appointment_id, after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(
        rows, limit, key=lambda row: (row.event_id,), shown=lambda row: shown_event(row, staff=work.actor.is_staff)
    )
