"""When a doctor works: weekly hours, exceptions of one date, leave."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.opening import (
    ChangedException,
    ChangedWeek,
    CreatedTimeOff,
    ExceptionPage,
    NewException,
    NewTimeOff,
    NewWeek,
    TimeOffPage,
    Week,
    shown_exceptions,
    shown_hours,
    shown_week,
)
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import Day, ParameterId, ParameterIdOrMe
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.services import opening

router = Router()

DoctorId = Annotated[ParameterIdOrMe, Path()]
ExceptionDate = Annotated[Day, Path()]


def _doctor(work: UnitOfWork, doctor_id: int | Literal["me"]) -> int:
    return work.actor.user_id if doctor_id == "me" else doctor_id


@router.get("/doctors/<doctor_id>/working-hours", tags=["opening"], summary="The weekly hours of a doctor")
def get_working_hours(doctor_id: DoctorId) -> Week:
    work = current_work()
    return {"hours": shown_week(opening.weekly(work, _doctor(work, doctor_id)))}


@router.put("/doctors/<doctor_id>/working-hours", tags=["opening"], summary="Replace the whole week")
def replace_working_hours(doctor_id: DoctorId, week: NewWeek) -> ChangedWeek:
    work = current_work()
    hours = [hours.weekly() for hours in week.hours]
    outside = opening.replace_weekly(work, _doctor(work, doctor_id), hours)
    return {"hours": shown_week(hours), "outside_appointment_ids": outside}


@router.get("/doctors/<doctor_id>/exceptions", tags=["opening"], summary="Dates with hours of their own")
def list_exceptions(
    doctor_id: DoctorId,
    from_: Annotated[Day | None, Query(alias="from", description="The first date")] = None,
    to: Annotated[Day | None, Query(description="The last date")] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> ExceptionPage:
    work = current_work()
    first = max(from_ or date.min, paging.after_day(cursor))
    found = opening.exceptions(work, _doctor(work, doctor_id), first, to or date.max, limit=limit + 1)
    page, last = paging.split(shown_exceptions(found), limit)
    return {"items": list(page), "next_cursor": paging.encode(last["date"].isoformat()) if last else None}


@router.put("/doctors/<doctor_id>/exceptions/<day>", tags=["opening"], summary="The hours of one date")
def replace_exception(doctor_id: DoctorId, day: ExceptionDate, exception: NewException) -> ChangedException:
    work = current_work()
    windows = [hours.window() for hours in exception.hours]
    outside = opening.replace_exception(work, _doctor(work, doctor_id), day, windows)
    return {"hours": shown_hours(sorted(windows)), "outside_appointment_ids": outside}


@router.delete("/doctors/<doctor_id>/exceptions/<day>", tags=["opening"], summary="The weekly hours again")
def delete_exception(doctor_id: DoctorId, day: ExceptionDate) -> ChangedException:
    work = current_work()
    outside = opening.remove_exception(work, _doctor(work, doctor_id), day)
    return {"hours": [], "outside_appointment_ids": outside}


@router.get("/doctors/<doctor_id>/time-off", tags=["opening"], summary="Leave of a doctor")
def list_time_off(doctor_id: DoctorId, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None) -> TimeOffPage:
    work = current_work()
    rows = opening.leave(work, _doctor(work, doctor_id), after=paging.after_id(cursor), limit=limit + 1)
    page, last = paging.split(rows, limit)
    return {
        "items": [
            {
                "time_off_id": row.time_off_id,
                "starts_at": row.starts_at,
                "ends_at": row.ends_at,
                "reason": row.reason,
            }
            for row in page
        ],
        "next_cursor": paging.encode(last.time_off_id) if last else None,
    }


@router.post("/doctors/<doctor_id>/time-off", tags=["opening"], summary="Take leave", status_code=HTTPStatus.CREATED)
def create_time_off(doctor_id: DoctorId, wanted: NewTimeOff) -> Response[CreatedTimeOff]:
    work = current_work()
    doctor = _doctor(work, doctor_id)
    leave_id, booked = opening.take_leave(
        work, doctor, opening.NewLeave(wanted.starts_at, wanted.ends_at, wanted.reason, wanted.accept_conflicts)
    )
    body: CreatedTimeOff = {
        "time_off_id": leave_id,
        "starts_at": wanted.starts_at,
        "ends_at": wanted.ends_at,
        "reason": wanted.reason,
        "appointment_ids": booked,
    }
    headers = {"Location": f"/doctors/{doctor}/time-off/{leave_id}"}
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, body, headers=headers)


@router.delete(
    "/doctors/<doctor_id>/time-off/<time_off_id>",
    tags=["opening"],
    summary="Give up leave",
    status_code=HTTPStatus.NO_CONTENT,
)
def delete_time_off(doctor_id: DoctorId, time_off_id: Annotated[ParameterId, Path()]) -> Response[None]:
    work = current_work()
    opening.give_up_leave(work, _doctor(work, doctor_id), time_off_id)
    return Response(HTTPStatus.NO_CONTENT)
