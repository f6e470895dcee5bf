"""The outcome of a registration is written while somebody changes its visit, each over a connection of their own, on
MySQL and MariaDB. Neither waits for the other: a transaction that did would be refused after some seconds. Only who has
a visit registered again, and so forgets its outcome, takes turns with who writes one.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import URL

from lambda_function.db.models import Appointment, AppointmentRegistration, Country, OutboxMessage
from lambda_function.db.repositories import registrations
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Step
from lambda_function.domain.registration import Outcome, Registration
from lambda_function.services import attendance
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.lifecycle import take
from lambda_function.services.moving import ChangeRequest, change
from lambda_function.services.register_again import register_again
from tests.clock import NOW
from tests.db.races import Clients, Run, transaction
from tests.factories import Practice
from tests.lock_waits import lock_waiters, until

START = NOW + timedelta(days=1)
LATER = NOW + timedelta(days=2)
CHANGES: dict[str, Callable[[UnitOfWork, int], object]] = {
    "move": lambda work, visit: change(work, visit, ChangeRequest(LATER, None, None, None, {})),
    "note": lambda work, visit: change(work, visit, ChangeRequest(None, None, None, None, {"patient_note": "Hello"})),
    "cancellation": lambda work, visit: take(work, visit, Step.CANCEL),
    "attendance": attendance.confirm,
}


@pytest.fixture
def many(race_url: URL) -> Iterator[Clients]:
    clients = Clients(race_url)
    yield clients
    clients.close()


@pytest.fixture
def place(race_url: URL) -> Iterator[Practice]:
    with Practice.open(race_url) as practice:
        practice.session.merge(Country(code="PE"))
        practice.session.commit()
        yield practice


def keeping(appointment_id: int, version: int = 1) -> Run:
    outcome = Registration(appointment_id, version, Outcome.DONE, None, NOW)
    return lambda work: registrations.keep(work.session, [outcome])


def booking(place: Practice) -> Run:
    ids = place.ids
    request = BookingRequest(ids["drjay"], 1, START, patient_id=ids["pat"])
    return lambda work: book(work, request)


def then(first: Run, second: Run) -> Run:
    def run(work: UnitOfWork) -> None:
        first(work)
        second(work)

    return run


def visit_of(place: Practice) -> int:
    return place.add_appointment(START).appointment_id


def versions(place: Practice) -> list[tuple[int, int]]:
    """Returns the version of each visit and that of its outcome."""
    told = {row.appointment_id: row.version for row in place.rows(AppointmentRegistration)}
    return [(row.version, told[row.appointment_id]) for row in place.rows(Appointment)]


@pytest.mark.parametrize("kind", CHANGES)
def test_a_visit_can_be_changed_while_its_outcome_is_being_written(place: Practice, many: Clients, kind: str) -> None:
    visit, rita = visit_of(place), place.actor("rita")
    changing = transaction(lambda work: CHANGES[kind](work, visit), rita)

    def meanwhile(_: UnitOfWork) -> None:
        assert changing(many.databases[1]) == "done"

    assert transaction(then(keeping(visit), meanwhile))(many.databases[0]) == "done"
    assert versions(place) == [(2, 1)]


@pytest.mark.parametrize("kind", CHANGES)
def test_an_outcome_can_be_written_while_its_visit_is_being_changed(place: Practice, many: Clients, kind: str) -> None:
    visit, rita = visit_of(place), place.actor("rita")

    def meanwhile(_: UnitOfWork) -> None:
        assert transaction(keeping(visit))(many.databases[1]) == "done"

    assert transaction(then(lambda work: CHANGES[kind](work, visit), meanwhile), rita)(many.databases[0]) == "done"
    assert versions(place) == [(2, 1)]


def test_a_visit_can_be_booked_while_an_outcome_is_being_written(place: Practice, many: Clients) -> None:
    earlier = place.add_appointment(LATER).appointment_id
    booked = transaction(booking(place), place.actor("rita"))

    def meanwhile(_: UnitOfWork) -> None:
        assert booked(many.databases[1]) == "done"

    assert transaction(then(keeping(earlier), meanwhile))(many.databases[0]) == "done"
    assert len(place.rows(Appointment)) == 2


def test_an_outcome_can_be_written_while_a_visit_is_being_booked(place: Practice, many: Clients) -> None:
    earlier = place.add_appointment(LATER).appointment_id

    def meanwhile(_: UnitOfWork) -> None:
        # Also one of a visit that nobody has seen yet, since an event may be earlier than it should be.
        for visit in (earlier, earlier + 1):
            assert transaction(keeping(visit))(many.databases[1]) == "done"

    assert transaction(then(booking(place), meanwhile), place.actor("rita"))(many.databases[0]) == "done"
    assert versions(place) == [(1, 1), (1, 1)]


def failed(appointment_id: int) -> Registration:
    return Registration(appointment_id, 1, Outcome.FAILED, "refused", NOW)


def requested(place: Practice) -> list[int]:
    return [row.detail["appointment_id"] for row in place.rows(OutboxMessage)]


def test_what_is_sent_again_while_an_outcome_is_being_written_is_pending_and_then_has_the_new_one(
    place: Practice, many: Clients
) -> None:
    visit = visit_of(place)
    again = transaction(lambda work: register_again(work, visit), place.actor("rita"))
    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[str]] = []

        def meanwhile(work: UnitOfWork) -> None:
            registrations.keep(work.session, [failed(visit)])
            waiting.append(pool.submit(again, many.databases[1]))
            until(lambda: lock_waiters(place.url, "DELETE FROM appointment_registration%") == 1)

        assert transaction(meanwhile)(many.databases[0]) == "done"
        assert waiting[0].result() == "done"
    assert (place.rows(AppointmentRegistration), requested(place)) == ([], [visit])

    assert transaction(keeping(visit))(many.databases[0]) == "done"
    assert versions(place) == [(1, 1)]


def test_an_old_outcome_that_waits_for_a_visit_that_is_sent_again_does_not_outlive_the_new_one(
    place: Practice, many: Clients
) -> None:
    visit = visit_of(place)
    old = transaction(lambda work: registrations.keep(work.session, [failed(visit)]))
    assert old(many.databases[0]) == "done"
    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[str]] = []

        def sending(work: UnitOfWork) -> None:
            register_again(work, visit)
            waiting.append(pool.submit(old, many.databases[1]))
            until(lambda: lock_waiters(place.url, "INSERT INTO appointment_registration%") == 1)

        assert transaction(sending, place.actor("rita"))(many.databases[0]) == "done"
        assert waiting[0].result() == "done"
    assert requested(place) == [visit]

    assert transaction(keeping(visit))(many.databases[0]) == "done"
    assert [row.status for row in place.rows(AppointmentRegistration)] == [Outcome.DONE]


def test_many_who_send_a_visit_again_and_many_outcomes_all_succeed(place: Practice, many: Clients) -> None:
    visit, rita = visit_of(place), place.actor("rita")
    again = transaction(lambda work: register_again(work, visit), rita)
    old = transaction(lambda work: registrations.keep(work.session, [failed(visit)]))

    assert many.at_once([again, old] * 4) == ["done"] * 8

    assert requested(place) == [visit] * 4
    assert transaction(keeping(visit))(many.databases[0]) == "done"
    assert [row.status for row in place.rows(AppointmentRegistration)] == [Outcome.DONE]


def test_outcomes_of_other_visits_do_not_wait_for_each_other(place: Practice, many: Clients) -> None:
    first, second = visit_of(place), place.add_appointment(LATER).appointment_id

    def meanwhile(_: UnitOfWork) -> None:
        assert transaction(keeping(second))(many.databases[1]) == "done"

    assert transaction(then(keeping(first), meanwhile))(many.databases[0]) == "done"
    assert versions(place) == [(1, 1), (1, 1)]
