"""Doctors and patients who leave, and bookings that are made at the same time."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import URL

from lambda_function.db.models import Appointment, AppointmentEvent, SlotClaim, User
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import HOLDING, Status
from lambda_function.domain.errors import DomainError, HasBookingsError, NotFoundError
from lambda_function.services.booking import BookingRequest
from lambda_function.services.deactivation import deactivate_doctor, deactivate_patient
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import ApiClient
from tests.clock import NOW
from tests.db.races import Clients, booking
from tests.factories import Practice

ROUNDS = 20


def _doctor_leaves(database: Database, user_id: int, *, accept_conflicts: bool = False) -> list[int]:
    """As operators do it: without an actor."""
    return database.transact(lambda work: deactivate_doctor(work, user_id, accept_conflicts=accept_conflicts))


@pytest.fixture
def desk(client: ApiClient, practice: Practice) -> Desk:
    return Desk(client, practice)


def test_a_doctor_with_visits_ahead_stays_and_the_visits_are_named(desk: Desk, database: Database) -> None:
    first = desk.booked("rita", at("15:00"))["appointment_id"]
    request = desk.booked("pat", at("17:00"), treatment=3)["appointment_id"]
    desk.cancelled("rita", desk.booked("rita", at("20:00"))["appointment_id"])
    desk.booked("rita", at("15:00"), doctor="drwu", patient="kim")

    with pytest.raises(HasBookingsError) as refusal:
        _doctor_leaves(database, desk.id_of("drjay"))

    assert refusal.value.appointment_ids == [first, request]
    assert desk.practice.user("drjay").active
    assert desk.client.get("drjay", "/me").status == 200


def test_a_doctor_without_visits_ahead_leaves(desk: Desk, database: Database) -> None:
    desk.practice.add_appointment(NOW - timedelta(days=1), status=Status.COMPLETED)
    desk.practice.add_appointment(NOW)

    assert _doctor_leaves(database, desk.id_of("drjay")) == []

    doctor = desk.practice.user("drjay")
    assert (doctor.active, doctor.version) == (False, 2)
    expect_problem(desk.client.get("drjay", "/me"), 403, "forbidden")
    expect_problem(desk.book("rita", at("15:00")), 422, "validation_error", "doctor_id")
    offered = desk.client.get("pat", "/availability", treatment_id=1, from_=at("13:00"), to=at("14:00")).json["items"]
    assert desk.id_of("drjay") not in {slot["doctor_id"] for slot in offered}


def test_accepted_visits_stay_for_the_reception_to_move_or_cancel(desk: Desk, database: Database) -> None:
    moved, cancelled = (desk.booked("rita", at(time))["appointment_id"] for time in ("15:00", "17:00"))

    assert _doctor_leaves(database, desk.id_of("drjay"), accept_conflicts=True) == [moved, cancelled]

    shown = desk.client.get("rita", f"/appointments/{moved}").json
    assert (shown["status"], shown["doctor"]["full_name"]) == ("BOOKED", "Jay Quispe")
    change = {"doctor_id": desk.id_of("drwu")}
    assert desk.client.call("rita", "PATCH", f"/appointments/{moved}", change).status == 200
    assert desk.cancel("rita", cancelled).status == 200
    assert {row.appointment_id for row in desk.practice.rows(SlotClaim)} == {moved}


@pytest.mark.parametrize("user_name", ["pat", "rita"])
def test_whoever_is_no_doctor_does_not_leave_as_one(desk: Desk, database: Database, user_name: str) -> None:
    with pytest.raises(NotFoundError):
        _doctor_leaves(database, desk.id_of(user_name), accept_conflicts=True)
    assert desk.practice.user(user_name).active


def test_a_doctor_leaves_once(desk: Desk, database: Database) -> None:
    _doctor_leaves(database, desk.id_of("drjay"))

    with pytest.raises(NotFoundError):
        _doctor_leaves(database, desk.id_of("drjay"))


@pytest.fixture
def clients(database_url: URL) -> Iterator[Clients]:
    clients = Clients(database_url)
    yield clients
    clients.close()


def _job(run: Callable[[UnitOfWork], object], actor: Actor | None = None) -> Callable[[Database], str]:
    """Answers `done` or the code of the refusal."""

    def job(database: Database) -> str:
        def act(work: UnitOfWork) -> None:
            if actor is not None:
                work.act_as(actor)
            run(work)

        try:
            database.transact(act)
        except DomainError as refusal:
            return refusal.code
        return "done"

    return job


def _holding(practice: Practice) -> list[int]:
    """The visits that hold their time; their claims and no others are there."""
    visits = [row.appointment_id for row in practice.rows(Appointment) if row.status in HOLDING]
    assert {row.appointment_id for row in practice.rows(SlotClaim)} == set(visits)
    return visits


def test_a_doctor_who_leaves_while_being_booked_is_booked_or_gone(practice: Practice, clients: Clients) -> None:
    rita = practice.actor("rita")
    outcomes = set()
    for number in range(ROUNDS):
        doctor = practice.add_doctor(f"leaver{number}").user_id
        patient = practice.add_patient(clinics=(1,)).user_id
        request = BookingRequest(doctor_id=doctor, patient_id=patient, treatment_id=1, starts_at=instant("15:00"))
        leave = _job(partial(deactivate_doctor, user_id=doctor, accept_conflicts=False))
        outcome = tuple(clients.at_once([booking(rita, request), leave]))
        outcomes.add(outcome)
        for appointment_id in _holding(practice):
            assert outcome == ("booked", "has_bookings")
            row = practice.session.get_one(Appointment, appointment_id)
            row.status = Status.NO_SHOW
            practice.session.query(SlotClaim).delete()
            practice.session.commit()

    assert outcomes <= {("booked", "has_bookings"), ("validation_error", "done")}


def test_a_patient_who_leaves_while_being_booked_has_no_visit_left(practice: Practice, clients: Clients) -> None:
    """By three doctors at once, of whom the one who deactivates can know none beforehand."""
    rita = practice.actor("rita")
    doctors = [practice.add_doctor().user_id for _ in range(3)]
    for number in range(ROUNDS):
        patient = practice.add_patient(f"leaver{number}", clinics=(1,)).user_id
        jobs = [
            booking(
                rita,
                BookingRequest(
                    doctor_id=doctor,
                    patient_id=patient,
                    treatment_id=1,
                    starts_at=instant("15:00") + timedelta(hours=position),
                ),
            )
            for position, doctor in enumerate(doctors)
        ]
        leave = _job(partial(deactivate_patient, user_id=patient), rita)
        *answers, left = clients.at_once([*jobs, leave])

        assert left == "done"
        assert set(answers) <= {"booked", "validation_error"}
        assert _holding(practice) == []
    gone = {row.appointment_id for row in practice.rows(Appointment)}
    cancelled = [row for row in practice.rows(AppointmentEvent) if row.action == "CANCEL"]
    assert {row.appointment_id for row in cancelled} == gone
    assert len(cancelled) == len(gone)
    assert not [row for row in practice.rows(User) if row.user_name.startswith("leaver") and row.active]
