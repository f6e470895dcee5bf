"""A request that is repeated, by the same link or by another one about the same, does nothing more and tells no lie."""

from datetime import timedelta

import pytest

from lambda_function.db.models import Appointment
from tests.api.desk import Desk, instant, rfc3339
from tests.pages.family import Family
from tests.pages.seen import announced, history, seen_of, statuses, visits
from tests.pages.visitor import Visitor
from tests.services.notifications.planned import offered, reminder

START = instant("15:00")
TIMES = [rfc3339(START + timedelta(hours=hours)) for hours in range(1, 6)]
REQUESTS = {
    "confirm": {},
    "cancel": {"reason": "I am ill."},
    "move": {"starts_at": TIMES[0]},
    "book": {"starts_at": TIMES[0]},
}


@pytest.fixture
def visit(desk: Desk) -> Appointment:
    return desk.practice.add_appointment(START)


def cancelled(desk: Desk, visit: Appointment) -> None:
    desk.cancelled("rita", visit.appointment_id)


@pytest.mark.parametrize("looked", [True, False], ids=["who looked", "who did not look"])
@pytest.mark.parametrize("action", REQUESTS)
def test_a_repeat_is_answered_like_the_first_and_does_nothing(
    visitor: Visitor, desk: Desk, visit: Appointment, action: str, *, looked: bool
) -> None:
    path = visitor.told("booked", visit)
    if action == "book":
        cancelled(desk, visit)
    fields = REQUESTS[action] | ({"seen": seen_of(visit)} if looked else {})
    first = visitor.post(path, action, **fields)
    before = announced(desk)

    second = visitor.post(path, action, **fields)

    assert (first.status, first.headers["Location"]) == (second.status, second.headers["Location"]) == (303, path)
    assert announced(desk) == before


@pytest.mark.parametrize("action", REQUESTS)
def test_a_repeat_by_the_links_of_other_messages_and_people_does_nothing(
    family: Family, desk: Desk, visit: Appointment, action: str
) -> None:
    links = [*family.told("booked", visit)]
    reminder(family.visitor.messages, visit, hours=48, user_id=desk.id_of("mother"))
    links += family.visitor.links().values()
    if action == "book":
        cancelled(desk, visit)
        links += family.told("cancelled", visit)
    assert family.visitor.post(links[0], action, **REQUESTS[action]).status == 303
    before = announced(desk)

    answers = [family.visitor.post(path, action, **REQUESTS[action], seen=seen_of(visit)) for path in links]

    assert [answer.status for answer in answers] == [303] * len(links)
    assert announced(desk) == before


def test_who_repeats_after_something_else_happened_learns_what_is_true(
    visitor: Visitor, desk: Desk, visit: Appointment
) -> None:
    path = visitor.told("booked", visit)
    seen = seen_of(visit)
    assert visitor.post(path, "move", starts_at=TIMES[0], seen=seen).status == 303
    desk.client.call("rita", "PATCH", f"/appointments/{visit.appointment_id}", {"starts_at": TIMES[1]})
    before = announced(desk)

    answer = visitor.post(path, "move", starts_at=TIMES[0], seen=seen)

    assert (answer.status, visitor.refusal(path, "move", starts_at=TIMES[0], seen=seen)) == (409, "stale_version")
    assert seen_of(visits(desk)[0]) in answer.text
    assert announced(desk) == before


@pytest.mark.parametrize("action", ["confirm", "cancel", "move"])
def test_what_was_seen_before_a_change_is_not_acted_on(
    visitor: Visitor, desk: Desk, visit: Appointment, action: str
) -> None:
    path, seen = visitor.told("booked", visit), seen_of(visit)
    desk.client.call("rita", "PATCH", f"/appointments/{visit.appointment_id}", {"starts_at": TIMES[1]})
    before = announced(desk)

    assert visitor.post(path, action, **REQUESTS[action], seen=seen).status == 409
    assert announced(desk) == before
    assert visitor.post(path, action, **REQUESTS[action]).status == 303
    assert announced(desk) != before


def test_nobody_has_confirmed_a_time_that_another_person_chose_and_confirmed(
    family: Family, desk: Desk, visit: Appointment
) -> None:
    mother, father = family.told("booked", visit)
    seen = seen_of(visit)
    assert family.visitor.post(father, "move", starts_at=TIMES[0]).status == 303
    assert family.visitor.post(father, "confirm").status == 303

    assert family.visitor.post(mother, "confirm", seen=seen).status == 409


def test_a_repeated_cancellation_does_not_cancel_what_was_booked_again(
    visitor: Visitor, desk: Desk, visit: Appointment
) -> None:
    path, seen = visitor.told("booked", visit), seen_of(visit)
    assert visitor.post(path, "cancel", seen=seen).status == 303
    assert visitor.post(path, "book", starts_at=TIMES[0], seen=seen).status == 303

    assert visitor.post(path, "cancel", seen=seen).status == 409
    assert statuses(desk) == ["CANCELLED", "BOOKED"]


def test_after_each_round_all_links_lead_to_the_last_visit_and_nothing_is_booked_twice(
    family: Family, desk: Desk, visit: Appointment
) -> None:
    """In each round, the first link of all cancels and books."""
    links = [*family.told("booked", visit)]
    for number, start in enumerate(TIMES[:3], 1):
        last = visits(desk)[-1]
        assert family.visitor.post(links[0], "cancel").status == 303
        links += family.told("cancelled", last)
        assert family.visitor.post(links[0], "book", starts_at=start).status == 303
        newest = visits(desk)[-1]
        links += family.told("booked", newest)
        reminder(family.visitor.messages, last, hours=number, user_id=desk.id_of("mother"))

        for path in links:
            assert seen_of(newest) in family.visitor.get(path).text
            again = family.visitor.post(path, "book", starts_at=TIMES[4], seen=seen_of(last))
            assert again.status == 409
        assert statuses(desk) == ["CANCELLED"] * number + ["BOOKED"]


def test_a_message_about_a_cancelled_visit_that_is_composed_later_leads_to_the_one_in_its_place(
    visitor: Visitor, desk: Desk, visit: Appointment
) -> None:
    first = visitor.told("booked", visit)
    cancelled(desk, visit)
    assert visitor.post(first, "book", starts_at=TIMES[0]).status == 303

    later = visitor.told("cancelled", visit)

    assert seen_of(visits(desk)[-1]) in visitor.get(later).text


def test_an_offer_that_was_accepted_leads_to_its_visit_by_both_links_and_after_more_rounds(
    family: Family, desk: Desk
) -> None:
    mother, father = family.offered()
    assert family.visitor.post(mother, "accept").status == 303
    assert family.visitor.post(father, "accept").status == 303
    assert family.visitor.post(mother, "accept").status == 303
    assert statuses(desk) == ["BOOKED"]

    assert family.visitor.post(father, "cancel").status == 303
    assert family.visitor.post(mother, "accept").status == 409
    assert family.visitor.post(mother, "book", starts_at=TIMES[0]).status == 303
    for path in (mother, father):
        assert seen_of(visits(desk)[-1]) in family.visitor.get(path).text
    assert statuses(desk) == ["CANCELLED", "BOOKED"]
    assert history(desk, visits(desk)[-1].appointment_id) == [("BOOK", "LINK")]


def test_a_visit_by_an_offer_is_not_what_an_earlier_offer_led_to(visitor: Visitor, desk: Desk) -> None:
    entry = offered(visitor.messages)
    [early] = visitor.links().values()
    entry.offer_starts_at, entry.offer_ends_at = instant("16:00"), instant("16:30")
    desk.practice.session.commit()
    event = visitor.messages.event(
        "waitlist.offered",
        waitlist_id=entry.waitlist_id,
        clinic_id=1,
        doctor_id=entry.offer_doctor_id,
        starts_at=instant("16:00").isoformat(),
    )
    assert visitor.messages.deliver(event) == []
    [late] = visitor.links().values()

    assert visitor.post(early, "accept").status == 404
    assert visitor.post(late, "accept").status == 303
    assert visitor.get(early).status == 404
