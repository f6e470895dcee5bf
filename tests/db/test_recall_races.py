"""Visits are completed while somebody else dismisses, changes or opens a recall, or the patient goes, each over a
connection of their own, on MySQL and MariaDB.

Every round has new patients. `--hypothesis-profile=full` plays 200 rounds.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import URL, text, update

from lambda_function.db.models import Appointment, OutboxMessage, Recall, RecallEvent, Treatment
from lambda_function.db.repositories import appointments
from lambda_function.db.repositories.appointments import VisitForChange
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import Status, Step
from lambda_function.domain.errors import DomainError
from lambda_function.domain.recalls import DISMISSED, DONE, OPENED, RecallAction, RecallStatus, due_day
from lambda_function.services import deactivation, lifecycle, recalls
from lambda_function.services.operators import checking
from lambda_function.services.operators.actions import OperatorContext, run
from lambda_function.services.operators.arguments import ImportBatch, ImportRow, RecallBackfill
from lambda_function.services.operators.recall_backfill import backfill
from lambda_function.services.operators.recall_import import import_recalls
from lambda_function.services.recalls import RecallRequest
from tests.clock import NOW
from tests.db.rounds import CLIENTS, playing
from tests.factories import Practice
from tests.profiles import examples
from tests.servers import plain_engine

ROUNDS = examples(2, 200)
# The database is emptied after so many rounds, because each round is checked against everything in it.
ROUNDS_TOGETHER = 20
MONTHS = 6
BY_HAND = date(2031, 1, 1)
Act = Callable[[Database], object]


@dataclass(slots=True)
class Scene:
    """In each round two new patients who may be one. Both have two check-ups that are under way, the second on a later
    day with another doctor, and no two of these are at one time.
    """

    practice: Practice
    databases: list[Database]
    pool: ThreadPoolExecutor
    rita: Actor = field(init=False)
    doctors: dict[int, Actor] = field(init=False)
    names: list[str] = field(init=False)
    people: list[int] = field(init=False)
    visits: list[list[int]] = field(init=False)
    round: int = 0

    def __post_init__(self) -> None:
        self.practice.session.execute(update(Treatment).values(recall_months=MONTHS))
        self.practice.session.commit()
        self.rita = self.practice.actor("rita")
        doctors = [self.practice.actor(name) for name in ("drjay", "drwu")]
        self.doctors = {actor.user_id: actor for actor in doctors}

    def next_round(self) -> None:
        self.round += 1
        self.names = [f"{name}.{self.round}.round" for name in ("one", "two")]
        self.people = [self.practice.add_patient(name, clinics=(1,), cognito_sub=None).user_id for name in self.names]
        self.visits = [
            [self._under_way(user_id, day + number) for day in (0, 10)] for number, user_id in enumerate(self.people)
        ]

    def _under_way(self, user_id: int, day: int) -> int:
        start = self._start(day)
        doctor = sorted(self.doctors)[day >= 10]
        return self.practice.add_appointment(
            start, patient_id=user_id, doctor_id=doctor, status=Status.CHECKED_IN
        ).appointment_id

    def _start(self, day: int) -> datetime:
        return NOW - timedelta(days=40 - day)

    def due(self, day: int) -> date:
        return due_day(self._start(day).date(), MONTHS)

    def completing(self, patient: int, visit: int) -> Act:
        """Completes the first or the second visit of a patient."""
        doctor = self.doctors[sorted(self.doctors)[visit]]
        number = self.visits[patient][visit]
        return _as(doctor, lambda work: lifecycle.take(work, number, Step.COMPLETE))

    def reading(self, visit: int) -> Act:
        """Locks a visit as completing does."""
        return _as(
            self.rita,
            lambda work: appointments.get_for_change(work.session, visit, guardian_id=None, today=work.today),
        )

    def opening(self, patient: int) -> Act:
        request = RecallRequest(self.people[patient], 1, BY_HAND, clinic_id=1)
        return _as(self.rita, lambda work: recalls.open_recall(work, request))

    def opened(self, patient: int) -> int:
        recall_id = self.opening(patient)(self.databases[0])
        assert isinstance(recall_id, int)
        return recall_id

    def dismissing(self, recall_id: int) -> Act:
        return _as(self.rita, lambda work: recalls.dismiss(work, recall_id, "Round"))

    def changing(self, recall_id: int, due_on: date) -> Act:
        return _as(self.rita, lambda work: recalls.change(work, recall_id, {"due_on": due_on}))

    def deactivating(self, patient: int) -> Act:
        user_id = self.people[patient]
        return _as(self.rita, lambda work: deactivation.deactivate_patient(work, user_id))

    def merging(self, source: int, target: int) -> Act:
        arguments = {"source": f"id:{self.people[source]}", "target": f"id:{self.people[target]}"}
        return lambda database: run(OperatorContext(database), "users.merge", arguments)

    def importing(self, patient: int) -> Act:
        number = f"{self.round}-{patient}"
        self.practice.add_identifier(self.people[patient], "national_id", "PE", number)
        values = {"system": "national_id", "value": number, "treatment": "checkup", "due_on": BY_HAND.isoformat()}
        batch = ImportBatch(clinic="Lima Centro", rows=[ImportRow(line=2, values=values)])
        return lambda database: import_recalls(database, batch)

    def filling_in(self, patient: int) -> Act:
        """Opens recalls by visits that were completed before anybody was due for a check-up again."""
        start = self._start(20)
        self.practice.add_appointment(start, patient_id=self.people[patient], status=Status.COMPLETED)
        wanted = RecallBackfill(treatment="checkup", plan=False, after=self.people[0] - 1)
        return lambda database: backfill(database, wanted)

    def erasing(self, patient: int) -> Act:
        arguments = {"user_name": self.names[patient], "cancel_visits": True}
        return lambda database: run(OperatorContext(database), "erase-person", arguments)

    def at_once(self, *acts: Act) -> list[object]:
        """Runs all at the same time. Returns what each answers, or the code of its refusal."""
        barrier = Barrier(len(acts))

        def one(act: Act, database: Database) -> object:
            barrier.wait()
            try:
                return act(database) or "done"
            except DomainError as refusal:
                return refusal.code

        return list(self.pool.map(one, acts, self.databases))

    def rows(self) -> list[Recall]:
        """Returns the recalls of the round's patients, by id."""
        found = (row for row in self.practice.rows(Recall) if row.patient_id in self.people)
        return sorted(found, key=lambda row: row.recall_id)

    def open(self) -> list[Recall]:
        return [row for row in self.rows() if row.status is RecallStatus.OPEN]

    def completed(self) -> set[int]:
        both = {number for numbers in self.visits for number in numbers}
        rows = self.practice.rows(Appointment)
        return {row.appointment_id for row in rows if row.appointment_id in both and row.status is Status.COMPLETED}

    def check(self) -> None:
        """Nobody has two open recalls for a treatment, each event was told once, the history says what staff did, and
        `check` finds nothing.
        """
        rows = {row.recall_id: row for row in self.practice.rows(Recall)}
        keys = Counter((row.patient_id, row.treatment_id) for row in rows.values() if row.status is RecallStatus.OPEN)
        assert all(number == 1 for number in keys.values())
        told = Counter(
            (row.detail["recall_id"], row.kind)
            for row in self.practice.rows(OutboxMessage)
            if row.kind.startswith("recall.") and row.detail["recall_id"] in rows
        )
        ends = {RecallStatus.DONE: DONE, RecallStatus.DISMISSED: DISMISSED}
        ended = [(number, ends[row.status]) for number, row in rows.items() if row.status in ends]
        assert told == Counter([(number, OPENED) for number in rows] + ended)
        noted = Counter(row.recall_id for row in self.practice.rows(RecallEvent) if row.action is RecallAction.DISMISS)
        assert noted == Counter(number for number, kind in ended if kind == DISMISSED)
        assert all((row.done_by is not None) == (row.status is RecallStatus.DONE) for row in rows.values())
        checks = [
            check
            for check in checking.checks(self.databases[0])
            if isinstance(check, partial) and check.func is not checking._orphans
        ]
        findings = [finding for check in checks for finding in check()]
        # Visits are added without their claims here.
        assert [finding for finding in findings if finding["check"] != "claims"] == []


def _as(actor: Actor, run_it: Callable[[UnitOfWork], object]) -> Act:
    def act(work: UnitOfWork) -> object:
        work.act_as(actor)
        return run_it(work)

    return lambda database: database.transact(act)


@pytest.fixture
def rounds(race_url: URL) -> Iterator[Iterator[Scene]]:
    """The scene, once for each round, which is checked at its end."""
    with playing(race_url, Scene, rounds=ROUNDS, together=ROUNDS_TOGETHER) as played:
        yield played


def is_view(outcome: object) -> bool:
    """Returns whether an outcome is not the code of a refusal."""
    return not isinstance(outcome, str)


def is_merged(outcome: object) -> bool:
    return isinstance(outcome, dict) and outcome["merged"]


def test_of_two_completions_the_later_visit_decides(rounds: Iterator[Scene]) -> None:
    """Whichever comes first, and whether or not there was an open recall."""
    for scene in rounds:
        before = [scene.opened(0)] if scene.round % 2 else []
        outcomes = scene.at_once(scene.completing(0, 0), scene.completing(0, 1))
        assert all(is_view(outcome) for outcome in outcomes), outcomes
        [left] = scene.open()
        assert (left.opened_by, left.due_on) == (scene.visits[0][1], scene.due(10))
        assert [row.recall_id for row in scene.rows() if row.opened_by is None] == before
        assert all(row.status is RecallStatus.DONE for row in scene.rows() if row.recall_id != left.recall_id)


def test_completing_reads_about_recalls_without_locks(rounds: Iterator[Scene]) -> None:
    """Others have everything about recalls locked, and a later visit, and nobody has to wait for them."""
    for scene in rounds:
        by_hand = scene.opened(0)
        earlier, later = scene.visits[0]
        scene.completing(0, 1)(scene.databases[0])
        with plain_engine(scene.practice.url).begin() as others:
            for table, column, number in (
                ("appointment", "appointment_id", later),
                ("recall", "patient_id", scene.people[0]),
                ("recall_event", "recall_id", by_hand),
                ("treatment", "treatment_id", 1),
                ("user", "user_id", scene.people[0]),
            ):
                others.execute(text(f"SELECT 1 FROM `{table}` WHERE {column} = :number FOR UPDATE"), {"number": number})
            found = scene.reading(earlier)(scene.databases[0])
        assert isinstance(found, VisitForChange)
        assert found.recall_stays


def test_a_visit_that_is_completed_twice_opens_one_recall(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        outcomes = scene.at_once(*[scene.completing(0, 0)] * 3)
        assert sorted(map(is_view, outcomes)) == [False, False, True], outcomes
        [only] = scene.rows()
        assert (only.opened_by, only.status) == (scene.visits[0][0], RecallStatus.OPEN)


def test_a_completion_and_a_dismissal(rounds: Iterator[Scene]) -> None:
    """The recall by hand is dismissed or done, and that of the visit is open."""
    for scene in rounds:
        by_hand = scene.opened(0)
        completed, dismissed = scene.at_once(scene.completing(0, 0), scene.dismissing(by_hand))
        assert is_view(completed), completed
        first, second = scene.rows()
        assert (second.status, second.opened_by) == (RecallStatus.OPEN, scene.visits[0][0])
        assert dismissed in {"done", "invalid_transition"}
        expected = RecallStatus.DISMISSED if dismissed == "done" else RecallStatus.DONE
        assert (first.recall_id, first.status) == (by_hand, expected)


def test_a_completion_and_a_change(rounds: Iterator[Scene]) -> None:
    """A change that was acknowledged is in the recall that has ended, and the next is that of the visit."""
    for scene in rounds:
        by_hand = scene.opened(0)
        moved = BY_HAND + timedelta(days=90)
        completed, changed = scene.at_once(scene.completing(0, 0), scene.changing(by_hand, moved))
        assert is_view(completed), completed
        assert changed in {"done", "invalid_transition"}
        first, second = scene.rows()
        assert first.due_on == (moved if changed == "done" else BY_HAND)
        assert (first.status, second.due_on) == (RecallStatus.DONE, scene.due(0))


def test_opening_twice_opens_one(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        outcomes = scene.at_once(*[scene.opening(0)] * CLIENTS)
        refused = [outcome for outcome in outcomes if not isinstance(outcome, int)]
        assert refused == ["already_recalled"] * (CLIENTS - 1)
        assert len(scene.rows()) == 1


def test_opening_by_hand_and_completing(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        opened, completed = scene.at_once(scene.opening(0), scene.completing(0, 0))
        assert is_view(completed), completed
        [left] = scene.open()
        assert left.opened_by == scene.visits[0][0]
        assert len(scene.rows()) == (2 if isinstance(opened, int) else 1)
        assert isinstance(opened, int) or opened == "already_recalled"


def test_importing_filling_in_opening_and_completing(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        imported, filled_in, opened, completed = scene.at_once(
            scene.importing(0), scene.filling_in(0), scene.opening(0), scene.completing(0, 0)
        )
        assert (is_view(imported), is_view(filled_in), is_view(completed)) == (True, True, True)
        assert isinstance(opened, int) or opened == "already_recalled"
        [left] = scene.open()
        assert left.patient_id == scene.people[0]


@pytest.mark.parametrize("completed_of", [0, 1], ids=["source", "target"])
def test_a_completion_and_a_merge(rounds: Iterator[Scene], completed_of: int) -> None:
    """Each has an open recall. The later visit of the one is completed meanwhile, and its recall is the last."""
    for scene in rounds:
        for patient in (0, 1):
            assert is_view(scene.completing(patient, 0)(scene.databases[0]))
        merged, completed = scene.at_once(scene.merging(0, 1), scene.completing(completed_of, 1))
        assert is_merged(merged), merged
        assert is_view(completed), completed
        [left] = scene.open()
        assert (left.patient_id, left.opened_by) == (scene.people[1], scene.visits[completed_of][1])
        assert left.due_on == scene.due(10 + completed_of)
        assert {row.opened_by for row in scene.rows()} == scene.completed()
        assert {row.patient_id for row in scene.rows()} == {scene.people[1]}


@pytest.mark.parametrize("dismissed_of", [0, 1], ids=["source", "target"])
def test_a_dismissal_and_a_merge(rounds: Iterator[Scene], dismissed_of: int) -> None:
    """Both recalls stay, with the history of the one. If the merge comes first, only the later one is open and can be
    dismissed.
    """
    for scene in rounds:
        numbers = [scene.opened(patient) for patient in (0, 1)]
        assert scene.changing(numbers[0], BY_HAND + timedelta(days=30))(scene.databases[0]) is None
        merged, dismissed = scene.at_once(scene.merging(0, 1), scene.dismissing(numbers[dismissed_of]))
        assert is_merged(merged), merged
        assert {row.recall_id: row.patient_id for row in scene.rows()} == dict.fromkeys(numbers, scene.people[1])
        left = [row.recall_id for row in scene.open()]
        if dismissed_of == 1:
            assert dismissed in {"done", "invalid_transition"}
            assert left == [numbers[0]]
        else:
            assert dismissed == "done", dismissed
            assert left in ([numbers[1]], [])


def test_a_completion_and_a_deactivation(rounds: Iterator[Scene]) -> None:
    """Whichever comes first, nothing of somebody who is gone is open."""
    for scene in rounds:
        scene.opened(0)
        completed, gone = scene.at_once(scene.completing(0, 0), scene.deactivating(0))
        assert (is_view(completed), gone) == (True, "done") or gone == [], (completed, gone)
        assert scene.open() == []
        assert all(row.status in {RecallStatus.DISMISSED, RecallStatus.DONE} for row in scene.rows())


def test_a_completion_and_an_erasure(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        scene.opened(0)
        completed, erased = scene.at_once(scene.completing(0, 0), scene.erasing(0))
        assert isinstance(erased, dict), erased
        assert is_view(completed), completed
        assert scene.rows() == []
        left = {row.recall_id for row in scene.practice.rows(Recall)}
        assert {row.recall_id for row in scene.practice.rows(RecallEvent)} <= left
