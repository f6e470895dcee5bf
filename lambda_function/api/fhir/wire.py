"""The base address, the media type and the weak entity tags of FHIR."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter

from lambda_function.api.etags import etag, expected_versions

BASE = "/fhir/R4"
CONTENT_TYPE = "application/fhir+json; charset=utf-8"
MEDIA_TYPE = "application/fhir+json"
# Our own code systems, identifiers and operations begin with this.
URN = "urn:dentist-appointments"

# The key of an event under which the application adds the address that people see; gateways know no such key.
PUBLIC_URL = "publicUrl"

Resource = dict[str, Any]

_OWN = re.compile(rf"(?i:https?)://(?P<host>[^/]+){re.escape(BASE)}/(?P<place>.+)")
_WEAK = re.compile(r'\bW/(?=")')


def root_url(event: Any) -> str:
    """The address under which callers find this service: the configured one, since behind CloudFront the gateway knows
    only its own, else the one that the gateway reports for the request.
    """
    if public_url := event.get(PUBLIC_URL):
        return f"{public_url}{BASE}"
    # Locally it is http. A gateway sets the header; what a caller might put there becomes no link.
    scheme = "http" if event.headers.get("x-forwarded-proto") == "http" else "https"
    return f"{scheme}://{event.request_context.domain_name}{BASE}"


def own_part(reference: str) -> str:
    """The reference without the address of this service in front, as `Patient/7`. It is the same service by http and by
    https, behind CloudFront and at the gateway's own name. Any other text stays as it is.
    """
    match = _OWN.fullmatch(reference)
    if match is None:
        return reference
    event: Any = BaseRouter.current_event
    own_hosts = {root_url(event).split("/")[2].lower(), event.request_context.domain_name.lower()}
    return match["place"] if match["host"].lower() in own_hosts else reference


def answer(
    resource: Resource, status: HTTPStatus = HTTPStatus.OK, *, headers: Mapping[str, str] | None = None
) -> Response[str]:
    """A response with an ETag where the resource has a version. The JSON is written here, as no model validates it."""
    sent = dict(headers or {})
    if version := resource.get("meta", {}).get("versionId"):
        sent["ETag"] = f"W/{etag(version)}"
    return Response(status, CONTENT_TYPE, json.dumps(resource, ensure_ascii=False), headers=sent)


def expected(if_match: str | None) -> frozenset[int] | None:
    """The versions that an If-Match header accepts, like `expected_versions`, also from weak tags, as FHIR's are."""
    return expected_versions(None if if_match is None else _WEAK.sub("", if_match))
