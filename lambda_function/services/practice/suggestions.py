"""What to say about a name that nothing has: the one that was probably meant, or those that there are."""

import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

_LISTED = 10
_ACCENTS = frozenset(map(chr, range(0x300, 0x370)))
# Longer names are not compared: it takes time for the product of the lengths.
_COMPARED = 200


def did_you_mean(name: str, known: Collection[str]) -> str | None:
    meant = closest(name, known)
    return meant and f"did you mean {meant}?"


def listed(names: Iterable[str]) -> str:
    """In order, and cut short when there are many."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _LISTED} more" if len(ordered) > _LISTED else ""
    return ", ".join(ordered[:_LISTED]) + more


def name_key(name: str) -> str:
    """The same for names of clinics or chairs that differ in capital letters and accents only."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in plain if char not in _ACCENTS)


def closest(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like this one, whatever its capital letters; None when none is much like it."""
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), by_lower, n=1) if len(name) <= _COMPARED else []
    return by_lower[found[0]] if found else None


def closest_time_zone(name: str) -> str | None:
    """Also for a city without its continent, such as Lima."""
    city = name.rsplit("/", 1)[-1].lower()
    in_city = [zone for zone in _zones() if zone.rsplit("/", 1)[-1].lower() == city]
    return closest(name, in_city) or next(iter(in_city), None) or closest(name, _zones())


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))
