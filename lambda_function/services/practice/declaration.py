"""What a practice file may say.

A key that is left out leaves things as they are (a new thing gets the default); a key that is there says all of it.
Nothing disappears by not being named: `active: false` takes it out of use.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from lambda_function.domain.appointment import MAX_HORIZON, MAX_OPEN_VISITS
from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.user_names import folded
from lambda_function.domain.working_hours import DAY_MINUTES, WeeklyHours, Window, check_week
from lambda_function.services.text_rules import Email, PersonName, Phone, UserName, printable

_CLOCK = re.compile(r"[0-2][0-9]:[0-5][0-9]")
_DAY = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_PRICE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")
_YEAR_MINUTES = 366 * DAY_MINUTES

Path = tuple[str | int, ...]


class DeclarationError(InvalidInputError):
    """The file is wrong. `problems` are its places (keys and positions from the top) and what is wrong there."""

    def __init__(self, problems: list[tuple[Path, str]]) -> None:
        super().__init__("\n".join(f"{path_text(path)}: {message}" for path, message in problems))
        self.problems = problems


def path_text(path: Path) -> str:
    return ".".join(map(str, path)) or "the whole file"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError):  # unknown, a folder of zones, no name at all
        raise ValueError("must be a time zone such as America/Lima") from None
    return value


def _price(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str | int | float) and not isinstance(value, bool) and _PRICE.fullmatch(str(value)):
        return Decimal(str(value))
    raise ValueError("must be an amount such as 40 or 40.50")


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("must be a date from the year 1000 to 2999, such as 2030-01-31")


def _minute(value: Any) -> int:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        minutes = int(value[:2]) * 60 + int(value[3:])
        if minutes <= DAY_MINUTES and minutes % 5 == 0:
            return minutes
    raise ValueError("must be a local time from 00:00 to 24:00 on a whole five minutes")


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("must not name anything twice")
    return values


def _distinct_names(value: Any) -> Any:
    """Names that are one without the blanks around them would silently replace each other."""
    if isinstance(value, dict):
        _distinct([name.strip() for name in value if isinstance(name, str)])
    return value


Distinct = AfterValidator(_distinct)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(printable)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(printable)
]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
Price = Annotated[Decimal, BeforeValidator(_price)]
Day = Annotated[date, BeforeValidator(_day)]
MinuteOfDay = Annotated[int, BeforeValidator(_minute)]
Buffer = Annotated[int, Field(ge=0, le=DAY_MINUTES, multiple_of=5)]
Steps = Annotated[int, Field(ge=5, le=DAY_MINUTES, multiple_of=5)]
# What a key has that was left out; no file can say it.
LEFT_OUT: Any = None


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DeclaredTreatment(_Declared):
    name: Name
    duration_minutes: Steps
    buffer_before_minutes: Buffer = LEFT_OUT
    buffer_after_minutes: Buffer = LEFT_OUT
    needs_approval: bool = LEFT_OUT
    price: Price | None = None
    active: bool = LEFT_OUT


class DeclaredClosure(_Declared):
    """Both days are included."""

    first_day: Day
    last_day: Day
    reason: Reason | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError("must not end before it begins")
        return self


def _distinct_days(closures: list[DeclaredClosure]) -> list[DeclaredClosure]:
    _distinct([(closure.first_day, closure.last_day) for closure in closures])
    return closures


class DeclaredClinic(_Declared):
    """Chairs that are not in the list go out of use; closures that are not, end."""

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    time_zone: Zone
    lead_minutes: Annotated[int, Field(ge=0, le=_YEAR_MINUTES)] = LEFT_OUT
    horizon_days: Annotated[int, Field(ge=1, le=MAX_HORIZON.days)] = LEFT_OUT
    cutoff_minutes: Annotated[int, Field(ge=0, le=_YEAR_MINUTES)] = LEFT_OUT
    slot_step_minutes: Steps = LEFT_OUT
    offer_minutes: Annotated[int, Field(ge=1, le=_YEAR_MINUTES)] = LEFT_OUT
    max_open_visits: Annotated[int, Field(ge=1, le=MAX_OPEN_VISITS)] | None = LEFT_OUT
    active: bool = LEFT_OUT
    chairs: Annotated[list[Name], Field(max_length=500), Distinct] = LEFT_OUT
    closures: Annotated[list[DeclaredClosure], Field(max_length=500), AfterValidator(_distinct_days)] = LEFT_OUT


class DeclaredHours(_Declared):
    """`weekdays` are 1 for Monday to 7; an end at or before the start is the next day's; both dates are included."""

    weekdays: Annotated[
        list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7), AfterValidator(_distinct)
    ]
    start: MinuteOfDay
    end: MinuteOfDay
    valid_from: Day | None = None
    valid_to: Day | None = None

    def weekly(self) -> Iterator[WeeklyHours]:
        for weekday in self.weekdays:
            yield WeeklyHours(weekday, Window(self.start, self.end), self.valid_from, self.valid_to)


def _week(hours: list[DeclaredHours]) -> list[DeclaredHours]:
    try:
        check_week([day for entry in hours for day in entry.weekly()], "hours")
    except InvalidInputError as error:
        raise ValueError(error.detail) from None
    return hours


class _DeclaredPerson(_Declared):
    full_name: PersonName
    email: Email | None = None
    phone: Phone | None = None
    active: bool = LEFT_OUT


class DeclaredDoctor(_DeclaredPerson):
    clinic: Name
    treatments: Annotated[list[Code], Field(max_length=500), Distinct] = LEFT_OUT
    default_treatment: Code | None = None
    hours: Annotated[list[DeclaredHours], Field(max_length=200), AfterValidator(_week)] = LEFT_OUT


def _at_least_one(clinics: list[Name]) -> list[Name]:
    if not clinics:
        raise ValueError("must name at least one clinic: `active: false` is for whoever works in none any more")
    return clinics


class DeclaredReceptionist(_DeclaredPerson):
    clinics: Annotated[list[Name], Field(max_length=500), Distinct, AfterValidator(_at_least_one)]


class Declaration(_Declared):
    """Treatments by code, clinics by name, staff by user name."""

    treatments: Annotated[dict[Code, DeclaredTreatment], Field(max_length=1000, default_factory=dict)]
    clinics: Annotated[
        dict[Name, DeclaredClinic], Field(max_length=1000, default_factory=dict), BeforeValidator(_distinct_names)
    ]
    doctors: Annotated[dict[UserName, DeclaredDoctor], Field(max_length=5000, default_factory=dict)]
    receptionists: Annotated[dict[UserName, DeclaredReceptionist], Field(max_length=5000, default_factory=dict)]


def read_declaration(document: Any) -> Declaration:
    """The declaration in a document of dicts, lists and plain values. Raises DeclarationError."""
    try:
        declaration = Declaration.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise DeclarationError([(each["loc"], _message(each)) for each in found]) from None
    twice = list(_named_twice(declaration))
    if twice:
        raise DeclarationError(twice)
    return declaration


def _named_twice(declaration: Declaration) -> Iterator[tuple[Path, str]]:
    """People who have one user name, in the order of the file."""
    seen: dict[str, tuple[str, str]] = {}
    for section, people in (("doctors", declaration.doctors), ("receptionists", declaration.receptionists)):
        for name in people:
            first_section, first = seen.setdefault(folded(name), (section, name))
            if first_section != section:
                yield (section, name), "is a doctor in this file, too"
            elif first != name:
                yield (section, name), f"is {first} in this file, too: capital letters do not tell user names apart"


def _message(error: Mapping[str, Any]) -> str:
    text: str = error["msg"]
    return text.removeprefix("Value error, ")
