"""The outcome of a registration is written while somebody changes its visit, each over a connection of their own, on
MySQL and MariaDB. Neither waits for the other: a transaction that did would be refused after some seconds.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import URL

from lambda_function.db.models import Appointment, AppointmentRegistration, Country
from lambda_function.db.repositories import registrations
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Step
from lambda_function.domain.registration import Outcome, Registration
from lambda_function.services import attendance
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.lifecycle import take
from lambda_function.services.moving import ChangeRequest, change
from tests.clock import NOW
from tests.db.races import Clients, Run, transaction
from tests.factories import Practice

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


def test_outcomes_of_other_visits_do_not_wait_for_each_other(place: Practice, many: Clients) -> None:
    first, second = visit_of(place), place.add_appointment(LATER).appointment_id

    def meanwhile(_: UnitOfWork) -> None:
        assert transaction(keeping(second))(many.databases[1]) == "done"

    assert transaction(then(keeping(first), meanwhile))(many.databases[0]) == "done"
    assert versions(place) == [(1, 1), (1, 1)]
