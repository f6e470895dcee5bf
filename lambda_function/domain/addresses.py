"""Addresses to which messages go: telephone numbers in international form, and hashes by which an address is compared
without being kept.
"""

import re
import unicodedata
from hashlib import sha256

# The signs that people write between the digits of a number. "(0)" is not dialled after a country code.
_TRUNK_PREFIX = re.compile(r"\(\s*0\s*\)")
_SIGNS = re.compile(r"[\s().,/\-\u2010-\u2015]+")
# Where an extension begins: `;ext=3`, `x89`, `#12`, `ext. 12`, `anexo 12`.
_EXTENSION = re.compile(r"[;,]?\s*(?:[a-z#;]).*", re.IGNORECASE | re.DOTALL)
# E.164: a country code, which never begins with 0, and at most 15 digits. No country has numbers with fewer than 7.
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def address_hash(address: str) -> str:
    """Returns the SHA-256 of an address as hex. Blanks around it and capital letters make no difference."""
    return sha256(address.strip().casefold().encode()).hexdigest()


def international(phone: str) -> str | None:
    """Returns a telephone number as E.164 has it, such as `+51987654321`, from what people write: with signs between
    the digits, with `00` for the plus, or with an extension, which is left out.

    It is None for a number without a country code, and for one with fewer or more digits than numbers have.
    """
    written = _EXTENSION.sub("", unicodedata.normalize("NFKC", phone).strip())
    abroad = written.startswith(("+", "00", "(+", "(00"))
    digits = _SIGNS.sub("", _TRUNK_PREFIX.sub("", written) if abroad else written)
    number = f"+{digits.removeprefix('00')}" if digits.startswith("00") else digits
    return number if _E164.fullmatch(number) else None
