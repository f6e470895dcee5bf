"""Links that lead to nothing, because they are wrong or have ended."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from lambda_function.db.models import Appointment, Notification, WaitlistEntry
from lambda_function.services.links.addresses import PATH
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, instant
from tests.clock import NOW
from tests.pages.seen import statuses
from tests.pages.visitor import Visitor
from tests.services.notifications.planned import offered

START = instant("15:00")


def nothing_at(visitor: Visitor, path: str, fingerprint: Fingerprint) -> None:
    """Checks that the link can neither be looked at nor acted by."""
    before = fingerprint()
    assert visitor.get(path).status == 404
    for action in ("confirm", "cancel", "accept"):
        assert visitor.post(path, action).status == 404
    assert fingerprint() == before


@pytest.mark.parametrize("status", ["BOOKED", "REQUESTED", "CANCELLED", "CHECKED_IN", "COMPLETED", "NO_SHOW"])
def test_a_link_ends_when_its_visit_begins(visitor: Visitor, desk: Desk, fingerprint: Fingerprint, status: str) -> None:
    visit = desk.practice.add_appointment(START)
    path = visitor.told("booked", visit)
    visitor.messages.change_visit(visit, status=status)
    visitor.messages.clock.now = START - timedelta(microseconds=1)
    assert visitor.get(path).status == 200

    visitor.messages.clock.now = START

    nothing_at(visitor, path, fingerprint)
    assert "The time of this appointment has passed." in visitor.get(path).text


def test_a_visit_that_was_moved_to_an_earlier_time_ends_its_link_earlier(
    visitor: Visitor, desk: Desk, fingerprint: Fingerprint
) -> None:
    visit = desk.practice.add_appointment(START)
    path = visitor.told("booked", visit)
    visitor.messages.change_visit(visit, starts_at=NOW + timedelta(hours=1))
    visitor.messages.clock.now = NOW + timedelta(hours=1)

    nothing_at(visitor, path, fingerprint)


OVER: dict[str, dict[str, Any]] = {
    "lapsed": {"offer_expires_at": NOW},
    "withdrawn": {"status": "WITHDRAWN"},
    "expired": {"status": "EXPIRED"},
    "accepted elsewhere": {"status": "ACCEPTED"},
    "passed on, and waiting again": {"status": "WAITING", "offer_expires_at": None},
    "another time is on offer": {"offer_starts_at": START + timedelta(hours=1)},
}


@pytest.mark.parametrize("how", OVER)
def test_the_link_of_an_offer_ends_with_the_offer(
    visitor: Visitor, desk: Desk, fingerprint: Fingerprint, how: str
) -> None:
    offered(visitor.messages)
    [path] = visitor.links().values()
    assert visitor.get(path).status == 200

    desk.practice.session.execute(update(WaitlistEntry).values(OVER[how]))
    desk.practice.session.commit()

    nothing_at(visitor, path, fingerprint)
    assert "This offer is no longer available." in visitor.get(path).text


def test_an_offer_whose_time_was_taken_is_refused_and_stands(visitor: Visitor, desk: Desk) -> None:
    offered(visitor.messages)
    [path] = visitor.links().values()
    desk.booked("rita", "2030-01-08T15:00:00Z", patient="kim")

    assert (visitor.post(path, "accept").status, visitor.refusal(path, "accept")) == (409, "doctor_busy")
    assert statuses(desk) == ["BOOKED"]
    assert [entry.status for entry in desk.practice.rows(WaitlistEntry)] == ["OFFERED"]


def test_links_go_with_their_messages(visitor: Visitor, desk: Desk, fingerprint: Fingerprint) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    desk.practice.session.execute(delete(Notification))
    desk.practice.session.commit()

    nothing_at(visitor, path, fingerprint)
    assert desk.practice.rows(Appointment)


def test_a_link_that_is_almost_right_is_wrong(visitor: Visitor, desk: Desk, fingerprint: Fingerprint) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))

    for wrong in (
        path[:-1],
        f"{path}A",
        f"{PATH}{path.removeprefix(PATH).swapcase()}",
        path + "%00",
        path.replace("/visit/", "/visit/%20"),
    ):
        nothing_at(visitor, wrong, fingerprint)
        visitor.messages.clock.advance(minutes=2)
