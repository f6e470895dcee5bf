"""What the local stack serves without a token: the messages that people get, a page that shows them, and the clock."""

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from dev.clock import clock_in
from dev.http_event import Request
from dev.local_pages import local_pages
from tests.dev.browser import browser, dom
from tests.dev.reception import Reception
from tests.dev.running_stack import RunningStack


def test_whoever_has_a_visit_soon_has_an_email_about_it(reception: Reception, ana: Any, visit: Any) -> None:
    message = reception.mail(ana, "BOOKED")

    assert message["channel"] == "EMAIL"
    assert str(datetime.fromisoformat(visit["starts_at"]).day) in message["subject"]
    [file] = message["attachments"]
    assert file["content_type"].startswith("text/calendar; method=")
    assert file["text"].startswith("BEGIN:VCALENDAR\r\n")


def test_the_clock_moves_the_whole_stack_and_tokens_stay_valid(reception: Reception, ana: Any) -> None:
    ahead = datetime.now(UTC) + timedelta(days=2)
    reception.set_clock(ahead)
    created_at = datetime.fromisoformat(reception.book(ana)["created_at"])
    assert timedelta(0) <= created_at - ahead < timedelta(minutes=5)

    sent_at = datetime.fromisoformat(reception.mail(ana, "BOOKED")["sent_at"])
    assert timedelta(0) <= sent_at - created_at < timedelta(minutes=5)


def test_operators_work_by_that_clock(reception: Reception, stack: RunningStack) -> None:
    reception.set_clock(datetime.now(UTC) + timedelta(days=3))
    made = stack.make("operator", "ARGS=users create mia --type patient --name 'Mia Rey' --json")
    assert made.returncode == 0, made.stderr
    events = stack.make("operator", "ARGS=person events mia --json")
    [event] = json.loads(events.stdout)["items"]
    assert datetime.fromisoformat(event["at"]) > datetime.now(UTC) + timedelta(days=2)


@pytest.mark.parametrize("body", [b"", b"3", b'{"offset_seconds": "a day"}', b'{"seconds": 1}'])
def test_a_clock_that_makes_no_sense_is_refused_in_plain_words(reception: Reception, body: bytes) -> None:
    reply = reception.client.send("PUT", "/dev/clock", body=body)

    assert reply.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "offset_seconds" in reply.json()["message"]
    assert reception.client.send("GET", "/dev/clock").json()["offset_seconds"] == 0


@pytest.mark.skipif(browser() is None, reason="a page needs a browser: apt-get install chromium")
def test_the_page_shows_what_people_get(reception: Reception, ana: Any, stack: RunningStack, tmp_path: Path) -> None:
    reception.book(ana)
    message = reception.mail(ana, "BOOKED")

    page = dom(f"http://127.0.0.1:{stack.port}/dev/inbox", tmp_path)

    assert f"<strong>{message['subject']}</strong>" in page
    assert f'<option value="{ana["email"]}">' in page
    assert 'sandbox="allow-popups' in page
    assert message["attachments"][0]["filename"] in page
    assert '<p id="trouble" role="alert"></p>' in page


def test_without_the_emulated_aws_there_are_no_messages_and_the_answer_says_why(tmp_path: Path) -> None:
    page = local_pages("http://127.0.0.1:1", clock_in(tmp_path))["GET /dev/messages"]

    answer = page(Request("GET", "/dev/messages", "", (), b"", "HTTP/1.1", "127.0.0.1"))

    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert b"does not answer" in answer.body
