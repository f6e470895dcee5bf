"""Requests to the page that no page sends. Reading writes nothing, whatever is asked."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL, Engine

from lambda_function.db.unit_of_work import Database
from lambda_function.pages.app import Pages
from tests.api.conftest import Fingerprint
from tests.api.desk import instant
from tests.api_client import http_event
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.pages.visitor import FORM, Visitor
from tests.servers import empty_tables
from tests.services.notifications.messages import Messages
from tests.services.notifications.planned import offered

START = instant("16:00")
RIGHT = "2030-01-08T16:00:00Z"


@pytest.fixture(scope="module")
def visitor(migrated_url: URL, engine: Engine) -> Iterator[Visitor]:
    """The page over a practice that is loaded once, because nothing here changes it."""
    clock = Clock(NOW)
    database = Database(engine, clock)
    with Practice.open(migrated_url) as practice:
        yield Visitor(Pages(database, clock), Messages(database, practice, clock))
    empty_tables(migrated_url)


@pytest.fixture(scope="module")
def paths(visitor: Visitor) -> list[str]:
    """The links of a visit that is booked, of one that was cancelled, and of an offer."""
    practice = visitor.messages.practice
    booked = visitor.told("booked", practice.add_appointment(START))
    cancelled = visitor.told("cancelled", practice.add_appointment(instant("17:00"), status="CANCELLED"))
    offered(visitor.messages)
    return [booked, cancelled, *visitor.links().values()]


def test_looking_changes_nothing_however_often(visitor: Visitor, paths: list[str], fingerprint: Fingerprint) -> None:
    before = fingerprint()
    for path in paths:
        for _ in range(20):
            assert visitor.get(path).status == 200
            head = visitor.send("HEAD", path)
            assert (head.status, head.text) == (200, "")
    assert fingerprint() == before


@pytest.mark.parametrize(
    "query",
    [
        "from=&day=&doctor_id=",
        "from=yesterday&day=2030-02-30&doctor_id=-1",
        "from=0001-01-01",
        "from=2999-12-31",
        "day=2999-12-31",
        "day=1000-01-01",
        "doctor_id=9223372036854775807",
        "doctor_id=99999999999999999999",
        "doctor_id=1&doctor_id=2&from=2030-01-08&from=2030-01-09",
        "%FF=%00&a=%",
        "action=cancel",
        "&".join(f"utm_{number}=1" for number in range(60)),
        "from=" + "9" * 10_000,
        "\x00\ud800",
    ],
)
def test_a_query_that_means_nothing_is_left_alone(
    visitor: Visitor, paths: list[str], fingerprint: Fingerprint, query: str
) -> None:
    before = fingerprint()
    for path in paths:
        assert visitor.send("GET", path, query=query).status == 200
    assert fingerprint() == before


FORMS: dict[str, tuple[int, dict[str, Any]]] = {
    "JSON": (415, {"body": '{"action": "cancel"}', "content_type": "application/json"}),
    "no media type": (415, {"body": "action=cancel"}),
    "another media type": (415, {"body": "action=cancel", "content_type": "text/plain"}),
    "a form in parts": (415, {"body": "--b--", "content_type": "multipart/form-data; boundary=b"}),
    "no body": (422, {"content_type": FORM}),
    "nothing in it": (422, {"body": "", "content_type": FORM}),
    "no action": (422, {"body": "starts_at=1", "content_type": FORM}),
    "an unknown action": (422, {"body": "action=delete", "content_type": FORM}),
    "a name in capital letters": (422, {"body": "action=CANCEL", "content_type": FORM}),
    "too much": (413, {"body": "action=cancel&reason=" + "a" * 65_536, "content_type": FORM}),
    "too many fields": (422, {"body": "action=cancel" + "&a=1" * 5_000, "content_type": FORM}),
    "not UTF-8": (422, {"body": b"action=cancel&reason=\xff", "content_type": FORM}),
    "not UTF-8 in percents": (422, {"body": "action=cancel&reason=%FF", "content_type": FORM}),
    "half a character": (422, {"body": "action=cancel&reason=%ED%A0%80", "content_type": FORM}),
    "half a character as it stands": (422, {"body": "action=cancel&reason=\ud800", "content_type": FORM}),
    "a zero": (422, {"body": "action=cancel&reason=a%00b", "content_type": FORM}),
    "too long a reason": (422, {"body": "action=cancel&reason=" + "a" * 501, "content_type": FORM}),
    "a zero in the action": (422, {"body": "action=cancel%00", "content_type": FORM}),
    "two actions": (422, {"body": "action=cancel&action=nothing", "content_type": FORM}),
    "a doctor who is a word": (422, {"body": f"action=move&starts_at={RIGHT}&doctor_id=x", "content_type": FORM}),
    "a huge doctor": (422, {"body": f"action=book&starts_at={RIGHT}&doctor_id={10**30}", "content_type": FORM}),
    "a negative doctor": (422, {"body": f"action=move&starts_at={RIGHT}&doctor_id=-1", "content_type": FORM}),
}
STARTS = (
    *("16:00", "2030-01-08", "2030-01-08T16:00:00", "2030-01-08 16:00:00Z", "1893456000", "2030-13-08T16:00:00Z"),
    *("0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "2030-01-08T24:00:01Z"),
    *("%D9%A2030-01-08T16:00:00Z", "x" * 5_000, "2030-01-08T16:00:00%00Z", "2030-01-08T16:00:60Z"),
)
FORMS |= {
    f"start {start[:24]}": (422, {"body": f"action=move&starts_at={start}", "content_type": FORM}) for start in STARTS
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_no_page_sends_is_refused(
    visitor: Visitor, paths: list[str], fingerprint: Fingerprint, name: str
) -> None:
    status, sent = FORMS[name]
    before = fingerprint()
    for path in paths[:2]:
        answer = visitor.send("POST", path, **sent)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert fingerprint() == before
    # Without a right link, nobody learns what is wrong with the form.
    assert visitor.send("POST", "/visit/nothing", **sent).status in {404, 429}


def test_base64_that_is_none_is_refused(visitor: Visitor, paths: list[str], fingerprint: Fingerprint) -> None:
    before = fingerprint()
    event = http_event("POST", paths[0], headers={"content-type": FORM}, body=b"")

    assert visitor.answer({**event, "body": "&&&"}).status == 400
    assert fingerprint() == before


@pytest.mark.parametrize(
    "path",
    ["/visit/x", "/visit/%2F", "/visit/a%2Fb", "/visit/ñ€", "/visit/\ud800", "/visit/a\n", "/visit/" + "a" * 10_000],
)
def test_a_path_that_is_no_link_is_not_found(visitor: Visitor, path: str, fingerprint: Fingerprint) -> None:
    visitor.messages.clock.advance(minutes=2)
    before = fingerprint()
    for method in ("GET", "HEAD", "POST"):
        assert visitor.send(method, path, body="action=cancel", content_type=FORM).status == 404
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/visit/"),
        ("GET", "/visit"),
        ("GET", "/visit/a/b"),
        ("GET", "/visit/a/"),
        ("GET", "/Visit/a"),
        ("GET", "//visit/a"),
        ("PUT", "/visit/a"),
        ("DELETE", "/visit/a"),
        ("OPTIONS", "/visit/a"),
        ("get", "/visit/a"),
    ],
)
def test_other_addresses_and_methods_are_none_of_the_pages_business(method: str, path: str) -> None:
    assert not Pages.takes(http_event(method, path))
