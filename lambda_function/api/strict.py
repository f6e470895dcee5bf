"""Checks that Powertools does not make, before a request reaches its route.

They refuse unknown paths and methods, unknown and repeated query parameters, and bodies that are too large, not JSON,
not UTF-8, not an object, or JSON that parsers read differently (duplicate keys, NaN, endless nesting).
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, get_args, get_origin

from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.shared.json_encoder import Encoder

from lambda_function.api.wire_formats import format_of
from lambda_function.web.errors import EdgeError
from lambda_function.web.events import Event
from lambda_function.web.raw_requests import limited_body, pairs_of

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
# Calendar programs add parameters of their own to the address that they were given.
_PASSES_OVER = frozenset({"/calendar.ics"})


def find_route(routes: Collection[Route], method: str, path: str) -> Route:
    """The route of a request. Raises EdgeError: not_found, or method_not_allowed with Allow."""
    here = _routes_at(routes, path)
    if not here:
        raise EdgeError("not_found", "There is nothing at this address.")
    for route in here:
        if route.method == method:
            return route
    methods = {route.method for route in here}
    allowed = sorted(methods | {"HEAD"} if "GET" in methods else methods)
    detail = "This address does not take that method."
    raise EdgeError("method_not_allowed", detail, headers={"Allow": ", ".join(allowed)})


def _routes_at(routes: Collection[Route], path: str) -> list[Route]:
    """Returns the routes with exactly this path, or if there are none, those with placeholders: `_search` is no id.

    Powertools makes patterns of all paths, in which the dot of `/calendar.ics` would stand for any character, and
    matches them so that a line break may follow.
    """
    exact = [route for route in routes if "<" not in route.path and route.path == path]
    return exact or [route for route in routes if "<" in route.path and route.rule.fullmatch(path)]


def check_query(route: Route, raw_query: str) -> None:
    """Raises EdgeError for a query that the route does not take: validation_error."""
    known = {parameter.alias: _repeats(parameter.field_info.annotation) for parameter in route.dependant.query_params}
    seen = set()
    for name, value in pairs_of(raw_query, "query"):
        if name not in known:
            if route.path in _PASSES_OVER:
                continue
            detail = "This query parameter is not known here. Leave it out."
            raise EdgeError("validation_error", detail, field=name[:100] or "query", field_code="unknown_field")
        if name in seen and not known[name]:
            detail = "Give this query parameter once only."
            raise EdgeError("validation_error", detail, field=name[:100], field_code="duplicate")
        if known[name] and "," in value:
            # API Gateway joins what is repeated with commas: after it, the two look the same.
            detail = "Repeat this query parameter instead of listing values with commas."
            raise EdgeError("validation_error", detail, field=name[:100], field_code="malformed")
        seen.add(name)


def _repeats(annotation: object) -> bool:
    """Whether a parameter of that type may be given several times."""
    return list in {get_origin(part) for part in (annotation, *get_args(annotation))}


def check_body(route: Route, event: Event, headers: Mapping[str, str]) -> None:
    """Checks the body of a route that takes one; on other routes a body is ignored."""
    if route.method not in BODY_METHODS:
        return
    body = limited_body(event)
    if not body:
        return
    content_type = headers.get("content-type")
    if content_type and not format_of(route.path).takes(content_type):
        raise EdgeError("unsupported_media_type", "Send the body as JSON in UTF-8.")
    if not isinstance(strict_json(body), dict):
        raise EdgeError("validation_error", "Send a JSON object as the body.", field="body", field_code="wrong_type")


def strict_json(text: bytes | str) -> Any:
    """Reads JSON, and only JSON that all parsers read in the same way. Raises EdgeError: malformed_json."""
    try:
        source = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(source, object_pairs_hook=_object, parse_constant=_constant)
        # What cannot be written again is refused: lone surrogates, and 1e400, which is read as infinity.
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise EdgeError("malformed_json", "The body is not JSON in UTF-8.") from None
    return value


def json_text(value: object) -> str:
    """The one way in which answers are written. Letters stay what they are: as escapes they would be six times as long
    in an answer that may have 6 MB.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), cls=Encoder)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
