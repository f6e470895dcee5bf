"""Until when a guardian acts, and who may be one."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.guardians import (
    MAX_DEPENDANTS,
    MAX_GUARDIANS,
    OF_AGE,
    Ties,
    check_reason,
    check_ties,
    comes_of_age,
    ends_on,
)

DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))
REASONS = st.one_of(st.none(), st.text(min_size=1))
FREE = Ties(guardians_of_patient=0, dependants_of_patient=0, guardians_of_guardian=0, dependants_of_guardian=0)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("born", "of_age"),
    [
        ("2012-05-17", "2030-05-17"),
        ("2012-02-29", "2030-03-01"),
        ("2012-02-28", "2030-02-28"),
        ("2012-03-01", "2030-03-01"),
        ("2092-02-29", "2110-03-01"),
        ("2012-12-31", "2030-12-31"),
    ],
)
def test_people_come_of_age_on_their_eighteenth_birthday(born: str, of_age: str) -> None:
    assert comes_of_age(date.fromisoformat(born)) == date.fromisoformat(of_age)


@given(DAYS)
def test_the_day_on_which_somebody_comes_of_age_is_a_birthday_eighteen_years_later(born: date) -> None:
    day = comes_of_age(born)

    assert day.year == born.year + OF_AGE
    assert (day.month, day.day) == ((born.month, born.day) if (born.month, born.day) != (2, 29) else (3, 1))


@given(DAYS, DAYS)
def test_older_people_come_of_age_first(one: date, other: date) -> None:
    assert (comes_of_age(one) <= comes_of_age(other)) or one > other


@given(DAYS, st.integers(1, 6000), REASONS)
def test_a_guardian_of_a_minor_acts_until_the_minor_is_of_age_whatever_the_reason(
    born: date, days: int, reason: str | None
) -> None:
    granted_on = comes_of_age(born) - days * DAY

    assert ends_on(born, granted_on=granted_on, reason=reason) == comes_of_age(born)
    check_reason(born, granted_on=granted_on, reason=reason)


@given(DAYS, st.integers(0, 30000), st.text(min_size=1))
def test_a_guardian_of_an_adult_acts_for_a_reason_without_an_end(born: date, days: int, reason: str) -> None:
    granted_on = comes_of_age(born) + days * DAY

    assert ends_on(born, granted_on=granted_on, reason=reason) is None
    check_reason(born, granted_on=granted_on, reason=reason)


@given(DAYS, st.text(min_size=1))
def test_a_guardian_of_somebody_without_a_birth_date_acts_for_a_reason_without_an_end(today: date, reason: str) -> None:
    assert ends_on(None, granted_on=today, reason=reason) is None
    check_reason(None, granted_on=today, reason=reason)


@given(DAYS, st.integers(0, 30000))
def test_without_a_reason_nobody_acts_for_an_adult_or_somebody_of_unknown_age(born: date, days: int) -> None:
    granted_on = comes_of_age(born) + days * DAY
    for birth_date in (born, None):
        assert ends_on(birth_date, granted_on=granted_on, reason=None) == granted_on
        with pytest.raises(InvalidInputError) as refused:
            check_reason(birth_date, granted_on=granted_on, reason=None)
        assert refused.value.field == "reason"


@given(DAYS, DAYS, REASONS)
def test_nobody_acts_for_a_minor_longer_than_until_the_minor_is_of_age(
    born: date, granted_on: date, reason: str | None
) -> None:
    end = ends_on(born, granted_on=granted_on, reason=reason)

    if granted_on < comes_of_age(born):
        assert end == comes_of_age(born)
    else:
        assert end is None or end <= granted_on


@pytest.mark.parametrize(
    "ties",
    [
        FREE,
        replace(FREE, guardians_of_patient=MAX_GUARDIANS - 1),
        replace(FREE, dependants_of_guardian=MAX_DEPENDANTS - 1),
    ],
)
def test_people_without_too_many_ties_may_have_one_more(ties: Ties) -> None:
    check_ties(ties)


@pytest.mark.parametrize(
    ("ties", "field"),
    [
        (replace(FREE, guardians_of_guardian=1), "guardian_id"),
        (replace(FREE, dependants_of_patient=1), "user_id"),
        (replace(FREE, guardians_of_patient=MAX_GUARDIANS), "user_id"),
        (replace(FREE, dependants_of_guardian=MAX_DEPENDANTS), "guardian_id"),
    ],
)
def test_chains_circles_and_too_many_ties_are_refused(ties: Ties, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_ties(ties)
    assert refused.value.field == field
