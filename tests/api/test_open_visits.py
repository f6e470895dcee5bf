"""How many visits ahead a patient may book for themselves in one clinic: max_open_visits of the practice file."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from lambda_function.db.models import Appointment
from tests.api.conditions import set_clinic
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api.fhir.client import FhirClient, codes
from tests.api.waiting import Waitlist, free
from tests.api_client import Answer
from tests.clock import NOW, Clock

FULL = "too_many_open_visits"
TIMES = ("13:00", "13:30", "14:00", "14:30")


@pytest.fixture(autouse=True)
def two_at_most(desk: Desk) -> None:
    set_clinic(desk.practice, max_open_visits=2)


def _two_booked(desk: Desk) -> list[int]:
    return [desk.booked("pat", at(time))["appointment_id"] for time in TIMES[:2]]


def test_a_patient_with_as_many_visits_ahead_as_the_clinic_allows_books_no_further_one(
    desk: Desk, fingerprint: Fingerprint
) -> None:
    _two_booked(desk)
    before = fingerprint()

    expect_problem(desk.book("pat", at("15:00")), 409, FULL)
    assert fingerprint() == before


def test_twenty_is_the_limit_where_the_practice_says_nothing(desk: Desk) -> None:
    clinic_id = desk.practice.add_clinic("Third", "America/Lima").clinic_id
    doctor_id = desk.practice.add_doctor("drthird", clinic=clinic_id).user_id
    for day in range(1, 20):
        desk.practice.add_appointment(NOW + timedelta(days=day, hours=1), doctor_id=doctor_id, clinic_id=clinic_id)

    assert desk.book("pat", at("15:00"), doctor="drthird").status == 201
    expect_problem(desk.book("pat", at("16:00"), doctor="drthird"), 409, FULL)


def test_without_a_limit_a_patient_books_on(desk: Desk) -> None:
    set_clinic(desk.practice, max_open_visits=None)
    assert [desk.book("pat", at(time)).status for time in TIMES] == [201] * 4


def test_visits_in_other_clinics_do_not_count(desk: Desk) -> None:
    _two_booked(desk)
    assert desk.book("pat", at("15:00"), doctor="drsol").status == 201


def test_visits_of_others_do_not_count(desk: Desk) -> None:
    _two_booked(desk)
    assert desk.book("kim", at("15:00"), patient="kim").status == 201


def test_a_request_counts_as_a_visit(desk: Desk) -> None:
    desk.booked("pat", at("13:00"), treatment=3)
    desk.booked("pat", at("15:00"))
    expect_problem(desk.book("pat", at("16:00")), 409, FULL)


def test_cancelled_and_past_visits_do_not_count(desk: Desk, clock: Clock) -> None:
    first, _ = _two_booked(desk)
    desk.cancelled("rita", first)
    assert desk.book("pat", at("14:00")).status == 201

    clock.advance(days=1, hours=8)  # both have begun
    assert desk.book("pat", at("15:00", "2030-01-09")).status == 201


@pytest.mark.parametrize("user_name", ["rita", "drjay"])
def test_staff_book_whatever_the_patient_has(desk: Desk, user_name: str) -> None:
    _two_booked(desk)
    assert desk.book(user_name, at("15:00")).status == 201


def test_what_staff_have_booked_counts_for_the_patient(desk: Desk) -> None:
    for time in TIMES[:3]:
        desk.booked("rita", at(time))
    expect_problem(desk.book("pat", at("15:00")), 409, FULL)


def test_a_move_is_no_further_visit(desk: Desk) -> None:
    second = [desk.booked("pat", at("13:00", f"2030-01-{day}"))["appointment_id"] for day in (18, 19)][1]
    later = at("15:00", "2030-01-21")
    moved = desk.client.call("pat", "PATCH", f"/appointments/{second}", {"starts_at": later})
    assert (moved.status, moved.json["starts_at"]) == (200, later)


def _to_another_clinic(desk: Desk, appointment_id: int, user_name: str = "pat") -> Answer:
    path = f"/appointments/{appointment_id}"
    return desk.client.call(user_name, "PATCH", path, {"doctor_id": desk.id_of("drsol")})


def test_a_clinic_is_not_filled_by_moves_from_another(desk: Desk, fingerprint: Fingerprint) -> None:
    """Otherwise patients could book here, move the visits there, and exceed the limit."""
    set_clinic(desk.practice, 2, max_open_visits=2)
    booked = [desk.booked("pat", at("15:00", f"2030-01-{day}"))["appointment_id"] for day in (16, 17)]
    for visit in booked:
        assert _to_another_clinic(desk, visit).status == 200
    third = desk.booked("pat", at("15:00", "2030-01-18"))["appointment_id"]
    before = fingerprint()

    expect_problem(_to_another_clinic(desk, third), 409, FULL)
    assert fingerprint() == before
    assert _to_another_clinic(desk, third, "drjay").status == 403
    desk.practice.add_receptionist("roxy", clinics=(1, 2))
    assert _to_another_clinic(desk, third, "roxy").status == 200


def test_in_a_full_clinic_a_visit_is_moved_to_another_doctor(desk: Desk) -> None:
    first = desk.booked("pat", at("15:00", "2030-01-16"))["appointment_id"]
    set_clinic(desk.practice, max_open_visits=1)
    moved = desk.client.call("pat", "PATCH", f"/appointments/{first}", {"doctor_id": desk.id_of("drwu")})
    assert moved.status == 200, moved.text


def test_an_offer_is_accepted_by_the_rules_of_booking(desk: Desk) -> None:
    waitlist = Waitlist(desk)
    taken = desk.booked("rita", at("15:00"), patient="kim")
    waiting = waitlist.join("pat")
    free(waitlist, taken)
    _two_booked(desk)

    expect_problem(waitlist.accept("pat", waiting), 409, FULL)
    assert waitlist.accept("rita", waiting).status == 201


def test_fhir_tells_it_as_an_outcome(desk: Desk) -> None:
    _two_booked(desk)
    answer = FhirClient(desk).book("pat", at("15:00"))
    assert (answer.status, codes(answer.json)) == (409, {FULL})


def test_the_two_thousand_six_hundredth_visit_is_refused(desk: Desk) -> None:
    """One account had once booked as many in half a minute."""
    first = desk.practice.add_appointment(NOW + timedelta(days=20))
    columns = {
        column.key: getattr(first, column.key) for column in Appointment.__table__.c if column.key != "appointment_id"
    }
    moments = [first.starts_at + timedelta(minutes=30 * number) for number in range(1, 2600)]
    desk.practice.session.execute(
        insert(Appointment),
        [{**columns, "starts_at": start, "ends_at": start + timedelta(minutes=30)} for start in moments],
    )
    desk.practice.session.commit()
    expect_problem(desk.book("pat", at("15:00")), 409, FULL)
