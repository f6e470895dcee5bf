"""In two clinics over two days and nights, one of which is an hour short, people book, move, cancel, visit, take time
off and leave for good, over several connections. The model (tests/db/model.py) predicts every answer, and after every
step the database holds what the model holds.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any, TypeVar

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import URL, Engine, update
from sqlalchemy.orm import Session

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import User
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Step
from lambda_function.domain.errors import DomainError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.working_hours import WeeklyHours, Window
from lambda_function.services import deactivation, lifecycle, moving, time_off, working_hours
from lambda_function.services.booking import BookingRequest, book
from tests.clock import Clock
from tests.db import agreement
from tests.db.model import FOLLOWING, Model, Move, Refused, Wanted
from tests.db.world import World
from tests.profiles import examples
from tests.servers import empty_tables
from tests.zones import zone_named

CONNECTIONS = 3
BEGIN = datetime(2027, 3, 13, 20, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
REASON = "as drawn"
_Planned = TypeVar("_Planned")
_Answer = TypeVar("_Answer")

# Uniform, because integers() prefers its bounds.
places = st.sampled_from(range(100))
offsets = st.sampled_from([*range(1, 33), *range(1, 33), *range(33, 100, 4), 0, -1, 240])
DAYS: tuple[list[Window], ...] = (
    [Window(0, 1440)],
    [Window(0, 1440)],
    [Window(0, 1440)],
    [Window(0, 1440)],
    [Window(8 * 60, 12 * 60), Window(13 * 60, 18 * 60)],
    [Window(20 * 60, 6 * 60)],
    [],
)
days = st.sampled_from(DAYS)
bookings = st.fixed_dictionaries(
    dict.fromkeys(("doctor", "patient", "treatment", "chair"), places)
    | {"offset": offsets, "override": st.sampled_from(range(6))}
)
seldom = st.sampled_from(range(6)).map(lambda drawn: drawn == 0)


class Lifecycle(RuleBasedStateMachine):
    """The state machine. The test at the end builds it with a factory that knows the server."""

    def __init__(self, url: URL, looker: Engine, databases: list[Database], clock: Clock) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._session = self._stack.enter_context(Session(looker))
        empty_tables(url)
        self._databases = cycle(databases)
        self._clock = clock
        clock.now = BEGIN
        self._world = World.make(url, self._session)
        self._model = Model(self._world.practice, BEGIN)
        for doctor in self._world.doctors:
            self._model.hours[doctor] = [Window(0, 1440)]
        self._seen: list[tuple[Any, ...]] = []

    def teardown(self) -> None:
        self._stack.close()

    # Drawn numbers are positions in the lists of existing rows.

    def _here(self) -> list[Actor]:
        """Returns everybody who is still there, with those of their dependants who are."""
        gone = self._model.gone
        return [
            replace(actor, dependant_ids=tuple(sorted(set(actor.dependant_ids) - gone)))
            for actor in self._world.actors
            if actor.user_id not in gone
        ]

    def _actor(self, place: int) -> Actor:
        here = self._here()
        return here[place % len(here)]

    def _doctor(self, place: int) -> int:
        return self._world.doctors[place % len(self._world.doctors)]

    def _helper(self, place: int, doctor: int) -> Actor:
        """Returns mostly somebody who may plan the doctor's time: the doctor, or a receptionist of their clinic."""
        clinic = self._world.practice.clinic_of[doctor]
        here = [actor for actor in self._here() if actor.user_id == doctor or clinic in actor.clinic_ids]
        return self._actor(place) if place >= 90 else here[place % len(here)]

    def _patient(self, place: int, actor: Actor) -> int:
        """Returns mostly the actor or a dependant if a patient books."""
        if actor.role is Role.PATIENT and place < 90:
            return actor.patient_ids[place % len(actor.patient_ids)]
        return self._world.patients[place % len(self._world.patients)]

    def _treatment(self, place: int, doctor: int) -> int:
        """Returns mostly a treatment that the doctor offers."""
        offered = self._world.practice.treatments if place >= 90 else self._world.practice.offered[doctor]
        return sorted(offered)[place % len(offered)]

    def _visit(self, place: int) -> int:
        return list(self._model.visits)[place % len(self._model.visits)]

    def _party(self, place: int, key: int) -> Actor:
        """Returns mostly somebody who takes part in the visit."""
        visit = self._model.visits[key]
        here = [actor for actor in self._here() if self._model.visible(actor, visit)]
        return here[place % len(here)] if here and place < 90 else self._actor(place)

    def _start(self, offset: int) -> datetime:
        """Returns a time some quarters of an hour from now."""
        now = self._clock.now
        return now.replace(minute=now.minute // 15 * 15, second=0) + offset * QUARTER

    def _chair(self, place: int) -> int | None:
        """Returns mostly no chair, and sometimes one of any clinic."""
        chairs = [chair for chairs in self._world.practice.chairs.values() for chair in chairs]
        return chairs[place % len(chairs)] if place >= 85 else None

    def _transact(self, actor: Actor | None, run: Callable[[UnitOfWork], _Answer]) -> _Answer:
        def act(work: UnitOfWork) -> _Answer:
            if actor is not None:
                work.act_as(actor)
            return run(work)

        return next(self._databases).transact(act)

    def _agree(
        self, plan: Callable[[], _Planned], actor: Actor | None, run: Callable[[UnitOfWork], _Answer]
    ) -> tuple[_Planned, _Answer] | tuple[None, None]:
        """Checks that the service answers what the model predicts. Returns both, or None twice if both refuse with the
        same code.
        """
        planned, expected = None, "done"
        try:
            planned = plan()
        except Refused as refused:
            expected = refused.code
        answer, outcome = None, "done"
        try:
            answer = self._transact(actor, run)
        except DomainError as refusal:
            outcome = refusal.code
        event(f"{inspect.stack()[1].function}: {outcome}")
        assert outcome == expected
        return (planned, answer) if outcome == "done" else (None, None)  # type: ignore[return-value] # as checked above

    def _book(self, actor: Actor, doctor: int, wanted: dict[str, int]) -> None:
        asked = Wanted(
            doctor=doctor,
            patient=self._patient(wanted["patient"], actor),
            treatment=self._treatment(wanted["treatment"], doctor),
            start=self._start(wanted["offset"]) + timedelta(minutes=wanted["treatment"] == 98),
            chair=self._chair(wanted["chair"]),
            override=wanted["override"] == 0,
        )
        request = BookingRequest(
            doctor_id=asked.doctor,
            treatment_id=asked.treatment,
            starts_at=asked.start,
            patient_id=asked.patient,
            chair_id=asked.chair,
            override_reason=REASON if asked.override else None,
        )
        planned, answer = self._agree(
            lambda: self._model.plan_book(actor, asked), actor, lambda work: book(work, request)
        )
        if answer is not None and planned is not None:
            self._model.visits[answer.appointment_id] = planned

    @rule(who=places, wanted=bookings)
    def book_as_anybody(self, who: int, wanted: dict[str, int]) -> None:
        self._book(self._actor(who), self._doctor(wanted["doctor"]), wanted)

    @rule(who=places, wanted=bookings)
    def book_as_staff(self, who: int, wanted: dict[str, int]) -> None:
        doctor = self._doctor(wanted["doctor"])
        self._book(self._helper(who, doctor), doctor, wanted)

    @rule(who=places, wanted=bookings)
    def book_as_a_patient(self, who: int, wanted: dict[str, int]) -> None:
        patients = [patient for patient in self._world.patients if patient not in self._model.gone]
        actor = Actor(patients[who % len(patients)], Role.PATIENT)
        self._book(actor, self._doctor(wanted["doctor"]), {**wanted, "offset": wanted["offset"] + 5, "override": 1})

    def _move(self, actor: Actor, key: int, asked: Move) -> None:
        change = moving.ChangeRequest(*asked.place, REASON if asked.override else None, notes={})
        planned, _ = self._agree(
            lambda: self._model.plan_move(actor, key, asked), actor, lambda work: moving.change(work, key, change)
        )
        if planned is not None:
            self._model.visits[key] = planned

    @precondition(lambda self: self._model.visits)
    @rule(who=places, visit=places, wanted=bookings)
    def move(self, who: int, visit: int, wanted: dict[str, int]) -> None:
        key = self._visit(visit)
        start = self._start(wanted["offset"]) if wanted["patient"] % 6 else None
        doctor = self._doctor(wanted["doctor"]) if wanted["doctor"] >= 60 else None
        asked = Move(start, doctor, self._chair(wanted["chair"]), override=wanted["override"] == 0)
        self._move(self._party(who, key), key, asked)

    @precondition(lambda self: self._model.visits)
    @rule(who=places, visit=places, quarters=st.integers(-2, 2))
    def move_a_little(self, who: int, visit: int, quarters: int) -> None:
        """The new time overlaps the old one."""
        key = self._visit(visit)
        start = self._model.visits[key].start + quarters * QUARTER
        self._move(self._party(who, key), key, Move(start, None, None, override=False))

    @precondition(lambda self: len(self._model.visits) > 1)
    @rule(who=places, visit=places, other=places, quarters=st.integers(-1, 1))
    def move_onto_another(self, who: int, visit: int, other: int, quarters: int) -> None:
        key, there = self._visit(visit), self._model.visits[self._visit(other)]
        asked = Move(there.start + quarters * QUARTER, there.doctor, None, override=False)
        self._move(self._party(who, key), key, asked)

    @precondition(lambda self: self._model.visits)
    @rule(who=places, visit=places, place=places)
    def step_that_the_state_allows(self, who: int, visit: int, place: int) -> None:
        key = self._visit(visit)
        steps = [step for status, step in FOLLOWING if status == self._model.visits[key].status] or list(Step)
        self.step(who, visit, Step(steps[place % len(steps)]))

    @precondition(lambda self: self._model.visits)
    @rule(who=places, visit=places, step=st.sampled_from(Step))
    def step(self, who: int, visit: int, step: Step) -> None:
        key = self._visit(visit)
        actor = self._party(who, key)
        planned, _ = self._agree(
            lambda: self._model.plan_step(actor, key, step),
            actor,
            lambda work: lifecycle.take(work, key, step, reason=REASON),
        )
        if planned is not None:
            self._model.visits[key] = planned

    @rule(who=places, doctor=places, offset=offsets, length=st.sampled_from([-1, 1, 4, 8, 30]), accept=seldom)
    def take_time_off(self, who: int, doctor: int, offset: int, length: int, *, accept: bool) -> None:
        doctor_id = self._doctor(doctor)
        actor = self._helper(who, doctor_id)
        start = self._start(offset) + timedelta(minutes=7)
        span = Interval(start, start + length * QUARTER)
        wanted = time_off.NewTimeOff(span.start, span.end, "away", accept)
        planned, answer = self._agree(
            lambda: self._model.plan_time_off(actor, doctor_id, span, accept=accept),
            actor,
            lambda work: time_off.take(work, doctor_id, wanted),
        )
        if answer is not None and planned is not None:
            time_off_id, booked = answer
            assert set(booked) == set(planned)
            self._model.time_off[time_off_id] = (doctor_id, span)

    @precondition(lambda self: self._model.time_off)
    @rule(who=places, doctor=places, which=places)
    def give_up_time_off(self, who: int, doctor: int, which: int) -> None:
        time_off_id = list(self._model.time_off)[which % len(self._model.time_off)]
        doctor_id = self._model.time_off[time_off_id][0] if doctor < 90 else self._doctor(doctor)
        actor = self._helper(who, doctor_id)

        planned, _ = self._agree(
            lambda: self._model.plan_return(actor, doctor_id, time_off_id),
            actor,
            lambda work: time_off.give_up(work, doctor_id, time_off_id),
        )
        if planned:
            del self._model.time_off[time_off_id]

    @rule(who=places, doctor=places, windows=days, offset=offsets, weekly=st.booleans())
    def set_hours(self, who: int, doctor: int, windows: list[Window], offset: int, *, weekly: bool) -> None:
        doctor_id = self._doctor(doctor)
        actor = self._helper(who, doctor_id)
        week = [WeeklyHours(weekday, window) for weekday in range(1, 8) for window in windows]
        zone = self._world.practice.zones[self._world.practice.clinic_of[doctor_id]]
        day = self._start(offset).astimezone(zone_named(zone)).date()

        def run(work: UnitOfWork) -> list[int]:
            if weekly:
                return working_hours.replace_weekly(work, doctor_id, week)
            return working_hours.replace_exception(work, doctor_id, day, windows)

        _, outside = self._agree(lambda: self._model.plan_hours(actor, doctor_id), actor, run)
        if outside is not None:
            if weekly:
                self._model.hours[doctor_id] = windows
            else:
                self._model.exceptions[doctor_id, day] = windows
            assert set(outside) == self._model.outside(doctor_id)

    @precondition(lambda self: not self._model.gone and len(self._model.visits) % 4 == 3)
    @rule(who=places, patient=places)
    def deactivate_a_patient(self, who: int, patient: int) -> None:
        actor = self._world.receptionists[who % 2]
        user_id = self._world.patients[patient % len(self._world.patients)]
        planned, _ = self._agree(
            lambda: self._model.plan_patient_gone(actor, user_id),
            actor,
            lambda work: deactivation.deactivate_patient(work, user_id),
        )
        if planned is not None:
            self._model.visits.update(planned)
            self._model.gone.add(user_id)

    @precondition(lambda self: not self._model.gone and len(self._model.visits) % 4 == 3)
    @rule(doctor=places, accept=seldom)
    def deactivate_a_doctor(self, doctor: int, *, accept: bool) -> None:
        user_id = self._doctor(doctor)
        planned, ahead = self._agree(
            lambda: self._model.plan_doctor_gone(user_id, accept=accept),
            None,
            lambda work: deactivation.deactivate_doctor(work, user_id, accept_conflicts=accept),
        )
        if ahead is not None and planned is not None:
            assert set(ahead) == set(planned)
            self._model.gone.add(user_id)

    @precondition(lambda self: self._model.gone)
    @rule()
    def come_back(self) -> None:
        """Reactivates the person as an operator would."""
        self._session.rollback()
        self._session.execute(update(User).where(User.user_id.in_(self._model.gone)).values(active=True))
        self._session.commit()
        self._model.gone.clear()

    @rule(minutes=st.sampled_from([1, 14, 15, 30, 60, 180]))
    def wait(self, minutes: int) -> None:
        self._clock.advance(minutes=minutes)
        self._model.now = self._clock.now

    @invariant()
    def the_database_agrees_with_itself_and_with_the_model(self) -> None:
        """The history must also never shrink."""
        rows, events = agreement.assert_agreement(self._session)
        assert [tuple(row) for row in rows] == [self._model.row(key) for key in sorted(self._model.visits)]
        assert events[: len(self._seen)] == self._seen
        self._seen = events
        for key, visit in self._model.visits.items():
            assert tuple(event[2:] for event in events if event[1] == key) == visit.events


@contextmanager
def databases_of(url: URL, clock: Clock) -> Iterator[list[Database]]:
    engines = [build_engine(UrlCredentials(url), tls=None) for _ in range(CONNECTIONS)]
    yield [Database(engine, clock) for engine in engines]
    for engine in engines:
        engine.dispose()


def test_the_model_never_disagrees_with_the_database(database_url: URL) -> None:
    clock = Clock(BEGIN)
    looker = build_engine(UrlCredentials(database_url), tls=None)
    with databases_of(database_url, clock) as databases:
        run_state_machine_as_test(
            lambda: Lifecycle(database_url, looker, databases, clock),  # type: ignore[arg-type] # any factory will do
            settings=settings(
                max_examples=examples(3, 200),
                stateful_step_count=50,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
    looker.dispose()
