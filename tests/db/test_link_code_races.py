"""Accounts are linked to people while something else happens to either of them."""

from datetime import timedelta
from functools import partial
from itertools import count

import pytest

from lambda_function.db.models import Appointment, Refusals, User
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.services import link_codes, people
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.deactivation import deactivate_patient
from lambda_function.services.operators.arguments import Erasure
from lambda_function.services.operators.erasing import erase
from lambda_function.services.sign_up import Account, sign_up
from tests.api.desk import instant
from tests.db.races import Clients, Job, Run, outcome, transaction
from tests.factories import Practice, sub_of
from tests.profiles import examples

ROUNDS = examples(5, 10)


def _as(sub: str, act: Run) -> Job:
    """Returns a job that finds the actor when its transaction begins, as the API does."""

    def run(work: UnitOfWork) -> None:
        work.act_as(people.identify(work, sub))
        act(work)

    return transaction(run)


def _link(user_name: str, code: str) -> Job:
    return _as(sub_of(user_name), partial(link_codes.link_account, code=code))


class Pairs:
    """In each round a new person entered by a reception, with a code, and a new person who has signed up."""

    def __init__(self, practice: Practice, database: Database) -> None:
        self.practice = practice
        self._database = database
        self._numbers = count(1)

    def entered(self) -> tuple[int, str]:
        number = next(self._numbers)
        mail = f"entered{number}@example.org"
        user_id = self.practice.add_patient(f"entered{number}", clinics=(1,), cognito_sub=None, email=mail).user_id

        def run(work: UnitOfWork) -> str:
            work.act_as(self.practice.actor("rita"))
            return link_codes.new_code(work, user_id).code

        return user_id, self._database.transact(run)

    def newcomer(self) -> str:
        return self.practice.add_patient(f"newcomer{next(self._numbers)}", clinics=(1,)).user_name

    def sub_of(self, user_id: int) -> str | None:
        sub: str | None = next(row.cognito_sub for row in self.practice.rows(User) if row.user_id == user_id)
        return sub


@pytest.fixture
def pairs(practice: Practice, database: Database) -> Pairs:
    return Pairs(practice, database)


def test_of_two_who_use_one_code_at_once_one_becomes_the_person(pairs: Pairs, clients: Clients) -> None:
    for _ in range(ROUNDS):
        user_id, code = pairs.entered()
        names = [pairs.newcomer(), pairs.newcomer()]

        outcomes = clients.at_once([_link(name, code) for name in names])

        assert sorted(outcomes) == ["done", "link_refused"]
        assert pairs.sub_of(user_id) == sub_of(names[outcomes.index("done")])


def test_one_account_that_sends_its_code_twice_at_once_becomes_the_person_once(pairs: Pairs, clients: Clients) -> None:
    for _ in range(ROUNDS):
        user_id, code = pairs.entered()
        name = pairs.newcomer()

        assert sorted(clients.at_once([_link(name, code)] * 2)) == ["done", "link_refused"]
        assert pairs.sub_of(user_id) == sub_of(name)


def test_a_code_and_a_sign_up_by_email_lead_one_account_to_the_person(pairs: Pairs, clients: Clients) -> None:
    for number in range(ROUNDS):
        user_id, code = pairs.entered()
        name = pairs.newcomer()
        mail = next(row.email for row in pairs.practice.rows(User) if row.user_id == user_id)
        account = Account(f"sub-by-mail-{number}", f"by-mail-{number}", "By Mail", mail)

        linked, signed_up = clients.at_once(
            [
                _link(name, code),
                transaction(partial(sign_up, account=account)),
            ]
        )

        assert signed_up == "done"
        assert pairs.sub_of(user_id) == (sub_of(name) if linked == "done" else account.sub)
        assert [row.cognito_sub for row in pairs.practice.rows(User)].count(account.sub) == 1


def test_an_account_that_books_while_it_is_linked_loses_no_visit(pairs: Pairs, clients: Clients) -> None:
    for number in range(ROUNDS):
        user_id, code = pairs.entered()
        name = pairs.newcomer()
        before = pairs.practice.ids[name]
        request = BookingRequest(
            doctor_id=pairs.practice.ids["drjay"],
            treatment_id=1,
            starts_at=instant("15:00") + timedelta(hours=number % 5, days=7 * (number // 5)),
        )

        outcomes = tuple(clients.at_once([_link(name, code), _as(sub_of(name), partial(book, request=request))]))

        visits = [row.patient_id for row in pairs.practice.rows(Appointment) if row.patient_id in {before, user_id}]
        assert (outcomes, visits) in [
            (("link_refused", "done"), [before]),
            (("done", "done"), [user_id]),
            (("done", "validation_error"), []),
        ]
        assert pairs.sub_of(user_id if outcomes[0] == "done" else before) == sub_of(name)


def test_a_person_who_is_deactivated_while_being_linked_is_no_way_in(pairs: Pairs, clients: Clients) -> None:
    for _ in range(ROUNDS):
        user_id, code = pairs.entered()
        name = pairs.newcomer()
        leave = _as(sub_of("rita"), partial(deactivate_patient, user_id=user_id))

        linked, left = clients.at_once([_link(name, code), leave])

        assert left == "done"
        assert linked in {"done", "link_refused"}
        assert _as(sub_of(name), people.own_profile)(clients.databases[0]) == (
            "forbidden" if linked == "done" else "done"
        )


def test_a_person_who_is_erased_while_being_linked_has_no_account(pairs: Pairs, clients: Clients) -> None:
    for _ in range(ROUNDS):
        user_id, code = pairs.entered()
        name = pairs.newcomer()
        user_name = next(row.user_name for row in pairs.practice.rows(User) if row.user_id == user_id)

        linked, erased = clients.at_once(
            [
                _link(name, code),
                lambda database, user_name=user_name: outcome(  # type: ignore[misc] # bound for each round
                    lambda: erase(database, None, Erasure(user_name=user_name))
                ),
            ]
        )

        assert erased == "done"
        assert linked in {"done", "link_refused"}
        assert pairs.sub_of(user_id) is None


def test_many_guesses_at_once_are_no_more_than_ten(pairs: Pairs, clients: Clients) -> None:
    name = pairs.newcomer()
    outcomes = [
        outcome
        for _ in range(2)
        for outcome in clients.at_once([_link(name, f"wrong {number}") for number in range(16)])
    ]

    assert set(outcomes) <= {"link_refused", "throttled", "contention"}
    assert outcomes.count("link_refused") == 10
    assert [row.count for row in pairs.practice.rows(Refusals)] == [10]
