"""HEAD, and the headers that every answer carries."""

from typing import Any

import pytest

from tests.api.desk import Desk, at

ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/me", {}, 200),
        ("/clinics", {"limit": 1}, 200),
        ("/calendar.ics", {"token": "unknown"}, 404),
        ("/users/999", {}, 404),
        ("/users", {"surprise": 1}, 422),
        ("/nowhere", {}, 404),
    ],
)
def test_head_is_get_without_the_body(desk: Desk, path: str, query: dict[str, Any], status: int) -> None:
    got = desk.client.get("pat", path, **query)
    head = desk.client.call("pat", "HEAD", path, **query)

    assert (head.status, head.text) == (got.status, "") == (status, "")
    assert {**head.headers, "X-Request-Id": ""} == {**got.headers, "X-Request-Id": ""}


def test_head_tells_the_version_of_an_appointment(desk: Desk) -> None:
    booked = desk.booked("pat", at("15:00"))

    assert desk.client.call("pat", "HEAD", f"/appointments/{booked['appointment_id']}").headers["ETag"] == '"1"'


def test_head_is_open_where_get_is(desk: Desk) -> None:
    assert desk.client.call(None, "HEAD", "/health").status == 200
    assert desk.client.call(None, "HEAD", "/me").status == 401


def test_head_is_405_where_there_is_no_get(desk: Desk) -> None:
    answer = desk.client.call("pat", "HEAD", "/me/calendar-token")

    assert (answer.status, answer.text, answer.headers["Allow"]) == (405, "", "DELETE, POST")


@pytest.mark.parametrize(
    ("caller", "method", "path"), [("pat", "GET", "/me"), (None, "GET", "/me"), ("pat", "PUT", "/me")]
)
def test_every_answer_tells_browsers_to_do_nothing_with_it(
    desk: Desk, caller: str | None, method: str, path: str
) -> None:
    headers = desk.client.call(caller, method, path).headers

    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    assert not [name for name in headers if name.lower().startswith("access-control-")]
