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

WhoseVisit = Annotated[
    ParameterIdOrMe | None,
    Query(description="Whose visit it is to be, or `me`: only slots at which this patient is free too"),
]
AppointmentToMove = Annotated[
    ParameterId | None,
    Query(description="The appointment to move: its own time counts as free, and its patient and length hold"),
]


@router.get(
    "/availability",
    tags=["availability"],
    summary="Find free slots",
    responses={200: {"description": "A page", "content": {"application/json": {"model": FreeSlotPage}}}},
)
def list_free_slots(  # noqa: PLR0917 - Powertools passes them by name
    treatment_id: Annotated[ParameterId, Query(description="The treatment, which decides how long a slot is")],
    from_: Annotated[
        Instant, Query(alias="from", description="Only slots that start at or after this time, with an offset")
    ],
    to: Annotated[
        Instant,
        Query(description="Only slots that start before this time, with an offset; at most 31 days after `from`"),
    ],
    doctor_id: Annotated[ParameterIdOrMe | None, Query(description="Only this doctor, or `me`")] = None,
    clinic_id: Annotated[ParameterId | None, Query(description="Only doctors of this clinic")] = None,
    patient_id: WhoseVisit = None,
    exclude_appointment_id: AppointmentToMove = None,
    limit: Annotated[SlotLimit, Query(description="The most items that the page may have")] = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response[Any]:  # a closer type would make Powertools validate the page a second time
    """Lists the times at which a treatment can be booked, by start. Whatever is listed can be booked until another
    caller books it; nothing is reserved. Starts are counted by the clinic's `slot_step_minutes` from the start of each
    window of working hours.

    Everybody gets only what they may book: doctors their own slots, receptionists those of their clinics, and patients
    those within the clinic's limits for patients at which they have no visit themselves. With the `patient_id` of a
    dependant or, from staff, of a patient whom they see, the slots are those at which that patient is free.

    To move an appointment, send its id as `exclude_appointment_id`: the slots are free for its patient, and have the
    length and buffers with which it was booked, unless `treatment_id` is another. An appointment that the caller may
    no longer move has none. 422 `range_too_wide`: ask for at most 31 days at a time.
    """
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
            patient_id=acting_id(work, patient_id),
            exclude_appointment_id=exclude_appointment_id,
            after=paging.after_start(cursor),
        ),
    )
    body: FreeSlotPage = paging.page(
        slots, limit, key=lambda slot: (slot.starts_at, slot.doctor_id), shown=shown_free_slot
    )
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, FREE_SLOT_PAGE.dump_json(body).decode())
