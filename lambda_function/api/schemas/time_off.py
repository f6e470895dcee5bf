"""A doctor's time off, as the API shows and takes it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.paging import NextCursor
from lambda_function.api.schemas.types import Instant
from lambda_function.db.repositories.time_off import TimeOffRow
from lambda_function.services.text_rules import Reason


class NewTimeOff(BaseModel):
    """Time off of a doctor to be entered."""

    model_config = ConfigDict(extra="forbid")

    starts_at: Annotated[Instant, Field(description="When the time off begins, with an offset")]
    ends_at: Annotated[
        Instant,
        Field(
            description=(
                "When the time off ends, with an offset: after the start, not in the past, and at most 1,830 days later"
            )
        ),
    ]
    reason: Annotated[Reason, Field(description="Why the doctor is away; only staff can read it")]
    accept_conflicts: Annotated[
        bool,
        Field(strict=True, description="Whether the time off is entered although there are appointments in that time"),
    ] = False


class TimeOff(TypedDict):
    """Time at which a doctor is away."""

    time_off_id: Annotated[int, Field(description="Id of the time off")]
    starts_at: Annotated[datetime, Field(description="When the time off begins, in UTC")]
    ends_at: Annotated[datetime, Field(description="When the time off ends, in UTC")]
    reason: Annotated[str, Field(description="Why the doctor is away")]


class TimeOffPage(TypedDict):
    """One page of a doctor's time off."""

    items: Annotated[list[TimeOff], Field(description="The time off of this page, by id")]
    next_cursor: NextCursor


class CreatedTimeOff(TimeOff):
    """Time off that was entered, with the appointments in it."""

    appointment_ids: Annotated[
        list[int], Field(description="The appointments in this time that the caller may see; they stay as they are")
    ]


def shown_time_off(row: TimeOffRow) -> TimeOff:
    return {
        "time_off_id": row.time_off_id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "reason": row.reason,
    }
