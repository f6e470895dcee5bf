"""Logs hold enough to find a request by its id, and nothing personal."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambda_function.services import legacy
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api_client import Answer, access_claims, http_event

PRIVATE = [
    "Pat Rojas",
    "Rojas",
    "pat@example.org",
    "+51 999 111",
    "999 111",
    "sub-",
    "example.org",
    "tok3n",
    "Secret note",
]

LogText = Callable[[], str]


@pytest.fixture(autouse=True)
def phone(desk: Desk, log_text: LogText) -> None:
    desk.practice.user("pat").phone = "+51 999 111"
    desk.practice.session.commit()
    log_text()


def _lines(written: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.splitlines() if line.strip()]


def _checked(answer: Answer, written: str, *more: str) -> list[dict[str, Any]]:
    """Returns the lines, all of them JSON. Each log line has the request's id, and none holds private data."""
    lines = _lines(written)
    logged = [line for line in lines if "level" in line]
    assert logged
    assert {line["request_id"] for line in logged} == {answer.headers["X-Request-Id"]}
    for word in (*PRIVATE, *more):
        assert word not in written
    return logged


def _send(desk: Desk, user_name: str, method: str, path: str, *, query: str = "", body: Any = None) -> Answer:
    """Sends a request with the headers that API Gateway passes on."""
    headers = {"authorization": "Bearer tok3n.tok3n.tok3n", "content-type": "application/json", "cookie": "a=tok3n"}
    content = None if body is None else json.dumps(body)
    claims = access_claims(user_name)
    return desk.client.send(http_event(method, path, query=query, headers=headers, body=content, claims=claims))


def test_a_booking_leaves_one_line_with_its_route_and_status(desk: Desk, log_text: LogText) -> None:
    answer = _send(desk, "rita", "POST", "/appointments", body=desk.visit(at("15:00"), patient_note="Secret note"))

    [line] = _checked(answer, log_text())
    assert (line["message"], line["route"], line["status"]) == ("request", "POST /appointments", 201)
    assert line["duration_ms"] > 0


def test_a_refused_booking_leaves_one_line_too(desk: Desk, log_text: LogText) -> None:
    desk.booked("rita", at("15:00"))
    log_text()
    answer = _send(desk, "rita", "POST", "/appointments", body=desk.visit(at("15:00"), patient_note="Secret note"))

    expect_problem(answer, 409, "doctor_busy")
    [line] = _checked(answer, log_text())
    assert line["status"] == 409


@pytest.mark.parametrize("query", ["q=Rojas", "q=pat%40example.org", "q=%2B51%20999%20111", "q=Rojas&Rojas=1"])
def test_a_search_does_not_leave_what_was_searched_for(desk: Desk, log_text: LogText, query: str) -> None:
    answer = _send(desk, "rita", "GET", "/users", query=query)

    [line] = _checked(answer, log_text(), query)
    assert line["route"] == "GET /users"


def test_a_new_patient_leaves_no_data_even_when_the_name_is_taken(desk: Desk, log_text: LogText) -> None:
    body = {"user_name": "takenname", "full_name": "Pat Rojas", "email": "pat@example.org", "phone": "+51 999 111"}
    first = _send(desk, "rita", "POST", "/users", body={**body, "accept_duplicate": True})
    assert first.status == 201
    _checked(first, log_text(), "takenname")

    second = _send(desk, "rita", "POST", "/users", body={**body, "accept_duplicate": True})
    expect_problem(second, 409, "name_taken")
    _checked(second, log_text(), "takenname")


def test_an_invalid_body_leaves_nothing_of_itself(desk: Desk, log_text: LogText) -> None:
    body = {"user_name": "Pat Rojas", "full_name": 999, "email": "Rojas", "Secret note": "tok3n"}

    answer = _send(desk, "rita", "POST", "/users", body=body)

    assert answer.status == 422
    _checked(answer, log_text())


@pytest.mark.parametrize("path", ["/Rojas", "/users/Rojas", "/appointments/999"])
def test_a_path_is_logged_as_its_route_only(desk: Desk, log_text: LogText, path: str) -> None:
    answer = _send(desk, "rita", "GET", path)

    expect_problem(answer, 404, "not_found")
    _checked(answer, log_text())


def test_a_401_is_logged_without_the_token(desk: Desk, log_text: LogText) -> None:
    headers = {"authorization": "Bearer tok3n"}
    answer = desk.client.send(http_event("GET", "/me", headers=headers))

    [line] = _checked(answer, log_text())
    assert line["status"] == 401


@pytest.fixture
def broken_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """GET /appointment, with a mistake in the program whose error quotes private data."""

    def time_zones(*_: object) -> None:
        raise LookupError("Rojas Secret-note")

    monkeypatch.setattr(legacy, "time_zones", time_zones)


def test_an_unexpected_exception_is_a_500_that_tells_where_and_not_what(
    desk: Desk, log_text: LogText, broken_list: None
) -> None:
    answer = _send(desk, "rita", "GET", "/appointment")

    expect_problem(answer, 500, "internal_error")
    for word in ("LookupError", "Rojas", "Traceback", ".py", "Secret"):
        assert word not in answer.text
    error, request = _checked(answer, log_text(), "Secret-note")
    assert (error["level"], error["error"]) == ("ERROR", "LookupError")
    assert any("legacy.py" in frame for frame in error["stack"])
    assert request["status"] == 500


def test_a_500_is_counted_in_a_metric_since_lambda_sees_no_error(
    desk: Desk, log_text: LogText, broken_list: None
) -> None:
    _send(desk, "rita", "GET", "/appointment")
    metrics = [line for line in _lines(log_text()) if "_aws" in line]

    assert [line["InternalError"] for line in metrics] == [[1.0]]


def test_the_next_request_does_not_carry_the_ids_of_the_one_before(desk: Desk, log_text: LogText) -> None:
    answers = [_send(desk, "rita", "GET", "/me") for _ in range(2)]
    lines = [line for line in _lines(log_text()) if "level" in line]

    assert [line["request_id"] for line in lines] == [answer.headers["X-Request-Id"] for answer in answers]
    assert len({line["function_request_id"] for line in lines}) == 2
