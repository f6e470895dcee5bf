"""What nobody learns: logs hold no link and nothing personal, and who guesses is stopped."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from lambda_function.services.links.addresses import PATH
from tests.api.desk import Desk, instant, rfc3339
from tests.api_client import http_event
from tests.pages.visitor import FORM, Visitor

START = instant("15:00")
LogText = Callable[[], str]
PRIVATE = ("Pat", "Rojas", "pat@example.org", "I am ill", "visit/", "Quispe", "2030-01-08T15")


def checked(written: str, path: str) -> str:
    """Checks that nothing private was logged, and returns what was."""
    for word in (*PRIVATE, path.removeprefix(PATH)):
        assert word not in written.replace("/visit/{token}", "")
    return written


def test_no_line_holds_a_link_or_anything_personal(visitor: Visitor, desk: Desk, log_text: LogText) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    checked(log_text(), path)
    moved = {"starts_at": rfc3339(START), "reason": "I am ill", "seen": "I am ill"}

    visitor.get(path, doctor_id="1", **{"from": "2030-01-08"})
    for fields in ({"seen": "I am ill"}, {}, {"doctor_id": "Pat"}, {"reason": "I am ill\x00"}):
        visitor.post(path, "cancel", **fields)
    visitor.post(path, "book", **moved)
    visitor.post(path, "unsubscribe")
    visitor.get(f"{path}x")
    visitor.send("POST", path, body="I am ill", content_type="text/plain")

    written = checked(log_text(), path)
    assert "GET /visit/{token}" in written
    assert "POST /visit/{token}" in written


@pytest.mark.parametrize("error", [OperationalError("SELECT", {}, Exception("Pat Rojas")), KeyError("Pat Rojas")])
def test_errors_on_our_side_are_logged_without_values(
    visitor: Visitor, desk: Desk, engine: Engine, log_text: LogText, error: Exception
) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    log_text()

    def fail(*_: object) -> None:
        raise error

    event.listen(engine, "before_cursor_execute", fail)
    try:
        answers = [visitor.get(path), visitor.post(path, "cancel", reason="I am ill")]
    finally:
        event.remove(engine, "before_cursor_execute", fail)

    assert [answer.status for answer in answers] == [500, 500]
    assert "Pat" not in answers[0].text + answers[1].text
    assert checked(log_text(), path).count('"level":"ERROR"') == len(answers)
    assert visitor.get(path).status == 200


def test_who_guesses_is_told_to_wait_and_nobody_else_is(visitor: Visitor, desk: Desk) -> None:
    """Right links work for the one who guesses, too: several people may share an address."""
    path = visitor.told("booked", desk.practice.add_appointment(START))
    statuses = [visitor.get(f"{PATH}guess{number}").status for number in range(31)]
    waiting = visitor.post(f"{PATH}guess", "cancel")
    other = http_event("GET", f"{PATH}guess", headers={"content-type": FORM})
    other["requestContext"]["http"]["sourceIp"] = "198.51.100.7"

    assert statuses == [404] * 30 + [429]
    assert (waiting.status, waiting.headers["Retry-After"]) == (429, "60")
    assert visitor.answer(other).status == 404
    assert visitor.get(path).status == 200
    assert visitor.post(path, "confirm").status == 303
    visitor.messages.clock.advance(minutes=1)
    assert visitor.get(f"{PATH}guess").status == 404


def test_a_header_does_not_change_who_guesses(visitor: Visitor) -> None:
    answers = [visitor.send("GET", f"{PATH}x", x_forwarded_for=f"198.51.100.{number}") for number in range(31)]

    assert answers[-1].status == 429
