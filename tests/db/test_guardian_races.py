"""Guardians are added and removed while something else happens to the same people."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from itertools import pairwise, permutations
from threading import Event

import pytest
from sqlalchemy import URL

from lambda_function.db.models import Appointment, Guardian, WaitlistEntry
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Step
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.services import guardian_grants, lifecycle, moving, people, waitlist
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.deactivation import deactivate_patient
from lambda_function.services.moving import ChangeRequest
from lambda_function.services.waitlist import Wish
from tests.clock import NOW
from tests.db.races import THREADS, Clients, Job, Run, transaction
from tests.factories import Practice, sub_of
from tests.lock_waits import lock_waiters, until
from tests.profiles import examples

DAY = timedelta(days=1)
ROUNDS = examples(5, 12)
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


class Family:
    """A guardian and a dependant in each round, with a visit and a wish of the dependant."""

    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self.guardian = practice.add_patient(clinics=(1,)).user_name
        self.child = practice.add_patient(clinics=(1,), birth_date=CHILD).user_name
        practice.add_guardian(self.guardian, self.child)
        self.ids = dict(practice.ids)
        self.visit = practice.add_appointment(NOW + 9 * DAY, patient_id=self.ids[self.child]).appointment_id
        wish = WaitlistEntry(
            patient_id=self.ids[self.child],
            treatment_id=1,
            status=WaitlistStatus.WAITING,
            wished_from=NOW + 20 * DAY,
            wished_to=NOW + 21 * DAY,
            created_at=NOW,
            updated_at=NOW,
        )
        practice.add(wish)
        self.wish = wish.waitlist_id

    def act(self, name: str, number: int) -> Run:
        """Returns what the guardian does for the dependant."""
        patient_id, doctor_id = self.ids[self.child], self.ids["drjay"]
        start = NOW.replace(hour=15) + timedelta(days=10 + number)
        wish = Wish(treatment_id=2, patient_id=patient_id, wished_from=start, wished_to=start + DAY)
        actions: dict[str, Run] = {
            "book": lambda work: book(work, BookingRequest(doctor_id, 1, start, patient_id)),
            "move": lambda work: moving.change(work, self.visit, ChangeRequest(start, None, None, None, {})),
            "note": lambda work: moving.change(
                work, self.visit, ChangeRequest(None, None, None, None, {"patient_note": "Test"})
            ),
            "cancel": lambda work: lifecycle.take(work, self.visit, Step.CANCEL, reason="Test"),
            "wait": lambda work: waitlist.join(work, wish),
            "withdraw": lambda work: waitlist.withdraw(work, self.wish),
        }
        return actions[name]

    def state(self) -> object:
        """Returns everything that an action would change."""
        patient_id = self.ids[self.child]
        visits = [row for row in self.practice.rows(Appointment) if row.patient_id == patient_id]
        wishes = [row for row in self.practice.rows(WaitlistEntry) if row.patient_id == patient_id]
        return (
            sorted((row.appointment_id, row.version) for row in visits),
            sorted((row.waitlist_id, row.status) for row in wishes),
        )


def _until_known(user_name: str, known: Event, go: Event, run: Run) -> Job:
    """Returns a job that finds the actor as the API does, says so, and goes on when it may."""

    def act(work: UnitOfWork) -> None:
        work.act_as(people.identify(work, sub_of(user_name)))
        known.set()
        assert go.wait(30)
        run(work)

    return transaction(act)


def _enders(family: Family) -> dict[str, Run]:
    guardian_id, patient_id = family.ids[family.guardian], family.ids[family.child]
    return {
        "removed": partial(guardian_grants.remove, patient_id=patient_id, guardian_id=guardian_id),
        "guardian deactivated": partial(deactivate_patient, user_id=guardian_id),
    }


@pytest.mark.parametrize("ended", ["removed", "guardian deactivated"])
@pytest.mark.parametrize("action", ["book", "move", "note", "cancel", "wait", "withdraw"])
def test_what_a_guardian_has_begun_is_refused_once_it_is_over(
    practice: Practice, clients: Clients, action: str, ended: str
) -> None:
    """The request has read who is calling before the reception is answered, and everything else after that."""
    family = Family(practice)
    before, known, go = family.state(), Event(), Event()
    with ThreadPoolExecutor(1) as other:
        begun = other.submit(_until_known(family.guardian, known, go, family.act(action, 0)), clients.databases[0])
        assert known.wait(30)
        end = transaction(_enders(family)[ended], practice.actor("rita"))
        assert end(clients.databases[1]) == "done"
        go.set()

        assert begun.result() in {"not_found", "validation_error"}
    assert family.state() == before


@pytest.mark.parametrize("ended", ["removed", "guardian deactivated"])
@pytest.mark.parametrize("action", ["book", "move", "cancel", "wait", "withdraw"])
def test_whoever_ends_it_waits_for_what_is_under_way(
    practice: Practice, clients: Clients, action: str, ended: str
) -> None:
    """Whatever a guardian does is done before the answer to the reception, or not at all."""
    family = Family(practice)
    done, go = Event(), Event()

    def act(work: UnitOfWork) -> None:
        work.act_as(people.identify(work, sub_of(family.guardian)))
        family.act(action, 0)(work)
        done.set()
        assert go.wait(30)

    with ThreadPoolExecutor(2) as others:
        under_way = others.submit(transaction(act), clients.databases[0])
        assert done.wait(30)
        end = others.submit(transaction(_enders(family)[ended], practice.actor("rita")), clients.databases[1])
        until(lambda: lock_waiters(practice.url) == 1)
        assert not end.done()
        go.set()

        assert (under_way.result(), end.result()) == ("done", "done")
