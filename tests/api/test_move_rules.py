"""PATCH /appointments/{id}: when a visit may be moved and by whom, overrides, approval, and a move's statements."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from lambda_function.db.models import Appointment, ClinicPatient
from lambda_function.domain.appointment import Status
from tests.api.conditions import add_closure, add_time_off, set_clinic, set_treatment
from tests.api.conftest import Fingerprint, Statements
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api.moves import DAY, NEW, OLD, claimed, events, move, moved, refused
from tests.clock import Clock


@pytest.fixture
def visit(desk: Desk) -> Any:
    """Books a visit of pat with drjay on Thursday at 15:00Z, while the clock says Monday."""
    return desk.booked("rita", OLD)


@pytest.mark.parametrize(("tag", "status"), [('"1"', 200), ("*", 200), ('"7", "1"', 200), ('"2"', 412), ("W/1", 412)])
def test_a_move_happens_to_the_version_that_was_read_only(desk: Desk, visit: Any, tag: str, status: int) -> None:
    answer = move(desk, "pat", visit, headers={"If-Match": tag}, starts_at=NEW)

    assert answer.status == status
    if status == 412:
        expect_problem(answer, 412, "stale_version")
        assert desk.client.get("rita", f"/appointments/{visit['appointment_id']}").json == visit
        assert len(events(desk, visit)) == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"starts_at": at("15:00", "2030-01-06")}, "too_soon", "starts_at"),
        ({"starts_at": at("14:30", "2030-01-07")}, "too_soon", "starts_at"),
        ({"starts_at": at("15:00", "2031-06-02")}, "too_late", "starts_at"),
        ({"starts_at": at("15:01", DAY)}, "off_grid", "starts_at"),
        ({"starts_at": "2030-01-10T15:00:00.000001Z"}, "off_grid", "starts_at"),
        ({"starts_at": at("12:00", DAY)}, "outside_hours", "starts_at"),
        ({"starts_at": at("22:45", DAY)}, "outside_hours", "starts_at"),
        ({"starts_at": at("15:00", "2030-01-13")}, "outside_hours", "starts_at"),
        ({"starts_at": None}, "validation_error", "starts_at"),
        ({"starts_at": "2030-01-10T15:00:00"}, "validation_error", "starts_at"),
        ({"doctor_id": None}, "validation_error", "doctor_id"),
        ({"chair_id": None}, "validation_error", "chair_id"),
        ({"chair_id": 0}, "validation_error", "chair_id"),
        ({"patient_note": "x" * 2001}, "validation_error", "patient_note"),
        ({"status": "CANCELLED"}, "validation_error", "status"),
        ({"treatment_id": 2}, "validation_error", "treatment_id"),
        ({"patient_id": 1}, "validation_error", "patient_id"),
        ({}, "validation_error", "body"),
    ],
)
def test_bad_moves_are_422_on_the_field_and_change_nothing(  # noqa: PLR0917 - pytest passes them by name
    desk: Desk, visit: Any, fingerprint: Fingerprint, change: dict[str, Any], code: str, field: str
) -> None:
    refused(desk, fingerprint, "pat", visit, (422, code, field), **change)


def test_lead_time_and_horizon_bind_patients_only(desk: Desk, visit: Any) -> None:
    assert moved(desk, "rita", visit, starts_at=at("14:30", "2030-01-07"))["starts_at"] == at("14:30", "2030-01-07")
    assert moved(desk, "drjay", visit, starts_at=at("15:00", "2031-06-02"))["starts_at"] == at("15:00", "2031-06-02")


def test_a_patient_moves_until_the_cut_off_to_the_second(
    desk: Desk, visit: Any, fingerprint: Fingerprint, clock: Clock
) -> None:
    clock.now = instant("15:00", "2030-01-09") + timedelta(seconds=1)
    refused(desk, fingerprint, "pat", visit, (422, "past_cutoff", None), starts_at=NEW)

    clock.now -= timedelta(seconds=1)
    assert move(desk, "pat", visit, starts_at=NEW).status == 200


def test_the_cut_off_is_of_the_time_that_is_left(desk: Desk, visit: Any, clock: Clock) -> None:
    """A near visit cannot be moved away, but a distant one may be moved near if the lead time is kept."""
    set_clinic(desk.practice, cutoff_minutes=60)
    clock.now = instant("14:00", DAY)

    assert move(desk, "pat", visit, starts_at=at("15:15", DAY)).status == 200


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_staff_move_until_the_start_and_not_after_it(
    desk: Desk, visit: Any, fingerprint: Fingerprint, clock: Clock, user_name: str
) -> None:
    clock.now = instant("15:00", DAY)
    refused(desk, fingerprint, user_name, visit, (409, "invalid_transition", None), starts_at=NEW)

    clock.now -= timedelta(seconds=1)
    assert move(desk, user_name, visit, starts_at=NEW).status == 200


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.CHECKED_IN, Status.COMPLETED, Status.NO_SHOW])
@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_what_is_cancelled_finished_or_under_way_is_not_moved(
    desk: Desk, fingerprint: Fingerprint, status: Status, user_name: str
) -> None:
    row = desk.practice.add_appointment(instant("15:00", DAY), status=status)
    expected = (409, "invalid_transition", None)

    refused(desk, fingerprint, user_name, {"appointment_id": row.appointment_id}, expected, starts_at=NEW)


def test_the_reception_overrides_hours_with_a_reason_that_is_recorded(desk: Desk, visit: Any) -> None:
    early = at("11:00", DAY)

    shown = moved(desk, "rita", visit, starts_at=early, override_reason="Pain")

    assert (shown["starts_at"], shown["override_reason"]) == (early, "Pain")
    assert "override_reason" not in desk.client.get("pat", f"/appointments/{visit['appointment_id']}").json
    [_, event] = events(desk, visit)
    assert event.changes["override_reason"] == "Pain"


def test_the_reception_overrides_a_closure(desk: Desk, visit: Any) -> None:
    add_closure(desk.practice, date(2030, 1, 11), date(2030, 1, 11))
    change: dict[str, Any] = {"starts_at": at("15:00", "2030-01-11")}

    expect_problem(move(desk, "rita", visit, **change), 422, "outside_hours", "starts_at")
    assert move(desk, "rita", visit, **change, override_reason="Pain").status == 200


def test_an_override_never_overlaps_anybody_nor_time_off(desk: Desk, visit: Any, fingerprint: Fingerprint) -> None:
    desk.booked("rita", at("11:00", DAY), patient="kim", override_reason="Pain")
    add_time_off(desk.practice, desk.id_of("drjay"), instant("15:00", "2030-01-11"), instant("16:00", "2030-01-11"))

    for start in (at("11:15", DAY), at("14:45", "2030-01-11")):
        change = {"starts_at": start, "override_reason": "Pain"}
        refused(desk, fingerprint, "rita", visit, (409, "doctor_busy", None), **change)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "x" * 10_000, None])
def test_an_override_needs_a_reason(desk: Desk, visit: Any, fingerprint: Fingerprint, reason: Any) -> None:
    expected = (422, "validation_error", "override_reason")

    refused(desk, fingerprint, "rita", visit, expected, starts_at=at("11:00", DAY), override_reason=reason)


def test_an_override_belongs_to_a_move(desk: Desk, visit: Any, fingerprint: Fingerprint) -> None:
    expected = (422, "validation_error", "override_reason")

    refused(desk, fingerprint, "rita", visit, expected, override_reason="Pain")


@pytest.mark.parametrize(("user_name", "status"), [("pat", "REQUESTED"), ("drjay", "BOOKED"), ("rita", "BOOKED")])
def test_a_patients_move_of_what_needs_approval_asks_again(desk: Desk, user_name: str, status: str) -> None:
    implant = desk.booked("rita", OLD, treatment=3)

    assert moved(desk, user_name, implant, starts_at=NEW)["status"] == status
    assert events(desk, implant)[1].to_status == status


def test_staff_moving_a_request_do_not_confirm_it(desk: Desk) -> None:
    request = desk.booked("pat", OLD, treatment=3)

    assert moved(desk, "rita", request, starts_at=NEW)["status"] == "REQUESTED"


def test_a_fourth_open_request_is_not_made_by_moving_but_a_request_itself_moves(
    desk: Desk, fingerprint: Fingerprint
) -> None:
    requests = [desk.booked("pat", at("15:00", f"2030-01-1{day}"), treatment=3) for day in (1, 4, 5)]
    implant = desk.booked("rita", OLD, treatment=3)

    refused(desk, fingerprint, "pat", implant, (409, "too_many_requests_open", None), starts_at=NEW)
    assert move(desk, "pat", requests[0], starts_at=at("17:00", "2030-01-11")).status == 200


def test_a_treatment_changed_later_leaves_the_length_buffers_and_price_of_a_visit(desk: Desk) -> None:
    cleaning = desk.booked("rita", OLD, treatment=2)
    set_treatment(desk.practice, 2, duration_minutes=120, buffer_before_minutes=30, buffer_after_minutes=0, price=99)

    shown = moved(desk, "rita", cleaning, starts_at=NEW)

    assert shown["ends_at"] == at("17:45", DAY)
    [row] = desk.practice.rows(Appointment)
    assert (row.price, row.buffer_before_minutes, row.buffer_after_minutes) == (60, 0, 10)
    assert claimed(desk, cleaning)[1][1][-1] == "17:50"
    assert claimed(desk, cleaning)[2][1][-1] == "17:40"


def test_a_treatment_taken_out_of_the_catalogue_can_still_be_moved(desk: Desk) -> None:
    cleaning = desk.booked("rita", OLD, treatment=2)
    set_treatment(desk.practice, 2, active=False)

    assert move(desk, "pat", cleaning, starts_at=NEW).status == 200


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
@pytest.mark.parametrize("treatment", [1, 2, 3])
def test_booking_and_moving_take_at_most_fifteen_statements_and_one_commit(
    desk: Desk, statements: Statements, user_name: str, treatment: int
) -> None:
    desk.booked("rita", OLD, doctor="drwu", patient="kim")
    body = desk.visit(at("13:00", DAY), treatment=treatment)
    statements.clear()
    booked = desk.client.post(user_name, "/appointments", body)
    assert booked.status == 201, booked.text
    assert len(statements) <= 15, "\n\n".join(statements.sent)
    assert statements.sent.count("COMMIT") == 1

    statements.clear()
    moved(desk, user_name, booked.json, starts_at=NEW)
    assert len(statements) <= 15, "\n\n".join(statements.sent)
    assert statements.sent.count("COMMIT") == 1


def test_a_move_to_a_new_clinic_with_a_note_takes_at_most_sixteen_statements(
    desk: Desk, visit: Any, statements: Statements
) -> None:
    rows = (ClinicPatient.patient_id == desk.id_of("pat"), ClinicPatient.clinic_id == 2)
    desk.practice.session.execute(delete(ClinicPatient).where(*rows))
    desk.practice.session.commit()
    doctor_id = desk.id_of("drsol")
    statements.clear()

    moved(desk, "pat", visit, doctor_id=doctor_id, starts_at=NEW, patient_note="See you there")

    assert len(statements) <= 16, "\n\n".join(statements.sent)


def test_a_move_answers_as_the_appointment_is_read(desk: Desk) -> None:
    """The appointment is not read again, because the rules have already read the names."""
    request = desk.booked("pat", OLD, treatment=3)
    desk.client.post("rita", f"/appointments/{request['appointment_id']}/confirm")
    set_treatment(desk.practice, 3, active=False)

    for user_name, change in (
        ("rita", {"starts_at": at("11:00", DAY), "override_reason": "Pain", "internal_note": "Call"}),
        ("drjay", {"starts_at": NEW, "patient_note": "Hello"}),
        ("pat", {"doctor_id": desk.id_of("drsol")}),
    ):
        shown = moved(desk, user_name, request, **change)
        assert shown == desk.client.get(user_name, f"/appointments/{request['appointment_id']}").json
