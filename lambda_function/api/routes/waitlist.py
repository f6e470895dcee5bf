"""The waitlist."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from lambda_function.api.ids import acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.routes.appointments import answer_appointment
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.appointments import Appointment
from lambda_function.api.schemas.empty import EmptyBody
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import ParameterId
from lambda_function.api.schemas.waitlist import NewWaitlistEntry, WaitlistEntry, WaitlistPage, shown_entry
from lambda_function.services import waitlist

router = Router()

WaitlistId = Annotated[ParameterId, Path()]


@router.post("/waitlist", tags=["waitlist"], summary="Wait for time to be freed", status_code=HTTPStatus.CREATED)
def join_waitlist(wanted: NewWaitlistEntry) -> Response[WaitlistEntry]:
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


@router.get("/waitlist", tags=["waitlist"], summary="Who waits, in the order of joining")
def list_waitlist(limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None) -> WaitlistPage:
    work = current_work()
    rows = waitlist.page(work, after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.waitlist_id,), shown=lambda row: shown_entry(row, work.now))


@router.delete(
    "/waitlist/<waitlist_id>", tags=["waitlist"], summary="Wait no longer", status_code=HTTPStatus.NO_CONTENT
)
def leave_waitlist(waitlist_id: WaitlistId) -> Response[None]:
    waitlist.withdraw(current_work(), waitlist_id)
    return Response(HTTPStatus.NO_CONTENT)


@router.post(
    "/waitlist/<waitlist_id>/accept",
    tags=["waitlist"],
    summary="Book what is on offer",
    status_code=HTTPStatus.CREATED,
)
def accept_offer(waitlist_id: WaitlistId, body: EmptyBody | None = None) -> Response[Appointment]:
    work = current_work()
    return answer_appointment(work, waitlist.accept(work, waitlist_id), HTTPStatus.CREATED)
