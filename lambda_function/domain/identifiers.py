"""The numbers by which authorities, insurances and clinics know a patient."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from lambda_function.domain.written_text import BREAKING, TURNING, as_stored

LONGEST_IDENTIFIER = 64
# What people write between the parts of a number. It makes no difference.
_SEPARATORS = re.compile(r"[\s.\u00b7\u2010-\u2015\u2212-]+")


# Variation selectors, which choose a shape of the character before them.
_SELECTOR = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class IdentifierSystem(StrEnum):
    """Who knows a patient by a number: the authorities or an insurance of a country, or a clinic."""

    NATIONAL_ID = "national_id"
    INSURANCE = "insurance"
    CHART = "chart"


class Identifier(NamedTuple):
    """An identifier in the form in which it is stored, without the scope in which it is unique."""

    system: IdentifierSystem
    value: str


class ScopedIdentifier(NamedTuple):
    """An identifier in the form in which it is stored. Nobody else has it."""

    system: IdentifierSystem
    scope: str
    value: str


def stored_value(written: str) -> str | None:
    """Returns an identifier as it is stored and compared: without blanks, dots, hyphens and characters that cannot be
    seen, in capital letters and with the digits 0 to 9. None if it has neither a letter nor a digit, breaks or turns
    the line, or is longer than LONGEST_IDENTIFIER.
    """
    if BREAKING.search(written) or TURNING.search(written):
        return None
    composed = unicodedata.normalize("NFKC", as_stored(written))
    value = "".join(map(_plain, _SEPARATORS.sub("", composed))).upper()
    if len(value) > LONGEST_IDENTIFIER or not any(unicodedata.category(char)[0] in "LN" for char in value):
        return None
    return value


def _plain(char: str) -> str:
    """Returns a digit of any script as 0 to 9, and nothing for what only shapes or joins the letters beside it."""
    if unicodedata.category(char) == "Nd":
        return str(unicodedata.decimal(char))
    return "" if unicodedata.category(char) == "Cf" or _SELECTOR.match(char) else char


def scope_of(system: IdentifierSystem, *, clinic_id: int, country: str) -> str:
    """Returns where an identifier is unique: in the clinic, or in the clinic's country."""
    return str(clinic_id) if system is IdentifierSystem.CHART else country


def scoped(identifiers: Iterable[Identifier], *, clinic_id: int, country: str) -> list[ScopedIdentifier]:
    """Returns identifiers that were entered for a clinic of a country, with their scopes."""
    return [
        ScopedIdentifier(system, scope_of(system, clinic_id=clinic_id, country=country), value)
        for system, value in identifiers
    ]
