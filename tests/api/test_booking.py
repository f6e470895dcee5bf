"""POST /appointments: who may book what for whom, and what the answer contains. Times are in test_booking_times.py, and
conflicts in test_booking_conflicts.py.
"""

from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import Appointment, AppointmentEvent, Clinic, ClinicPatient, SlotClaim, Treatment, User
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.clock import NOW


def _refused(desk: Desk, fingerprint: Fingerprint, user_name: str, code: str, *fields: str, **visit: Any) -> None:
    before = fingerprint()
    answer = desk.book(user_name, at("15:00"), **visit)
    status = {"forbidden": 403, "too_many_requests_open": 409}.get(code, 422)
    expect_problem(answer, status, code, *fields)
    assert fingerprint() == before


def test_a_receptionist_books_and_gets_the_whole_appointment(desk: Desk) -> None:
    answer = desk.book("rita", at("15:00"), treatment=2, patient_note="Sensitive tooth")

    assert answer.status == 201
    appointment_id = answer.json["appointment_id"]
    assert answer.headers["Location"] == f"/appointments/{appointment_id}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Cache-Control"] == "no-store"
    chairs = [claim[1] for claim in desk.practice.claims() if claim[0] == 3]
    assert answer.json == {
        "appointment_id": appointment_id,
        "status": "BOOKED",
        "starts_at": at("15:00"),
        "ends_at": at("15:45"),
        "clinic": {"clinic_id": 1, "name": "Lima Centro", "time_zone": "America/Lima"},
        "doctor": {"user_id": desk.id_of("drjay"), "full_name": "Jay Quispe"},
        "patient": {"user_id": desk.id_of("pat"), "full_name": "Pat Rojas"},
        "receptionist": {"user_id": desk.id_of("rita"), "full_name": "Rita Flores"},
        "treatment": {"treatment_id": 2, "code": "cleaning", "name": "Cleaning"},
        "chair_id": chairs[0],
        "patient_note": "Sensitive tooth",
        "internal_note": None,
        "cancel_reason": None,
        "override_reason": None,
        "version": 1,
        "created_at": "2030-01-07T14:00:00Z",
        "updated_at": "2030-01-07T14:00:00Z",
        "attendance_confirmed_at": None,
        "country": "PE",
        "registration": None,
    }


def test_what_was_answered_is_what_is_read_later(desk: Desk, clock: Any) -> None:
    clock.advance(microseconds=123_456)
    answer = desk.book("rita", at("15:00"), patient_note="Line one\nline two 😀")
    later = desk.client.get("rita", answer.headers["Location"])

    assert later.json == answer.json
    assert later.headers["ETag"] == answer.headers["ETag"]


def test_a_patient_books_for_themselves_without_saying_so(desk: Desk) -> None:
    body = {"doctor_id": desk.id_of("drjay"), "treatment_id": 1, "starts_at": at("15:00")}

    answer = desk.client.post("pat", "/appointments", body)

    assert (answer.status, answer.json["status"]) == (201, "BOOKED")
    assert answer.json["patient"]["user_id"] == desk.id_of("pat")
    assert answer.json["receptionist"] is None


@pytest.mark.parametrize("who", ["me", "id"])
def test_a_patient_may_say_so_too(desk: Desk, who: str) -> None:
    patient_id: Any = "me" if who == "me" else desk.id_of("pat")

    assert desk.booked("pat", at("15:00"), patient_id=patient_id)["patient"]["full_name"] == "Pat Rojas"


def test_a_doctor_books_into_the_own_calendar(desk: Desk) -> None:
    booked = desk.booked("drjay", at("15:00"), doctor_id="me")

    assert booked["doctor"]["user_id"] == desk.id_of("drjay")
    assert booked["receptionist"] is None


@pytest.mark.parametrize("user_name", ["pat", "rita", "drjay"])
def test_notes_of_the_staff_are_shown_to_the_staff_only(desk: Desk, user_name: str) -> None:
    booked = desk.booked(user_name, at("15:00"))

    assert ("internal_note" in booked, "override_reason" in booked) == ((user_name != "pat"),) * 2


def test_the_history_starts_with_who_booked(desk: Desk) -> None:
    booked = desk.booked("rita", at("15:00"))
    [event] = desk.practice.rows(AppointmentEvent)

    assert event.appointment_id == booked["appointment_id"]
    assert (event.actor_id, event.actor_type) == (desk.id_of("rita"), Role.RECEPTIONIST)
    assert (event.from_status, event.to_status, event.at) == (None, Status.BOOKED, NOW)


def test_the_price_and_buffers_are_a_snapshot(desk: Desk) -> None:
    desk.booked("rita", at("15:00"), treatment=2)
    desk.practice.session.execute(update(Treatment).values(price=1, buffer_after_minutes=60, duration_minutes=5))
    desk.practice.session.commit()
    [row] = desk.practice.rows(Appointment)

    assert (row.price, row.buffer_before_minutes, row.buffer_after_minutes) == (60, 0, 10)
    assert row.ends_at == instant("15:45")


def test_an_override_reason_of_the_reception_is_kept(desk: Desk) -> None:
    assert desk.booked("rita", at("15:00"), override_reason="Emergency")["override_reason"] == "Emergency"


@pytest.mark.parametrize("user_name", ["pat", "drjay"])
def test_nobody_else_gives_an_override_reason(desk: Desk, fingerprint: Fingerprint, user_name: str) -> None:
    _refused(desk, fingerprint, user_name, "forbidden", override_reason="Because")


@pytest.mark.parametrize("user_name", ["rita", "drjay"])
def test_staff_must_say_for_whom(desk: Desk, fingerprint: Fingerprint, user_name: str) -> None:
    _refused(desk, fingerprint, user_name, "validation_error", "patient_id", patient_id=None)


def test_a_patient_cannot_book_for_somebody_invisible(desk: Desk, fingerprint: Fingerprint) -> None:
    _refused(desk, fingerprint, "pat", "validation_error", "patient_id", patient="kim")


def test_a_doctor_cannot_book_into_anothers_calendar(desk: Desk, fingerprint: Fingerprint) -> None:
    _refused(desk, fingerprint, "drjay", "forbidden", doctor="drwu")


def test_a_receptionist_cannot_book_in_another_clinic(desk: Desk, fingerprint: Fingerprint) -> None:
    _refused(desk, fingerprint, "rita", "forbidden", doctor="drsol")


@pytest.mark.parametrize("user_name", ["rita", "drjay"])
def test_a_patient_of_another_clinic_is_422(desk: Desk, fingerprint: Fingerprint, user_name: str) -> None:
    desk.practice.add_patient("stranger", clinics=(2,))
    _refused(desk, fingerprint, user_name, "validation_error", "patient_id", patient="stranger")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("doctor_id", "nobody"),
        ("doctor_id", "pat"),
        ("doctor_id", "rita"),
        ("doctor_id", "me"),
        ("patient_id", "nobody"),
        ("patient_id", "drwu"),
        ("patient_id", "rosa"),
        ("patient_id", "me"),
        ("treatment_id", "nobody"),
        ("chair_id", "nobody"),
    ],
)
def test_an_id_that_names_nothing_or_the_wrong_kind_is_422_on_its_field(
    desk: Desk, fingerprint: Fingerprint, field: str, wrong: str
) -> None:
    value: Any = {"nobody": 2**63 - 1, "me": "me"}.get(wrong) or desk.id_of(wrong)
    _refused(desk, fingerprint, "rita", "validation_error", field, **{field: value})


@pytest.mark.parametrize(("user_name", "field"), [("drjay", "doctor_id"), ("pat", "patient_id")])
def test_deactivated_people_cannot_be_booked(desk: Desk, fingerprint: Fingerprint, user_name: str, field: str) -> None:
    desk.practice.session.execute(update(User).where(User.user_name == user_name).values(active=False))
    desk.practice.session.commit()
    _refused(desk, fingerprint, "rita", "validation_error", field)


def test_a_doctor_of_a_closed_clinic_cannot_be_booked(desk: Desk, fingerprint: Fingerprint) -> None:
    desk.practice.session.execute(update(Clinic).where(Clinic.clinic_id == 1).values(active=False))
    desk.practice.session.commit()
    _refused(desk, fingerprint, "rita", "validation_error", "doctor_id")


def test_an_inactive_treatment_cannot_be_booked(desk: Desk, fingerprint: Fingerprint) -> None:
    desk.practice.session.execute(update(Treatment).where(Treatment.treatment_id == 1).values(active=False))
    desk.practice.session.commit()
    _refused(desk, fingerprint, "rita", "validation_error", "treatment_id")


def test_a_treatment_that_the_doctor_does_not_offer_is_refused(desk: Desk, fingerprint: Fingerprint) -> None:
    desk.practice.add_doctor("drone", treatments=(1,))
    _refused(desk, fingerprint, "rita", "treatment_not_offered", "treatment_id", doctor="drone", treatment=2)


@pytest.mark.parametrize(("user_name", "status"), [("pat", "REQUESTED"), ("rita", "BOOKED"), ("drjay", "BOOKED")])
def test_a_treatment_that_needs_approval_is_requested_by_patients_and_booked_by_staff(
    desk: Desk, user_name: str, status: str
) -> None:
    assert desk.booked(user_name, at("15:00"), treatment=3)["status"] == status


def test_a_request_holds_its_time(desk: Desk) -> None:
    desk.booked("pat", at("15:00"), treatment=3)

    expect_problem(desk.book("rita", at("16:00"), patient="kim"), 409, "doctor_busy")


def test_a_fourth_open_request_is_refused_until_one_is_closed(desk: Desk, fingerprint: Fingerprint) -> None:
    requests = [desk.booked("pat", at("15:00", f"2030-01-{day}"), treatment=3) for day in (10, 11, 12)]
    _refused(desk, fingerprint, "pat", "too_many_requests_open", treatment=3)

    assert desk.booked("pat", at("13:00"), treatment=1)["status"] == "BOOKED"
    assert desk.booked("kim", at("13:30"), patient="kim", treatment=3)["status"] == "REQUESTED"
    assert desk.booked("rita", at("19:00"), treatment=3)["status"] == "BOOKED"
    desk.cancelled("pat", requests[0]["appointment_id"])
    assert desk.booked("pat", at("17:00"), treatment=3)["status"] == "REQUESTED"


def test_the_first_booking_makes_a_patient_of_the_clinic(desk: Desk) -> None:
    new = desk.practice.add_patient("newcomer")
    desk.booked("newcomer", at("15:00"), patient="newcomer", doctor="drsol")

    rows = [row for row in desk.practice.rows(ClinicPatient) if row.patient_id == new.user_id]
    assert [(row.clinic_id, row.created_at) for row in rows] == [(2, NOW)]
    assert desk.client.get("drsol", f"/users/{new.user_id}").status == 200
    assert desk.client.get("rita", f"/users/{new.user_id}").status == 404
    desk.booked("newcomer", at("16:00"), patient="newcomer", doctor="drsol")


def test_claims_cover_the_visit_of_the_patient_and_the_buffers_of_doctor_and_chair(desk: Desk) -> None:
    desk.booked("rita", at("15:00"), treatment=2)
    kinds = [row.kind for row in desk.practice.rows(SlotClaim)]

    assert {kind: kinds.count(kind) for kind in (1, 2, 3)} == {1: 11, 2: 9, 3: 11}


@pytest.mark.parametrize(
    "note", ["'; DROP TABLE user; --", "\\' \" %s %(a)s {0}", "😀 ñ 李\ttab", "<b>&amp;</b>", "", "x" * 2000]
)
def test_a_note_is_kept_as_it_was_written(desk: Desk, note: str) -> None:
    booked = desk.booked("rita", at("15:00"), patient_note=note)

    assert booked["patient_note"] == note
    assert desk.client.get("pat", f"/appointments/{booked['appointment_id']}").json["patient_note"] == note
