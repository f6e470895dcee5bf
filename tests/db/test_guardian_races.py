"""Guardians are added and removed while something else happens to the same people."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import pairwise, permutations

import pytest
from sqlalchemy import URL

from lambda_function.db.models import Guardian
from lambda_function.services import guardian_grants
from tests.db.races import THREADS, Clients, Job, transaction
from tests.factories import Practice

ROUNDS = 12
CHILD = date(2020, 5, 17)


@pytest.fixture
def many(race_url: URL) -> Iterator[Clients]:
    clients = Clients(race_url)
    yield clients
    clients.close()


def _put(practice: Practice, patient_id: int, guardian_id: int) -> Job:
    run = partial(guardian_grants.put, patient_id=patient_id, guardian_id=guardian_id, reason="Test")
    return transaction(run, practice.actor("rita"))


def _ties(practice: Practice, people: list[int]) -> list[tuple[int, int]]:
    rows = practice.rows(Guardian)
    return [(row.guardian_id, row.patient_id) for row in rows if {row.guardian_id, row.patient_id} & set(people)]


@pytest.mark.parametrize("number", [2, 3, 4])
def test_guardians_who_are_added_at_once_make_no_chain_and_no_circle(race_url: URL, many: Clients, number: int) -> None:
    with Practice.open(race_url) as practice:
        for _ in range(ROUNDS):
            people = [practice.add_patient(clinics=(1,)).user_id for _ in range(number)]
            jobs = [_put(practice, *pair) for pair in permutations(people, 2)][:THREADS]

            answers = many.at_once(jobs)

            ties = _ties(practice, people)
            assert set(answers) <= {"done", "validation_error"}
            assert len(ties) == answers.count("done") >= 1
            assert not {guardian for guardian, _ in ties} & {patient for _, patient in ties}


def test_a_ring_of_guardians_who_are_added_at_once_stays_open(race_url: URL, many: Clients) -> None:
    with Practice.open(race_url) as practice:
        for _ in range(ROUNDS):
            people = [practice.add_patient(clinics=(1,)).user_id for _ in range(THREADS)]
            ring = [*pairwise(people), (people[-1], people[0])]

            answers = many.at_once([_put(practice, *pair) for pair in ring])

            ties = _ties(practice, people)
            assert set(answers) <= {"done", "validation_error"}
            assert len(ties) == answers.count("done") >= 1
            assert not {guardian for guardian, _ in ties} & {patient for _, patient in ties}


def test_of_many_guardians_who_are_added_at_once_ten_are(race_url: URL, many: Clients) -> None:
    with Practice.open(race_url) as practice:
        child = practice.add_patient(clinics=(1,), birth_date=CHILD).user_id
        people = [practice.add_patient(clinics=(1,)).user_id for _ in range(THREADS)]

        answers = many.at_once([_put(practice, child, guardian) for guardian in people])

        assert answers.count("done") == len(_ties(practice, [child])) == 10
