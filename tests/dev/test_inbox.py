"""What the local stack serves without a token: the messages that people get, a page that shows them, and the clock."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from dev.clock import clock_in
from dev.http_event import Request
from dev.local_pages import local_pages
from dev.token import access_token
from tests.dev.browser import browser, dom
from tests.dev.http_server import Client
from tests.dev.running_stack import RunningStack

DAY = 24 * 60 * 60
_PATIENCE_SECONDS = 30


class People:
    """Books as rita for pat, and reads what pat gets."""

    def __init__(self, stack: RunningStack) -> None:
        self.client = Client(stack.port)
        token = access_token(stack.folder, "rita")
        self._headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]

    def call(self, method: str, target: str, body: object = None) -> Any:
        reply = self.client.send(method, target, self._headers, None if body is None else json.dumps(body).encode())
        assert reply.status < HTTPStatus.BAD_REQUEST, reply.body
        return reply.json()

    def book(self) -> Any:
        """Books the last free time of the next fortnight."""
        pat = next(each for each in self.call("GET", "/users?q=pat")["items"] if each["user_name"] == "pat")
        start = datetime.now(UTC) + timedelta(days=1)
        day, fortnight = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (start, start + timedelta(days=14)))
        free = self.call("GET", f"/availability?treatment_id=1&clinic_id=1&limit=200&from={day}&to={fortnight}")[
            "items"
        ][-1]
        wish = {"doctor_id": free["doctor_id"], "starts_at": free["starts_at"], "treatment_id": 1}
        return self.call("POST", "/appointments", {**wish, "patient_id": pat["user_id"]})

    def cancel(self, visit: Any) -> None:
        self.call("POST", f"/appointments/{visit['appointment_id']}/cancel", {"reason": "The test is over."})

    def messages(self) -> list[Any]:
        reply = self.client.send("GET", "/dev/messages")
        assert reply.status == HTTPStatus.OK
        items: list[Any] = reply.json()["items"]
        return items

    def set_clock(self, seconds: float) -> None:
        body = json.dumps({"offset_seconds": seconds}).encode()
        assert self.client.send("PUT", "/dev/clock", body=body).status == HTTPStatus.NO_CONTENT


@pytest.fixture
def people(stack: RunningStack) -> Iterator[People]:
    people = People(stack)
    yield people
    people.set_clock(0)


@pytest.fixture
def visit(people: People) -> Iterator[Any]:
    visit = people.book()
    yield visit
    people.cancel(visit)


def soon(find: Callable[[], Any]) -> Any:
    """Returns what it finds as soon as there is something."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (found := find()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.1)  # between two attempts: the stack cannot notify us
    return found


def told(people: People, visit: Any) -> Any:
    """Returns the message about a visit that was booked, which is the first since then."""
    since = datetime.fromisoformat(visit["created_at"])

    def find() -> list[Any]:
        booked = [item for item in people.messages() if item["kind"] == "BOOKED"]
        return [item for item in booked if datetime.fromisoformat(item["sent_at"]) >= since]

    return soon(find)[-1]


def test_whoever_has_a_visit_soon_has_an_email_about_it(people: People, visit: Any) -> None:
    message = told(people, visit)

    assert (message["channel"], message["to"]) == ("EMAIL", "pat@example.org")
    assert str(datetime.fromisoformat(visit["starts_at"]).day) in message["subject"]
    [file] = message["attachments"]
    assert file["content_type"].startswith("text/calendar; method=")
    assert file["text"].startswith("BEGIN:VCALENDAR\r\n")


def test_the_clock_moves_the_whole_stack_and_tokens_stay_valid(people: People) -> None:
    before = datetime.now(UTC)
    people.set_clock(3 * DAY)
    visit = people.book()
    created_at = datetime.fromisoformat(visit["created_at"])
    assert timedelta(0) <= created_at - before - timedelta(days=3) < timedelta(minutes=5)

    sent_at = datetime.fromisoformat(told(people, visit)["sent_at"])
    assert timedelta(0) <= sent_at - created_at < timedelta(minutes=5)
    people.cancel(visit)


def test_operators_work_by_that_clock(people: People, stack: RunningStack) -> None:
    people.set_clock(3 * DAY)
    made = stack.make("operator", "ARGS=users create mia --type patient --name 'Mia Rey' --json")
    assert made.returncode == 0, made.stderr
    events = stack.make("operator", "ARGS=person events mia --json")
    [event] = json.loads(events.stdout)["items"]
    assert datetime.fromisoformat(event["at"]) > datetime.now(UTC) + timedelta(days=2)


@pytest.mark.parametrize("body", [b"", b"3", b'{"offset_seconds": "a day"}', b'{"seconds": 1}'])
def test_a_clock_that_makes_no_sense_is_refused_in_plain_words(people: People, body: bytes) -> None:
    reply = people.client.send("PUT", "/dev/clock", body=body)

    assert reply.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "offset_seconds" in reply.json()["message"]
    assert people.client.send("GET", "/dev/clock").json()["offset_seconds"] == 0


@pytest.mark.skipif(browser() is None, reason="a page needs a browser: apt-get install chromium")
def test_the_page_shows_what_people_get(people: People, visit: Any, stack: RunningStack, tmp_path: Path) -> None:
    message = told(people, visit)

    page = dom(f"http://127.0.0.1:{stack.port}/dev/inbox", tmp_path)

    assert f"<strong>{message['subject']}</strong>" in page
    assert '<option value="pat@example.org">' in page
    assert 'sandbox="allow-popups' in page
    assert message["attachments"][0]["filename"] in page
    assert '<p id="trouble" role="alert"></p>' in page


def test_without_the_emulated_aws_there_are_no_messages_and_the_answer_says_why(tmp_path: Path) -> None:
    page = local_pages("http://127.0.0.1:1", clock_in(tmp_path))["GET /dev/messages"]

    answer = page(Request("GET", "/dev/messages", "", (), b"", "HTTP/1.1", "127.0.0.1"))

    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert b"does not answer" in answer.body
