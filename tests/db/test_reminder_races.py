"""Two people at the reception remind one patient at the same moment."""

from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import URL

from lambda_function.db.models import Notification
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.services.notifications.by_hand import remind
from tests.api.desk import instant
from tests.db.races import Clients, outcome
from tests.factories import Practice
from tests.lock_waits import lock_waiters, until


def test_the_second_waits_and_finds_that_the_patient_has_been_reminded(
    practice: Practice, clients: Clients, database_url: URL
) -> None:
    visit = practice.add_appointment(instant("15:00", "2030-01-10")).appointment_id
    rita = practice.actor("rita")
    first, other = clients.databases[:2]

    def ask(work: UnitOfWork) -> None:
        work.act_as(rita)
        remind(work, visit)

    with ThreadPoolExecutor(1) as pool:
        asked: list[Future[str]] = []

        def ask_first(work: UnitOfWork) -> None:
            ask(work)
            asked.append(pool.submit(outcome, lambda: other.transact(ask), "reminded"))
            until(lambda: asked[0].done() or lock_waiters(database_url) == 1)
            assert not asked[0].done()

        first.transact(ask_first)
        assert asked[0].result() == "reminded_recently"
    assert len(practice.rows(Notification)) == 1
