"""The life of appointments (tests/db/test_lifecycle_machine.py) with people who wait: one clinic has two doctors who
share a chair, and one treatment has buffers. After every step the schedule runs, and then whoever has been offered time
can take it, and whoever waits has not missed anything that was freed (tests/db/waiting_model.py).
"""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import URL, Engine, select

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import WaitlistEntry
from lambda_function.db.repositories.waitlist import WaitlistRow
from lambda_function.db.rows import columns
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Step
from lambda_function.domain.intervals import Interval
from lambda_function.services import deactivation, lifecycle, waitlist
from lambda_function.services.offers import transact_and_offer
from lambda_function.services.waitlist_schedule import RESERVE, keep_up
from tests.clock import Clock
from tests.db.test_lifecycle_machine import BEGIN, QUARTER, REASON, Lifecycle, databases_of, places
from tests.db.waiting_model import Waiting, Wish
from tests.profiles import examples

_Answer = TypeVar("_Answer")

windows = st.tuples(st.integers(-2, 40), st.integers(1, 24))
_ENTRIES = select(*columns(WaitlistRow, WaitlistEntry)).order_by(WaitlistEntry.waitlist_id)


class LifecycleWithWaiting(Lifecycle):
    def __init__(self, url: URL, looker: Engine, databases: list[Database], clock: Clock) -> None:
        super().__init__(url, looker, databases, clock)
        self._waiting = Waiting(self._model)

    def _transact(self, actor: Actor | None, run: Callable[[UnitOfWork], _Answer]) -> _Answer:
        def act(work: UnitOfWork) -> _Answer:
            if actor is not None:
                work.act_as(actor)
            return run(work)

        return transact_and_offer(next(self._databases), act)

    def _join(self, wish: Wish) -> None:
        wanted = waitlist.Wish(
            wish.treatment, wish.window.start, wish.window.end, doctor_id=wish.doctor, clinic_id=wish.clinic
        )
        actor = Actor(wish.patient, Role.PATIENT)
        _, entry = self._agree(lambda: self._waiting.plan_join(wish), actor, lambda work: waitlist.join(work, wanted))
        if entry is not None:
            self._waiting.entries[entry.waitlist_id] = entry

    def _someone(self, place: int) -> int:
        here = [patient for patient in self._world.patients if patient not in self._model.gone]
        return here[place % len(here)]

    @initialize(drawn=st.lists(st.tuples(places, places, places, st.integers(6, 30)), min_size=8, max_size=12))
    def fill_the_calendar(self, drawn: list[tuple[int, int, int, int]]) -> None:
        """Books visits by receptionists. For most of them somebody else waits."""
        for doctor, patient, treatment, offset in drawn:
            doctor_id = self._doctor(doctor)
            wanted = {"patient": patient, "treatment": treatment, "chair": 0, "offset": offset, "override": 1}
            self._book(self._helper(0, doctor_id), doctor_id, wanted)
            if self._model.visits and treatment < 80:
                self.wait_for_a_visit_to_go(patient + 1, -1, doctor + patient, treatment, around=patient % 3)

    @rule(patient=places, doctor=places, treatment=places, window=windows, place=st.sampled_from(range(3)))
    def wait_for_some_time(
        self, patient: int, doctor: int, treatment: int, window: tuple[int, int], *, place: int
    ) -> None:
        """Waits for a doctor, for any doctor of a clinic, or for anybody."""
        doctor_id = self._doctor(doctor)
        start = self._start(window[0])
        self._join(
            Wish(
                self._someone(patient),
                self._treatment(treatment, doctor_id),
                doctor_id if place == 0 else None,
                self._world.practice.clinic_of[doctor_id] if place == 1 else None,
                Interval(start, start + window[1] * QUARTER),
            )
        )

    @precondition(lambda self: self._model.visits)
    @rule(patient=places, visit=places, doctor=places, treatment=places, around=st.integers(0, 3))
    def wait_for_a_visit_to_go(self, patient: int, visit: int, doctor: int, treatment: int, *, around: int) -> None:
        """Waits for the time of a visit and a little around it, with its doctor or another one."""
        taken = self._model.visits[self._visit(visit)]
        doctor_id = taken.doctor if doctor % 2 else self._doctor(doctor)
        time = self._model.occupied(taken)
        window = Interval(time.start - around * QUARTER, time.end + around * QUARTER)
        self._join(Wish(self._someone(patient), self._treatment(treatment, doctor_id), doctor_id, None, window))

    @precondition(lambda self: self._awaited())
    @rule(visit=places)
    def a_visit_goes_that_somebody_waits_for(self, visit: int) -> None:
        keys = self._awaited()
        key = keys[visit % len(keys)]
        clinic = self._model.visits[key].clinic
        actor = next(each for each in self._world.receptionists if clinic in each.clinic_ids)
        planned, _ = self._agree(
            lambda: self._model.plan_step(actor, key, Step.CANCEL),
            actor,
            lambda work: lifecycle.take(work, key, Step.CANCEL, reason=REASON),
        )
        if planned is not None:
            self._model.visits[key] = planned

    def _awaited(self) -> list[int]:
        """Returns visits in whose time somebody waits."""
        wishes = [
            Interval(entry.wished_from, entry.wished_to)
            for entry in self._waiting.entries.values()
            if entry.status == "WAITING"
        ]
        return [
            key
            for key, visit in self._model.visits.items()
            if visit.status in {"REQUESTED", "BOOKED"} and visit.start > self._model.now
            if any(self._model.occupied(visit).overlaps(wish) for wish in wishes)
        ]

    @precondition(lambda self: self._waiting.entries)
    @rule(entry=places, only_offered=st.booleans())
    def accept(self, entry: int, *, only_offered: bool) -> None:
        key = self._entry(entry, only_offered=only_offered)
        actor = Actor(self._waiting.entries[key].patient_id, Role.PATIENT)
        planned, answer = self._agree(
            lambda: self._waiting.plan_accept(key), actor, lambda work: waitlist.accept(work, key)
        )
        if planned is not None and answer is not None:
            self._model.visits[answer.appointment_id] = planned

    @precondition(lambda self: self._waiting.entries)
    @rule(entry=places, only_offered=st.booleans())
    def withdraw(self, entry: int, *, only_offered: bool) -> None:
        key = self._entry(entry, only_offered=only_offered)
        actor = Actor(self._waiting.entries[key].patient_id, Role.PATIENT)
        self._agree(lambda: self._waiting.plan_withdraw(key), actor, lambda work: waitlist.withdraw(work, key))

    def _entry(self, place: int, *, only_offered: bool) -> int:
        """Returns an entry of somebody who is here, one with an offer if there is any."""
        entries = self._waiting.entries.values()
        offered = [each.waitlist_id for each in entries if each.status == "OFFERED"]
        here = [each.waitlist_id for each in entries if each.patient_id not in self._model.gone]
        keys = offered if only_offered and offered else here or [*self._waiting.entries]
        return keys[place % len(keys)]

    @precondition(lambda self: self._model.gone)
    @rule()
    def come_back(self) -> None:
        for user_id in self._model.gone:
            role = Role.DOCTOR if user_id in self._world.doctors else Role.PATIENT
            assert self._transact(None, lambda work: deactivation.reactivate(work, user_id, role))  # noqa: B023
        self._model.gone.clear()

    @invariant()
    def offers_can_be_taken_and_nobody_waits_in_vain(self) -> None:
        keep_up(next(self._databases), lambda: RESERVE + 1)
        self._session.rollback()
        rows = [WaitlistRow._make(row) for row in self._session.execute(_ENTRIES)]
        event(f"offers: {sum(row.status == 'OFFERED' for row in rows)}")
        self._waiting.look({row.waitlist_id: row for row in rows})


def test_offers_can_be_taken_and_nobody_waits_in_vain(database_url: URL) -> None:
    clock = Clock(BEGIN)
    looker = build_engine(UrlCredentials(database_url), tls=None)
    with databases_of(database_url, clock) as databases:
        run_state_machine_as_test(
            lambda: LifecycleWithWaiting(database_url, looker, databases, clock),  # type: ignore[arg-type] # any factory will do
            settings=settings(
                max_examples=examples(1, 200),
                stateful_step_count=examples(25, 50),
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
    looker.dispose()
