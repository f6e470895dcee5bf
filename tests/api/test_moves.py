"""PATCH /appointments/{id}: where a visit may move to, what stays the same, and what is written. The rules are in
test_move_rules.py.
"""

from typing import Any

import pytest
from sqlalchemy import delete, update

from lambda_function.db.models import ClinicPatient, DoctorTreatment, User
from lambda_function.domain.appointment import Status
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant, rfc3339
from tests.api.expect import expect_problem
from tests.api.moves import DAY, NEW, OLD, claimed, events, move, moved, refused
from tests.clock import Clock


@pytest.fixture
def visit(desk: Desk) -> Any:
    """Books a visit of pat with drjay on Thursday at 15:00Z, while the clock says Monday."""
    return desk.booked("rita", OLD)


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_everybody_concerned_moves_the_visit_and_it_stays_the_same_one(
    desk: Desk, visit: Any, clock: Clock, user_name: str
) -> None:
    clock.advance(hours=1)

    answer = move(desk, user_name, visit, starts_at=NEW)

    assert answer.status == 200, answer.text
    shown = desk.client.get("rita", f"/appointments/{visit['appointment_id']}").json
    assert shown == {
        **visit,
        "starts_at": NEW,
        "ends_at": at("17:30", DAY),
        "version": 2,
        "updated_at": rfc3339(clock.now),
    }
    assert answer.headers["ETag"] == '"2"'
    assert ("internal_note" in answer.json) == (user_name != "pat")
    slots = [f"17:{minute:02d}" for minute in range(0, 30, 5)]
    people = {1: desk.id_of("drjay"), 2: desk.id_of("pat"), 3: visit["chair_id"]}
    assert claimed(desk, visit) == {kind: (owner, slots) for kind, owner in people.items()}


def test_the_old_time_is_free_at_once(desk: Desk, visit: Any) -> None:
    moved(desk, "pat", visit, starts_at=NEW)

    assert desk.book("rita", OLD, patient="kim").status == 201


@pytest.mark.parametrize("start", ["14:45", "15:05", "15:25"])
def test_a_visit_moves_onto_its_own_overlapping_time(desk: Desk, visit: Any, start: str) -> None:
    shown = moved(desk, "rita", visit, starts_at=at(start, DAY))

    assert (shown["starts_at"], shown["chair_id"]) == (at(start, DAY), visit["chair_id"])
    assert len(desk.practice.claims()) == 18


@pytest.mark.parametrize(
    ("doctor", "patient", "code"),
    [("drjay", "kim", "doctor_busy"), ("drwu", "pat", "patient_busy")],
)
def test_onto_anothers_time_is_409_and_keeps_the_old(  # noqa: PLR0917 - pytest passes them by name
    desk: Desk, visit: Any, fingerprint: Fingerprint, doctor: str, patient: str, code: str
) -> None:
    desk.booked("rita", at("17:15", DAY), doctor=doctor, patient=patient)

    for user_name in ("pat", "drjay", "rita"):
        refused(desk, fingerprint, user_name, visit, (409, code, None), starts_at=NEW)


def test_without_a_free_chair_it_is_409_and_keeps_the_old(desk: Desk, visit: Any, fingerprint: Fingerprint) -> None:
    for number in range(3):
        doctor = desk.practice.add_doctor(f"dr{number}").user_name
        patient = desk.practice.add_patient(f"p{number}", clinics=(1,)).user_name
        desk.booked("rita", NEW, doctor=doctor, patient=patient)

    refused(desk, fingerprint, "rita", visit, (409, "chair_busy", None), starts_at=NEW)


def test_a_visit_moves_to_another_doctor_who_offers_the_treatment(desk: Desk, visit: Any) -> None:
    shown = moved(desk, "rita", visit, doctor_id=desk.id_of("drwu"))

    assert shown["doctor"] == {"user_id": desk.id_of("drwu"), "full_name": "Wu Mei"}
    assert shown["starts_at"] == OLD
    assert claimed(desk, visit)[1][0] == desk.id_of("drwu")
    [_, event] = events(desk, visit)
    assert event.changes == {"doctor_id": [desk.id_of("drjay"), desk.id_of("drwu")]}
    expect_problem(desk.client.get("drjay", f"/appointments/{visit['appointment_id']}"), 404, "not_found")
    assert desk.book("rita", OLD, patient="kim").status == 201


def test_not_to_a_doctor_who_does_not_offer_the_treatment(desk: Desk, visit: Any, fingerprint: Fingerprint) -> None:
    other = desk.practice.add_doctor("narrow", treatments=(2,))
    expected = (422, "treatment_not_offered", "doctor_id")

    refused(desk, fingerprint, "pat", visit, expected, doctor_id=other.user_id, starts_at=NEW)


def test_the_doctor_who_has_the_visit_may_have_stopped_offering_it(desk: Desk, visit: Any) -> None:
    rows = (DoctorTreatment.doctor_id == desk.id_of("drwu"), DoctorTreatment.treatment_id == 2)
    cleaning = desk.booked("rita", OLD, doctor="drwu", patient="kim", treatment=2)
    desk.practice.session.execute(delete(DoctorTreatment).where(*rows))
    desk.practice.session.commit()

    assert move(desk, "kim", cleaning, starts_at=NEW).status == 200


@pytest.mark.parametrize("target", ["pat", "rita", "unknown", "gone"])
def test_who_is_no_doctor_in_practice_is_422(desk: Desk, visit: Any, fingerprint: Fingerprint, target: str) -> None:
    desk.practice.add_doctor("gone")
    desk.practice.session.execute(update(User).where(User.user_name == "gone").values(active=False))
    desk.practice.session.commit()
    doctor_id = 999_999 if target == "unknown" else desk.id_of(target)

    refused(desk, fingerprint, "rita", visit, (422, "validation_error", "doctor_id"), doctor_id=doctor_id)


def test_a_patient_moves_to_a_doctor_of_another_clinic_and_becomes_its_patient(desk: Desk, visit: Any) -> None:
    rows = (ClinicPatient.patient_id == desk.id_of("pat"), ClinicPatient.clinic_id == 2)
    desk.practice.session.execute(delete(ClinicPatient).where(*rows))
    desk.practice.session.commit()

    shown = moved(desk, "pat", visit, doctor_id=desk.id_of("drsol"))

    assert shown["clinic"] == {"clinic_id": 2, "name": "Santiago Norte", "time_zone": "America/Santiago"}
    assert shown["chair_id"] != visit["chair_id"]
    assert desk.client.get("drsol", f"/users/{desk.id_of('pat')}").status == 200
    assert desk.client.get("rosa", f"/appointments/{visit['appointment_id']}").json["version"] == 2


def test_staff_do_not_move_a_visit_into_calendars_that_are_not_theirs(
    desk: Desk, visit: Any, fingerprint: Fingerprint
) -> None:
    expected = (403, "forbidden", None)

    refused(desk, fingerprint, "rita", visit, expected, doctor_id=desk.id_of("drsol"))
    refused(desk, fingerprint, "drjay", visit, expected, doctor_id=desk.id_of("drwu"))


def test_a_doctor_is_also_called_me_in_a_move(desk: Desk, visit: Any) -> None:
    assert moved(desk, "drjay", visit, doctor_id="me")["version"] == 1


def test_another_chair_is_taken_and_a_chair_of_another_clinic_is_422(
    desk: Desk, visit: Any, fingerprint: Fingerprint
) -> None:
    chairs = desk.booked("rosa", OLD, doctor="drsol", patient="kim")["chair_id"]

    refused(desk, fingerprint, "rita", visit, (422, "validation_error", "chair_id"), chair_id=chairs)
    refused(desk, fingerprint, "rita", visit, (422, "validation_error", "chair_id"), chair_id=999_999)
    assert moved(desk, "rita", visit, chair_id=visit["chair_id"] + 1)["chair_id"] == visit["chair_id"] + 1
    assert claimed(desk, visit)[3][0] == visit["chair_id"] + 1


def test_a_chair_that_is_taken_then_is_409(desk: Desk, visit: Any, fingerprint: Fingerprint) -> None:
    other = desk.booked("rita", OLD, doctor="drwu", patient="kim")["chair_id"]

    refused(desk, fingerprint, "rita", visit, (409, "chair_busy", None), chair_id=other)


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_the_same_time_again_changes_nothing_and_leaves_no_event(
    desk: Desk, visit: Any, fingerprint: Fingerprint, user_name: str
) -> None:
    before = fingerprint()
    chair = {} if user_name == "pat" else {"chair_id": visit["chair_id"]}

    answer = move(desk, user_name, visit, starts_at=OLD, doctor_id=desk.id_of("drjay"), **chair)

    assert (answer.status, answer.json["version"], answer.headers["ETag"]) == (200, 1, '"1"')
    assert fingerprint() == before


def test_the_same_time_again_is_no_move_even_past_the_cut_off(desk: Desk, visit: Any, clock: Clock) -> None:
    clock.now = instant("14:59", DAY)

    assert moved(desk, "pat", visit, starts_at=OLD)["version"] == 1


def test_a_move_is_one_event_with_before_and_after(desk: Desk, visit: Any, clock: Clock) -> None:
    clock.advance(minutes=7)
    moved(desk, "drjay", visit, starts_at=NEW)

    [_, event] = events(desk, visit)
    assert (event.action, event.at, event.actor_id) == ("MOVE", clock.now, desk.id_of("drjay"))
    assert (event.from_status, event.to_status) == (Status.BOOKED, Status.BOOKED)
    assert event.changes == {"starts_at": [OLD, NEW]}


def test_a_move_with_notes_is_one_version(desk: Desk, visit: Any) -> None:
    shown = moved(desk, "rita", visit, starts_at=NEW, patient_note="Bring the X-ray", internal_note="Anxious")

    assert (shown["version"], shown["patient_note"], shown["internal_note"]) == (2, "Bring the X-ray", "Anxious")
    assert [event.action for event in events(desk, visit)] == ["BOOK", "MOVE", "NOTE"]


def test_notes_alone_are_changed_and_removed_whatever_the_state(desk: Desk, visit: Any, clock: Clock) -> None:
    assert moved(desk, "pat", visit, patient_note="Late by five")["patient_note"] == "Late by five"
    assert "internal_note" not in moved(desk, "pat", visit, patient_note="Late by five")
    assert moved(desk, "drjay", visit, internal_note="Paid")["internal_note"] == "Paid"
    desk.cancelled("rita", visit["appointment_id"])
    clock.now = instant("15:00", "2030-02-01")
    removed = moved(desk, "rita", visit, internal_note=None, patient_note=None)
    assert (removed["internal_note"], removed["patient_note"], removed["version"]) == (None, None, 5)


def test_the_same_note_again_leaves_no_event(desk: Desk, visit: Any, fingerprint: Fingerprint) -> None:
    moved(desk, "rita", visit, internal_note="Paid")
    before = fingerprint()

    assert moved(desk, "rita", visit, internal_note="Paid", patient_note=None)["version"] == 2
    assert fingerprint() == before


def test_patients_write_no_internal_notes_and_override_nothing(
    desk: Desk, visit: Any, fingerprint: Fingerprint
) -> None:
    refused(desk, fingerprint, "pat", visit, (403, "forbidden", None), internal_note="Hi")
    for user_name in ("pat", "drjay"):
        change = {"starts_at": NEW, "override_reason": "Please"}
        refused(desk, fingerprint, user_name, visit, (403, "forbidden", None), **change)


@pytest.mark.parametrize("user_name", ["kim", "drwu", "drsol", "rosa"])
def test_whoever_does_not_see_the_visit_does_not_find_it(
    desk: Desk, visit: Any, fingerprint: Fingerprint, user_name: str
) -> None:
    refused(desk, fingerprint, user_name, visit, (404, "not_found", None), starts_at=NEW)
