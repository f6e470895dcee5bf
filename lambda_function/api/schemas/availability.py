"""Free slots, as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from lambda_function.api.schemas.paging import NextCursor
from lambda_function.services.availability import Slot


class FreeSlot(TypedDict):
    """A time at which a visit can be booked."""

    doctor_id: Annotated[int, Field(description="The doctor who is free")]
    clinic_id: Annotated[int, Field(description="The clinic of the doctor")]
    starts_at: Annotated[datetime, Field(description="Start of the visit, in UTC; send it as `starts_at` to book")]
    ends_at: Annotated[datetime, Field(description="End of the visit, in UTC, without buffers")]


class FreeSlotPage(TypedDict):
    """One page of free slots."""

    items: Annotated[list[FreeSlot], Field(description="The free slots of this page, by start and then by doctor")]
    next_cursor: NextCursor


FREE_SLOT_PAGE = TypeAdapter(FreeSlotPage)


def shown_free_slot(slot: Slot) -> FreeSlot:
    return {
        "doctor_id": slot.doctor_id,
        "clinic_id": slot.clinic_id,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
    }
