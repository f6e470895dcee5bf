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
    """Returns an identifier as it is stored and compared: without blanks, dots and hyphens, and in capital letters.
    None if it has neither a letter nor a digit, breaks or turns the line, or is longer than LONGEST_IDENTIFIER.
    """
    if BREAKING.search(written) or TURNING.search(written):
        return None
    value = _SEPARATORS.sub("", unicodedata.normalize("NFKC", as_stored(written))).upper()
    if len(value) > LONGEST_IDENTIFIER or not any(unicodedata.category(char)[0] in "LN" for char in value):
        return None
    return value


def scope_of(system: IdentifierSystem, *, clinic_id: int, country: str) -> str:
    """Returns where an identifier is unique: in the clinic, or in the clinic's country."""
    return str(clinic_id) if system is IdentifierSystem.CHART else country


def scoped(identifiers: Iterable[Identifier], *, clinic_id: int, country: str) -> list[ScopedIdentifier]:
    """Returns identifiers that were entered for a clinic of a country, with their scopes."""
    return [
        ScopedIdentifier(system, scope_of(system, clinic_id=clinic_id, country=country), value)
        for system, value in identifiers
    ]
