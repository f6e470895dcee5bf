"""Counting wrong links."""

from datetime import timedelta

from lambda_function.pages.guesses import MAX_GUESSES, WINDOW, Guesses
from tests.clock import NOW


def test_the_first_thirty_of_a_minute_are_allowed() -> None:
    guesses = Guesses()

    found = [guesses.one_more_is_too_many("a", NOW + timedelta(seconds=number)) for number in range(MAX_GUESSES + 2)]

    assert found == [False] * MAX_GUESSES + [True, True]
    assert (30, timedelta(minutes=1)) == (MAX_GUESSES, WINDOW)


def test_each_address_has_its_own_count() -> None:
    guesses = Guesses()
    for _ in range(MAX_GUESSES + 1):
        guesses.one_more_is_too_many("a", NOW)

    assert not guesses.one_more_is_too_many("b", NOW)


def test_the_count_begins_again_after_a_minute_and_when_the_clock_goes_back() -> None:
    for later in (WINDOW, -timedelta(seconds=1)):
        guesses = Guesses()
        for _ in range(MAX_GUESSES + 1):
            guesses.one_more_is_too_many("a", NOW)

        assert not guesses.one_more_is_too_many("a", NOW + later)


def test_of_very_many_addresses_the_first_is_forgotten_first() -> None:
    guesses = Guesses()
    for _ in range(MAX_GUESSES + 1):
        guesses.one_more_is_too_many("first", NOW)
    for number in range(10_000):
        guesses.one_more_is_too_many(f"{number}", NOW)

    assert not guesses.one_more_is_too_many("first", NOW)
