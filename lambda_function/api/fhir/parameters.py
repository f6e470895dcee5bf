"""The parameters of a FHIR request before its route reads them. Those of a form join those of the address. One that is
not supported is refused, or passed over if the client prefers that.
"""

import re
from collections.abc import Collection
from urllib.parse import urlencode

from lambda_function.web.errors import EdgeError
from lambda_function.web.events import Event
from lambda_function.web.raw_requests import limited_body, pairs_of

FORM = "application/x-www-form-urlencoded"
# POST takes the parameters of a search in a form at the address of the type with this behind it.
BY_FORM = "/_search"

_FORM_TYPE = re.compile(rf'{FORM}\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
# Of a preference that is repeated, the first counts (RFC 7240).
_HANDLING = re.compile(r"(?:^|[,;])\s*handling\s*=\s*\"?([a-z]*)\"?\s*(?=[,;]|$)", re.IGNORECASE)
# fhirpy sends this along with `_count=0`, which asks for the same.
_PASSED_OVER = frozenset({("_totalMethod", "count")})
# Values that R4 knows and this service does not serve.
_UNSERVED = frozenset({("_summary", "true"), ("_summary", "text"), ("_summary", "data")})
# Dates of birth are compared with one day only.
_SEVERAL_DAYS = re.compile(r"(ne|gt|lt|ge|le|sa|eb|ap).*|(eq)?[0-9]{4}(-[0-9]{2}(-[0-9]{2}T.*)?)?")


def prepared(event: Event, known: Collection[str]) -> Event:
    """The event with the parameters that are to be used. A search by a form becomes the GET that it stands for.

    Raises EdgeError: not_supported, unsupported_media_type, too_large, malformed_json, validation_error.
    """
    given = pairs_of(event.get("rawQueryString", ""), "query")
    form = _form(event) if is_search_by_form(event) else None
    asked = event if form is None else _as_get(event)
    handling = _HANDLING.search(_header(event, "prefer"))
    lenient = _method(asked) == "GET" and handling is not None and handling[1].lower() == "lenient"
    used = [pair for pair in (*given, *(form or ())) if _is_used(pair, known, lenient=lenient)]
    if form is None and used == given:
        return event
    return {**asked, "rawQueryString": urlencode(used), "queryStringParameters": _joined(used)}


def is_search_by_form(event: Event) -> bool:
    path: str = event["rawPath"]
    return path.endswith(BY_FORM) and _method(event) == "POST"


def _form(event: Event) -> list[tuple[str, str]]:
    content_type = _header(event, "content-type").strip()
    if content_type and not _FORM_TYPE.fullmatch(content_type):
        raise EdgeError("unsupported_media_type", f"Send the parameters as {FORM} in UTF-8.")
    return pairs_of(limited_body(event), "body")


def _as_get(event: Event) -> Event:
    context = event["requestContext"]
    http = {**context["http"], "method": "GET"}
    left_out = {"body": None, "isBase64Encoded": False}
    path = event["rawPath"].removesuffix(BY_FORM)
    return {**event, **left_out, "rawPath": path, "requestContext": {**context, "http": http}}


def _is_used(pair: tuple[str, str], known: Collection[str], *, lenient: bool) -> bool:
    """Whether the parameter is known. Raises EdgeError if not, unless the client is lenient."""
    name = pair[0]
    unserved = pair in _UNSERVED or (name == "birthdate" and _SEVERAL_DAYS.fullmatch(pair[1]) is not None)
    if name in known and not unserved:
        return True
    if not lenient and pair not in _PASSED_OVER:
        what = "This value of the parameter" if unserved else "This parameter"
        detail = f"{what} is not supported here. Leave it out, or prefer handling=lenient."
        raise EdgeError("not_supported", detail, field=name[:100] or "query")
    return False


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The pairs by name; what is repeated is joined as API Gateway joins it."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _method(event: Event) -> str:
    method: str = event["requestContext"]["http"]["method"]
    return method


def _header(event: Event, wanted: str) -> str:
    return next((value for name, value in event.get("headers", {}).items() if name.lower() == wanted), "")
