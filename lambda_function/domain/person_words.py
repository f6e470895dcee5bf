"""The words by which a person is found, and the words that a search looks for. Both are folded, so that case, accents,
Unicode's forms and the many apostrophes make no difference.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from enum import IntEnum
from hashlib import sha256
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
# Identifiers such as 12.345.678-k are stored without their signs.
_NUMBER_WITH_LETTER = re.compile(r"(?<!\S)[0-9]+([.-][0-9]+)*[.-]?[a-z]?(?!\S)")
_WITHOUT_SIGNS = str.maketrans("", "", ".-")


class WordKind(IntEnum):
    """What a word is from. The numbers are stored."""

    NAME = 1
    LOGIN = 2
    EMAIL = 3
    PHONE = 4
    IDENTIFIER = 5
    # A chart number, which is searched in its clinic only: the word ends with a blank and the id of the clinic.
    CHART = 6
    # Two people who have the same of these words have the same e-mail address, telephone number, or name and date of
    # birth. No search looks for them.
    SAME = 7
    BIRTH_DATE = 8


# Words that whoever sees a person may search. The others may be searched only where the contact data may be seen.
OPEN_KINDS = frozenset({WordKind.NAME, WordKind.LOGIN})
# What the words of a person's own row are from. The other kinds are from the identifiers.
IDENTIFIER_KINDS = frozenset({WordKind.IDENTIFIER, WordKind.CHART})
ROW_KINDS = frozenset(WordKind) - IDENTIFIER_KINDS
# No word of a text begins with this sign, so that a search for the start of a word never finds such words.
_WHOLE = "="
_DIGEST = 32


class FoundBy(NamedTuple):
    kind: WordKind
    word: str


class SoughtWord(NamedTuple):
    """The start of a word, or a whole word, and the kinds of words that it is looked for among."""

    start: str
    kinds: frozenset[WordKind]
    whole: bool = False

    @property
    def pattern(self) -> str:
        """The word for LIKE. It has no wildcards of its own."""
        return self.start if self.whole else f"{self.start}%"


_TEXTS = frozenset({WordKind.NAME, WordKind.LOGIN, WordKind.EMAIL, WordKind.IDENTIFIER, WordKind.CHART})


def found_by(
    *, full_name: str, user_name: str, email: str | None, phone: str | None, birth_date: date | None
) -> frozenset[FoundBy]:
    """Returns the words of a person's row, which are of ROW_KINDS."""
    texts = ((WordKind.NAME, full_name), (WordKind.LOGIN, user_name), (WordKind.EMAIL, email or ""))
    words = {FoundBy(kind, word) for kind, text in texts for word in _stored_words(text)}
    words |= {FoundBy(WordKind.PHONE, word) for word in _ends_of_numbers(phone or "")}
    if birth_date is not None:
        words.add(FoundBy(WordKind.BIRTH_DATE, _birth_date_word(birth_date)))
    same = same_words(full_name=full_name, email=email, phone=phone, birth_date=birth_date)
    return frozenset(words | {FoundBy(WordKind.SAME, word) for word in same})


def same_words(*, full_name: str, email: str | None, phone: str | None, birth_date: date | None) -> frozenset[str]:
    """Returns the words of kind SAME, of which other people who may be the same person have at least one."""
    told = [f"email {email.casefold()}"] if email else []
    if phone:
        told.append(f"phone {_digits(phone)}")
    if birth_date is not None:
        told.append(f"born {birth_date.isoformat()} {folded_name(full_name)}")
    return frozenset(_WHOLE + sha256(text.encode()).hexdigest()[:_DIGEST] for text in told)


def folded_name(name: str) -> str:
    """Returns a form of a name that is equal for names that count as the same: in small letters, without accents, and
    with one blank between words.
    """
    return " ".join(_folded(name).split())


def sought_birth_date(birth_date: date) -> SoughtWord:
    return SoughtWord(_birth_date_word(birth_date), frozenset({WordKind.BIRTH_DATE}), whole=True)


def _birth_date_word(birth_date: date) -> str:
    return f"{_WHOLE}{birth_date.isoformat()}"


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

    Digits and the signs of telephone numbers alone are one number. So are digits with dots or hyphens between blanks,
    which may end with a letter. A word with an apostrophe is looked for without it.
    A word that only begins another one of the search would find nothing more, so it is left out.
    """
    folded = _folded(text)
    digits = _digits(folded)
    if _TELEPHONE.fullmatch(folded) and len(digits) >= FEWEST_DIGITS:
        starts = {digits[:LONGEST_WORD]}
    else:
        joined = _NUMBER_WITH_LETTER.sub(_joined, folded)
        starts = {token.replace(_APOSTROPHE, "")[:LONGEST_WORD] for token in _tokens(joined)}
    longest = [start for start in starts if not any(other != start and other.startswith(start) for other in starts)]
    return tuple(SoughtWord(start, _kinds(start)) for start in sorted(longest))


def _kinds(start: str) -> frozenset[WordKind]:
    """Returns the kinds of words that may begin so. Few digits would be found in nearly every telephone number."""
    few_digits = start.isdigit() and len(start) < FEWEST_DIGITS
    return _TEXTS if few_digits else _TEXTS | {WordKind.PHONE}


def _joined(number: re.Match[str]) -> str:
    few_digits = len(_digits(number[0])) < FEWEST_DIGITS
    return number[0] if few_digits else number[0].translate(_WITHOUT_SIGNS)


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
