"""The form in which identifiers are stored, where they are unique, and by which words they are found."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.identifiers import (
    LONGEST_IDENTIFIER,
    Identifier,
    IdentifierSystem,
    ScopedIdentifier,
    scoped,
    stored_value,
)
from lambda_function.domain.person_words import (
    IDENTIFIER_KINDS,
    LONGEST_WORD,
    FoundBy,
    WordKind,
    identifier_words,
    sought_words,
)

_VALUES = st.text(st.characters(categories=["L", "N", "P", "Zs", "Pd"]), min_size=1, max_size=70)
_STORED = _VALUES.map(stored_value).filter(lambda value: value is not None)
_SYSTEMS = st.sampled_from(list(IdentifierSystem))


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("12.345.678-k", "12345678K"),
        ("  1234 5678\u00a0", "12345678"),
        ("x\u20111234567\u2013l", "X1234567L"),
        ("\uff11\uff12", "12"),
        ("ab/12#3", "AB/12#3"),
        ("\u0661\u0667\u0668", "178"),
        ("17\u200c8\ufe0f5\u2060\u200d", "1785"),
    ],
)
def test_separators_small_letters_and_what_cannot_be_seen_make_no_difference(written: str, stored: str) -> None:
    assert stored_value(written) == stored


@pytest.mark.parametrize("written", ["", " ", "-. ", "12\n34", "12\u202e34", "/", "1" * 65, "\u200b"])
def test_what_is_no_identifier_is_refused(written: str) -> None:
    assert stored_value(written) is None


@given(_STORED)
def test_the_stored_form_stays_as_it_is(stored: str) -> None:
    assert stored_value(stored) == stored
    assert 0 < len(stored) <= LONGEST_IDENTIFIER
    assert not any(unicodedata.category(char) in {"Zs", "Pd"} or char == "." for char in stored)


def test_a_chart_number_is_unique_in_the_clinic_and_the_others_in_the_country() -> None:
    written = [Identifier(system, "1") for system in IdentifierSystem]

    assert scoped(written, clinic_id=7, country="PE") == [
        (IdentifierSystem.NATIONAL_ID, "PE", "1"),
        (IdentifierSystem.INSURANCE, "PE", "1"),
        (IdentifierSystem.CHART, "7", "1"),
    ]


def test_an_identifier_is_found_by_its_parts_and_as_a_whole() -> None:
    assert identifier_words([ScopedIdentifier(IdentifierSystem.INSURANCE, "PE", "AB/12")]) == {
        FoundBy(WordKind.IDENTIFIER, word) for word in ("ab", "12", "ab12")
    }


def test_the_word_of_a_chart_number_names_the_clinic() -> None:
    words = identifier_words([ScopedIdentifier(IdentifierSystem.CHART, "7", "A" * LONGEST_IDENTIFIER)])

    assert words == {FoundBy(WordKind.CHART, "a" * (LONGEST_WORD - 2) + " 7")}


@given(_SYSTEMS, _STORED, st.integers(1, 2**63 - 1))
def test_words_of_identifiers_fit_their_column_and_are_of_kinds_of_their_own(
    system: IdentifierSystem, value: str, clinic_id: int
) -> None:
    words = identifier_words(scoped([Identifier(system, value)], clinic_id=clinic_id, country="PE"))

    assert all(0 < len(word) <= LONGEST_WORD and kind in IDENTIFIER_KINDS for kind, word in words)
    assert all(" " not in word.removesuffix(f" {clinic_id}") for _, word in words)


@given(st.from_regex(r"[A-Z0-9]{1,40}", fullmatch=True))
def test_an_identifier_of_letters_and_digits_is_found_by_each_of_its_beginnings(value: str) -> None:
    words = identifier_words([ScopedIdentifier(IdentifierSystem.NATIONAL_ID, "PE", value)])

    for length in range(1, len(value) + 1):
        (sought,) = sought_words(value[:length])
        assert any(word.startswith(sought.start) for _, word in words)
