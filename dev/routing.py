"""Chooses among route keys, such as "GET /appointments/{appointment_id}", as API Gateway does."""

from collections.abc import Iterable
from typing import NamedTuple

DEFAULT = "$default"


class Match(NamedTuple):
    """The route of a request and the values of its path parameters."""

    route_key: str
    path_parameters: dict[str, str]


class RouteTable:
    """Chooses the most specific route: a fixed segment before a parameter, a greedy one (`/{proxy+}`, which takes the
    rest of the path) after all that match in full, and `$default` last.
    """

    def __init__(self, route_keys: Iterable[str]) -> None:
        keys = set(route_keys)
        self._has_default = DEFAULT in keys
        self._routes: dict[tuple[str, int], list[tuple[str, list[str]]]] = {}
        self._greedy: dict[str, list[tuple[str, list[str]]]] = {}
        for key in sorted(keys - {DEFAULT}, key=_specificity):
            method, _, path = key.partition(" ")
            segments = path.split("/")
            if segments[-1].endswith("+}"):
                self._greedy.setdefault(method, []).append((key, segments))
            else:
                self._routes.setdefault((method, len(segments)), []).append((key, segments))

    def match(self, method: str, path: str) -> Match | None:
        """Returns the route, or None if API Gateway would find none."""
        given = path.split("/")
        for key, segments in self._routes.get((method, len(given)), []):
            parameters = _parameters(segments, given)
            if parameters is not None:
                return Match(key, parameters)
        for key, segments in self._greedy.get(method, []):
            start = len(segments) - 1
            parameters = _parameters(segments, [*given[:start], "/".join(given[start:])])
            if parameters is not None:
                return Match(key, parameters)
        return Match(DEFAULT, {}) if self._has_default else None


def _specificity(key: str) -> tuple[bool, ...]:
    return tuple(_is_parameter(segment) for segment in key.split("/"))


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{")


def _parameters(segments: list[str], given: list[str]) -> dict[str, str] | None:
    if len(segments) != len(given):
        return None
    parameters = {}
    for segment, value in zip(segments, given, strict=True):
        if _is_parameter(segment) and value:
            parameters[segment.strip("{+}")] = value
        elif segment != value:
            return None
    return parameters
