"""The day on which a person can have been born."""

from datetime import date, timedelta

import pytest

from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.people import check_birth_date

TODAY = date(2030, 1, 7)


@pytest.mark.parametrize("day", [None, date(1900, 1, 1), TODAY])
def test_a_birth_date_from_1900_to_today_or_none_is_accepted(day: date | None) -> None:
    check_birth_date(day, TODAY)


@pytest.mark.parametrize("day", [date(1899, 12, 31), TODAY + timedelta(days=1)])
def test_a_birth_date_before_1900_or_in_the_future_is_refused(day: date) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_birth_date(day, TODAY)

    assert refusal.value.field == "birth_date"
