"""Requests with the first and the last of all dates. They are made from openapi.json and the requests of the matrix, so
that a new route has its own as soon as it has a row there.
"""

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from lambda_function.api.schemas.paging import encode
from tests.api.rows import Request
from tests.contract import Json, contract

START, END = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"
NEAR_THE_END = "9999-12-01T00:00:00Z"
SOON = "2030-01-08"
INSTANTS = (
    START,
    "0001-01-01T00:00:00+14:00",  # in UTC, before there are dates
    "0999-12-31T23:59:59-14:00",
    "1000-01-01T00:00:00+14:00",  # MySQL documents dates from the year 1000 on
    "2999-12-31T23:55:00-14:00",
    NEAR_THE_END,
    "9999-12-31T23:55:00Z",
    END,
    "9999-12-31T23:59:59-14:00",  # in UTC, after the last date
)
DAYS = ("0001-01-01", "0999-12-31", "1000-01-01", "2999-12-31", "9999-12-31")
CLOCKS = tuple(f"{day} {time}" for day in DAYS for time in ("00:00:00", "23:55:00"))
CURSORS = (*(encode(instant, 1) for instant in INSTANTS[:2] + INSTANTS[-2:]), *(encode(day) for day in DAYS[::2]))
# Texts that the document does not describe as dates.
TEXTS = (*DAYS, START, END)
# FHIR's dates, which a query may hold twice.
SEARCHES = tuple(f"{prefix}{value}" for prefix in ("", "gt") for value in (*TEXTS, "2999", "2999-12", "9999"))
# The two ends of a range, as far apart and as far out as possible.
ENDS = (START, f"{SOON}T00:00:00Z", NEAR_THE_END, END)
ENDS_IN_DAYS = ("1000-01-01", SOON, "2999-12-31")
_STAMP = re.compile(r"[0-9]{8}T[0-9]{4}Z")
_STAMPS = tuple(f"{day.replace('-', '')}T{time}Z" for day in DAYS for time in ("0000", "2359"))
_FORMATS = {"date-time": INSTANTS, "date": DAYS}


class Told(NamedTuple):
    """A request in parts. The query may hold a parameter twice."""

    path: str
    query: Sequence[tuple[str, str]]
    body: Any


@dataclass(frozen=True)
class Place:
    """A place of a request that holds a date. `steps` lead to it, starting with `path`, `query` or `body`."""

    steps: tuple[Any, ...]
    values: Sequence[str]

    def said(self, told: Told, *values: str) -> Told:
        kind, *rest = self.steps
        match kind:
            case "path":
                parts = told.path.split("/")
                parts[rest[0]] = values[0]
                return told._replace(path="/".join(parts))
            case "query":
                kept = [pair for pair in told.query if pair[0] != rest[0]]
                return told._replace(query=[*kept, *((rest[0], value) for value in values)])
        body = copy.deepcopy(told.body)
        holder = body
        for step in rest[:-1]:
            holder = holder[step]
        holder[rest[-1]] = values[0]
        return told._replace(body=body)


def told(request: Request) -> Told:
    path, _, query = request[0].partition("?")
    return Told(path, parse_qsl(query), request[1])


def query_of(told: Told) -> str:
    return urlencode(told.query)


def dates_named(operation: Json) -> set[str]:
    """Returns the parameters and fields that are dates according to openapi.json."""
    parameters = map(contract().resolved, operation.get("parameters", ()))
    found = {each["name"] for each in parameters if any(map(_date_values, _variants(each["schema"])))}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        found |= _fields_named(content["schema"])
    return found


def _fields_named(schema: Json) -> set[str]:
    found: set[str] = set()
    for variant in _variants(schema):
        if "items" in variant:
            found |= _fields_named(variant["items"])
        for name, inner in variant.get("properties", {}).items():
            found |= {name} if any(map(_date_values, _variants(inner))) else _fields_named(inner)
    return found


def names_said(method: str, template: str, request: Told) -> set[str]:
    """Returns the parameters and fields that `variants` fills with dates. The template is the path with the names of
    its parameters.
    """
    parts = [part.strip("{}") for part in template.split("/")]
    steps = (place.steps[-1] for place in _places(method, request))
    return {step if isinstance(step, str) else parts[step] for step in steps}


def variants(method: str, request: Told) -> Iterator[Told]:
    """Returns the request with an edge at each place that can hold a date, and at two of them at once."""
    places = list(_places(method, request))
    for place in places:
        for value in place.values:
            yield place.said(request, value)
    for kind, ends in ((INSTANTS, ENDS), (DAYS, ENDS_IN_DAYS)):
        dates = [place for place in places if place.values is kind]
        for first, last in pairwise(dates):
            for start, end in product(ends, repeat=2):
                yield last.said(first.said(request, start), end)
    for place in places:
        if place.values is SEARCHES:
            for start, end in product((START, *ENDS_IN_DAYS, END), repeat=2):
                yield place.said(request, f"ge{start}", f"lt{end}")


def _places(method: str, request: Told) -> Iterator[Place]:
    operation = contract().operation(method, request.path)
    assert operation is not None
    for parameter in map(contract().resolved, operation.get("parameters", ())):
        values = _values(parameter["name"], parameter["schema"])
        if parameter["in"] == "query" and values:
            yield Place(("query", parameter["name"]), values)
    for number, part in enumerate(request.path.split("/")):
        if _STAMP.search(part):
            yield Place(("path", number), tuple(_STAMP.sub(stamp, part) for stamp in _STAMPS))
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", part):
            yield Place(("path", number), DAYS)
    if "requestBody" in operation and request.body is not None:
        [content] = operation["requestBody"]["content"].values()
        yield from _places_in(content["schema"], request.body, ("body",))


def _places_in(schema: Json, value: Any, steps: tuple[Any, ...]) -> Iterator[Place]:
    """Yields the places in a body, including dates that were left out and instants where there is no schema."""
    for variant in _variants(schema):
        if variant.get("type") == "array" and isinstance(value, list):
            for item in value[:1]:
                yield from _places_in(variant["items"], item, (*steps, 0))
        if variant.get("type") == "object" and isinstance(value, dict):
            known = variant.get("properties", {})
            for name, text in value.items():
                if name not in known and _is_instant(text):
                    yield Place((*steps, name), list(INSTANTS))
            for name, inner in known.items():
                for values in filter(None, (_date_values(each) for each in _variants(inner))):
                    yield Place((*steps, name), values)
                yield from _places_in(inner, value.get(name), (*steps, name))


def _is_instant(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", value) is not None


def _variants(schema: Json) -> Iterator[Json]:
    schema = contract().resolved(schema)
    if "anyOf" not in schema:
        yield schema
    for variant in schema.get("anyOf", ()):
        yield from _variants(variant)


def _date_values(schema: Json) -> Sequence[str]:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return CLOCKS if re.fullmatch(schema.get("pattern", "x"), f"{SOON} 09:00:00") else ()


def _values(name: str, schema: Json) -> Sequence[str]:
    """Returns the values for a query parameter, which may be a date even if its schema allows any text."""
    if name.removeprefix("_") == "cursor":
        return CURSORS
    for variant in _variants(schema):
        one = contract().resolved(variant.get("items", variant))
        if values := _date_values(one):
            return values
        if one.get("type") == "string" and not one.keys() & {"enum", "const", "pattern", "format"}:
            return SEARCHES if "items" in variant else TEXTS
    return ()
