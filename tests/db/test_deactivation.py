"""Doctors and patients who leave while bookings with them are made."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete, update

from lambda_function.db.models import Appointment, AppointmentEvent, SlotClaim, User
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import HOLDING, Status
from lambda_function.domain.errors import DomainError, HasBookingsError, NotFoundError
from lambda_function.services.booking import BookingRequest
from lambda_function.services.deactivation import BATCH, deactivate_doctor, deactivate_patient, reactivate_patient
from lambda_function.services.operators import erasing, users
from lambda_function.services.operators.arguments import Deactivation, Erasure
from tests.api.conditions import add_visits
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import ApiClient
from tests.clock import NOW
from tests.db.races import Clients, Job, booking, outcome, transaction
from tests.factories import Practice
from tests.profiles import examples

ROUNDS = examples(8, 20)
FEW_ROUNDS = examples(2, 4)  # each cancels some hundred visits


def _doctor_leaves(database: Database, user_id: int, *, accept_conflicts: bool = False) -> list[int]:
    """Deactivates the doctor as operators do, without an actor."""
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


def _holding(practice: Practice) -> list[int]:
    """Returns the visits that hold their time, after checking that there are no claims but theirs."""
    visits = [row.appointment_id for row in practice.rows(Appointment) if row.status in HOLDING]
    assert {row.appointment_id for row in practice.rows(SlotClaim)} == set(visits)
    return visits


def _ended(practice: Practice, appointment_id: int) -> None:
    """Ends a visit without a new version, since nobody is to be told of it, so that the next round begins with none."""
    visit = Appointment.appointment_id == appointment_id
    practice.session.execute(update(Appointment).where(visit).values(status=Status.NO_SHOW))
    practice.session.execute(delete(SlotClaim))
    practice.session.commit()


def test_a_doctor_who_leaves_while_being_booked_is_booked_or_gone(practice: Practice, clients: Clients) -> None:
    rita = practice.actor("rita")
    outcomes = set()
    for number in range(ROUNDS):
        doctor = practice.add_doctor(f"leaver{number}").user_id
        patient = practice.add_patient(clinics=(1,)).user_id
        request = BookingRequest(doctor_id=doctor, patient_id=patient, treatment_id=1, starts_at=instant("15:00"))
        leave = transaction(partial(deactivate_doctor, user_id=doctor, accept_conflicts=False))
        outcome = tuple(clients.at_once([booking(rita, request), leave]))
        outcomes.add(outcome)
        for appointment_id in _holding(practice):
            assert outcome == ("booked", "has_bookings")
            _ended(practice, appointment_id)

    assert outcomes <= {("booked", "has_bookings"), ("validation_error", "done")}


def test_a_patient_who_leaves_while_being_booked_has_no_visit_left(practice: Practice, clients: Clients) -> None:
    """Three doctors book at once, and the one who deactivates can know none of the visits beforehand."""
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
        leave = transaction(partial(deactivate_patient, user_id=patient), rita)
        *answers, left = clients.at_once([*jobs, leave])

        assert left == "done"
        assert set(answers) <= {"booked", "validation_error"}
        assert _holding(practice) == []
    gone = {row.appointment_id for row in practice.rows(Appointment)}
    cancelled = [row for row in practice.rows(AppointmentEvent) if row.action == "CANCEL"]
    assert {row.appointment_id for row in cancelled} == gone
    assert len(cancelled) == len(gone)
    assert not [row for row in practice.rows(User) if row.user_name.startswith("leaver") and row.active]


def _leaving(user_name: str) -> Job:
    """Deactivates the patient in batches, as operators do."""

    def job(database: Database) -> str:
        try:
            done = users.deactivate(database, None, Deactivation(user_name=user_name, cancel_visits=True))
        except DomainError as refusal:
            return refusal.code
        return "done" if done["deactivated"] else "gone"

    return job


def test_whoever_leaves_by_batches_while_booking_has_no_visit_left(practice: Practice, clients: Clients) -> None:
    """The patient can book between two batches, until the last batch closes the account under the patient's lock."""
    for number in range(FEW_ROUNDS):
        patient = practice.add_patient(f"leaver{number}", clinics=(1,)).user_id
        doctors = [practice.add_doctor().user_id for _ in range(6)]
        add_visits(practice, BATCH * 2 + 20, instant("15:00", "2030-02-01"), patient_id=patient, doctor_id=doctors[0])
        jobs = [
            booking(
                Actor(patient, Role.PATIENT),
                BookingRequest(doctor, 1, instant("15:00") + timedelta(hours=position), patient),
            )
            for position, doctor in enumerate(doctors)
        ]
        *answers, left = clients.at_once([*jobs, _leaving(f"leaver{number}")])

        assert left == "done"
        assert set(answers) <= {"booked", "validation_error", "too_many_open_visits"}
        assert _holding(practice) == []
        assert not practice.user(f"leaver{number}").active
        practice.session.execute(delete(AppointmentEvent))
        practice.session.commit()


def test_two_operators_who_deactivate_somebody_at_once_cancel_each_visit_once(
    practice: Practice, clients: Clients
) -> None:
    for number in range(FEW_ROUNDS):
        patient = practice.add_patient(f"leaver{number}", clinics=(1,)).user_id
        doctor = practice.add_doctor().user_id
        ids = add_visits(practice, BATCH + 50, instant("15:00", "2030-02-01"), patient_id=patient, doctor_id=doctor)
        assert set(clients.at_once([_leaving(f"leaver{number}")] * 2)) <= {"done", "gone", "not_found"}

        cancelled = [row.appointment_id for row in practice.rows(AppointmentEvent) if row.action == "CANCEL"]
        assert sorted(set(cancelled) & set(ids)) == sorted(number for number in cancelled if number in ids) == ids


def test_a_deactivation_that_was_stopped_half_way_is_gone_on_with_by_the_same_command(
    practice: Practice, database: Database
) -> None:
    ids = add_visits(practice, BATCH * 2 + 50, instant("15:00"))
    database.transact(partial(users.deactivate_batch, wanted=Deactivation(user_name="pat", cancel_visits=True)))
    holding = [row.appointment_id for row in practice.rows(Appointment) if row.status in HOLDING]
    assert holding == ids[BATCH:]
    assert practice.user("pat").active

    done = users.deactivate(database, None, Deactivation(user_name="pat", cancel_visits=True))

    assert (done["deactivated"], done["appointment_ids"]) == (True, ids[BATCH:])
    assert _holding(practice) == []
    assert not practice.user("pat").active


def test_of_reactivating_and_erasing_somebody_nobody_is_left_half_erased(practice: Practice, clients: Clients) -> None:
    """Either the person is erased for good, or the erasure is refused and the person is active."""
    rita = practice.actor("rita")
    for number in range(ROUNDS):
        name = f"leaver{number}"
        patient = practice.add_patient(name, clinics=(1,), active=False).user_id

        def erase(database: Database, name: str = name) -> str:
            return outcome(lambda: erasing.erase(database, None, Erasure(user_name=name)))

        back, erased = clients.at_once([transaction(partial(reactivate_patient, user_id=patient), rita), erase])

        practice.session.rollback()
        person = practice.session.get_one(User, patient, populate_existing=True)
        assert back in {"done", "not_found"}
        assert (person.erased_at is not None, person.active) == ((True, False) if erased == "done" else (False, True))
        assert person.user_name == (f"erased:{patient}" if erased == "done" else name)
