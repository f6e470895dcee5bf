"""The day on which a person can have been born, and the channel by which a person is reached."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.people import Channel, channel_used, check_birth_date
from lambda_function.domain.person_words import folded_name

TODAY = date(2030, 1, 7)


@pytest.mark.parametrize("day", [None, date(1900, 1, 1), TODAY])
def test_a_birth_date_from_1900_to_today_or_none_is_accepted(day: date | None) -> None:
    check_birth_date(day, TODAY)


@pytest.mark.parametrize("day", [date(1899, 12, 31), TODAY + timedelta(days=1)])
def test_a_birth_date_before_1900_or_in_the_future_is_refused(day: date) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_birth_date(day, TODAY)

    assert refusal.value.field == "birth_date"


@given(
    st.sampled_from([None, *Channel]), st.sampled_from([None, "a@example.org"]), st.sampled_from([None, "+51987654321"])
)
def test_the_channel_used_is_the_chosen_one_wherever_it_can_be(
    chosen: Channel | None, email: str | None, phone: str | None
) -> None:
    used = channel_used(chosen, email=email, phone=phone, bounced_email_hash=None)
    there = {Channel.EMAIL: email, Channel.SMS: phone, Channel.NONE: "nothing"}

    assert there[used] is not None
    assert used is chosen or chosen is None or there[chosen] is None
    assert (used is Channel.NONE) == (chosen is Channel.NONE or (email is None and phone is None))


@pytest.mark.parametrize("chosen", [None, Channel.EMAIL, Channel.SMS])
@pytest.mark.parametrize(("email", "used"), [("a@example.org", Channel.EMAIL), (None, Channel.NONE)])
def test_a_number_without_a_country_code_gets_no_sms(chosen: Channel | None, email: str | None, used: Channel) -> None:
    assert channel_used(chosen, email=email, phone="987 654 321", bounced_email_hash=None) is used


@given(st.lists(st.sampled_from(["Ana", "MARÍA", "o'neil", "Łuksza"]), min_size=1), st.integers(1, 3))
def test_names_are_the_same_with_more_blanks_and_in_capital_letters(words: list[str], blanks: int) -> None:
    name = " ".join(words)

    assert folded_name((" " * blanks).join(words)) == folded_name(name) == folded_name(name.upper())
    assert folded_name(folded_name(name)) == folded_name(name)
