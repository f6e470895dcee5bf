"""A doctor's time off."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from lambda_function.api.ids import DoctorId, acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.time_off import CreatedTimeOff, NewTimeOff, TimeOffPage, shown_time_off
from lambda_function.api.schemas.types import ParameterId
from lambda_function.services import time_off

router = Router()


@router.get("/doctors/<doctor_id>/time-off", tags=["opening"], summary="List a doctor's time off")
def list_time_off(doctor_id: DoctorId, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None) -> TimeOffPage:
    """Lists the time off of a doctor, past time off included, by id. Doctors see their own, receptionists that of the
    doctors of their clinics; patients get 403.
    """
    work = current_work()
    rows = time_off.page(work, acting_id(work, doctor_id), after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.time_off_id,), shown=shown_time_off)


@router.post(
    "/doctors/<doctor_id>/time-off",
    tags=["opening"],
    summary="Enter time off for a doctor",
    status_code=HTTPStatus.CREATED,
)
def create_time_off(doctor_id: DoctorId, wanted: NewTimeOff) -> Response[CreatedTimeOff]:
    """Enters time off for a doctor. During that time nobody can book the doctor, not even a receptionist with
    `override_reason`.

    Doctors may do this for themselves, receptionists for the doctors of their clinics. Appointments in that time
    stay as they are. 409 `has_bookings`: there are such appointments; show them, then move them or repeat the
    request with `accept_conflicts`.
    """
    work = current_work()
    doctor = acting_id(work, doctor_id)
    time_off_id, booked = time_off.take(
        work, doctor, time_off.NewTimeOff(wanted.starts_at, wanted.ends_at, wanted.reason, wanted.accept_conflicts)
    )
    body: CreatedTimeOff = {
        "time_off_id": time_off_id,
        "starts_at": wanted.starts_at,
        "ends_at": wanted.ends_at,
        "reason": wanted.reason,
        "appointment_ids": booked,
    }
    headers = {"Location": f"/doctors/{doctor}/time-off/{time_off_id}"}
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, body, headers=headers)


@router.delete(
    "/doctors/<doctor_id>/time-off/<time_off_id>",
    tags=["opening"],
    summary="Delete time off of a doctor",
    status_code=HTTPStatus.NO_CONTENT,
)
def delete_time_off(
    doctor_id: DoctorId, time_off_id: Annotated[ParameterId, Path(description="Id of the time off")]
) -> Response[None]:
    """Deletes time off, so that the doctor can be booked again; the time is offered to the waitlist.

    Doctors may do this for themselves, receptionists for the doctors of their clinics. 404: the doctor has no such
    time off.
    """
    work = current_work()
    time_off.give_up(work, acting_id(work, doctor_id), time_off_id)
    return Response(HTTPStatus.NO_CONTENT)
