"""The page behind a link and the reception act at the same moment, over HTTP on the running local stack."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html import unescape
from http import HTTPStatus
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.dev.http_server import Reply
from tests.dev.reception import Reception

ROUNDS = 5
_FORM = [("Content-Type", "application/x-www-form-urlencoded")]
_OPEN = {"BOOKED", "REQUESTED"}


class LinkPage:
    """The page that a patient has loaded, whose forms say what it showed."""

    def __init__(self, reception: Reception, patient: Any) -> None:
        [link] = reception.mail(patient, "BOOKED")["links"]
        self._client = reception.client
        self._path = link.removeprefix(f"http://127.0.0.1:{self._client.port}")
        self.load()

    def load(self) -> None:
        self.text = unescape(self._client.send("GET", self._path).body.decode())

    @property
    def start(self) -> str:
        return self._value(r'<time datetime="([^"]+)"')

    def post(self, action: str, **fields: Any) -> Reply:
        form = {"action": action, "seen": self._value(r'name="seen" value="([^"]+)"'), **fields}
        return self._client.send("POST", self._path, _FORM, urlencode(form).encode())

    def _value(self, pattern: str) -> str:
        found = re.search(pattern, self.text)
        assert found, self.text
        return found[1]


@pytest.fixture
def page(reception: Reception, ana: Any, visit: Any) -> LinkPage:
    return LinkPage(reception, ana)


def at_once(*calls: Callable[[], Reply]) -> list[HTTPStatus]:
    """Sends the requests at the same moment, and returns the statuses of their answers."""
    barrier = threading.Barrier(len(calls))

    def send(call: Callable[[], Reply]) -> HTTPStatus:
        barrier.wait()
        return HTTPStatus(call().status)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(send, calls))


def time_of(slot: Any) -> dict[str, Any]:
    return {"starts_at": slot["starts_at"], "doctor_id": slot["doctor_id"]}


def check_that_no_visits_overlap(reception: Reception, slots: list[Any]) -> None:
    span = f"from={slots[0]['starts_at']}&to={slots[-1]['ends_at']}&limit=100"
    for doctor_id in {slot["doctor_id"] for slot in slots}:
        visits = reception.call("GET", f"/appointments?doctor_id={doctor_id}&{span}")["items"]
        times = sorted((each["starts_at"], each["ends_at"]) for each in visits if each["status"] in _OPEN)
        assert all(one[1] <= next_one[0] for one, next_one in pairwise(times))


def test_a_time_that_the_reception_books_meanwhile_is_given_to_one_of_both(
    reception: Reception, page: LinkPage, visit: Any
) -> None:
    other = reception.patient("Eva Paz")
    slots = reception.free()[-ROUNDS:]
    for slot in slots:
        page.load()

        moved, booked = at_once(
            partial(page.post, "move", **time_of(slot)), partial(reception.try_to_book, other, slot)
        )

        now = reception.visit(visit)
        holds = (now["starts_at"], now["doctor"]["user_id"]) == (slot["starts_at"], slot["doctor_id"])
        assert moved is (HTTPStatus.SEE_OTHER if holds else HTTPStatus.CONFLICT)
        assert booked is (HTTPStatus.CONFLICT if holds else HTTPStatus.CREATED)
        for each in reception.visits(other):
            if each["status"] in _OPEN:
                reception.cancel(each)
        assert len([event for event in reception.history(visit) if event[0] == "MOVE"]) == now["version"] - 1
    check_that_no_visits_overlap(reception, slots)


def test_a_visit_that_the_reception_moves_meanwhile_is_not_confirmed_unseen(
    reception: Reception, page: LinkPage, visit: Any
) -> None:
    for slot in reception.free()[-ROUNDS:]:
        page.load()
        before = reception.history(visit)

        confirmed, moved = at_once(partial(page.post, "confirm"), partial(reception.move, visit, slot))

        first = [("CONFIRM_ATTENDANCE", "LINK")] if confirmed is HTTPStatus.SEE_OTHER else []
        assert (confirmed in {HTTPStatus.SEE_OTHER, HTTPStatus.CONFLICT}, moved) == (True, HTTPStatus.OK)
        assert reception.history(visit) == [*before, *first, ("MOVE", None)]
        assert reception.visit(visit)["attendance_confirmed_at"] is None


def test_a_visit_that_the_reception_moves_meanwhile_is_not_cancelled_unseen(
    reception: Reception, page: LinkPage, ana: Any
) -> None:
    for slot in reception.free()[-ROUNDS:]:
        page.load()
        visit = reception.visits(ana)[-1]
        before = reception.history(visit)

        cancelled, moved = at_once(partial(page.post, "cancel"), partial(reception.move, visit, slot))

        page.load()
        if cancelled is HTTPStatus.SEE_OTHER:
            assert moved is HTTPStatus.CONFLICT
            assert reception.history(visit) == [*before, ("CANCEL", "LINK")]
            assert page.post("book", **time_of(slot)).status == HTTPStatus.SEE_OTHER
        else:
            assert (cancelled, moved) == (HTTPStatus.CONFLICT, HTTPStatus.OK)
            assert reception.history(visit) == [*before, ("MOVE", None)]
            assert page.start == slot["starts_at"]


def test_a_visit_that_is_booked_again_in_two_tabs_at_once_is_booked_once(
    reception: Reception, page: LinkPage, ana: Any
) -> None:
    free = reception.free()
    for number in range(1, ROUNDS + 1):
        page.load()
        assert at_once(*[partial(page.post, "cancel")] * 2) == [HTTPStatus.SEE_OTHER] * 2
        page.load()
        slots = free[-number], free[-number - ROUNDS]

        answers = at_once(*[partial(page.post, "book", **time_of(slot)) for slot in slots])

        assert sorted(answers) == [HTTPStatus.SEE_OTHER, HTTPStatus.CONFLICT]
        visits = reception.visits(ana)
        assert [each["status"] for each in visits] == ["CANCELLED"] * number + ["BOOKED"]
        assert visits[-1]["starts_at"] == slots[answers.index(HTTPStatus.SEE_OTHER)]["starts_at"]
        assert reception.history(visits[-2])[-1] == ("CANCEL", "LINK")
        assert reception.history(visits[-1]) == [("BOOK", "LINK")]
