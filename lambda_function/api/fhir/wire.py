"""How FHIR travels: where it lives, its media type, its weak entity tags."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from lambda_function.api.etags import etag, expected_versions

BASE = "/fhir/R4"
CONTENT_TYPE = "application/fhir+json; charset=utf-8"
MEDIA_TYPE = "application/fhir+json"
# Before the code systems, identifiers and operations that are ours.
URN = "urn:dentist-appointments"

Resource = dict[str, Any]
Documented = dict[int, Any]

_ERRORS = (400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500, 503)
_ERRORS_OF_READS = (401, 403, 404, 405, 422, 500, 503)
_WEAK = re.compile(r'\bW/(?=")')


def is_fhir(path: str) -> bool:
    return path == BASE or path.startswith(f"{BASE}/")


def root_url(event: Any) -> str:
    """Where the caller found us, from what the gateway itself says of the request."""
    scheme = event.headers.get("x-forwarded-proto", "https")
    return f"{scheme}://{event.request_context.domain_name}{BASE}"


def answer(
    resource: Resource, status: HTTPStatus = HTTPStatus.OK, *, headers: Mapping[str, str] | None = None
) -> Response[Any]:
    """With an ETag where the resource has a version. The text is made here: there is no model to validate it by."""
    sent = dict(headers or {})
    if version := resource.get("meta", {}).get("versionId"):
        sent["ETag"] = f"W/{etag(version)}"
    return Response(status, CONTENT_TYPE, json.dumps(resource, ensure_ascii=False), headers=sent)


def expected(if_match: str | None) -> frozenset[int] | None:
    """As `expected_versions`, of weak tags too: FHIR's are."""
    return expected_versions(None if if_match is None else _WEAK.sub("", if_match))


def documented(resource: str, *, status: int = 200, errors: Sequence[int] = _ERRORS) -> Documented:
    """The answers of a route, for the OpenAPI document."""
    failures = {code: _described(HTTPStatus(code).phrase, "OperationOutcome") for code in errors}
    return {status: _described(resource, resource), **failures}


def documented_read(resource: str) -> Documented:
    return documented(resource, errors=_ERRORS_OF_READS)


def _described(description: str, resource: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string", "const": resource}},
    }
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
