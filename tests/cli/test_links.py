"""Operators end the links that lead to a visit, in each of the ways in which a link can lead there."""

import pytest

from lambda_function.db.models import Appointment
from tests.api.desk import Desk, instant, rfc3339
from tests.cli.terminal import Terminal
from tests.pages.family import Family
from tests.pages.seen import visits
from tests.pages.visitor import Visitor
from tests.services.notifications.planned import noticed, recalled

LATER = rfc3339(instant("17:00"))


@pytest.fixture
def visit(desk: Desk) -> Appointment:
    return desk.practice.add_appointment(instant("15:00"))


def test_all_links_of_messages_about_the_visit_end(terminal: Terminal, family: Family, visit: Appointment) -> None:
    told = [*family.told("booked", visit), *family.told("moved", visit)]

    answer = terminal.done("links", "end", "--visit", str(visit.appointment_id))

    assert answer == {"appointment_id": visit.appointment_id, "ended": 4}
    assert [family.visitor.get(path).status for path in told] == [404] * 4
    assert [family.visitor.post(path, "confirm").status for path in told] == [404] * 4


def test_links_of_another_visit_of_the_same_patient_stay(
    terminal: Terminal, visitor: Visitor, desk: Desk, visit: Appointment
) -> None:
    visitor.told("booked", visit)
    kept = visitor.told("booked", desk.practice.add_appointment(instant("16:00")))

    assert terminal.done("links", "end", "--visit", str(visit.appointment_id))["ended"] == 1

    assert visitor.get(kept).status == 200


@pytest.mark.parametrize("named", ["first", "second", "third"])
def test_links_of_visits_in_place_of_which_it_was_booked_end(
    terminal: Terminal, visitor: Visitor, desk: Desk, visit: Appointment, named: str
) -> None:
    told = [visitor.told("booked", visit)]
    for starts_at in (LATER, rfc3339(instant("18:00"))):
        desk.cancelled("rita", visits(desk)[-1].appointment_id)
        assert visitor.post(told[0], "book", starts_at=starts_at).status == 303
        told.append(visitor.told("booked", visits(desk)[-1]))
    ids = dict(zip(("first", "second", "third"), [each.appointment_id for each in visits(desk)], strict=True))

    answer = terminal.done("links", "end", "--visit", str(ids[named]))

    assert answer == {"appointment_id": ids["third"], "ended": 3}
    assert [visitor.get(path).status for path in told] == [404] * 3


def test_links_of_the_offer_that_was_accepted_end(terminal: Terminal, family: Family, desk: Desk) -> None:
    told = family.offered()
    assert family.visitor.post(told[0], "accept").status == 303
    assert [family.visitor.get(path).status for path in told] == [200, 200]

    answer = terminal.done("links", "end", "--visit", str(visits(desk)[0].appointment_id))

    assert answer["ended"] == 2
    assert [family.visitor.get(path).status for path in told] == [404, 404]


def test_the_link_of_a_recall_ends_with_those_of_the_visit_that_was_booked_by_it(
    terminal: Terminal, visitor: Visitor, desk: Desk
) -> None:
    noticed(visitor.messages, recalled(visitor.messages))
    [path] = visitor.links().values()
    assert visitor.post(path, "book", starts_at=LATER).status == 303

    answer = terminal.done("links", "end", "--visit", str(visits(desk)[0].appointment_id))

    assert (answer["ended"], visitor.get(path).status) == (1, 404)


def test_links_of_an_offer_end_when_another_visit_was_booked_in_place_of_its_own(
    terminal: Terminal, family: Family, desk: Desk
) -> None:
    told = family.offered()
    assert [family.visitor.post(told[0], "accept").status, family.visitor.post(told[0], "cancel").status] == [303, 303]
    assert family.visitor.post(told[1], "book", starts_at=LATER).status == 303

    answer = terminal.done("links", "end", "--visit", str(visits(desk)[-1].appointment_id))

    assert answer["ended"] == 2
    assert [family.visitor.get(path).status for path in told] == [404, 404]


def test_a_message_that_is_sent_later_has_a_link_that_works(
    terminal: Terminal, visitor: Visitor, desk: Desk, visit: Appointment
) -> None:
    leaked = visitor.told("booked", visit)
    terminal.done("links", "end", "--visit", str(visit.appointment_id))

    assert desk.client.post("rita", f"/appointments/{visit.appointment_id}/remind").status == 202
    [path] = visitor.links().values()

    assert (visitor.get(path).status, visitor.get(leaked).status) == (200, 404)
    assert visitor.post(path, "confirm").status == 303


def test_links_that_have_ended_are_not_counted_again(terminal: Terminal, visitor: Visitor, visit: Appointment) -> None:
    visitor.told("booked", visit)

    lines = [terminal.run("links", "end", "--visit", str(visit.appointment_id)).stdout for _ in range(2)]

    assert lines == [f"Ended {links} that led to visit {visit.appointment_id}.\n" for links in ("1 link", "0 links")]


def test_a_visit_that_does_not_exist_is_refused(terminal: Terminal) -> None:
    error = terminal.refused("links", "end", "--visit", "4711")
    assert (error["code"], error["detail"]) == ("not_found", "There is no such visit.")


@pytest.mark.parametrize("visit_id", ["0", "-1", "x", str(2**63)])
def test_what_is_no_id_is_a_usage_error(terminal: Terminal, visit_id: str) -> None:
    assert terminal.run("links", "end", "--visit", visit_id).exit_code == 2
