"""Problems as OperationOutcomes: the same status, code and fields, in FHIR's form."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from lambda_function.api.fhir.parameters import is_search_by_form
from lambda_function.api.fhir.wire import BASE, CONTENT_TYPE, URN, Resource
from lambda_function.web.events import Event, Result

_ISSUE_TYPES: Mapping[int, str] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: "structure",
        HTTPStatus.UNAUTHORIZED: "login",
        HTTPStatus.FORBIDDEN: "forbidden",
        HTTPStatus.NOT_FOUND: "not-found",
        HTTPStatus.METHOD_NOT_ALLOWED: "not-supported",
        HTTPStatus.CONFLICT: "conflict",
        HTTPStatus.PRECONDITION_FAILED: "conflict",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-long",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not-supported",
        HTTPStatus.UNPROCESSABLE_ENTITY: "business-rule",
        HTTPStatus.TOO_MANY_REQUESTS: "throttled",
        HTTPStatus.SERVICE_UNAVAILABLE: "transient",
    }
)
_BY_CODE: Mapping[str, str] = MappingProxyType({"validation_error": "invalid", "not_supported": "not-supported"})
_HEADERS = frozenset({"If-Match", "If-None-Exist"})


def of_problem(problem: Result, event: Event) -> Result:
    """The result with an OperationOutcome in place of the problem; everything else stays the same."""
    told = json.loads(problem["body"])
    errors = told.get("errors")
    if errors:
        issues = [{**_issue(told, error["message"]), **_place(error["field"], event)} for error in errors]
    else:
        issues = [_issue(told, told["detail"])]
    outcome: Resource = {"resourceType": "OperationOutcome", "issue": issues}
    headers = {**problem["headers"], "Content-Type": CONTENT_TYPE}
    return {**problem, "headers": headers, "body": json.dumps(outcome, ensure_ascii=False)}


def _issue(problem: Mapping[str, Any], text: str) -> Resource:
    code, status = problem["code"], problem["status"]
    return {
        "severity": "error",
        "code": _BY_CODE.get(code) or _ISSUE_TYPES.get(status, "exception"),
        "details": {"coding": [{"system": f"{URN}:problem", "code": code}], "text": text},
        "diagnostics": f"request {problem['request_id']}",
    }


def _place(field: str, event: Event) -> Resource:
    """What is wrong in the request: a parameter or a header as `http.name`, an element by its FHIRPath."""
    pairs = parse_qsl(event.get("rawQueryString", ""), keep_blank_values=True, errors="replace", max_num_fields=None)
    path = event["rawPath"]
    searched = event["requestContext"]["http"]["method"] == "GET" or is_search_by_form(event)
    if searched or field in _HEADERS | {name for name, _ in pairs}:
        return {"location": [f"http.{field}"]}
    root = "Parameters" if "$" in path else path.removeprefix(f"{BASE}/").partition("/")[0]
    steps = [f"[{step}]" if step.isdigit() else f".{step}" for step in field.split(".")]
    return {"expression": [root if field == "body" else f"{root}{''.join(steps)}"]}
