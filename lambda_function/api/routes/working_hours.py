"""When a doctor works: weekly hours, and exceptions of one date."""

from datetime import date
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambda_function.api.ids import DoctorId, acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import Day
from lambda_function.api.schemas.working_hours import (
    ChangedException,
    ChangedWeek,
    ExceptionPage,
    NewException,
    NewWeek,
    Week,
    shown_exception,
    shown_hours,
    shown_week,
)
from lambda_function.services import working_hours

router = Router()

ExceptionDate = Annotated[Day, Path()]


@router.get("/doctors/<doctor_id>/working-hours", tags=["opening"], summary="The weekly hours of a doctor")
def get_working_hours(doctor_id: DoctorId) -> Week:
    work = current_work()
    return {"hours": shown_week(working_hours.weekly(work, acting_id(work, doctor_id)))}


@router.put("/doctors/<doctor_id>/working-hours", tags=["opening"], summary="Replace the whole week")
def replace_working_hours(doctor_id: DoctorId, week: NewWeek) -> ChangedWeek:
    work = current_work()
    hours = [hours.weekly() for hours in week.hours]
    outside = working_hours.replace_weekly(work, acting_id(work, doctor_id), hours)
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
    found = working_hours.exceptions(work, acting_id(work, doctor_id), first, to or date.max, limit=limit + 1)
    return paging.page(
        sorted(found.items()), limit, key=lambda row: (row[0].isoformat(),), shown=lambda row: shown_exception(*row)
    )


@router.put("/doctors/<doctor_id>/exceptions/<day>", tags=["opening"], summary="The hours of one date")
def replace_exception(doctor_id: DoctorId, day: ExceptionDate, exception: NewException) -> ChangedException:
    work = current_work()
    windows = [hours.window() for hours in exception.hours]
    outside = working_hours.replace_exception(work, acting_id(work, doctor_id), day, windows)
    return {"hours": shown_hours(sorted(windows)), "outside_appointment_ids": outside}


@router.delete("/doctors/<doctor_id>/exceptions/<day>", tags=["opening"], summary="The weekly hours again")
def delete_exception(doctor_id: DoctorId, day: ExceptionDate) -> ChangedException:
    work = current_work()
    outside = working_hours.remove_exception(work, acting_id(work, doctor_id), day)
    return {"hours": [], "outside_appointment_ids": outside}
