"""A calendar token is made while its owner leaves."""

from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import URL

from lambda_function.db.models import CalendarToken
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.services import calendar_feed, people
from lambda_function.services.deactivation import deactivate_patient
from tests.db.races import Clients, outcome
from tests.factories import Practice, sub_of
from tests.lock_waits import lock_waiters, until


def _make_token(database: Database) -> str:
    def run(work: UnitOfWork) -> None:
        work.act_as(people.identify(work, sub_of("kim")))
        calendar_feed.new_token(work)

    return outcome(lambda: database.transact(run), "made")


def test_no_token_outlives_a_deactivation_that_was_under_way_when_it_was_made(
    practice: Practice, clients: Clients, database_url: URL
) -> None:
    kim = practice.actor("kim").user_id
    leaving, other = clients.databases[:2]
    with ThreadPoolExecutor(1) as pool:
        asked: list[Future[str]] = []

        def leave(work: UnitOfWork) -> None:
            work.act_as(practice.actor("rita"))
            deactivate_patient(work, kim)
            asked.append(pool.submit(_make_token, other))
            until(lambda: asked[0].done() or lock_waiters(database_url) == 1)
            assert not asked[0].done()

        leaving.transact(leave)
        assert asked[0].result() == "forbidden"
    assert not practice.rows(CalendarToken)
