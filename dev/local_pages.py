"""What only the local stack serves, without a token: messages that were sent, a page that shows them, and the clock."""

import json
import urllib.request
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.error import URLError

from dev import http_event, mailbox
from dev.clock import BadOffsetError, StackClock, offset_in
from dev.docs_pages import Page
from dev.http_event import Answer, Request

_INBOX = Path(__file__).with_name("inbox.html")
_JSON = (("content-type", "application/json"), ("cache-control", "no-store"))
# The page shows mails that anybody may have written, so it loads nothing from elsewhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"
_HTML = (
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("content-security-policy", _POLICY),
)
_SECONDS = 10


def local_pages(aws_url: str, clock: StackClock) -> Mapping[str, Page]:
    """Returns what answers each method and path. `aws_url` is where the messages are kept."""
    return {
        "GET /dev/messages": partial(_messages, aws_url),
        "GET /dev/inbox": lambda _: Answer(200, _HTML, _INBOX.read_bytes()),
        "GET /dev/clock": lambda _: _offset(clock),
        "PUT /dev/clock": partial(_set_clock, clock),
    }


def _messages(aws_url: str, _: Request) -> Answer:
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with directly.open(f"{aws_url}{mailbox.PATH}", timeout=_SECONDS) as answer:
            return Answer(200, _JSON, answer.read())
    except (URLError, ConnectionError, TimeoutError):
        return http_event.message(503, "The emulated AWS, which keeps the messages, does not answer.")


def _offset(clock: StackClock) -> Answer:
    document = {"offset_seconds": clock.offset_seconds, "now": clock().isoformat(timespec="seconds")}
    return Answer(200, _JSON, json.dumps(document).encode())


def _set_clock(clock: StackClock, request: Request) -> Answer:
    try:
        clock.set(offset_in(request.body))
    except BadOffsetError as error:
        return http_event.message(422, str(error))
    return Answer(204, (), b"")
