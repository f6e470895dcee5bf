"""Suggestions for an unknown name: the one that was probably meant, or those that exist."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from lambda_function.domain.time_zones import time_zone_names

_LISTED = 10
# Longer names are not compared, because that takes time in proportion to the product of the lengths.
_COMPARED = 200


def did_you_mean(name: str, known: Collection[str]) -> str | None:
    meant = closest(name, known)
    return meant and f"did you mean {meant}?"


def listed(names: Iterable[str]) -> str:
    """Returns the names in order, and cut short if there are many."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _LISTED} more" if len(ordered) > _LISTED else ""
    return ", ".join(ordered[:_LISTED]) + more


def closest(name: str, known: Collection[str]) -> str | None:
    """Returns the known name that is most like this one, ignoring capital letters, or None if
    none is similar enough.
    """
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), by_lower, n=1) if len(name) <= _COMPARED else []
    return by_lower[found[0]] if found else None


def closest_time_zone(name: str) -> str | None:
    """Returns the closest time zone, also for a city without its continent, such as Lima."""
    city = name.rsplit("/", 1)[-1].lower()
    zones = sorted(time_zone_names())
    in_city = [zone for zone in zones if zone.rsplit("/", 1)[-1].lower() == city]
    return closest(name, in_city) or next(iter(in_city), None) or closest(name, zones)
