"""Working hours and exceptions from them, as the API shows and takes them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.paging import NextCursor
from lambda_function.api.schemas.types import Day, MinuteOfDay
from lambda_function.domain.working_hours import WeeklyHours, Window, clock

OutsideAppointmentIds = Annotated[
    list[int],
    Field(
        description=(
            "The doctor's coming appointments that lie outside working hours now, as far as the caller may see "
            "them; they stay as they are and can be moved"
        )
    ),
]


class NewHours(BaseModel):
    """A span of one day's working time, local to the clinic. An end at or before the start is on the next day."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[
        MinuteOfDay, Field(description="When work begins, as the clinic's clocks show it; on a whole five minutes")
    ]
    end: Annotated[
        MinuteOfDay,
        Field(description="When work ends, as the clinic's clocks show it; at or before `start` it is on the next day"),
    ]

    def window(self) -> Window:
        return Window(self.start, self.end)


class NewWeeklyHours(NewHours):
    """Working time of one weekday."""

    weekday: Annotated[int, Field(strict=True, ge=1, le=7, description="1 for Monday to 7 for Sunday")]
    valid_from: Annotated[
        Day | None, Field(description="The first date on which these hours apply; left out, they have no first date")
    ] = None
    valid_to: Annotated[
        Day | None, Field(description="The last date on which these hours apply; left out, they have no last date")
    ] = None

    def weekly(self) -> WeeklyHours:
        return WeeklyHours(self.weekday, self.window(), self.valid_from, self.valid_to)


class NewWeek(BaseModel):
    """All weekly hours of a doctor."""

    model_config = ConfigDict(extra="forbid")

    hours: Annotated[list[NewWeeklyHours], Field(max_length=200, description="They replace all weekly hours")]


class NewException(BaseModel):
    """The hours of one date, in place of the weekly ones. An empty list means that the doctor does not work."""

    model_config = ConfigDict(extra="forbid")

    hours: Annotated[list[NewHours], Field(max_length=50, description="The hours of that date; empty for a day off")]


class Hours(TypedDict):
    """A span of one day's working time, local to the clinic."""

    start: Annotated[str, Field(description="When work begins, as the clinic's clocks show it: `HH:MM`")]
    end: Annotated[
        str,
        Field(description="When work ends, as the clinic's clocks show it; at or before `start` it is on the next day"),
    ]


class DatedHours(TypedDict):
    """Working time of one weekday."""

    weekday: Annotated[int, Field(description="1 for Monday to 7 for Sunday")]
    start: Annotated[str, Field(description="When work begins, as the clinic's clocks show it: `HH:MM`")]
    end: Annotated[
        str,
        Field(description="When work ends, as the clinic's clocks show it; at or before `start` it is on the next day"),
    ]
    valid_from: Annotated[
        date | None, Field(description="The first date on which these hours apply; null when there is no first date")
    ]
    valid_to: Annotated[
        date | None, Field(description="The last date on which these hours apply; null when there is no last date")
    ]


class Week(TypedDict):
    """The weekly hours of a doctor."""

    hours: Annotated[
        list[DatedHours],
        Field(description="The hours of all weekdays; a weekday may occur several times or not at all"),
    ]


class ChangedWeek(TypedDict):
    """The weekly hours of a doctor after a change."""

    hours: Annotated[list[DatedHours], Field(description="The weekly hours that hold now")]
    outside_appointment_ids: OutsideAppointmentIds


class ExceptionDay(TypedDict):
    """A date on which a doctor works other hours than the weekly ones."""

    date: Annotated[date, Field(description="The date, on the clinic's calendar")]
    hours: Annotated[list[Hours], Field(description="The hours of that date; empty when the doctor does not work")]


class ExceptionPage(TypedDict):
    """One page of dates that have hours of their own."""

    items: Annotated[list[ExceptionDay], Field(description="The dates of this page, earliest first")]
    next_cursor: NextCursor


class ChangedException(TypedDict):
    """The hours of a date after a change."""

    hours: Annotated[
        list[Hours],
        Field(
            description=(
                "The hours of the exception; empty when the doctor does not work, or when the exception was deleted"
            )
        ),
    ]
    outside_appointment_ids: OutsideAppointmentIds


def shown_hours(windows: Iterable[Window]) -> list[Hours]:
    return [{"start": clock(window.start), "end": clock(window.end)} for window in windows]


def shown_week(week: Sequence[WeeklyHours]) -> list[DatedHours]:
    return [
        {
            "weekday": hours.weekday,
            "start": clock(hours.window.start),
            "end": clock(hours.window.end),
            "valid_from": hours.valid_from,
            "valid_to": hours.valid_to,
        }
        for hours in week
    ]


def shown_exception(day: date, windows: Iterable[Window]) -> ExceptionDay:
    return {"date": day, "hours": shown_hours(windows)}
