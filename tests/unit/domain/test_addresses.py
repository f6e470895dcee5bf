"""Telephone numbers as people write them, and the hash of an address."""

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.addresses import address_hash, international
from lambda_function.services.text_rules import PHONE


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+51987654321", "+51987654321"),
        (" +51 987 654 321 ", "+51987654321"),
        ("+51 987-654.321", "+51987654321"),
        ("+51/987/654/321", "+51987654321"),
        ("(+51) 987 654 321", "+51987654321"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("0051 987 654 321", "+51987654321"),
        ("00 51 987 654 321", "+51987654321"),
        ("(00)51 987654321", "+51987654321"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("0044 ( 0 ) 20 7946 0958", "+442079460958"),
        ("+1 212 555 0123 x89", "+12125550123"),
        ("+1 212 555 0123X 89", "+12125550123"),
        ("+1 212 555 0123, ext. 89", "+12125550123"),
        ("+1 212 555 0123;ext=89", "+12125550123"),
        ("+51 1 555 0123 anexo 12", "+5115550123"),
        ("+1 212 555 0123 #89", "+12125550123"),
        ("+51\u2013987\u00a0654\u2009321", "+51987654321"),
        ("\uff0b51 \uff19\uff18\uff17654321", "+51987654321"),
        ("+6834000", "+6834000"),
        ("+123456789012345", "+123456789012345"),
    ],
)
def test_a_number_with_a_country_code_is_read_however_it_is_written(written: str, number: str) -> None:
    assert international(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "987 654 321",
        "(01) 555-0123",
        "011 51 987 654 321",
        "51987654321",
        "+123456",
        "+1234567890123456",
        "+0 123 456 789",
        "000 51 987 654 321",
        "+51 987 +654 321",
        "++51987654321",
        "+",
        "",
        "x89",
        "+51987654321\n+51987654322",
    ],
)
def test_a_number_without_a_country_code_or_of_a_wrong_length_is_none(written: str) -> None:
    assert international(written) is None


@given(st.from_regex(re.compile(PHONE), fullmatch=True))
def test_whatever_is_taken_as_a_telephone_number_gives_e_164_or_nothing(written: str) -> None:
    number = international(written)

    assert number is None or re.fullmatch(r"\+[1-9][0-9]{6,14}", number)
    assert number is None or international(number) == number


def test_a_hash_is_that_of_the_trimmed_address_in_small_letters() -> None:
    assert address_hash(" Ana@Example.ORG\n") == sha256(b"ana@example.org").hexdigest()


@given(st.emails())
def test_capital_letters_and_blanks_make_no_other_hash(address: str) -> None:
    assert address_hash(f" {address.casefold()} ") == address_hash(address)


def test_other_addresses_have_other_hashes() -> None:
    assert address_hash("ana@example.org") != address_hash("ana@example.net")
