"""Patients whose visits and recalls are raced for, and what is done to them."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import update

from lambda_function.db.models import Appointment, OutboxMessage, Recall, RecallEvent, Treatment
from lambda_function.db.repositories import appointments
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import Status, Step
from lambda_function.domain.recalls import DISMISSED, DONE, OPENED, RecallAction, RecallStatus, due_day
from lambda_function.services import deactivation, lifecycle, recalls
from lambda_function.services.operators.actions import OperatorContext, run
from lambda_function.services.operators.arguments import ImportBatch, ImportRow, RecallBackfill
from lambda_function.services.operators.recall_backfill import backfill
from lambda_function.services.operators.recall_import import import_recalls
from lambda_function.services.recalls import RecallRequest
from tests.clock import NOW
from tests.db.rounds import Act, at_once, findings
from tests.factories import Practice

MONTHS = 6
BY_HAND = date(2031, 1, 1)


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

    def opened(self, patient: int, *, before: bool = False) -> int:
        """Opens a recall by hand, since the visits began or before they did."""
        recall_id = self.opening(patient)(self.databases[0])
        assert isinstance(recall_id, int)
        if before:
            day = self._start(-10)
            session = self.practice.session
            session.execute(update(Recall).where(Recall.recall_id == recall_id).values(due_set_at=day, created_at=day))
            session.execute(update(RecallEvent).where(RecallEvent.recall_id == recall_id).values(at=day))
            session.commit()
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
        return at_once(self.pool, self.databases, acts)

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
        # Visits are added without their claims here.
        assert [finding for finding in findings(self.databases[0]) if finding["check"] != "claims"] == []


def _as(actor: Actor, run_it: Callable[[UnitOfWork], object]) -> Act:
    def act(work: UnitOfWork) -> object:
        work.act_as(actor)
        return run_it(work)

    return lambda database: database.transact(act)


def is_view(outcome: object) -> bool:
    """Returns whether an outcome is not the code of a refusal."""
    return not isinstance(outcome, str)
