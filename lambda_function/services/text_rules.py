"""What makes a text valid, wherever it comes from: a request, a command, a file. Messages say the rule and never repeat
the value.
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

USER_NAME = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$"
# The pattern that browsers use for e-mail fields, with a dot in the domain.
EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
# At least four digits, and what people write between them.
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
    """Letters and marks of any script, digits, and what stands between them; no control characters, no symbols."""
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
