"""Values of identifiers and dates of birth, as requests, commands and files give them."""

from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from lambda_function.services.text_rules import BirthDate, IdentifierValue

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(IdentifierValue)
_BIRTH_DATE: TypeAdapter[date] = TypeAdapter(BirthDate)


def test_an_identifier_is_read_in_the_form_in_which_it_is_stored() -> None:
    assert _IDENTIFIER.validate_python(" 12.345-k ") == "12345K"


@pytest.mark.parametrize("value", ["", "  ", "--", "1" * 65, "1" * 200, "1\n2", 12])
def test_what_is_no_identifier_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        _IDENTIFIER.validate_python(value)


def test_a_birth_date_is_read() -> None:
    assert _BIRTH_DATE.validate_python("1900-01-01") == date(1900, 1, 1)


@pytest.mark.parametrize(
    "value", ["1899-12-31", "1990-1-1", "1990-02-30", "19900101", 19900101, "1990-01-01T00:00:00Z"]
)
def test_what_is_no_birth_date_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        _BIRTH_DATE.validate_python(value)
