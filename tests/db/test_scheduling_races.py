"""Two or more people change the same visit or the same time at once, each over their own connection. The result is the
same as of one change after the other, no deadlock reaches a client, and no claim is left behind.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import URL, func, select
from sqlalchemy.orm import Session

from lambda_function.db.models import Appointment, AppointmentEvent, TimeOff, User
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import Status, Step
from lambda_function.services import deactivation, lifecycle, moving, time_off
from lambda_function.services.booking import BookingRequest, book
from tests.clock import NOW
from tests.db.agreement import assert_agreement
from tests.db.races import Clients, Job, Run, transaction
from tests.factories import Practice
from tests.servers import plain_engine

ROUNDS = 12
HOUR = timedelta(hours=1)


class Ring:
    """A clinic without chairs that never closes, with two doctors, and the races in it. Every round has its own day."""

    def __init__(self, practice: Practice, clients: Clients) -> None:
        self.practice = practice
        self.clients = clients
        clinic = practice.add_clinic("Ring", "America/Lima", chairs=0).clinic_id
        practice.add_receptionist("arbiter", clinics=(clinic,))
        self.arbiter = practice.actor("arbiter")
        self.doctors = [practice.add_doctor(clinic=clinic).user_id for _ in range(2)]
        self.patients = [practice.add_patient(clinics=(clinic,)).user_id for _ in range(4)]

    def job(self, run: Run, actor: Actor | None = None) -> Job:
        """Returns a job of the arbiter, or of another actor."""
        return transaction(run, actor or self.arbiter)

    def booking(self, start: datetime, patient: int = 0, doctor: int = 0) -> Job:
        request = BookingRequest(self.doctors[doctor], 1, start, self.patients[patient])
        return self.job(lambda work: book(work, request))

    def moving(self, key: int, start: datetime, doctor: int | None = None) -> Job:
        wanted = moving.ChangeRequest(start, None if doctor is None else self.doctors[doctor], None, None, {})
        return self.job(lambda work: moving.change(work, key, wanted))

    def time_off(self, start: datetime, end: datetime) -> Job:
        wanted = time_off.NewTimeOff(start, end, "away", accept_conflicts=False)
        return self.job(lambda work: time_off.take(work, self.doctors[0], wanted))

    def step(self, key: int, step: Step, actor: Actor | None = None) -> Job:
        return self.job(lambda work: lifecycle.take(work, key, step, reason="as raced"), actor)

    def booked(self, start: datetime, patient: int = 0, doctor: int = 0, actor: Actor | None = None) -> int:
        """Books a visit, which is only requested if a patient books, and returns its id."""
        treatment = 1 if actor is None else 3
        request = BookingRequest(self.doctors[doctor], treatment, start, self.patients[patient])

        def run(work: UnitOfWork) -> int:
            work.act_as(actor or self.arbiter)
            return book(work, request).appointment_id

        return self.clients.databases[0].transact(run)

    def race(self, *jobs: Job) -> list[str]:
        """Returns the answers, after checking claims and history."""
        answers = self.clients.at_once(jobs)
        assert "contention" not in answers
        with Session(plain_engine(self.practice.url)) as session:
            assert_agreement(session)
        return answers

    def visit(self, key: int) -> Appointment:
        self.practice.session.rollback()
        return self.practice.session.get_one(Appointment, key, populate_existing=True)

    def actions(self, key: int) -> list[str]:
        self.practice.session.rollback()
        statement = select(AppointmentEvent.action).where(AppointmentEvent.appointment_id == key)
        return list(self.practice.session.scalars(statement.order_by(AppointmentEvent.event_id)))

    def on(self, start: datetime, doctor: int = 0) -> int:
        """Counts the visits that hold the doctor's time from that start."""
        self.practice.session.rollback()
        held = select(func.count()).where(
            Appointment.doctor_id == self.doctors[doctor],
            Appointment.starts_at == start,
            Appointment.status == Status.BOOKED,
        )
        return self.practice.session.scalar(held) or 0


@pytest.fixture
def ring(database_url: URL) -> Iterator[Ring]:
    clients = Clients(database_url)
    with Practice.open(database_url) as practice:
        yield Ring(practice, clients)
    clients.close()


days = [NOW + timedelta(days=number) for number in range(2, 2 + ROUNDS)]


def test_of_cancelling_and_moving_the_visit_ends_cancelled(ring: Ring) -> None:
    """Either it is moved and then cancelled, or it is cancelled and the move is refused."""
    for day in days:
        key = ring.booked(day)
        cancelled, moved = ring.race(ring.step(key, Step.CANCEL), ring.moving(key, day + HOUR))
        assert cancelled == "done"
        assert moved in {"done", "invalid_transition"}
        visit = ring.visit(key)
        assert visit.status is Status.CANCELLED
        assert visit.starts_at == (day + HOUR if moved == "done" else day)
        assert ring.actions(key) == (["BOOK", "MOVE", "CANCEL"] if moved == "done" else ["BOOK", "CANCEL"])


def test_of_many_who_confirm_one_does_and_leaves_one_event(ring: Ring) -> None:
    for day in days:
        key = ring.booked(day, actor=Actor(ring.patients[0], ring.practice.actor("pat").role))
        answers = ring.race(*[ring.step(key, Step.CONFIRM) for _ in range(6)])
        assert sorted(answers) == ["done", *["invalid_transition"] * 5]
        assert ring.actions(key) == ["BOOK", "CONFIRM"]
        assert ring.visit(key).version == 2


def test_of_confirming_and_cancelling_both_leave_their_event_or_one_is_refused(ring: Ring) -> None:
    for day in days:
        key = ring.booked(day, actor=Actor(ring.patients[0], ring.practice.actor("pat").role))
        confirmed, cancelled = ring.race(ring.step(key, Step.CONFIRM), ring.step(key, Step.CANCEL))
        assert cancelled == "done"
        assert confirmed in {"done", "invalid_transition"}
        expected = ["BOOK", "CONFIRM", "CANCEL"] if confirmed == "done" else ["BOOK", "CANCEL"]
        assert ring.actions(key) == expected


def test_of_time_off_and_a_booking_in_it_one_is_refused(ring: Ring) -> None:
    for day in days:
        time_off = ring.time_off(day - HOUR, day + HOUR)
        answers = ring.race(time_off, ring.booking(day), ring.booking(day + HOUR / 2, patient=1))
        assert answers in (["done", "doctor_busy", "doctor_busy"], ["has_bookings", "done", "done"])
        assert (answers[0] == "done") == (ring.on(day) + ring.on(day + HOUR / 2) == 0)


def test_time_off_that_accepts_bookings_names_all_that_were_first(ring: Ring) -> None:
    for day in days:
        named: list[int] = []
        wanted = time_off.NewTimeOff(day - HOUR, day + HOUR, "away", accept_conflicts=True)

        def take(work: UnitOfWork, wanted: time_off.NewTimeOff = wanted, named: list[int] = named) -> None:
            named[:] = time_off.take(work, ring.doctors[0], wanted)[1]

        left, booked = ring.race(ring.job(take), ring.booking(day))
        assert left == "done"
        assert booked == ("done" if named else "doctor_busy")
        assert len(named) == ring.on(day)


def test_of_two_times_off_over_the_same_time_both_are_kept(ring: Ring) -> None:
    time_off = ring.time_off(days[0], days[1])
    assert ring.race(time_off, time_off) == ["done", "done"]
    assert len(ring.practice.rows(TimeOff)) == 2


def test_a_doctor_who_leaves_for_good_gets_no_visit_that_nobody_saw(ring: Ring) -> None:
    for day in days:
        leave = transaction(partial(deactivation.deactivate_doctor, user_id=ring.doctors[0], accept_conflicts=False))
        left, booked = ring.race(leave, ring.booking(day))
        assert (left, booked) in {("done", "validation_error"), ("has_bookings", "done")}
        assert ring.on(day) == (booked == "done")
        _start_again(ring)


def test_a_patient_who_is_deactivated_keeps_no_visit(ring: Ring) -> None:
    for day in days:
        leave = ring.job(lambda work: deactivation.deactivate_patient(work, ring.patients[0]))
        earlier = ring.booked(day + 3 * HOUR)
        left, *booked = ring.race(
            leave, ring.booking(day), ring.booking(day + HOUR, doctor=1), ring.moving(earlier, day + 2 * HOUR, 1)
        )
        assert left == "done"
        assert set(booked[:2]) <= {"done", "validation_error"}
        assert booked[2] in {"done", "invalid_transition"}
        held = [visit for visit in ring.practice.rows(Appointment) if visit.status is Status.BOOKED]
        assert held == []
        _start_again(ring)


def _start_again(ring: Ring) -> None:
    """Everybody is active again, and nobody has visits ahead."""
    for user in ring.practice.rows(User):
        user.active = True
    ring.practice.session.commit()
    for visit in ring.practice.rows(Appointment):
        if visit.status is Status.BOOKED:
            assert ring.step(visit.appointment_id, Step.CANCEL)(ring.clients.databases[0]) == "done"


def test_of_many_moves_of_one_visit_all_succeed_one_after_the_other(ring: Ring) -> None:
    for day in days:
        key = ring.booked(day)
        targets = [day + number * HOUR for number in range(1, 5)]
        answers = ring.race(*[ring.moving(key, target, number % 2) for number, target in enumerate(targets)])
        assert answers == ["done"] * 4
        assert ring.visit(key).starts_at in targets
        assert ring.visit(key).version == 5
        assert ring.actions(key) == ["BOOK", *["MOVE"] * 4]


def test_two_visits_that_swap_their_times_do_so_at_most_one(ring: Ring) -> None:
    """The first move finds the other's time taken. The time that it leaves is then free for the other."""
    for day in days:
        one, other = ring.booked(day), ring.booked(day, patient=1, doctor=1)
        answers = ring.race(ring.moving(one, day, 1), ring.moving(other, day, 0))
        assert answers == ["doctor_busy", "doctor_busy"]
        assert (ring.on(day), ring.on(day, doctor=1)) == (1, 1)


def test_of_many_moves_onto_one_free_time_one_wins(ring: Ring) -> None:
    for day in days:
        keys = [ring.booked(day + number * HOUR, patient=number, doctor=number % 2) for number in range(4)]
        answers = ring.race(*[ring.moving(key, day + 5 * HOUR, 1) for key in keys])
        assert sorted(answers) == ["doctor_busy", "doctor_busy", "doctor_busy", "done"]
        assert ring.on(day + 5 * HOUR, doctor=1) == 1


def test_a_move_away_and_a_booking_of_the_old_time_never_share_it(ring: Ring) -> None:
    for day in days:
        key = ring.booked(day)
        moved, booked = ring.race(ring.moving(key, day + HOUR), ring.booking(day + HOUR / 4, patient=1))
        assert moved == "done"
        assert booked in {"done", "doctor_busy"}
        assert ring.on(day) == 0
