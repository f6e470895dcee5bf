"""Leave of a doctor, as the API shows and takes it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.types import Instant, Reason


class NewTimeOff(BaseModel):
    model_config = ConfigDict(extra="forbid")

    starts_at: Instant
    ends_at: Instant
    reason: Reason
    accept_conflicts: Annotated[bool, Field(strict=True)] = False


class TimeOff(TypedDict):
    time_off_id: int
    starts_at: datetime
    ends_at: datetime
    reason: str


class TimeOffPage(TypedDict):
    items: list[TimeOff]
    next_cursor: str | None


class CreatedTimeOff(TimeOff):
    appointment_ids: list[int]


def shown_time_off(row: Any) -> TimeOff:
    return {
        "time_off_id": row.time_off_id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "reason": row.reason,
    }
