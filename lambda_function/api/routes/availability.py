"""Free slots."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from lambda_function.api.ids import acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.availability import FREE_SLOT_PAGE, FreeSlotPage, shown_free_slot
from lambda_function.api.schemas.paging import PageCursor
from lambda_function.api.schemas.types import Instant, ParameterId, ParameterIdOrMe, SlotLimit
from lambda_function.services import availability

router = Router()

DEFAULT_LIMIT = 200


@router.get(
    "/availability",
    tags=["availability"],
    summary="Free slots, by start",
    responses={200: {"description": "A page", "content": {"application/json": {"model": FreeSlotPage}}}},
)
def list_free_slots(  # noqa: PLR0917 - Powertools passes them by name
    treatment_id: Annotated[ParameterId, Query()],
    from_: Annotated[Instant, Query(alias="from", description="Starting at or after")],
    to: Annotated[Instant, Query(description="Starting before; at most 31 days later")],
    doctor_id: Annotated[ParameterIdOrMe | None, Query()] = None,
    clinic_id: Annotated[ParameterId | None, Query()] = None,
    exclude_appointment_id: Annotated[
        ParameterId | None, Query(description="As if this appointment, which is to be moved, were not there")
    ] = None,
    limit: Annotated[SlotLimit, Query(description="How many items a page has at most")] = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response[Any]:  # a closer type would make Powertools validate the page a second time
    work = current_work()
    slots = availability.search(
        work,
        availability.SlotSearch(
            treatment_id=treatment_id,
            starts_from=from_,
            starts_before=to,
            limit=limit + 1,
            doctor_id=acting_id(work, doctor_id),
            clinic_id=clinic_id,
            exclude_appointment_id=exclude_appointment_id,
            after=paging.after_start(cursor),
        ),
    )
    body: FreeSlotPage = paging.page(
        slots, limit, key=lambda slot: (slot.starts_at, slot.doctor_id), shown=shown_free_slot
    )
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, FREE_SLOT_PAGE.dump_json(body).decode())
