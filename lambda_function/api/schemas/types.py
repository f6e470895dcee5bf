"""Types of single values, with what makes them valid. Messages say the rule and never repeat the value."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from lambda_function.domain.identifiers import Identifier, IdentifierSystem, stored_value
from lambda_function.services.text_rules import (
    CLOCK,
    MAX_ID,
    MAX_IDENTIFIER,
    day_in,
    id_in,
    instant_in,
    minute_of_day_in,
    printable,
)

_COUNTRY = re.compile(r"[A-Z]{2}")
_DIGITS = re.compile(r"[1-9][0-9]{0,18}")
# Years 1000 to 2999: no zone takes such a day out of the calendar, and MySQL stores them all.
_WALL_CLOCK = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


def _no_id() -> PydanticCustomError:
    return PydanticCustomError("not_an_id", "Give an id: a whole number from 1 to 2^63 - 1.")


def _id(value: object) -> int:
    """Reads the text of a path or a query."""
    number = id_in(value)
    if number is None:
        raise _no_id()
    return number


def _id_or_me(value: object) -> int | str:
    return "me" if value == "me" else _id(value)


def _body_id(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_ID:
        raise _no_id()
    return value


def _body_id_or_me(value: object) -> int | str:
    return "me" if value == "me" else _body_id(value)


def _instant(value: object) -> datetime:
    try:
        instant = instant_in(value)
    except OverflowError:
        raise PydanticCustomError("not_an_instant", "Give a time in the years 1 to 9999 of UTC.") from None
    if instant is None:
        raise PydanticCustomError(
            "not_an_instant", "Give a date and time with its offset from UTC, such as 2030-01-31T09:00:00Z."
        )
    return instant


def _day(value: object) -> date:
    day = day_in(value)
    if day is None:
        raise PydanticCustomError("not_a_day", "Give a date of the years 1000 to 2999, such as 2030-01-31.")
    return day


def _identifier(value: object) -> Identifier:
    """Reads the text of a query, such as `national_id:12.345.678`."""
    system, colon, written = value.partition(":") if isinstance(value, str) else ("", "", "")
    stored = stored_value(written) if colon and len(written) <= MAX_IDENTIFIER else None
    if stored is None or system not in set(IdentifierSystem):
        systems = ", ".join(IdentifierSystem)
        raise PydanticCustomError(
            "not_an_identifier", "Give a system, a colon and a number; the systems are {systems}.", {"systems": systems}
        )
    return Identifier(IdentifierSystem(system), stored)


def _country(value: object) -> str:
    """Reads the text of a query."""
    if not isinstance(value, str) or not _COUNTRY.fullmatch(value):
        raise PydanticCustomError("not_a_country", "Give a country as two capital letters, such as PE.")
    return value


def _flag(value: object) -> bool:
    """Reads the text of a query."""
    if value not in ("true", "false"):
        raise PydanticCustomError("not_a_flag", "Give true or false.")
    return value == "true"


def _wall_clock(value: object) -> datetime:
    if isinstance(value, str) and _WALL_CLOCK.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError(
        "not_a_local_time", "Give a local date and time of the years 1000 to 2999, such as 2030-01-31 09:00:00."
    )


def _limit(greatest: int) -> Any:
    def check(value: object) -> int:
        if isinstance(value, str) and _DIGITS.fullmatch(value) and int(value) <= greatest:
            return int(value)
        raise PydanticCustomError("not_in_range", "Give a whole number from 1 to {greatest}.", {"greatest": greatest})

    schema = {"type": "integer", "minimum": 1, "maximum": greatest}
    return Annotated[int, BeforeValidator(check), WithJsonSchema(schema)]


def _minute_of_day(value: object) -> int:
    minute = minute_of_day_in(value)
    if minute is None:
        raise PydanticCustomError(
            "not_a_time_of_day", "Give a time of day from 00:00 to 24:00 on a whole five minutes, such as 09:05."
        )
    return minute


_ID_SCHEMA = {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_ID}
_ID_OR_ME_SCHEMA = {"anyOf": [_ID_SCHEMA, {"type": "string", "const": "me"}]}
_INSTANT_SCHEMA = {"type": "string", "format": "date-time"}

ParameterId = Annotated[int, BeforeValidator(_id), WithJsonSchema(_ID_SCHEMA)]
ParameterIdOrMe = Annotated[int | Literal["me"], BeforeValidator(_id_or_me), WithJsonSchema(_ID_OR_ME_SCHEMA)]
BodyId = Annotated[int, BeforeValidator(_body_id), WithJsonSchema(_ID_SCHEMA)]
BodyIdOrMe = Annotated[int | Literal["me"], BeforeValidator(_body_id_or_me), WithJsonSchema(_ID_OR_ME_SCHEMA)]
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema(_INSTANT_SCHEMA)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
# The identifier that a text such as `national_id:12.345.678` names.
ParameterIdentifier = Annotated[
    Identifier,
    BeforeValidator(_identifier),
    WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(IdentifierSystem)}):.{{1,{MAX_IDENTIFIER}}}$"}),
]
CountryCode = Annotated[
    str, BeforeValidator(_country), WithJsonSchema({"type": "string", "pattern": f"^{_COUNTRY.pattern}$"})
]
ParameterFlag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
WallClock = Annotated[
    datetime, BeforeValidator(_wall_clock), WithJsonSchema({"type": "string", "pattern": f"^{_WALL_CLOCK.pattern}$"})
]
Limit = _limit(100)
SlotLimit = _limit(1000)
MinuteOfDay = Annotated[
    int, BeforeValidator(_minute_of_day), WithJsonSchema({"type": "string", "pattern": f"^({CLOCK.pattern})$"})
]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Note = Annotated[str, StringConstraints(max_length=2000), AfterValidator(printable)]
SearchText = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(printable)]
# Any text: one that cannot be a user name is an unknown one.
SomeName = Annotated[str, StringConstraints(max_length=200), AfterValidator(printable)]
