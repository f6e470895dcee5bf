"""Every error as a problem (RFC 9457): one table from stable codes to statuses, and nothing internal in the answer."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from lambda_function.domain.errors import DomainError, HasBookingsError
from lambda_function.services.value_messages import Fault, fault_of

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1

STATUS: Mapping[str, HTTPStatus] = MappingProxyType(
    {
        "malformed_json": HTTPStatus.BAD_REQUEST,
        "unauthenticated": HTTPStatus.UNAUTHORIZED,
        "forbidden": HTTPStatus.FORBIDDEN,
        "not_found": HTTPStatus.NOT_FOUND,
        "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
        "name_taken": HTTPStatus.CONFLICT,
        "doctor_busy": HTTPStatus.CONFLICT,
        "patient_busy": HTTPStatus.CONFLICT,
        "chair_busy": HTTPStatus.CONFLICT,
        "has_bookings": HTTPStatus.CONFLICT,
        "invalid_transition": HTTPStatus.CONFLICT,
        "too_many_requests_open": HTTPStatus.CONFLICT,
        "too_many_open_visits": HTTPStatus.CONFLICT,
        "already_waiting": HTTPStatus.CONFLICT,
        "link_refused": HTTPStatus.CONFLICT,
        "too_many_waiting": HTTPStatus.CONFLICT,
        "offer_expired": HTTPStatus.CONFLICT,
        "idempotency_in_flight": HTTPStatus.CONFLICT,
        "stale_version": HTTPStatus.PRECONDITION_FAILED,
        "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "validation_error": HTTPStatus.UNPROCESSABLE_ENTITY,
        "too_soon": HTTPStatus.UNPROCESSABLE_ENTITY,
        "too_late": HTTPStatus.UNPROCESSABLE_ENTITY,
        "outside_hours": HTTPStatus.UNPROCESSABLE_ENTITY,
        "range_too_wide": HTTPStatus.UNPROCESSABLE_ENTITY,
        "past_cutoff": HTTPStatus.UNPROCESSABLE_ENTITY,
        "off_grid": HTTPStatus.UNPROCESSABLE_ENTITY,
        "ambiguous_time": HTTPStatus.UNPROCESSABLE_ENTITY,
        "nonexistent_time": HTTPStatus.UNPROCESSABLE_ENTITY,
        "treatment_not_offered": HTTPStatus.UNPROCESSABLE_ENTITY,
        "idempotency_mismatch": HTTPStatus.UNPROCESSABLE_ENTITY,
        "throttled": HTTPStatus.TOO_MANY_REQUESTS,
        "internal_error": HTTPStatus.INTERNAL_SERVER_ERROR,
        "contention": HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    }
)

# The same request may well succeed a moment later.
_LATER = frozenset({"contention", "unavailable", "idempotency_in_flight"})


class EdgeError(DomainError):
    """What is wrong with a request before any rule is asked. `field_code` is one of services/value_messages.py."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        field_code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, field=field)
        self.code = code
        self.field_code = field_code or code
        self.headers = headers or {}


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
) -> dict[str, Any]:
    """A payload-2.0 answer; `more` are members of this problem alone."""
    status = STATUS[code]
    body: dict[str, Any] = {
        "type": f"urn:dentist-appointments:problem:{code}",
        # Of the code: the phrases of the statuses differ between the versions of Python.
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


def from_domain(error: DomainError, request_id: str) -> dict[str, Any]:
    """A 422 always says which field; a request as a whole is `body`."""
    errors = None
    if STATUS[error.code] is HTTPStatus.UNPROCESSABLE_ENTITY:
        code = error.field_code if isinstance(error, EdgeError) else error.code
        errors = [{"field": error.field or "body", "code": code, "message": error.detail}]
    headers = error.headers if isinstance(error, EdgeError) else None
    more: dict[str, Any] | None = None
    if isinstance(error, HasBookingsError):
        more = {"appointment_ids": error.appointment_ids, "elsewhere": error.elsewhere}
    return problem(error.code, error.detail, request_id, errors=errors, headers=headers, more=more)


def from_validation(error: RequestValidationError, request_id: str) -> dict[str, Any]:
    """422, or 404 when what is wrong is an id in the path: nothing can stand there."""
    if any(item["loc"][0] == "path" for item in error.errors()):
        return problem("not_found", "There is nothing at this address.", request_id)
    return problem("validation_error", "Some values are wrong: see errors.", request_id, errors=field_errors(error))
