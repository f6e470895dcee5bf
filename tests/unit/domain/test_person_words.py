"""By which words a person is found, and what a search looks for."""

import unicodedata
from datetime import date, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.person_words import (
    FEWEST_DIGITS,
    LONGEST_WORD,
    WordKind,
    found_by,
    same_words,
    sought_birth_date,
    sought_words,
)

_SPACES = st.text(" -.,/'\u2019\u00b7", min_size=1, max_size=3)
_NAMES = st.text(st.characters(categories=["L", "M", "N", "Zs", "P", "Cf"]), max_size=40)


def _finds(
    q: str, *, full_name: str = "", user_name: str = "", email: str | None = None, phone: str | None = None
) -> bool:
    words = found_by(full_name=full_name, user_name=user_name, email=email, phone=phone, birth_date=None)
    sought = sought_words(q)
    return bool(sought) and all(
        any(word.startswith(one.start) and kind in one.kinds for kind, word in words) for one in sought
    )


@pytest.mark.parametrize(
    ("q", "name"),
    [
        ("torres ana", "Ana María Torres"),
        ("que mar", "Maria Quezada"),
        ("d'arcy", "Fitzwilliam D'Arcy"),
        ("darcy", "Fitzwilliam D'Arcy"),
        ("arcy", "Fitzwilliam D'Arcy"),
        ("d arcy", "Fitzwilliam D\u2019Arcy"),
        ("d'arcy", "Fitzwilliam Darcy"),
        ("O\u2019Brien", "Pat O'Brien"),
        ("O'Brien", "Pat O\u2019Brien"),
        ("obrien", "Pat O\u02bcBrien"),
        ("o'", "Pat O'Brien"),
        ("Jose\u0301 Nu\u0301n\u0303ez", "José Núñez"),
        ("jose nunez", "Jose\u0301 Nun\u0303ez"),
        ("JOSÉ", "josé"),
        ("김", "김민준"),
        ("김민", unicodedata.normalize("NFD", "김민준")),
        ("strasse", "Anna Straße"),
        ("STRAẞE", "Anna Strasse"),
        ("lukasz", "Łukasz"),
        ("ødegård", "Odegard"),
        ("djordje", "Djordje"),
        ("dordevic", "Đorđević"),
        ("isik", "I\u015f\u0131k"),
        ("ISIK", "İsik"),
        ("aegir", "Ægir"),
        ("coeur", "Cœur"),
        ("marcella", "Marcel·la Gal·la"),
        ("gal", "Marcel·la Gal·la"),
        ("スミス", "ジョン・スミス"),
        ("太郎", "山田\u3000太郎"),
        ("kaiulani", "Ka\u2018iulani"),
        ("\u05d2\u05d5\u05e8\u05d2", "\u05d2\u05f3\u05d5\u05e8\u05d2\u05f3 כהן"),
        ("גוריון", "בן־גוריון"),
        ("བསྟན", "བསྟན་འཛིན་"),
        ("erik s", "S:t Erik"),
        ("zoe", "Zoë\u200b"),
        ("jean pierre", "Pierre\u2011Jean"),
        ("ﬁona", "Fiona"),
    ],
)
def test_a_name_is_found_however_it_is_written(q: str, name: str) -> None:
    assert _finds(q, full_name=name)


@pytest.mark.parametrize(
    ("q", "name"), [("ojas", "Pat Rojas"), ("pat soto", "Pat Rojas"), ("%", "Pat"), ("", "Pat"), ("'", "O'Brien")]
)
def test_what_begins_no_word_is_not_found(q: str, name: str) -> None:
    assert not _finds(q, full_name=name)


@pytest.mark.parametrize(
    "q",
    [
        "987 654",
        "987654",
        "+51 987",
        "(51) 987-654-321",
        "4321",
        "51987654321",
        "٩٨٧٦٥٤",
        "987\u2013654",
        "torres 9876",
    ],
)
def test_a_telephone_number_is_found_by_four_or_more_of_its_digits(q: str) -> None:
    assert _finds(q, full_name="Ana Torres", phone="+51 987 654 321")


@pytest.mark.parametrize("q", ["987", "+51", "321", "5432 9", "9999", "torres 987"])
def test_a_telephone_number_is_not_found_by_fewer_or_other_digits(q: str) -> None:
    assert not _finds(q, full_name="Ana Torres", phone="+51 987 654 321")


def test_an_extension_is_no_part_of_the_number() -> None:
    assert _finds("4321", phone="+51 987 654 321 x8900")
    assert _finds("8900", phone="+51 987 654 321 x8900")
    assert not _finds("3218", phone="+51 987 654 321 x8900")


@pytest.mark.parametrize("q", ["maria.quispe@example.org", "MARIA.Q", "quispe maria", "example", "quispe@exam"])
def test_an_email_is_found_by_its_words(q: str) -> None:
    assert _finds(q, email="maria.quispe@example.org")


@pytest.mark.parametrize("q", ["ana.torres", "torres", "ANA", "ana_", "2030"])
def test_a_user_name_is_found_by_its_words(q: str) -> None:
    assert _finds(q, user_name="ana.torres_2030")


def test_each_word_says_what_it_is_from() -> None:
    assert found_by(full_name="Ana", user_name="ana", email="a@b.org", phone="+1 234-5", birth_date=None) == {
        (WordKind.NAME, "ana"),
        (WordKind.LOGIN, "ana"),
        (WordKind.EMAIL, "a"),
        (WordKind.EMAIL, "b"),
        (WordKind.EMAIL, "org"),
        (WordKind.PHONE, "12345"),
        (WordKind.PHONE, "2345"),
        *((WordKind.SAME, word) for word in same_words(full_name="", email="a@b.org", phone="12345", birth_date=None)),
    }


def test_people_who_may_be_the_same_share_a_word() -> None:
    born = date(1990, 1, 31)
    person = same_words(full_name="Ana  María", email="Ana@Example.org", phone="+51 999-111", birth_date=born)

    for other in (
        same_words(full_name="ANA maria", email=None, phone=None, birth_date=born),
        same_words(full_name="Leo", email="ana@example.ORG", phone=None, birth_date=None),
        same_words(full_name="Leo", email=None, phone="51 99 91 11", birth_date=None),
    ):
        assert person & other


def test_people_who_are_not_the_same_share_no_word() -> None:
    born = date(1990, 1, 31)
    person = same_words(full_name="Ana María", email="ana@example.org", phone="+51 999-111", birth_date=born)

    for other in (
        same_words(full_name="Ana María", email=None, phone=None, birth_date=None),
        same_words(full_name="Ana María", email=None, phone=None, birth_date=born + timedelta(1)),
        same_words(full_name="Ana Mar", email="ana@example.com", phone="999-111", birth_date=born),
    ):
        assert not person & other


def test_no_search_for_the_start_of_a_word_comes_upon_a_date_of_birth_or_what_two_people_share() -> None:
    words = found_by(full_name="Ana", user_name="ana", email="a@b.org", phone="12345", birth_date=date(1990, 1, 31))
    whole = {word for kind, word in words if kind in {WordKind.SAME, WordKind.BIRTH_DATE}}

    assert len(whole) == 4
    assert not any(char.isalnum() for char in {word[0] for word in whole})
    [born] = [word for kind, word in words if kind is WordKind.BIRTH_DATE]
    assert sought_birth_date(date(1990, 1, 31)).pattern == born


@pytest.mark.parametrize(
    ("q", "starts"),
    [
        ("12.345.678-k", ["12345678k"]),
        ("ana 12.345.678-K", ["12345678k", "ana"]),
        ("1-2", ["1", "2"]),
        ("x-1234567-l", ["1234567", "l", "x"]),
        ("p-00123", ["00123", "p"]),
    ],
)
def test_digits_with_signs_and_a_last_letter_are_one_number(q: str, starts: list[str]) -> None:
    assert [word.start for word in sought_words(q)] == starts


def test_a_word_that_begins_another_is_looked_for_once() -> None:
    assert [word.start for word in sought_words("Ma Maria ma'ri")] == ["maria"]


@given(_NAMES, st.sampled_from(["NFC", "NFD"]))
def test_every_form_of_unicode_gives_the_same_words(name: str, form: Literal["NFC", "NFD"]) -> None:
    other = unicodedata.normalize(form, name)
    assert found_by(full_name=other, user_name="", email=None, phone=None, birth_date=None) == found_by(
        full_name=name, user_name="", email=None, phone=None, birth_date=None
    )


@given(_NAMES)
def test_words_are_folded_bounded_and_without_signs(name: str) -> None:
    words = {word for _, word in found_by(full_name=name, user_name="", email=None, phone=None, birth_date=None)}
    assert all(0 < len(word) <= LONGEST_WORD for word in words)
    assert all(unicodedata.category(char)[0] in "LN" for word in words for char in word)


@given(
    st.lists(st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=12), min_size=1, max_size=6), st.data()
)
def test_the_starts_of_the_words_of_a_name_find_it_in_any_order(parts: list[str], data: st.DataObject) -> None:
    name = data.draw(_SPACES).join(parts)
    starts = [part[: data.draw(st.integers(1, len(part)))] for part in data.draw(st.permutations(parts))]
    sought = sought_words(" ".join(starts))
    assert not sought or _finds(" ".join(starts), full_name=name) or _is_number(starts)


def _is_number(starts: list[str]) -> bool:
    """Digits alone are one number, which is no start of a word if they are from several words."""
    return all(start.isdecimal() for start in starts)


@given(st.text("0123456789 ()./-", min_size=FEWEST_DIGITS, max_size=31), st.data())
def test_any_four_digits_in_a_row_find_a_number(phone: str, data: st.DataObject) -> None:
    digits = [char for char in phone if char.isdigit()]
    if len(digits) >= FEWEST_DIGITS:
        start = data.draw(st.integers(0, len(digits) - FEWEST_DIGITS))
        length = data.draw(st.integers(FEWEST_DIGITS, len(digits) - start))
        assert _finds(" ".join(digits[start : start + length]), phone=phone)
