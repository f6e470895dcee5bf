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

ExceptionDate = Annotated[Day, Path(description="The date, on the clinic's calendar")]


@router.get("/doctors/<doctor_id>/working-hours", tags=["opening"], summary="Read a doctor's weekly hours")
def get_working_hours(doctor_id: DoctorId) -> Week:
    """Answers the weekly hours of a doctor, as set. Every role may read them. Exceptions, closures and time off are not
    worked in: `GET /availability` does that.
    """
    work = current_work()
    return {"hours": shown_week(working_hours.weekly(work, acting_id(work, doctor_id)))}


@router.put("/doctors/<doctor_id>/working-hours", tags=["opening"], summary="Replace a doctor's weekly hours")
def replace_working_hours(doctor_id: DoctorId, week: NewWeek) -> ChangedWeek:
    """Replaces all weekly hours of a doctor. Hours must not overlap; those that run past midnight count on the next
    day, too.

    Doctors may do this for themselves, receptionists for the doctors of their clinics. Appointments stay as they
    are: the answer lists those that lie outside working hours now, for the reception to move. Time that becomes free
    is offered to the waitlist. 422 says which hours are wrong.
    """
    work = current_work()
    hours = [hours.weekly() for hours in week.hours]
    outside = working_hours.replace_weekly(work, acting_id(work, doctor_id), hours)
    return {"hours": shown_week(hours), "outside_appointment_ids": outside}


@router.get("/doctors/<doctor_id>/exceptions", tags=["opening"], summary="List a doctor's exceptions")
def list_exceptions(
    doctor_id: DoctorId,
    from_: Annotated[Day | None, Query(alias="from", description="The first date to list")] = None,
    to: Annotated[Day | None, Query(description="The last date to list")] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> ExceptionPage:
    """Lists the dates on which a doctor works other hours than the weekly ones, earliest first. Every role may read
    them.
    """
    work = current_work()
    first = max(from_ or date.min, paging.after_day(cursor))
    found = working_hours.exceptions(work, acting_id(work, doctor_id), first, to or date.max, limit=limit + 1)
    return paging.page(
        sorted(found.items()), limit, key=lambda row: (row[0].isoformat(),), shown=lambda row: shown_exception(*row)
    )


@router.put("/doctors/<doctor_id>/exceptions/<day>", tags=["opening"], summary="Set a doctor's hours for one date")
def replace_exception(doctor_id: DoctorId, day: ExceptionDate, exception: NewException) -> ChangedException:
    """Sets the hours of one date, in place of the weekly ones. An empty list means that the doctor does not work.

    Doctors may do this for themselves, receptionists for the doctors of their clinics. Appointments stay as they
    are: the answer lists those that lie outside working hours now. Time that becomes free is offered to the
    waitlist.
    """
    work = current_work()
    windows = [hours.window() for hours in exception.hours]
    outside = working_hours.replace_exception(work, acting_id(work, doctor_id), day, windows)
    return {"hours": shown_hours(sorted(windows)), "outside_appointment_ids": outside}


@router.delete("/doctors/<doctor_id>/exceptions/<day>", tags=["opening"], summary="Delete a doctor's exception")
def delete_exception(doctor_id: DoctorId, day: ExceptionDate) -> ChangedException:
    """Deletes the exception of one date, so that the weekly hours hold again.

    Doctors may do this for themselves, receptionists for the doctors of their clinics. Appointments stay as they
    are: the answer lists those that lie outside working hours now. 404: that date has no exception.
    """
    work = current_work()
    outside = working_hours.remove_exception(work, acting_id(work, doctor_id), day)
    return {"hours": [], "outside_appointment_ids": outside}
