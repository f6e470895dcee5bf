"""Working hours and exceptions from them, as the API shows and takes them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.types import Day, MinuteOfDay
from lambda_function.domain.working_hours import WeeklyHours, Window


class NewHours(BaseModel):
    """Local to the clinic; an end at or before the start is on the next day."""

    model_config = ConfigDict(extra="forbid")

    start: MinuteOfDay
    end: MinuteOfDay

    def window(self) -> Window:
        return Window(self.start, self.end)


class NewWeeklyHours(NewHours):
    """`weekday` is 1 for Monday to 7 for Sunday; both dates are included."""

    weekday: Annotated[int, Field(strict=True, ge=1, le=7)]
    valid_from: Day | None = None
    valid_to: Day | None = None

    def weekly(self) -> WeeklyHours:
        return WeeklyHours(self.weekday, self.window(), self.valid_from, self.valid_to)


class NewWeek(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hours: Annotated[list[NewWeeklyHours], Field(max_length=200)]


class NewException(BaseModel):
    """The hours of one date; an empty list closes it."""

    model_config = ConfigDict(extra="forbid")

    hours: Annotated[list[NewHours], Field(max_length=50)]


class Hours(TypedDict):
    start: str
    end: str


class DatedHours(TypedDict):
    weekday: int
    start: str
    end: str
    valid_from: date | None
    valid_to: date | None


class Week(TypedDict):
    hours: list[DatedHours]


class ChangedWeek(TypedDict):
    hours: list[DatedHours]
    outside_appointment_ids: list[int]


class ExceptionDay(TypedDict):
    date: date
    hours: list[Hours]


class ExceptionPage(TypedDict):
    items: list[ExceptionDay]
    next_cursor: str | None


class ChangedException(TypedDict):
    hours: list[Hours]
    outside_appointment_ids: list[int]


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


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
