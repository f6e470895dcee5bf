"""Errors as callers see them."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from lambda_function.api.problems import from_domain, from_validation, problem
from lambda_function.aws.operator_function import RefusedThereError
from lambda_function.domain.errors import ContentionError, DoctorBusyError, DomainError, InvalidInputError
from lambda_function.web.codes import PROBLEM_CODES
from lambda_function.web.errors import EdgeError


def body_of(answer: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer["body"])
    return body


def kinds_of(kind: type[DomainError]) -> list[type[DomainError]]:
    return [found for child in kind.__subclasses__() for found in (child, *kinds_of(child))]


# Each of these gets its code when it is raised: from the edge, or from the answer of the operators' Lambda.
OF_MANY_CODES = (EdgeError, RefusedThereError)


@pytest.mark.parametrize("kind", [kind for kind in kinds_of(DomainError) if kind not in OF_MANY_CODES])
def test_every_error_of_the_rules_has_a_status(kind: type[DomainError]) -> None:
    assert kind.code in PROBLEM_CODES


def test_no_two_errors_share_a_code() -> None:
    codes = [
        kind.code
        for kind in kinds_of(DomainError)
        if kind.__module__ == DomainError.__module__ and "code" in vars(kind)
    ]
    assert len(codes) == len(set(codes))


def test_a_problem_says_what_where_and_in_which_request() -> None:
    answer = from_domain(DoctorBusyError("The doctor is not free."), "r-1")
    assert answer["statusCode"] == 409
    assert answer["headers"] == {"Content-Type": "application/problem+json"}
    assert body_of(answer) == {
        "type": "urn:dentist-appointments:problem:doctor_busy",
        "title": "Doctor busy",
        "status": 409,
        "detail": "The doctor is not free.",
        "code": "doctor_busy",
        "request_id": "r-1",
    }


def test_a_rule_broken_names_the_field() -> None:
    body = body_of(from_domain(InvalidInputError("There is none.", field="doctor_id"), "r-1"))
    assert body["errors"] == [{"field": "doctor_id", "code": "validation_error", "message": "There is none."}]


def test_a_rule_broken_by_no_field_in_particular_is_the_bodys() -> None:
    body = body_of(from_domain(InvalidInputError("There is none."), "r-1"))
    assert body["errors"] == [{"field": "body", "code": "validation_error", "message": "There is none."}]


def test_what_may_be_tried_again_says_when() -> None:
    answer = from_domain(ContentionError("Try again."), "r-1")
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "1")


def test_headers_of_an_edge_error_are_sent() -> None:
    answer = from_domain(EdgeError("method_not_allowed", "No.", headers={"Allow": "GET"}), "r-1")
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET")


@pytest.mark.parametrize("code", PROBLEM_CODES)
def test_every_code_can_be_told(code: str) -> None:
    body = body_of(problem(code, "Why.", "r-1"))
    assert (body["code"], body["status"]) == (code, PROBLEM_CODES[code].status.value)


def invalid(*items: tuple[tuple[str | int, ...], str]) -> RequestValidationError:
    return RequestValidationError(
        [{"loc": loc, "msg": "S3cret", "type": kind, "input": "S3cret"} for loc, kind in items]
    )


def test_fields_are_named_by_their_path() -> None:
    error = invalid((("body", "hours", 0, "start"), "string_type"), (("query", "limit"), "int_type"))
    assert body_of(from_validation(error, "r-1"))["errors"] == [
        {"field": "hours.0.start", "code": "wrong_type", "message": "Give a text."},
        {"field": "limit", "code": "wrong_type", "message": "Give a whole number."},
    ]


def test_a_body_that_is_missing_is_named_too() -> None:
    error = invalid((("body",), "missing"))
    assert body_of(from_validation(error, "r-1"))["errors"] == [
        {"field": "body", "code": "required", "message": "This field is required."}
    ]


def test_what_was_sent_is_not_repeated() -> None:
    assert "S3cret" not in from_validation(invalid((("body", "reason"), "int_type")), "r-1")["body"]


def test_a_field_name_that_a_caller_made_up_is_cut() -> None:
    body = body_of(from_validation(invalid((("body", "x" * 5000), "extra_forbidden")), "r-1"))
    assert len(body["errors"][0]["field"]) == 200


def test_a_bad_id_in_the_path_is_not_found() -> None:
    answer = from_validation(invalid((("path", "appointment_id"), "not_an_id")), "r-1")
    assert (answer["statusCode"], body_of(answer)["code"]) == (404, "not_found")
