"""POST /appointments/{id}/cancel."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import Appointment, AppointmentEvent, Clinic, User
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.clock import Clock

START = instant("15:00", "2030-01-10")


@pytest.fixture
def booked(desk: Desk) -> int:
    """Books a visit of pat with drjay on Thursday at 15:00Z, while the clock says Monday."""
    appointment_id: int = desk.booked("rita", at("15:00", "2030-01-10"))["appointment_id"]
    return appointment_id


_STATUS = {"past_cutoff": 422, "invalid_transition": 409, "not_found": 404, "stale_version": 412}


def _unchanged(desk: Desk, fingerprint: Fingerprint, booked: int, user_name: str, *, code: str, **headers: str) -> None:
    before = fingerprint()
    expect_problem(desk.cancel(user_name, booked, **headers), _STATUS[code], code)
    assert fingerprint() == before


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_everybody_concerned_cancels_with_a_reason(desk: Desk, booked: int, clock: Clock, user_name: str) -> None:
    clock.advance(hours=1)

    answer = desk.cancel(user_name, booked, reason="Got the flu")

    assert answer.status == 200
    assert (answer.json["status"], answer.json["cancel_reason"], answer.json["version"]) == (
        "CANCELLED",
        "Got the flu",
        2,
    )
    assert (answer.json["updated_at"], answer.json["created_at"]) == ("2030-01-07T15:00:00Z", "2030-01-07T14:00:00Z")
    assert answer.headers["ETag"] == '"2"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert desk.client.get(user_name, f"/appointments/{booked}").json == answer.json
    assert ("internal_note" in answer.json) == (user_name != "pat")


def test_cancelling_gives_all_claims_back(desk: Desk, booked: int) -> None:
    assert desk.practice.claims()

    desk.cancelled("rita", booked)

    assert desk.practice.claims() == []


def test_the_history_says_who_cancelled_when_and_why(desk: Desk, booked: int, clock: Clock) -> None:
    clock.advance(minutes=7)
    desk.cancel("pat", booked, reason="Got the flu")
    event = desk.practice.rows(AppointmentEvent)[-1]

    assert event.appointment_id == booked
    assert (event.actor_id, event.actor_type) == (desk.id_of("pat"), Role.PATIENT)
    assert (event.from_status, event.to_status, event.reason) == (Status.BOOKED, Status.CANCELLED, "Got the flu")
    assert event.at == clock.now


def test_a_patient_cancels_up_to_the_cut_off_to_the_second(
    desk: Desk, booked: int, clock: Clock, fingerprint: Fingerprint
) -> None:
    clock.now = START - timedelta(hours=24) + timedelta(seconds=1)
    _unchanged(desk, fingerprint, booked, "pat", code="past_cutoff")

    clock.now = START - timedelta(hours=24)
    assert desk.cancelled("pat", booked)["status"] == "CANCELLED"


def test_the_cut_off_is_the_clinics(desk: Desk, booked: int, clock: Clock) -> None:
    desk.practice.session.execute(update(Clinic).values(cutoff_minutes=0))
    desk.practice.session.commit()
    clock.now = START - timedelta(seconds=1)

    assert desk.cancelled("pat", booked)["status"] == "CANCELLED"


def test_a_visit_that_begins_is_not_cancelled_whatever_the_cut_off(
    desk: Desk, booked: int, clock: Clock, fingerprint: Fingerprint
) -> None:
    desk.practice.session.execute(update(Clinic).values(cutoff_minutes=0))
    desk.practice.session.commit()
    clock.now = START

    _unchanged(desk, fingerprint, booked, "pat", code="invalid_transition")


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_staff_do_not_cancel_a_booked_visit_that_has_begun(
    desk: Desk, booked: int, clock: Clock, fingerprint: Fingerprint, user_name: str
) -> None:
    for since_start in (timedelta(0), timedelta(days=3)):
        clock.now = START + since_start
        _unchanged(desk, fingerprint, booked, user_name, code="invalid_transition")


def test_a_patient_does_not_cancel_the_past_whatever_the_cut_off(
    desk: Desk, booked: int, clock: Clock, fingerprint: Fingerprint
) -> None:
    desk.practice.session.execute(update(Clinic).values(cutoff_minutes=0))
    desk.practice.session.commit()
    clock.now = START + timedelta(seconds=1)

    _unchanged(desk, fingerprint, booked, "pat", code="past_cutoff")


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_staff_know_no_cut_off(desk: Desk, booked: int, clock: Clock, user_name: str) -> None:
    clock.now = START - timedelta(minutes=1)

    assert desk.cancelled(user_name, booked)["status"] == "CANCELLED"


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_what_is_cancelled_stays_so(desk: Desk, booked: int, fingerprint: Fingerprint, user_name: str) -> None:
    desk.cancelled("rita", booked)

    _unchanged(desk, fingerprint, booked, user_name, code="invalid_transition")


@pytest.mark.parametrize(
    ("status", "patient", "staff"),
    [
        (Status.REQUESTED, 200, 200),
        (Status.BOOKED, 200, 200),
        (Status.CHECKED_IN, 409, 200),
        (Status.COMPLETED, 409, 409),
        (Status.NO_SHOW, 409, 409),
    ],
)
def test_the_state_decides_who_can_cancel(desk: Desk, status: Status, patient: int, staff: int) -> None:
    for user_name, expected in (("pat", patient), ("rita", staff), ("drjay", staff)):
        row = desk.practice.add_appointment(START, status=status)
        answer = desk.cancel(user_name, row.appointment_id)
        assert answer.status == expected, (user_name, answer.text)
        if expected == 409:
            expect_problem(answer, 409, "invalid_transition")


@pytest.mark.parametrize("user_name", ["kim", "drwu", "rosa"])
def test_an_appointment_that_one_may_not_see_is_404(
    desk: Desk, booked: int, fingerprint: Fingerprint, user_name: str
) -> None:
    _unchanged(desk, fingerprint, booked, user_name, code="not_found")


def test_an_appointment_that_does_not_exist_is_404(desk: Desk) -> None:
    expect_problem(desk.cancel("rita", 2**63 - 1), 404, "not_found")


@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"', ' "1" ', '"1","2"'])
def test_a_fresh_if_match_is_honoured(desk: Desk, booked: int, tag: str) -> None:
    assert desk.cancel("rita", booked, If_Match=tag).status == 200


@pytest.mark.parametrize("tag", ['"2"', '"0"', "1", 'W/"1"', '"x"', "", '"1', '"999999999999999999999"', '"01"'])
def test_a_stale_if_match_is_412_and_nothing_changes(
    desk: Desk, booked: int, fingerprint: Fingerprint, tag: str
) -> None:
    _unchanged(desk, fingerprint, booked, "rita", code="stale_version", If_Match=tag)


def test_a_stale_if_match_comes_before_the_state(desk: Desk, booked: int) -> None:
    desk.cancelled("rita", booked)

    expect_problem(desk.cancel("rita", booked, If_Match='"1"'), 412, "stale_version")
    expect_problem(desk.cancel("rita", booked, If_Match='"2"'), 409, "invalid_transition")


@pytest.mark.parametrize(
    "reason", ["x", "x" * 500, "  padded  ", "Zahnarzt-Angst 😱", "'; DROP TABLE user; --", "a\nb"]
)
def test_a_reason_has_1_to_500_characters(desk: Desk, booked: int, reason: str) -> None:
    answer = desk.cancel("rita", booked, reason=reason)

    assert (answer.status, answer.json["cancel_reason"]) == (200, reason.strip())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "   "},
        {"reason": "x" * 501},
        {"reason": None},
        {"reason": 1},
        {"reason": "a\x00"},
    ],
)
def test_without_a_proper_reason_nothing_is_cancelled(
    desk: Desk, booked: int, fingerprint: Fingerprint, body: Any
) -> None:
    before = fingerprint()

    answer = desk.client.post("rita", f"/appointments/{booked}/cancel", body)

    expect_problem(answer, 422, "validation_error", "reason")
    assert fingerprint() == before


def test_an_appointment_of_a_patient_who_left_can_still_be_cancelled(desk: Desk, booked: int) -> None:
    desk.practice.session.execute(update(User).where(User.user_name == "pat").values(active=False))
    desk.practice.session.commit()

    assert desk.cancelled("rita", booked)["patient"]["full_name"] == "Pat Rojas"


def test_others_appointments_are_left_alone(desk: Desk, booked: int) -> None:
    other = desk.booked("rita", at("16:00"), patient="kim")
    desk.cancelled("rita", booked)
    rows = {row.appointment_id: row.status for row in desk.practice.rows(Appointment)}

    assert rows == {booked: Status.CANCELLED, other["appointment_id"]: Status.BOOKED}
    assert {claim[3] for claim in desk.practice.claims()} == {other["appointment_id"]}
