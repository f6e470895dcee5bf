"""Free slots, as the API shows them."""

from datetime import datetime

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from lambda_function.services.availability import Slot


class FreeSlot(TypedDict):
    doctor_id: int
    clinic_id: int
    starts_at: datetime
    ends_at: datetime


class FreeSlotPage(TypedDict):
    items: list[FreeSlot]
    next_cursor: str | None


FREE_SLOT_PAGE = TypeAdapter(FreeSlotPage)


def shown_free_slot(slot: Slot) -> FreeSlot:
    return {
        "doctor_id": slot.doctor_id,
        "clinic_id": slot.clinic_id,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
    }
