"""The words by which a person is found, and the words that a search looks for. Both are folded, so that case, accents,
Unicode's forms and the many apostrophes make no difference.
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from lambda_function.domain.identifiers import IdentifierSystem, ScopedIdentifier

# Words are cut after this many characters, in the rows and in a search.
LONGEST_WORD = 64
# Fewer digits would be found in nearly every telephone number.
FEWEST_DIGITS = 4

_APOSTROPHE = "'"
# What people type for an apostrophe, and the middle dot of Catalan, which also stands inside a word.
_APOSTROPHES = str.maketrans(
    dict.fromkeys("\u0060\u00b4\u00b7\u02b9\u02bb\u02bc\u055a\u05f3\u2018\u2019\u201b\u2032\ua78c\uff07", _APOSTROPHE)
    | {"\u013f": "l'", "\u0140": "l'"}
)
# Letters that have no decomposition into a plain letter and a mark.
_LETTERS = str.maketrans(
    {"\u0142": "l", "\u00f8": "o", "\u0111": "d", "\u00df": "ss", "\u0131": "i", "\u00e6": "ae", "\u0153": "oe"}
)
_TELEPHONE = re.compile(r"[0-9 ()./+-]+")


class WordKind(IntEnum):
    """What a word is from. The numbers are stored."""

    NAME = 1
    LOGIN = 2
    EMAIL = 3
    PHONE = 4
    IDENTIFIER = 5
    # A chart number, which is searched in its clinic only: the word ends with a blank and the id of the clinic.
    CHART = 6


# Words that whoever sees a person may search. The others may be searched only where the contact data may be seen.
OPEN_KINDS = frozenset({WordKind.NAME, WordKind.LOGIN})
# What the words of a person's own row are from. The other kinds are from the identifiers.
ROW_KINDS = frozenset({WordKind.NAME, WordKind.LOGIN, WordKind.EMAIL, WordKind.PHONE})
IDENTIFIER_KINDS = frozenset({WordKind.IDENTIFIER, WordKind.CHART})


class FoundBy(NamedTuple):
    kind: WordKind
    word: str


class SoughtWord(NamedTuple):
    """The start of a word. `in_phones` is false for so few digits that they would be found in nearly every number."""

    start: str
    in_phones: bool


def found_by(*, full_name: str, user_name: str, email: str | None, phone: str | None) -> frozenset[FoundBy]:
    """Returns the words of a person's row, which are of ROW_KINDS."""
    texts = ((WordKind.NAME, full_name), (WordKind.LOGIN, user_name), (WordKind.EMAIL, email or ""))
    words = {FoundBy(kind, word) for kind, text in texts for word in _stored_words(text)}
    return frozenset(words | {FoundBy(WordKind.PHONE, word) for word in _ends_of_numbers(phone or "")})


def identifier_words(identifiers: Iterable[ScopedIdentifier]) -> frozenset[FoundBy]:
    """Returns the words of a person's identifiers, which are of IDENTIFIER_KINDS: each is there in its parts and as a
    whole, without signs.
    """
    words = set()
    for system, scope, value in identifiers:
        tokens = _tokens(_folded(value).replace(_APOSTROPHE, " "))
        for word in {*tokens, "".join(tokens)} - {""}:
            if system is IdentifierSystem.CHART:
                words.add(FoundBy(WordKind.CHART, f"{word[: LONGEST_WORD - len(scope) - 1]} {scope}"))
            else:
                words.add(FoundBy(WordKind.IDENTIFIER, word[:LONGEST_WORD]))
    return frozenset(words)


def sought_words(text: str) -> tuple[SoughtWord, ...]:
    """Returns what a search looks for, which is nothing if the text has neither letters nor digits.

    Digits and the signs of telephone numbers alone are one number. A word with an apostrophe is looked for without it.
    A word that only begins another one of the search would find nothing more, so it is left out.
    """
    folded = _folded(text)
    digits = _digits(folded)
    if _TELEPHONE.fullmatch(folded) and len(digits) >= FEWEST_DIGITS:
        starts = {digits[:LONGEST_WORD]}
    else:
        starts = {token.replace(_APOSTROPHE, "")[:LONGEST_WORD] for token in _tokens(folded)}
    longest = [start for start in starts if not any(other != start and other.startswith(start) for other in starts)]
    return tuple(SoughtWord(start, not start.isdigit() or len(start) >= FEWEST_DIGITS) for start in sorted(longest))


def _stored_words(text: str) -> set[str]:
    """Returns the words of a text. One with an apostrophe is there in its parts, and from each part on without it."""
    words = set()
    for token in _tokens(_folded(text)):
        parts = token.split(_APOSTROPHE)
        words |= {*parts, *("".join(parts[start:]) for start in range(len(parts)))}
    return {word[:LONGEST_WORD] for word in words if word}


def _ends_of_numbers(phone: str) -> set[str]:
    """Returns every end of a number that has enough digits: the number is found by whatever digits are in it."""
    numbers = (_digits(number) for number in _TELEPHONE.findall(_folded(phone)))
    return {number[start:] for number in numbers for start in range(len(number) - FEWEST_DIGITS + 1)}


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def _tokens(folded: str) -> list[str]:
    """Returns the longest runs of letters, digits and apostrophes that are not apostrophes only."""
    kept = "".join(char if char == _APOSTROPHE or _is_word(char) else " " for char in folded)
    return [token for token in kept.split() if token.strip(_APOSTROPHE)]


def _is_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LN"


def _folded(text: str) -> str:
    """Returns the text in small plain letters, without marks and invisible characters, with digits from 0 to 9."""
    # Apostrophes come first: compatibility forms make a blank and a mark of some.
    joined = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    small = unicodedata.normalize("NFKC", joined).casefold()
    kept = "".join(map(_plain, unicodedata.normalize("NFKD", small)))
    # Composed again, because Korean syllables are decomposed as well.
    return unicodedata.normalize("NFC", kept.translate(_LETTERS))


def _plain(char: str) -> str:
    match unicodedata.category(char):
        case "Mn" | "Mc" | "Me" | "Cf":
            return ""
        case "Nd":
            return str(unicodedata.decimal(char))
        case "Pd":
            return "-"
        case _:
            return char
