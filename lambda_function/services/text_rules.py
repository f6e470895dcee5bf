"""The rules for a valid text, whether from a request, a command or a file. Messages state the rule and never repeat the
value.
"""

import re
import unicodedata
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

USER_NAME = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$"
# The pattern that browsers use for e-mail fields, with a dot in the domain.
EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
# At least four digits, and the signs that people write between them.
PHONE = r"^\+?([ ()./-]*[0-9]){4,}[ ()./-]*$"


def printable(value: str) -> str:
    if any(unicodedata.category(char) == "Cc" and char not in "\t\n\r" for char in value):
        raise PydanticCustomError("control_characters", "Remove the control characters.")
    return value


Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(printable)
]

# The apostrophes U+2019 and U+02BC, the hyphen U+2010, and the joiners that some scripts spell names with.
_IN_NAMES = frozenset(" '.,-()/\u2019\u02bc\u2010\u200c\u200d")


def _person_name(value: str) -> str:
    """Accepts letters and marks of any script, digits, and what stands between them, but no control characters or
    symbols.
    """
    if not all(unicodedata.category(char)[0] in "LMN" or char in _IN_NAMES for char in value):
        raise PydanticCustomError("not_a_name", "Use letters, digits, spaces and the punctuation of names only.")
    if not any(unicodedata.category(char)[0] == "L" for char in value):
        raise PydanticCustomError("not_a_name", "Give a name that has a letter.")
    return value


PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_person_name)
]
UserName = Annotated[str, StringConstraints(pattern=USER_NAME)]
Email = Annotated[str, StringConstraints(max_length=254, pattern=EMAIL)]
Phone = Annotated[str, StringConstraints(max_length=32, pattern=PHONE)]

# Years 1000 to 2999: no zone takes such a day out of the calendar, and MySQL stores them all.
_DAY = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][05]|24:00")


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
