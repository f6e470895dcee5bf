"""Names, addresses and free text, as the people of many countries write them."""
# ruff: noqa: RUF001 - names are written in many scripts

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lambda_function.api.schemas import types
from lambda_function.domain.written_text import has_letter, without_refused
from lambda_function.services import text_rules
from tests import profiles

NAMES = [
    "O'Brien",
    "O\u2019Brien",
    "José",
    "王小明",
    "علی\u200cرضا",
    "Nguyễn Thị Minh Khai",
    "Anne-Marie St. John (née Smith), Jr.",
    "सीता",
    "മോഹന\u0d4d\u200d",
    "葛\U000e0100城",
    "X Æ A-12",
    "Li",
    "Marcel·la Gal·la",
    "ジョン・スミス",
    "山田\u3000太郎",
    "ג׳ורג׳ כהן",
    "בן־גוריון",
    "བསྟན་འཛིན་",
    "Ka\u2018iulani",
    "S:t Erik",
    "Ana\u00a0Ríos",
    "Jean\u2011Luc",
    'Ana "Nita" Ríos',
    "„Hans“ «Müller»",
    "Ana  Ríos",
    "Ann <3",
]


# https://html.spec.whatwg.org/#valid-e-mail-address
BROWSER_EMAIL = (
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refused(kind: Any, value: object) -> bool:
    with pytest.raises(ValidationError):
        read(kind, value)
    return True


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_world_are_taken_as_they_are(name: str) -> None:
    assert read(text_rules.PersonName, name) == name


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        pytest.param("Jose\u0301 Nu\u0301n\u0303ez", "José Núñez", id="decomposed"),
        pytest.param("\u1100\u1161\u11a8", "각", id="jamo"),
        pytest.param("A\u200b\u0301na", "Ána", id="a zero-width space before an accent"),
        pytest.param("\ufeffA\u00adn\u2060a\u200b", "Ana", id="byte order mark, soft hyphen, word joiner"),
        pytest.param("Ana\u3164", "Ana", id="filler"),
        pytest.param("Ana\U000e0041", "Ana", id="tag"),
        pytest.param("\u200fדוד\u200f כהן\u200f", "דוד כהן", id="marks that order nothing"),
        pytest.param("Ana\u200e Ríos\u200e", "Ana Ríos", id="marks that order nothing, left to right"),
        pytest.param("דוד (Ana)\u200f", "דוד (Ana)\u200f", id="a mark that orders two directions"),
        pytest.param("\u200dAna \u200cRíos", "Ana Ríos", id="joiners that join nothing"),
        pytest.param("\u00a0\u3000Ana\n", "Ana", id="blanks around it"),
    ],
)
def test_names_are_stored_composed_and_without_what_nobody_sees(name: str, stored: str) -> None:
    assert read(text_rules.PersonName, name) == stored


@pytest.mark.parametrize(
    "name",
    [
        "Ann\x00",
        "Ann\nBob",
        "Ann\tBob",
        "Ann\x85Bob",
        "Ann\u2028Bob",
        "Ann\u202eBob",
        "\u202aAnn\u202c",
        "\u2067Ann\u2069",
        "",
        "   ",
        "\u00a0",
        "\u200b",
        "\u200c",
        "\u200f",
        "\u3164",
        "...",
        "123",
        "\U0001f600",
        "\ud800",
        "Ann\udc80",
        "x" * 201,
        5,
        None,
    ],
    ids=ascii,
)
def test_what_is_no_name_is_refused(name: object) -> None:
    assert refused(text_rules.PersonName, name)


def test_a_name_is_measured_as_it_is_stored() -> None:
    assert read(text_rules.PersonName, "e\u0301\u200b" * 200) == "é" * 200
    assert refused(text_rules.PersonName, "é" * 201)


# Letters and marks of many scripts, and above all what the rules are about.
TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "a1 -'\u05d0\u0301\u094d\u1100\u1161\u11a8\u00a0\u3000\u00ad\u034f\u061c\u115f\u200b\u200c\u200d\u200e"
        ),
        st.sampled_from("\u200f\u2028\u202e\u2060\u2066\u2069\u3164\ufe0f\ufeff\U000e0041\U000e0100\ud800\n\t\x00@."),
    ),
    max_size=20,
)


@settings(max_examples=profiles.examples(300, 50_000))
@given(TEXTS)
def test_a_stored_text_is_accepted_and_stays_as_it_is(text: str) -> None:
    for kind in (text_rules.PersonName, text_rules.Name, text_rules.Reason, text_rules.Email, text_rules.Phone):
        try:
            stored = read(kind, text)
        except ValidationError:
            continue
        assert read(kind, stored) == stored


@settings(max_examples=profiles.examples(300, 50_000))
@given(TEXTS)
def test_a_name_keeps_its_letters_and_has_nothing_that_turns_or_breaks_it(text: str) -> None:
    try:
        stored = read(text_rules.PersonName, text)
    except ValidationError:
        return
    assert unicodedata.is_normalized("NFC", stored)
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in stored)
    assert not set("\u200b\u202e\u2066\ufeff") & set(stored)
    written = "".join(char for char in unicodedata.normalize("NFD", text) if char not in "\u115f\u1160\u3164\uffa0")
    assert [char for char in written if char.isalpha()] == [
        char for char in unicodedata.normalize("NFD", stored) if char.isalpha()
    ]


@settings(max_examples=profiles.examples(300, 50_000))
@given(TEXTS)
def test_what_is_left_of_a_refused_name_is_a_name_if_it_has_a_letter(text: str) -> None:
    left = without_refused(text)
    assert has_letter(left) == has_letter(text)
    if has_letter(left):
        assert read(text_rules.PersonName, left) == left


@pytest.mark.parametrize("name", ["1", "№ 3", "Silla 2"])
def test_a_chair_may_be_a_number(name: str) -> None:
    assert read(text_rules.Name, name) == name


def test_blanks_round_a_name_are_dropped_before_it_is_measured() -> None:
    assert read(text_rules.PersonName, "  " + "x" * 200 + " ") == "x" * 200


@pytest.mark.parametrize("name", ["pat", "dr.jay", "a", "0", "rita@lima.example", "A_b-c+d", "x" * 64])
def test_user_names_are_taken(name: str) -> None:
    assert read(text_rules.UserName, name) == name


@pytest.mark.parametrize("name", ["", "_x", ".x", "-x", "a b", "a\n", "\na", "josé", "x" * 65, "a'b", "a;b", "a\x00"])
def test_other_user_names_are_refused(name: str) -> None:
    assert refused(text_rules.UserName, name)


@pytest.mark.parametrize(
    "address",
    [
        "a@b.pe",
        "o'brien+dentist@sub.example.com",
        "A.B@EXAMPLE.ORG",
        "x" * 64 + "@b.pe",
        "a@" + "x" * 63 + ".pe",
        "x" * 62 + "@" + ".".join(["x" * 63] * 3),
        ".a..b.@docomo.example",
        "!#$%&'*+/=?^_`{|}~-@b.pe",
        "a@1.b-2--c.pe",
        "a@xn--mnchen-3ya.example",
        "josé@münchen.example",
        "用户@例え.テスト",
        "संपर्क@डाटामेल.भारत",
    ],
)
def test_mail_addresses_are_taken(address: str) -> None:
    assert read(text_rules.Email, address) == address


@pytest.mark.parametrize(
    "address",
    [
        *[
            "",
            "a",
            "a@b",
            "@b.pe",
            "a@.pe",
            "a@b.",
            "a@b..pe",
            "a b@c.pe",
            "a@b.pe\n",
            "a@b@c.pe",
            "a@b.pe\r\nBcc: c@d.pe",
        ],
        *["a@-b.pe", "a@b-.pe", "a@b.-pe", "a@b.pe-", "a@b_c.pe", "a@[10.0.0.1]", '"a b"@c.pe', "a,b@c.pe", "a<b@c.pe"],
        *[
            "x" * 65 + "@b.pe",
            "a@" + "x" * 64 + ".pe",
            "a\u200b@b.pe",
            "a\u00a0b@c.pe",
            "a@b\u3002pe",
            "\U0001f600@b.pe",
        ],
        *["a@b\u3164.pe", "a\u037e@b.pe", "a\ud800@b.pe"],
    ],
    ids=ascii,
)
def test_other_mail_addresses_are_refused(address: str) -> None:
    assert refused(text_rules.Email, address)


def test_a_mail_address_has_at_most_254_characters() -> None:
    assert refused(text_rules.Email, "x" * 63 + "@" + ".".join(["x" * 63] * 3))


def test_a_mail_address_is_stored_composed() -> None:
    assert read(text_rules.Email, "jose\u0301@mu\u0308nchen.example") == "josé@münchen.example"


@given(st.from_regex(BROWSER_EMAIL, fullmatch=True))
def test_what_a_browser_takes_is_taken_if_its_domain_has_a_dot_and_smtp_can_carry_it(address: str) -> None:
    local, _, domain = address.partition("@")
    if "." in domain and len(local) <= 64 and len(address) <= 254:
        assert read(text_rules.Email, address) == address
    else:
        assert refused(text_rules.Email, address)


@given(
    st.from_regex(text_rules.EMAIL, fullmatch=True, alphabet=st.characters(max_codepoint=127)).filter(
        lambda text: len(text) <= text_rules.MAX_EMAIL
    )
)
def test_what_the_documented_pattern_takes_is_taken(address: str) -> None:
    assert read(text_rules.Email, address) == address


@pytest.mark.parametrize(
    "number",
    [
        *["+51 999 888 777", "(01) 234-5678", "1234", "+1.800.555/01", "+" + "1" * 31, "12345 "],
        *["555 1234 x89", "555-1234x89", "555 1234 X 89", "555 1234 ext. 12", "555 1234 ext 12", "555 1234, Ext: 12"],
        *["+51-1-5551234;ext=3", "555 1234 #12", "5551234#12", "555 1234 extension 12", "555 1234 anexo 12"],
    ],
)
def test_telephone_numbers_are_taken(number: str) -> None:
    assert read(text_rules.Phone, number) == number


@pytest.mark.parametrize(
    "number",
    [
        "",
        "    ",
        "----",
        "123",
        "+",
        "1 2 3",
        "12345\n",
        "1" * 33,
        "++1234",
        "١٢٣٤٥",
        "12345 x",
        "123 x4",
        "12345 ext",
        "12345 x6 x7",
        "12345;isub=6",
        "12345 6x",
    ],
)
def test_other_telephone_numbers_are_refused(number: str) -> None:
    assert refused(text_rules.Phone, number)


@pytest.mark.parametrize("length", [1, 500])
def test_a_reason_has_1_to_500_characters(length: int) -> None:
    assert read(text_rules.Reason, "\U0001f9b7" * length) == "\U0001f9b7" * length


@pytest.mark.parametrize(
    "reason",
    [
        *["", " ", "\t\n ", "x" * 501, "a\x00b", "a\x1bb", "a\x7f", "a\x85b", "\ud800", 5],
        *["\u200b", "\u200b \u00ad", "\u3164", "\u2800", "\ufe0f", "\u202e", "\u3000"],
    ],
    ids=ascii,
)
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
