"""Many workers at once, each with its own connections, like separate Lambdas."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, text

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import Appointment, AppointmentRegistration
from lambda_function.db.repositories.registrations import keep
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.registration import FailureReason, Outcome, Registration, outranks
from lambda_function.services.registers.registering import Country, register_visits
from tests.clock import NOW
from tests.db.races import Clients, transaction
from tests.factories import Practice
from tests.profiles import examples
from tests.registers import PeruvianRegister
from tests.servers import plain_engine

WORKERS = 6
ROUNDS = examples(5, 10)


class Workers:
    """The processors of one country, each with connections of its own."""

    def __init__(self, reader_url: URL, register_url: URL) -> None:
        self._engines = [
            [build_engine(UrlCredentials(url), tls=None) for url in (reader_url, register_url)] for _ in range(WORKERS)
        ]
        self.countries = [
            Country("PE", *(Database(engine, lambda: NOW) for engine in engines)) for engines in self._engines
        ]

    def close(self) -> None:
        for engines in self._engines:
            for engine in engines:
                engine.dispose()


@pytest.fixture
def workers(reader_url: URL, register_url: URL) -> Iterator[Workers]:
    workers = Workers(reader_url, register_url)
    yield workers
    workers.close()


def test_workers_that_add_one_visit_at_once_all_succeed(peru: PeruvianRegister, workers: Workers) -> None:
    for number in range(ROUNDS):
        visit = peru.practice.add_appointment(NOW + timedelta(hours=number)).appointment_id
        barrier = Barrier(WORKERS)

        def register(country: Country, visit: int = visit, barrier: Barrier = barrier) -> object:
            barrier.wait()
            return register_visits(country, [visit])[visit].reason

        with ThreadPoolExecutor(WORKERS) as pool:
            assert list(pool.map(register, workers.countries)) == [None] * WORKERS
    assert len(peru.rows()) == ROUNDS


def test_workers_that_register_one_visit_at_once_leave_its_last_version(
    peru: PeruvianRegister, workers: Workers
) -> None:
    """Each worker changes a visit and registers all of them, in the midst of what the others do."""
    visits = [peru.practice.add_appointment(NOW + timedelta(hours=n)).appointment_id for n in range(3)]
    change = text("UPDATE appointment SET version = version + 1 WHERE appointment_id = :visit")
    barrier = Barrier(WORKERS)

    def work(country: Country) -> None:
        barrier.wait()
        for number in range(ROUNDS):
            with plain_engine(peru.practice.url).begin() as connection:
                connection.execute(change, {"visit": visits[number % len(visits)]})
            register_visits(country, visits)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, workers.countries))

    for visit in peru.practice.rows(Appointment):
        peru.tell(visit)
    in_main = {visit.appointment_id: visit.version for visit in peru.practice.rows(Appointment)}
    assert peru.versions() == in_main
    assert sum(in_main.values()) == len(visits) + WORKERS * ROUNDS


OUTCOMES = st.builds(
    lambda version, reason, second: Registration(
        7, version, Outcome.DONE if reason is None else Outcome.FAILED, reason, NOW + timedelta(seconds=second)
    ),
    st.integers(1, 3),
    st.none() | st.sampled_from(FailureReason),
    st.integers(0, 2),
)


def highest(outcomes: Sequence[Registration]) -> Registration:
    found = outcomes[0]
    for each in outcomes:
        found = each if outranks(each, found) else found
    return found


def kept(practice: Practice) -> Registration:
    [row] = practice.rows(AppointmentRegistration)
    return Registration(row.appointment_id, row.version, row.status, row.error, row.at)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(OUTCOMES, min_size=1, max_size=4), min_size=1, max_size=4))
def test_in_whatever_order_and_batches_outcomes_come_the_highest_is_kept(
    practice: Practice, database: Database, batches: list[list[Registration]]
) -> None:
    practice.session.execute(text("DELETE FROM appointment_registration"))
    practice.session.commit()
    for batch in batches:
        database.transact(lambda work, batch=batch: keep(work.session, batch))  # type: ignore[misc]

    assert kept(practice) == highest([outcome for batch in batches for outcome in batch])


def test_outcomes_at_once_leave_the_one_that_outranks_the_others(practice: Practice, database_url: URL) -> None:
    outcomes = [
        Registration(7, version, status, None if status is Outcome.DONE else "refused", NOW + timedelta(seconds=second))
        for version in (1, 2)
        for status in Outcome
        for second in (0, 1, 2, 3)
    ]
    clients = Clients(database_url)
    try:
        for _ in range(ROUNDS):
            practice.session.execute(text("DELETE FROM appointment_registration"))
            practice.session.commit()
            jobs = [
                transaction(lambda work, outcome=outcome: keep(work.session, [outcome, _other(outcome)]))  # type: ignore[misc]
                for outcome in outcomes
            ]
            assert clients.at_once(jobs) == ["done"] * len(outcomes)
            rows = {row.appointment_id: row.at for row in practice.rows(AppointmentRegistration)}
            assert rows == {7: highest(outcomes).at, 8: highest(outcomes).at}
    finally:
        clients.close()


def _other(outcome: Registration) -> Registration:
    return outcome._replace(appointment_id=8)
