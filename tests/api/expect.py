"""What every answer of the API must look like."""

from tests.api_client import Answer


def expect_problem(answer: Answer, status: int, code: str, *fields: str) -> None:
    """The answer is this problem, whole and well formed; a 422 names exactly these fields, when any are given."""
    assert (answer.status, answer.json.get("code")) == (status, code), answer.text
    body = answer.json
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"] == body["request_id"]
    assert body["status"] == status
    for member in ("type", "title", "detail", "request_id"):
        assert isinstance(body[member], str)
        assert body[member]
    expected = {"type", "title", "status", "detail", "code", "request_id"} | ({"errors"} if status == 422 else set())
    assert body.keys() == expected
    if status == 422:
        assert body["errors"]
        assert all(error.keys() == {"field", "message"} and error["message"] for error in body["errors"])
        if fields:
            assert sorted(answer.fields) == sorted(fields), answer.text
    if status == 503:
        assert int(answer.headers["Retry-After"]) > 0
