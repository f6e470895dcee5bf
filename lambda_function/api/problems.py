"""Every error as a problem (RFC 9457), with nothing internal in the answer."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from lambda_function.domain.errors import DomainError, HasBookingsError, PossibleDuplicateError
from lambda_function.services.value_messages import Fault, fault_of
from lambda_function.web.codes import PROBLEM_CODES
from lambda_function.web.errors import EdgeError
from lambda_function.web.events import Result

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1

# The same request may well succeed a moment later.
_LATER = frozenset({"contention", "unavailable", "idempotency_in_flight"})


def field_errors(error: RequestValidationError) -> list[dict[str, str]]:
    """The fields that are wrong, and what is wrong with each."""
    return [_field_error(item["loc"], fault_of(item)) for item in error.errors()]


def _field_error(place: Sequence[str | int], fault: Fault) -> dict[str, str]:
    """`place` begins with where the value stands: body, query, header."""
    path = ".".join(map(str, place[1:] or place[:1]))
    return {"field": path[:200], "code": fault.code, "message": fault.message}


def problem(
    code: str,
    detail: str,
    request_id: str,
    *,
    errors: Sequence[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Result:
    """A problem as the Lambda's result; `more` are members of this problem alone."""
    status = PROBLEM_CODES[code].status
    body: dict[str, Any] = {
        "type": f"urn:dentist-appointments:problem:{code}",
        # Made from the code, since the phrases of the statuses differ between the versions of Python.
        "title": code.replace("_", " ").capitalize(),
        "status": status.value,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if errors is not None:
        body["errors"] = errors
    body.update(more or {})
    extra = dict(headers or {})
    if code in _LATER:
        extra["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return {
        "statusCode": status.value,
        "headers": {"Content-Type": CONTENT_TYPE, **extra},
        "body": json.dumps(body, ensure_ascii=False),
        "isBase64Encoded": False,
    }


def from_domain(error: DomainError, request_id: str) -> Result:
    """The error as a problem. A 422 always names the field, which is `body` for the request as a whole; so does what is
    not supported.
    """
    errors = None
    if error.code == "not_supported" or PROBLEM_CODES[error.code].status is HTTPStatus.UNPROCESSABLE_ENTITY:
        code = error.field_code if isinstance(error, EdgeError) else error.code
        errors = [{"field": error.field or "body", "code": code, "message": error.detail}]
    headers = error.headers if isinstance(error, EdgeError) else None
    more: dict[str, Any] | None = None
    if isinstance(error, HasBookingsError):
        more = {"appointment_ids": error.appointment_ids, "elsewhere": error.elsewhere}
    if isinstance(error, PossibleDuplicateError):
        more = {"user_ids": error.user_ids}
    return problem(error.code, error.detail, request_id, errors=errors, headers=headers, more=more)


def from_validation(error: RequestValidationError, request_id: str) -> Result:
    """A 422, or a 404 when an id in the path is wrong, since there cannot be anything at that address."""
    if any(item["loc"][0] == "path" for item in error.errors()):
        return problem("not_found", "There is nothing at this address.", request_id)
    return problem("validation_error", "Some values are wrong: see errors.", request_id, errors=field_errors(error))
