"""The rules for a valid text, whether from a request, a command or a file. Messages state the rule and never repeat the
value.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from lambda_function.domain.identifiers import stored_value
from lambda_function.domain.people import EARLIEST_BIRTH_DATE
from lambda_function.domain.written_text import BREAKING, TURNING, as_stored, has_letter, trimmed

MAX_ID = 2**63 - 1
MAX_NAME = 200
MAX_ADDRESS = 500
MAX_EMAIL = 254
# What is written may have separators, which are not stored.
MAX_IDENTIFIER = 128
USER_NAME = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$"
# What browsers take in an e-mail field, dots anywhere before the @ included, with a dot in the domain and at most 64
# characters before the @, as SMTP has it. Characters beyond ASCII must be letters, marks or digits.
_LABEL = r"[^\x00-/:-@\[-`{-\x7f]([^\x00-,./:-@\[-`{-\x7f]{0,61}[^\x00-/:-@\[-`{-\x7f])?"
EMAIL = rf"""^[^\x00-\x20"(),:;<>@\[\\\]\x7f]{{1,64}}@{_LABEL}(\.{_LABEL})+$"""
# At least four digits, the signs that people write between them, and an extension as people or RFC 3966 write it.
PHONE = (
    r"^\+?([ ()./-]*[0-9]){4,}[ ()./-]*"
    r"((;[eE][xX][tT]=|[xX#]|,? ?([eE][xX][tT]([eE][nN][sS][iI][oO][nN])?|[aA][nN][eE][xX][oO])[.:]?) ?[0-9]{1,10} *)?$"
)


def without_control_characters(text: str) -> str:
    """Returns a text of several lines without what `printable` refuses."""
    return "".join(char for char in text if unicodedata.category(char) != "Cc" or char in "\t\n\r")


def printable(value: str) -> str:
    if without_control_characters(value) != value:
        raise PydanticCustomError("control_characters", "Remove the control characters.")
    return value


def _name(value: str) -> str:
    if BREAKING.search(value) or TURNING.search(value):
        raise PydanticCustomError(
            "not_a_name", "Remove control characters, line breaks and characters that turn the direction of the text."
        )
    return value


def _name_with_letter(value: str) -> str:
    if not has_letter(value):
        raise PydanticCustomError("not_a_name", "Give a name that has a letter.")
    return value


def _email(value: str) -> str:
    foreign = [char for char in value if not char.isascii()]
    letters = all(unicodedata.category(char)[0] in "LMN" for char in foreign) and as_stored(value) == value
    if not re.fullmatch(EMAIL, value) or not letters:
        raise PydanticCustomError("not_an_email", "Give an e-mail address such as ana@example.org.")
    return value


def _identifier(value: str) -> str:
    stored = stored_value(value)
    if stored is None:
        raise PydanticCustomError(
            "not_an_identifier", "Give an identifier with a letter or a digit and at most 64 characters, on one line."
        )
    return stored


def _text(form: Callable[[str], str]) -> BeforeValidator:
    """Brings texts into a form before they are measured, and leaves other values for pydantic to refuse."""
    return BeforeValidator(lambda value: form(value) if isinstance(value, str) else value)


Reason = Annotated[str, StringConstraints(min_length=1, max_length=500), _text(trimmed), AfterValidator(printable)]
# The name of a clinic, a chair or a treatment, which may be a number.
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME), _text(as_stored), AfterValidator(_name)]
# Where a clinic is, on one line.
Address = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ADDRESS), _text(as_stored), AfterValidator(_name)
]
PersonName = Annotated[Name, AfterValidator(_name_with_letter)]
UserName = Annotated[str, StringConstraints(pattern=USER_NAME)]
Email = Annotated[
    str,
    StringConstraints(max_length=MAX_EMAIL),
    Field(json_schema_extra={"pattern": EMAIL}),
    _text(partial(unicodedata.normalize, "NFC")),
    AfterValidator(_email),
]
Phone = Annotated[str, StringConstraints(max_length=32, pattern=PHONE)]
# The value of an identifier, in the form in which it is stored.
IdentifierValue = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_IDENTIFIER), AfterValidator(_identifier)
]

# Years 1000 to 2999: no zone takes such a day out of the calendar, and MySQL stores them all.
_DAY = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
# A fraction may have any number of digits. Those after the microseconds are cut off by `fromisoformat`, which never
# rounds, so a time stays in its second.
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-5][0-9])"
)
_ID = re.compile(r"[1-9][0-9]{0,18}")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][05]|24:00")


def instant_in(value: object) -> datetime | None:
    """Returns the instant (UTC) of a text such as 2030-01-31T09:00:00Z, with any offset, or None if it is not one.
    Raises OverflowError if it lies outside of the years 1 to 9999 of UTC.
    """
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except ValueError:
            pass
    return None


def id_in(value: object) -> int | None:
    """Returns the id that a text is, or None. Python's own int() reads too kindly ("1_0", " 1", "+1")."""
    return int(value) if isinstance(value, str) and _ID.fullmatch(value) and int(value) <= MAX_ID else None


def day_in(value: object) -> date | None:
    """Returns the date of a text such as 2030-01-31, or None if it is not a date."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    return None


def minute_of_day_in(value: object) -> int | None:
    """Returns the minute of the day of a text such as 09:05, up to 24:00 and a multiple of five minutes, or None."""
    return int(value[:2]) * 60 + int(value[3:]) if isinstance(value, str) and CLOCK.fullmatch(value) else None


def _birth_date(value: object) -> date:
    day = day_in(value)
    if day is None:
        raise PydanticCustomError("not_a_birth_date", "Write the birth date as year-month-day, such as 1980-12-31.")
    if day < EARLIEST_BIRTH_DATE:
        raise PydanticCustomError("not_a_birth_date", "Give a date of birth from 1900-01-01, such as 1990-01-31.")
    return day


# That it is not after today is for services to check, with the time that they are given: see check_birth_date.
BirthDate = Annotated[
    date, BeforeValidator(_birth_date), WithJsonSchema({"type": "string", "format": "date"}, mode="validation")
]
