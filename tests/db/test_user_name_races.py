"""Several clients ask for the same user name at once, and one gets it."""

from lambda_function.db.models import User
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.people import NewUser
from lambda_function.services.operators import users
from lambda_function.services.operators.arguments import UserCreation
from lambda_function.services.registration import Registration, register
from lambda_function.services.sign_up import Account, sign_up
from tests.db.races import THREADS, Clients, Job, outcome, transaction
from tests.factories import Practice
from tests.profiles import examples

ROUNDS = examples(5, 10)


def by_reception(receptionist: Actor, name: str) -> Job:
    person = NewUser(user_name=name, user_type=Role.PATIENT, full_name="By A Reception")

    def run(work: UnitOfWork) -> None:
        register(work, Registration(patient=person))

    return transaction(run, receptionist)


def by_operators(name: str, full_name: str) -> Job:
    person = UserCreation(user_name=name, user_type=Role.PATIENT, full_name=full_name)
    return lambda database: outcome(lambda: users.create(database, None, person))


def by_signing_up(name: str, sub: str) -> Job:
    account = Account(sub, name, "By Themselves", None)
    return transaction(lambda work: sign_up(work, account))


def test_of_several_creators_of_one_name_one_creates_and_the_others_hear_that_it_is_taken(
    clients: Clients, practice: Practice
) -> None:
    rita = practice.actor("rita")
    for number in range(ROUNDS):
        name = f"new-{number}"
        jobs = [
            by_operators(name, f"By Operator {number}") if number % 2 else by_reception(rita, name)
            for number in range(THREADS)
        ]
        assert sorted(clients.at_once(jobs)) == ["done"] + ["name_taken"] * (THREADS - 1)
        assert [user.user_name for user in practice.rows(User)].count(name) == 1


def test_whoever_signs_up_under_a_name_that_is_being_taken_gets_another_name(
    clients: Clients, practice: Practice
) -> None:
    for number in range(ROUNDS):
        name = f"new-{number}"
        jobs = [by_signing_up(name, f"sub-{number}-{job}") for job in range(THREADS)]
        assert clients.at_once(jobs) == ["done"] * THREADS
        names = [
            user.user_name for user in practice.rows(User) if (user.cognito_sub or "").startswith(f"sub-{number}-")
        ]
        assert (len(names), names.count(name)) == (THREADS, 1)
