"""The Idempotency-Key header of POST requests."""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from lambda_function.api.strict import json_text
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.services import idempotency
from lambda_function.services.idempotency import KeptAnswer, KeyedRequest
from lambda_function.web.errors import EdgeError
from lambda_function.web.raw_requests import body_bytes

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
# These routes answer secrets that are shown once. A repeat makes a new secret, which replaces the one before.
_NEVER_KEPT = re.compile(r"/me/calendar-token|/users/[^/]+/link-code")

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def keyed_request(event: APIGatewayProxyEventV2) -> KeyedRequest | None:
    """None when there is no key, or when it means nothing: on other methods than POST, and where nothing is kept. Two
    requests are the same when method, path, query and body are, byte by byte. Raises EdgeError: validation_error.
    """
    key = event.headers.get(HEADER.lower()) if event.http_method == "POST" else None
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        detail = "Use 1 to 255 visible ASCII characters, without spaces."
        raise EdgeError("validation_error", detail, field=HEADER, field_code="malformed")
    if _NEVER_KEPT.fullmatch(event.raw_path):
        return None
    head = f"{event.http_method} {event.raw_path}?{event.raw_query_string or ''}\n"
    return KeyedRequest(key, sha256(head.encode() + body_bytes(event.raw_event)).hexdigest())


def answer_once(work: UnitOfWork, request: KeyedRequest, act: Callable[[], Response[Any]]) -> Response[Any]:
    """The kept answer, or what `act` answers, which is kept. What `act` raises leaves no trace of the key."""
    kept = idempotency.recall(work, request)
    if kept is not None:
        return Response(kept.status, body=kept.body, headers={**kept.headers, REPLAYED: "true"})
    response = act()
    if not isinstance(response.body, str):
        # This is what Powertools would write in the end; it leaves text, such as FHIR's answers, as it is.
        response.body = json_text(response.body)
    idempotency.keep(work, request, KeptAnswer(int(response.status_code), response.headers, response.body))
    return response
