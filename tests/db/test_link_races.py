"""The page behind a link against the reception, other links and itself: nothing is booked twice, and no answer lies."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from dev.lambda_context import LambdaContext
from lambda_function.db.models import Appointment, AppointmentEvent, WaitlistEntry
from lambda_function.domain.appointment import Step
from lambda_function.pages.app import Pages
from lambda_function.services.lifecycle import take
from lambda_function.services.moving import ChangeRequest, change
from tests.api.conftest import desk
from tests.api.desk import Desk, rfc3339
from tests.clock import NOW
from tests.db.races import THREADS, Clients, Job, held, overlapping_pairs, transaction
from tests.pages.conftest import family, messages, pages, visitor
from tests.pages.family import Family
from tests.pages.seen import seen_of, statuses, visits
from tests.pages.visitor import Visitor, form_event

__all__ = ["desk", "family", "messages", "pages", "visitor"]

START = NOW + timedelta(days=3, hours=1)
ROUNDS = 3
HALF = timedelta(minutes=30)


def acting(path: str, action: str, **fields: Any) -> Job:
    """Returns a job that sends the form of a page, and answers with the status."""
    event = form_event(path, action, **fields)
    return lambda database: str(Pages(database, lambda: NOW)(event, LambdaContext("api", 60))["statusCode"])


def moving(desk: Desk, visit: Appointment, starts_at: datetime) -> Job:
    """Returns a job of the reception, as the next one."""
    wanted, number = ChangeRequest(starts_at, None, None, None, {}), visit.appointment_id
    return transaction(lambda work: change(work, number, wanted), desk.practice.actor("rita"))


def cancelling(desk: Desk, visit: Appointment) -> Job:
    number = visit.appointment_id
    return transaction(lambda work: take(work, number, Step.CANCEL, reason="Race"), desk.practice.actor("rita"))


def done(desk: Desk, visit: Appointment) -> list[tuple[str, str | None]]:
    """Returns what was done to a visit and how, the oldest first."""
    rows = sorted(desk.practice.rows(AppointmentEvent), key=lambda row: row.event_id)
    return [
        (row.action, row.via) for row in rows if row.appointment_id == visit.appointment_id and row.action != "BOOK"
    ]


def booked(desk: Desk, day: int) -> Appointment:
    """Returns a visit of pat that was booked at the reception."""
    answer = desk.booked("rita", rfc3339(START + timedelta(days=day)))
    return next(visit for visit in visits(desk) if visit.appointment_id == answer["appointment_id"])


def present(desk: Desk, visit: Appointment) -> Appointment:
    return next(each for each in visits(desk) if each.appointment_id == visit.appointment_id)


def test_guardians_who_book_again_at_once_get_one_visit(clients: Clients, family: Family, desk: Desk) -> None:
    """Each guardian sends the same form from several windows. Whoever is told that it was done has what they chose."""
    for day in range(0, ROUNDS * 7, 7):
        visit = booked(desk, day)
        mother, father = family.told("booked", visit)
        desk.cancelled("rita", visit.appointment_id)
        before = len(visits(desk))
        starts = [START + timedelta(days=day, hours=number % 4) for number in range(THREADS)]
        jobs = [
            acting((mother, father)[number % 2], "book", starts_at=rfc3339(start), seen=seen_of(visit))
            for number, start in enumerate(starts)
        ]

        answers = clients.at_once(jobs)

        [new] = visits(desk)[before:]
        assert new.in_place_of == visit.appointment_id
        assert answers == ["303" if start == new.starts_at else "409" for start in starts]
        desk.cancelled("rita", new.appointment_id)


@pytest.mark.parametrize("action", ["confirm", "cancel", "move"])
def test_what_is_sent_many_times_at_once_is_done_once(
    clients: Clients, family: Family, desk: Desk, action: str
) -> None:
    visit = booked(desk, 0)
    links = family.told("booked", visit)
    fields = {"starts_at": rfc3339(START + HALF), "seen": seen_of(visit)}
    event_name = {"confirm": "CONFIRM_ATTENDANCE"}.get(action, action.upper())

    answers = clients.at_once([acting(links[number % 2], action, **fields) for number in range(THREADS)])

    assert answers == ["303"] * THREADS
    assert done(desk, visit) == [(event_name, "LINK")]


def test_an_offer_that_is_accepted_many_times_at_once_is_booked_once(
    clients: Clients, family: Family, desk: Desk
) -> None:
    links = family.offered()

    answers = clients.at_once([acting(links[number % 2], "accept") for number in range(THREADS)])

    assert answers == ["303"] * THREADS
    assert statuses(desk) == ["BOOKED"]
    assert [entry.status for entry in desk.practice.rows(WaitlistEntry)] == ["ACCEPTED"]


@pytest.mark.parametrize("other", ["move", "cancel"])
@pytest.mark.parametrize("action", ["confirm", "cancel", "move"])
def test_the_page_and_the_reception_change_a_visit_one_after_the_other(
    clients: Clients, visitor: Visitor, desk: Desk, action: str, other: str
) -> None:
    for day in range(0, ROUNDS * 7, 7):
        visit = booked(desk, day)
        path, seen = visitor.told("booked", visit), seen_of(visit)
        wanted = visit.starts_at + HALF
        theirs = moving(desk, visit, visit.starts_at + 4 * HALF) if other == "move" else cancelling(desk, visit)

        answers = clients.at_once([acting(path, action, starts_at=rfc3339(wanted), seen=seen), theirs])

        now, events = present(desk, visit), done(desk, visit)
        by_link = [name for name, via in events if via == "LINK"]
        # It was done by the link before the reception's change, or the reception had done the same, or not at all.
        assert answers[0] in {"303", "409"}
        if by_link:
            assert (answers[0], events[0][1]) == ("303", "LINK")
        else:
            assert answers[0] == ("303" if action == other == "cancel" else "409")
        if now.starts_at != visit.starts_at:
            assert now.attendance_confirmed_at is None
        if now.status.value != "CANCELLED":
            desk.cancelled("rita", visit.appointment_id)


def test_two_who_move_to_the_same_time_do_not_both_get_it(clients: Clients, family: Family, desk: Desk) -> None:
    for day in range(0, ROUNDS * 7, 7):
        visit, other = booked(desk, day), booked_for_kim(desk, day)
        link, _ = family.told("booked", visit)
        wanted = START + timedelta(days=day, hours=5)

        answers = clients.at_once([acting(link, "move", starts_at=rfc3339(wanted)), moving(desk, other, wanted)])

        assert answers in (["303", "doctor_busy"], ["409", "done"])
        assert overlapping_pairs(held(desk.practice.url, START + timedelta(days=day))) == 0


def booked_for_kim(desk: Desk, day: int) -> Appointment:
    start = rfc3339(START + timedelta(days=day, hours=2))
    answer = desk.booked("rita", start, patient="kim")
    return next(visit for visit in visits(desk) if visit.appointment_id == answer["appointment_id"])


@pytest.fixture
def overtaken(engine: Engine) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Takes what is to happen just before the application's next lock."""
    waiting: list[Callable[[], object]] = []

    def overtake(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if waiting and "FOR UPDATE" in statement:
            waiting.pop()()

    event.listen(engine, "before_cursor_execute", overtake)
    yield waiting.append
    event.remove(engine, "before_cursor_execute", overtake)


@pytest.mark.parametrize("action", ["confirm", "cancel", "move"])
def test_a_change_between_looking_and_locking_is_not_overlooked(
    clients: Clients,
    visitor: Visitor,
    desk: Desk,
    overtaken: Callable[[Callable[[], object]], None],
    action: str,
) -> None:
    visit = booked(desk, 0)
    path, seen = visitor.told("booked", visit), seen_of(visit)
    theirs = moving(desk, visit, START + 4 * HALF)
    overtaken(lambda: theirs(clients.databases[0]))

    assert visitor.post(path, action, starts_at=rfc3339(START + HALF), seen=seen).status == 409
    assert done(desk, visit) == [("MOVE", None)]
