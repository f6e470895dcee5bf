"""Which of two outcomes counts, which is an order of all of them, and what state a visit is in."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.registration import (
    FailureReason,
    Misfit,
    Outcome,
    RegisteredThere,
    Registration,
    RegistrationState,
    RegistrationStatus,
    misfit,
    outranks,
    registration_of,
)
from tests.clock import NOW

OUTCOMES = st.builds(
    lambda version, reason, second: Registration(
        7, version, Outcome.DONE if reason is None else Outcome.FAILED, reason, NOW + timedelta(seconds=second)
    ),
    st.integers(1, 3),
    st.none() | st.sampled_from(FailureReason),
    st.integers(0, 2),
)


def after(outcomes: tuple[Registration, ...]) -> Registration:
    """Returns what is left when the outcomes come one after the other."""
    left, *others = outcomes
    for each in others:
        left = each if outranks(each, left) else left
    return left


@given(st.lists(OUTCOMES, min_size=1, max_size=5))
def test_any_order_and_any_repetition_of_outcomes_ends_the_same(outcomes: list[Registration]) -> None:
    repeated = (*outcomes, outcomes[0])

    assert {after(order) for order in permutations(repeated)} == {after(tuple(outcomes))}


def test_the_later_version_counts_whatever_became_of_it() -> None:
    done = Registration(7, 1, Outcome.DONE, None, NOW)

    assert outranks(Registration(7, 2, Outcome.FAILED, "refused", NOW - timedelta(days=1)), done)


def test_what_is_done_is_not_undone_by_a_failure_of_the_same_version() -> None:
    done = Registration(7, 1, Outcome.DONE, None, NOW)
    failed = Registration(7, 1, Outcome.FAILED, "refused", NOW + timedelta(days=1))

    assert outranks(done, failed)
    assert not outranks(failed, done)


def test_of_two_failures_the_later_counts() -> None:
    early = Registration(7, 1, Outcome.FAILED, "unavailable", NOW)

    assert outranks(Registration(7, 1, Outcome.FAILED, "internal", NOW + timedelta(seconds=1)), early)
    assert not outranks(early, early)


@given(st.integers(1, 5), st.sampled_from(["CL", "PE"]), st.integers(1, 5), st.none() | st.integers(1, 5))
def test_an_outcome_fits_if_its_country_has_the_visit_and_its_version_has_been(
    told: int, country: str, present: int, told_before: int | None
) -> None:
    found = misfit(Registration(7, told, Outcome.DONE, None, NOW), country, RegisteredThere(present, "PE", told_before))

    assert (found is None) == (country == "PE" and told <= present)


def test_no_outcome_fits_a_visit_that_there_is_not() -> None:
    assert misfit(Registration(7, 1, Outcome.DONE, None, NOW), "PE", None) is Misfit.NO_VISIT


def test_a_visit_without_an_outcome_for_its_version_is_pending() -> None:
    assert registration_of(3, None, None, None) == RegistrationState(RegistrationStatus.PENDING, 3)


@pytest.mark.parametrize(("outcome", "error"), [(Outcome.DONE, None), (Outcome.FAILED, "unavailable")])
def test_the_outcome_says_what_became_of_it(outcome: Outcome, error: str | None) -> None:
    expected = RegistrationState(RegistrationStatus(outcome), 3, error, NOW)
    assert registration_of(3, outcome, error, NOW) == expected


@given(st.integers(1, 2**31 - 1), st.none() | st.sampled_from(Outcome), st.none() | st.text(), st.datetimes())
def test_whatever_the_outcome_the_version_is_that_of_the_visit(
    version: int, outcome: Outcome | None, error: str | None, at: datetime
) -> None:
    state = registration_of(version, outcome, error, at)

    assert state.version == version
    assert (state.status is RegistrationStatus.PENDING) == (outcome is None)
    assert (state.at is None) == (outcome is None)
