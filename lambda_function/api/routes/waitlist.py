"""The waitlist."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambda_function.api.ids import acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.routes.appointments import answer_appointment
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.appointments import Appointment
from lambda_function.api.schemas.empty import EmptyBody
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import ParameterId, ParameterIdOrMe
from lambda_function.api.schemas.waitlist import NewWaitlistEntry, WaitlistEntry, WaitlistPage, shown_entry
from lambda_function.services import waitlist

router = Router()

WaitlistId = Annotated[ParameterId, Path(description="Id of the waitlist entry")]


@router.post("/waitlist", tags=["waitlist"], summary="Join the waitlist", status_code=HTTPStatus.CREATED)
def join_waitlist(wanted: NewWaitlistEntry) -> Response[WaitlistEntry]:
    """Puts a patient at the end of the waitlist for a treatment. When a fitting time is freed, it is offered to
    whoever has waited longest; time that is free already is not offered, since it can be booked.

    Patients join for themselves and their dependants, receptionists for patients whom they see and for doctors and
    clinics of their own; doctors get 403. 409 `already_waiting`: the patient waits for the same at overlapping times.
    409 `too_many_waiting`: the patient has ten open entries; withdraw one first. 422 `treatment_not_offered`: no doctor
    offers the treatment there.
    """
    work = current_work()
    wish = waitlist.Wish(
        treatment_id=wanted.treatment_id,
        wished_from=wanted.from_,
        wished_to=wanted.to,
        patient_id=acting_id(work, wanted.patient_id),
        doctor_id=wanted.doctor_id,
        clinic_id=wanted.clinic_id,
    )
    entry = shown_entry(waitlist.join(work, wish), work.now)
    headers = {"Location": f"/waitlist/{entry['waitlist_id']}"}
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, entry, headers=headers)


@router.get("/waitlist", tags=["waitlist"], summary="List the waitlist")
def list_waitlist(
    patient_id: Annotated[ParameterIdOrMe | None, Query(description="Only those of this patient, or `me`")] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> WaitlistPage:
    """Lists the waitlist entries that the caller may see, ended ones included, in the order in which they joined.
    Each shows its status now.

    Patients see their own entries and those of their dependants, receptionists those of patients whom they see, unless
    another clinic or its doctor is asked for; doctors get 403. `patient_id` of somebody whom the caller may not see is
    422.
    """
    work = current_work()
    patient = acting_id(work, patient_id)
    rows = waitlist.page(work, patient_id=patient, after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.waitlist_id,), shown=lambda row: shown_entry(row, work.now))


@router.delete(
    "/waitlist/<waitlist_id>", tags=["waitlist"], summary="Withdraw a waitlist entry", status_code=HTTPStatus.NO_CONTENT
)
def leave_waitlist(waitlist_id: WaitlistId) -> Response[None]:
    """Ends an open entry; its status becomes `WITHDRAWN`. A time that was on offer goes to the next patient whom it
    fits.

    Patients may withdraw their own entries and those of their dependants, receptionists those that they see. 409
    `invalid_transition`: the entry has ended already, or is being changed; read the list again.
    """
    waitlist.withdraw(current_work(), waitlist_id)
    return Response(HTTPStatus.NO_CONTENT)


@router.post(
    "/waitlist/<waitlist_id>/accept",
    tags=["waitlist"],
    summary="Accept an offer",
    status_code=HTTPStatus.CREATED,
)
def accept_offer(waitlist_id: WaitlistId, body: EmptyBody | None = None) -> Response[Appointment]:
    """Books the time that is on offer to an entry, by the rules of `POST /appointments`; the entry becomes
    `ACCEPTED`.

    Patients accept for themselves and their dependants, receptionists for entries that they see. 409 `doctor_busy`,
    `patient_busy` or `chair_busy`: another caller was faster; the patient keeps waiting. 409 `offer_expired`: the offer
    is over, and the patient keeps waiting while `to` is ahead. 409 `invalid_transition`: there is no offer to accept.
    """
    work = current_work()
    return answer_appointment(work, waitlist.accept(work, waitlist_id), HTTPStatus.CREATED)
