"""Free slots, as the API shows them."""

from datetime import datetime

from pydantic import TypeAdapter
from typing_extensions import TypedDict


class FreeSlot(TypedDict):
    doctor_id: int
    clinic_id: int
    starts_at: datetime
    ends_at: datetime


class FreeSlotPage(TypedDict):
    items: list[FreeSlot]
    next_cursor: str | None


FREE_SLOT_PAGE = TypeAdapter(FreeSlotPage)
