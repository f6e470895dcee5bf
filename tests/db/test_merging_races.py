"""Two patients are merged while somebody else changes one of them, each over a connection of their own, on MySQL and
MariaDB.

Every round has new patients, and what must hold is checked after each. `--hypothesis-profile=full` plays 200 rounds.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import URL, select

from lambda_function.db.models import Appointment, Guardian, User
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import Status, Step
from lambda_function.services import lifecycle, people
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.operators.actions import OperatorContext, run
from tests.clock import NOW
from tests.db.agreement import assert_agreement
from tests.db.rounds import Act, at_once, findings, is_merged, playing
from tests.factories import Practice, sub_of
from tests.profiles import examples
from tests.traces import everywhere

ROUNDS = examples(2, 200)
# The database is emptied after so many rounds, because each round is checked against everything in it.
ROUNDS_TOGETHER = 10


@dataclass(slots=True)
class Scene:
    """In each round three new patients who may be one. The first has an account. Each has a visit, and no two of these
    are at one time.
    """

    practice: Practice
    databases: list[Database]
    pool: ThreadPoolExecutor
    rita: Actor = field(init=False)
    ids: dict[str, int] = field(init=False)
    names: list[str] = field(init=False)
    people: list[int] = field(init=False)
    visits: list[int] = field(init=False)
    day: int = 0

    def __post_init__(self) -> None:
        self.rita = self.practice.actor("rita")
        for name in ("drday", "drnight"):
            self.practice.add_doctor(name, clinic=1)
        self.ids = dict(self.practice.ids)

    def next_round(self) -> None:
        self.day += 1
        self.names = [f"{name}.{self.day}.round" for name in ("one", "two", "three")]
        accounts = [sub_of(self.names[0]), None, None]
        self.people = [
            self.practice.add_patient(name, clinics=(1,), cognito_sub=account).user_id
            for name, account in zip(self.names, accounts, strict=True)
        ]
        self.visits = [self._booked(user_id, slot) for slot, user_id in enumerate(self.people)]

    def _booked(self, user_id: int, slot: int) -> int:
        booked = self.booking(user_id, slot)(self.databases[0])
        assert isinstance(booked, int)
        return booked

    def booking(self, patient_id: int | None, slot: int, *, doctor: str = "drday", account: bool = False) -> Act:
        """Books a time of the round's day, as the reception or as the account, and answers the id. For `None` the
        account books for itself.
        """
        as_account = account or patient_id is None
        start = (NOW + timedelta(days=1 + self.day)).replace(hour=14, minute=0) + timedelta(minutes=30 * slot)
        request = BookingRequest(
            doctor_id=self.ids[doctor],
            treatment_id=1,
            starts_at=start,
            patient_id=patient_id,
            override_reason=None if as_account else "Round",
        )

        def act(work: UnitOfWork) -> int:
            self._enter(work, account=as_account)
            return book(work, request).appointment_id

        return lambda database: database.transact(act)

    def cancelling(self, appointment_id: int, *, account: bool = False) -> Act:
        def act(work: UnitOfWork) -> None:
            self._enter(work, account=account)
            lifecycle.take(work, appointment_id, Step.CANCEL)

        return lambda database: database.transact(act)

    def _enter(self, work: UnitOfWork, *, account: bool) -> None:
        """The caller is read in the transaction, as the API reads it."""
        work.act_as(people.identify(work, sub_of(self.names[0])) if account else self.rita)

    def merging(self, source: int, target: int) -> Act:
        arguments = {"source": f"id:{self.people[source]}", "target": f"id:{self.people[target]}"}
        return lambda database: run(OperatorContext(database), "users.merge", arguments)

    def erasing(self, number: int) -> Act:
        arguments = {"user_name": self.names[number], "cancel_visits": True}
        return lambda database: run(OperatorContext(database), "erase-person", arguments)

    def at_once(self, *acts: Act) -> list[object]:
        return at_once(self.pool, self.databases, acts)

    def patients(self) -> dict[int, int]:
        """Returns the patient of each visit of the round."""
        rows = self.practice.rows(Appointment)
        return {row.appointment_id: row.patient_id for row in rows if row.appointment_id >= self.visits[0]}

    def merged_into(self) -> list[int | None]:
        self.practice.session.rollback()
        statement = select(User.merged_into).where(User.user_id.in_(self.people)).order_by(User.user_id)
        return list(self.practice.session.scalars(statement))

    def check(self) -> None:
        """Claims, history and messages agree with the visits, no two visits overlap, and `check` finds nothing."""
        assert_agreement(self.practice.session)
        assert findings(self.databases[0]) == []


@pytest.fixture
def rounds(race_url: URL) -> Iterator[Iterator[Scene]]:
    """The scene, once for each round, which is checked at its end."""
    with playing(race_url, Scene, rounds=ROUNDS, together=ROUNDS_TOGETHER) as played:
        yield played


def test_no_booking_is_lost(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        one, two, _ = scene.people
        merged, *booked = scene.at_once(
            scene.merging(0, 1), scene.booking(one, 5), scene.booking(None, 6), scene.booking(two, 7)
        )
        assert is_merged(merged), merged
        acknowledged = {outcome for outcome in booked if isinstance(outcome, int)}
        assert {outcome for outcome in booked if not isinstance(outcome, int)} <= {"validation_error"}
        assert isinstance(booked[2], int)
        assert scene.patients() == {
            **dict.fromkeys((*scene.visits[:2], *acknowledged), two),
            scene.visits[2]: scene.people[2],
        }


def test_the_patient_is_at_one_place_at_a_time(rounds: Iterator[Scene]) -> None:
    """Both are booked at the same time, with two doctors. The merge is refused, or one of the two bookings is."""
    for scene in rounds:
        one, two, _ = scene.people
        merged, *booked = scene.at_once(
            scene.merging(0, 1), scene.booking(one, 5), scene.booking(two, 5, doctor="drnight")
        )
        refused = [outcome for outcome in booked if not isinstance(outcome, int)]
        if is_merged(merged):
            assert refused in (["validation_error"], ["patient_busy"])
        else:
            assert (merged, refused) == ("has_bookings", [])


def test_a_visit_that_is_cancelled_stays_cancelled(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        merged, *cancelled = scene.at_once(
            scene.merging(0, 1),
            scene.cancelling(scene.visits[0], account=bool(scene.day % 2)),
            scene.cancelling(scene.visits[1]),
        )
        assert (is_merged(merged), cancelled) == (True, ["done", "done"])
        rows = {row.appointment_id: row for row in scene.practice.rows(Appointment)}
        for visit in scene.visits[:2]:
            assert (rows[visit].status, rows[visit].patient_id) == (Status.CANCELLED, scene.people[1])


def test_a_person_is_merged_or_erased(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        merged, erased = scene.at_once(scene.merging(0, 1), scene.erasing(0))
        if is_merged(merged):
            assert erased in {"not_found", "contention"}
            assert scene.patients()[scene.visits[0]] == scene.people[1]
        else:
            assert merged == "validation_error"
            assert isinstance(erased, dict)
            assert scene.merged_into() == [None, None, None]
        assert everywhere(scene.practice.url, (scene.names[0],)) <= {("user", "cognito_sub", scene.names[0])}


def test_erasing_the_person_who_remains_erases_what_has_moved(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        merged, erased = scene.at_once(scene.merging(0, 1), scene.erasing(1))
        assert isinstance(erased, dict), erased
        assert is_merged(merged) or merged == "validation_error"
        left = () if not is_merged(merged) else (scene.names[0],)
        assert everywhere(scene.practice.url, (scene.names[1], *left)) == set()


@pytest.mark.parametrize("other", [(1, 0), (1, 2), (0, 2)], ids=["back", "on", "elsewhere"])
def test_two_merges_leave_no_circle(rounds: Iterator[Scene], other: tuple[int, int]) -> None:
    for scene in rounds:
        first, second = scene.at_once(scene.merging(0, 1), scene.merging(*other))
        assert all(is_merged(outcome) or outcome == "validation_error" for outcome in (first, second))
        if other != (1, 2):
            assert is_merged(first) is not is_merged(second)
        else:
            assert is_merged(second)
        leads = dict(zip(scene.people, scene.merged_into(), strict=True))
        assert [leads[scene.people[source]] is not None for source in {0, other[0]}].count(True) == 1 + (
            other == (1, 2) and is_merged(first)
        )
        assert all(leads[patient] is None for patient in scene.patients().values())


def test_whoever_acts_for_another_does_so_as_the_person_who_remains(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        one, two, child = scene.people
        tie = {"reason": "Court", "created_by": scene.rita.user_id, "created_at": NOW}
        scene.practice.add(Guardian(guardian_id=one, patient_id=child, **tie))
        merged, booked = scene.at_once(scene.merging(0, 1), scene.booking(child, 5, account=True))
        assert is_merged(merged), merged
        assert isinstance(booked, int) or booked in {"validation_error", "not_found", "forbidden"}
        assert not isinstance(booked, int) or scene.patients()[booked] == child
        assert [row.guardian_id for row in scene.practice.rows(Guardian) if row.patient_id == child] == [two]


def test_one_merge_that_is_sent_twice_is_done_once(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        outcomes = scene.at_once(scene.merging(0, 1), scene.merging(0, 1))
        assert sorted(map(is_merged, outcomes)) == [False, True]
        assert all(isinstance(outcome, dict) or outcome == "validation_error" for outcome in outcomes)
