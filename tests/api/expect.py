"""Checks that hold for every answer of the API."""

from fhir.resources.R4B.operationoutcome import OperationOutcome

from lambda_function.api.openapi.contract import FIELD_CODES
from tests.api_client import Answer


def expect_problem(answer: Answer, status: int, code: str, *fields: str) -> None:
    """The answer is this problem (an OperationOutcome below /fhir/R4), complete and well formed. If fields are given, a
    422, or what is not supported, names exactly these.
    """
    assert (answer.status, answer.code) == (status, code), answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    if status == 503:
        assert int(answer.headers["Retry-After"]) > 0
    if answer.is_fhir:
        _expect_outcome(answer)
    else:
        _expect_problem(answer)
    if status == 422 or code == "not_supported":
        assert answer.fields
        if fields:
            assert sorted(answer.fields) == sorted(fields), answer.text


def _expect_problem(answer: Answer) -> None:
    body, status = answer.json, answer.status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"] == body["request_id"]
    assert body["status"] == status
    for member in ("type", "title", "detail", "request_id"):
        assert isinstance(body[member], str)
        assert body[member]
    expected = {"type", "title", "status", "detail", "code", "request_id"} | ({"errors"} if status == 422 else set())
    assert body.keys() == expected
    if status == 422:
        for error in body["errors"]:
            assert error.keys() == {"field", "code", "message"}
            assert error["code"] in FIELD_CODES
            # A sentence may begin with the name of a field.
            assert error["message"][0].isupper() or error["message"].startswith("`")
            assert error["message"].endswith(".")


def _expect_outcome(answer: Answer) -> None:
    """The answer is this problem in the form of an OperationOutcome."""
    assert answer.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    OperationOutcome.model_validate(answer.json)
    for issue in answer.json["issue"]:
        [coding] = issue["details"]["coding"]
        assert coding == {"system": "urn:dentist-appointments:problem", "code": answer.code}
        assert issue["severity"] == "error"
        assert issue["details"]["text"]
        assert issue["diagnostics"] == f"request {answer.headers['X-Request-Id']}"
