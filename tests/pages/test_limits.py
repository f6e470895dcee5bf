"""What a link does not do: reach further than its visit and its person, and go on without end."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from lambda_function.db.models import Doctor, WaitlistEntry
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.services.links.acting import MAX_BOOKED_AGAIN, MAX_MOVES_A_DAY
from tests.api.desk import Desk, instant, rfc3339
from tests.clock import NOW
from tests.pages.seen import statuses, visits
from tests.pages.visitor import FORM, Visitor
from tests.services.notifications.planned import offered

START = instant("15:00")
HALF = timedelta(minutes=30)


def test_a_visit_is_booked_again_only_so_often(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    again = {"starts_at": rfc3339(START)}

    for _ in range(MAX_BOOKED_AGAIN):
        assert visitor.post(path, "cancel").status == 303
        assert visitor.post(path, "book", **again).status == 303
    visitor.post(path, "cancel")
    refused = visitor.post(path, "book", **again)

    assert refused.status == 429
    assert len(statuses(desk)) == 1 + MAX_BOOKED_AGAIN


def test_the_newest_link_books_no_more_often_than_the_first(visitor: Visitor, desk: Desk) -> None:
    visit = desk.practice.add_appointment(START)
    for number in range(MAX_BOOKED_AGAIN + 1):
        path = visitor.told("booked", visit)
        assert visitor.post(path, "cancel").status == 303
        expected = 303 if number < MAX_BOOKED_AGAIN else 429
        assert visitor.post(path, "book", starts_at=rfc3339(START)).status == expected
        visit = visits(desk)[-1]

    assert len(statuses(desk)) == 1 + MAX_BOOKED_AGAIN


def test_a_visit_is_moved_only_so_often_in_a_day(visitor: Visitor, desk: Desk) -> None:
    start = START + timedelta(days=2)
    path = visitor.told("booked", desk.practice.add_appointment(start))
    starts = [rfc3339(start + HALF), rfc3339(start)]

    for number in range(MAX_MOVES_A_DAY):
        assert visitor.post(path, "move", starts_at=starts[number % 2]).status == 303
    assert visitor.post(path, "move", starts_at=starts[0]).status == 429

    visitor.messages.clock.now = NOW + timedelta(days=1, seconds=1)
    assert visitor.post(path, "move", starts_at=starts[0]).status == 303


def test_a_visit_stays_in_its_clinic(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    elsewhere = {"starts_at": rfc3339(START + HALF), "doctor_id": desk.id_of("drsol")}

    assert visitor.post(path, "move", **elsewhere).status == 422
    visitor.post(path, "cancel")
    assert visitor.post(path, "book", **elsewhere).status == 422
    assert statuses(desk) == ["CANCELLED"]


@pytest.mark.parametrize("chosen", [False, True], ids=["by default", "chosen"])
def test_a_visit_does_not_follow_its_doctor_to_another_clinic(visitor: Visitor, desk: Desk, *, chosen: bool) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    same = {"starts_at": rfc3339(START + HALF), "doctor_id": desk.id_of("drjay") if chosen else None}
    to_other_clinic(desk, "drjay")

    assert visitor.post(path, "move", **same).status == 422
    visitor.post(path, "cancel")
    assert visitor.post(path, "book", **same).status == 422
    assert "Please choose one of the doctors." in visitor.post(path, "book", **same).text
    assert [(visit.clinic_id, visit.status) for visit in visits(desk)] == [(1, "CANCELLED")]


def to_other_clinic(desk: Desk, doctor: str) -> None:
    session = desk.practice.session
    session.execute(update(Doctor).where(Doctor.user_id == desk.id_of(doctor)).values(clinic_id=2))
    session.commit()


def test_reminders_of_check_ups_are_stopped_by_a_link_that_has_ended_too(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    visitor.messages.clock.now = START

    assert visitor.post(path, "unsubscribe").status == 303
    assert "You will no longer get check-up reminders." in visitor.get(path).text
    assert desk.client.get("pat", "/me").json["recalls"] is False
    assert visitor.send("POST", path, body="List-Unsubscribe=One-Click", content_type=FORM).status == 204


def test_a_link_that_went_to_a_wrong_address_ends_when_the_address_is_corrected(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))

    visitor.messages.change_user("pat", email="corrected@example.org")

    assert visitor.get(path).status == 404
    assert visitor.post(path, "cancel").status == 404
    assert statuses(desk) == ["BOOKED"]


def test_an_offer_that_was_accepted_in_the_api_has_led_to_a_visit(visitor: Visitor, desk: Desk) -> None:
    entry = offered(visitor.messages)
    path = visitor.links()["pat@example.org"]

    assert desk.client.post("pat", f"/waitlist/{entry.waitlist_id}/accept").status == 201

    assert visitor.get(path).status == 200
    assert visitor.post(path, "accept").status == 303
    [visit] = visits(desk)
    assert visitor.post(path, "cancel").status == 303
    assert statuses(desk) == ["CANCELLED"]
    assert desk.practice.rows(WaitlistEntry)[0].appointment_id == visit.appointment_id


def test_the_same_time_with_another_doctor_is_another_offer(visitor: Visitor, desk: Desk) -> None:
    entry = offered(visitor.messages)
    path = visitor.links()["pat@example.org"]
    entry.status, entry.offer_doctor_id = WaitlistStatus.OFFERED, desk.id_of("drwu")
    desk.practice.session.commit()

    assert visitor.get(path).status == 404
    assert visitor.post(path, "accept").status == 404
    event = visitor.messages.event(
        "waitlist.offered",
        waitlist_id=entry.waitlist_id,
        clinic_id=1,
        doctor_id=entry.offer_doctor_id,
        starts_at=rfc3339(START),
    )
    assert visitor.messages.deliver(event) == []
    [told] = visitor.messages.claim()
    assert "Wu" in told.text


def test_a_reason_is_measured_as_the_browser_measures_it(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))

    assert visitor.post(path, "cancel", reason="line\r\n" * 99 + "end.").status == 303
    assert visits(desk)[0].cancel_reason == "line\n" * 99 + "end."
