"""Names, addresses and free text, as the people of many countries write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lambda_function.api.schemas import types
from lambda_function.services import text_rules

PERSIAN_WITH_JOINER = "علی‌رضا"


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refused(kind: Any, value: object) -> bool:
    with pytest.raises(ValidationError):
        read(kind, value)
    return True


@pytest.mark.parametrize(
    "name",
    [
        "O'Brien",
        "O\u2019Brien",
        "José",
        "Jose\u0301",
        "王小明",
        PERSIAN_WITH_JOINER,
        "Nguyễn Thị Minh Khai",
        "Anne-Marie St. John (née Smith), Jr.",
        "सीता",
        "X Æ A-12",
        "Li",
    ],
)
def test_names_of_the_world_are_taken_as_they_are(name: str) -> None:
    assert read(text_rules.PersonName, name) == name


@pytest.mark.parametrize(
    "name",
    [
        "\U0001f600",
        "Ann \U0001f9b7",
        "'; DROP TABLE",
        "<b>Ann</b>",
        "Ann\x00",
        "Ann\nBob",
        "Ann\tBob",
        "Ann\u202eBob",
        "",
        "   ",
        "\u00a0",
        "\u200c",
        "...",
        "123",
        "\ud800",
        "x" * 201,
        5,
        None,
    ],
    ids=ascii,
)
def test_what_is_no_name_is_refused(name: object) -> None:
    assert refused(text_rules.PersonName, name)


def test_blanks_round_a_name_are_dropped_before_it_is_measured() -> None:
    assert read(text_rules.PersonName, "  " + "x" * 200 + " ") == "x" * 200


@pytest.mark.parametrize("name", ["pat", "dr.jay", "a", "0", "rita@lima.example", "A_b-c+d", "x" * 64])
def test_user_names_are_taken(name: str) -> None:
    assert read(text_rules.UserName, name) == name


@pytest.mark.parametrize("name", ["", "_x", ".x", "-x", "a b", "a\n", "\na", "josé", "x" * 65, "a'b", "a;b", "a\x00"])
def test_other_user_names_are_refused(name: str) -> None:
    assert refused(text_rules.UserName, name)


@pytest.mark.parametrize(
    "address", ["a@b.pe", "o'brien+dentist@sub.example.com", "A.B@EXAMPLE.ORG", "x" * 249 + "@b.pe"]
)
def test_mail_addresses_are_taken(address: str) -> None:
    assert read(text_rules.Email, address) == address


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b", "@b.pe", "a@.pe", "a@b.", "a@b..pe", "a b@c.pe", "a@b.pe\n", "a@b@c.pe", "a@b.pe\r\nBcc: c@d.pe"],
)
def test_other_mail_addresses_are_refused(address: str) -> None:
    assert refused(text_rules.Email, address)


def test_a_mail_address_has_at_most_254_characters() -> None:
    assert refused(text_rules.Email, "x" * 250 + "@b.pe")


@pytest.mark.parametrize("number", ["+51 999 888 777", "(01) 234-5678", "1234", "+1.800.555/01", "+" + "1" * 31])
def test_telephone_numbers_are_taken(number: str) -> None:
    assert read(text_rules.Phone, number) == number


@pytest.mark.parametrize(
    "number", ["", "    ", "----", "123", "+", "1 2 3", "12345\n", "1" * 33, "++1234", "12345 ext 6", "١٢٣٤٥"]
)
def test_other_telephone_numbers_are_refused(number: str) -> None:
    assert refused(text_rules.Phone, number)


@pytest.mark.parametrize("length", [1, 500])
def test_a_reason_has_1_to_500_characters(length: int) -> None:
    assert read(text_rules.Reason, "\U0001f9b7" * length) == "\U0001f9b7" * length


@pytest.mark.parametrize("reason", ["", " ", "\t\n ", "x" * 501, "a\x00b", "a\x1bb", "a\x7f", "a\x85b", 5], ids=ascii)
def test_other_reasons_are_refused(reason: object) -> None:
    assert refused(text_rules.Reason, reason)


def test_blanks_round_a_reason_are_dropped_before_it_is_measured() -> None:
    assert read(text_rules.Reason, " " * 600 + "moved away\n") == "moved away"


def test_a_note_may_have_lines() -> None:
    assert read(types.Note, "one\r\n\ttwo") == "one\r\n\ttwo"


@pytest.mark.parametrize("note", ["x" * 2001, "\x00", "\x1b[2J", "\ud800"], ids=["long", "null", "escape", "half"])
def test_other_notes_are_refused(note: str) -> None:
    assert refused(types.Note, note)


@pytest.mark.parametrize(("kind", "longest"), [(types.Cursor, 500), (types.SearchText, 100)], ids=["cursor", "search"])
def test_cursors_and_searches_have_a_length(kind: Any, longest: int) -> None:
    assert read(kind, "x")
    assert read(kind, "x" * longest)
    assert refused(kind, "")
    assert refused(kind, "x" * (longest + 1))


@given(st.text(max_size=60))
def test_whatever_text_is_taken_can_be_stored(text: str) -> None:
    for kind in (
        text_rules.PersonName,
        text_rules.UserName,
        text_rules.Email,
        text_rules.Phone,
        text_rules.Reason,
        types.Note,
    ):
        try:
            taken = read(kind, text)
        except ValidationError:
            continue
        assert "\x00" not in taken.encode().decode()


@pytest.mark.parametrize(
    "kind", [text_rules.UserName, text_rules.Email, text_rules.Phone], ids=["user name", "e-mail", "phone"]
)
def test_patterns_are_ones_that_every_reader_of_the_documentation_knows(kind: Any) -> None:
    pattern = TypeAdapter(kind).json_schema()["pattern"]
    assert pattern.startswith("^")
    assert pattern.endswith("$")
