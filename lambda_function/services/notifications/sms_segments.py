"""How many parts an SMS is sent in, each of which is paid for: GSM 03.38 and 3GPP TS 23.040."""

from collections.abc import Iterable

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these takes two places.
_EXTENSION = frozenset("\f^{}\\[~]|€")
# Places in an SMS of one part, and in each part of a longer one, whose header takes the rest.
_SEVEN_BITS = (160, 153)
_SIXTEEN_BITS = (70, 67)
_LAST_OF_ONE_UNIT = 0xFFFF


def segments(text: str) -> int:
    """Returns the number of parts. One letter outside GSM 03.38 makes all of them shorter."""
    if all(char in _BASIC or char in _EXTENSION for char in text):
        return _parts((2 if char in _EXTENSION else 1 for char in text), *_SEVEN_BITS)
    return _parts((2 if ord(char) > _LAST_OF_ONE_UNIT else 1 for char in text), *_SIXTEEN_BITS)


def _parts(sizes: Iterable[int], alone: int, each: int) -> int:
    """A character of two places is never divided between two parts."""
    sizes = list(sizes)
    if sum(sizes) <= alone:
        return 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > each:
            parts, used = parts + 1, 0
        used += size
    return parts
