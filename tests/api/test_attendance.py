"""POST /appointments/{id}/confirm-attendance, and the filter by it."""

from typing import Any

import pytest

from lambda_function.db.models import AppointmentEvent, Chair, OutboxMessage
from lambda_function.domain.appointment import Status
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import Clock


@pytest.fixture
def booked(desk: Desk) -> int:
    """Books a visit of pat with drjay on Thursday at 15:00Z, while the clock says Monday, 14:00Z."""
    appointment_id: int = desk.booked("rita", at("15:00", "2030-01-10"))["appointment_id"]
    return appointment_id


def confirm(desk: Desk, user_name: str, visit: int, **headers: str) -> Answer:
    return desk.client.post(user_name, f"/appointments/{visit}/confirm-attendance", headers=headers)


def confirmed_at(desk: Desk, visit: int) -> Any:
    return desk.client.get("rita", f"/appointments/{visit}").json["attendance_confirmed_at"]


@pytest.mark.parametrize("user_name", ["pat", "rita"])
def test_the_patient_or_the_reception_says_that_the_patient_will_come(
    desk: Desk, booked: int, clock: Clock, user_name: str
) -> None:
    clock.advance(minutes=30)

    answer = confirm(desk, user_name, booked)

    assert (answer.status, answer.headers["ETag"]) == (200, '"2"')
    assert (answer.json["status"], answer.json["version"]) == ("BOOKED", 2)
    assert answer.json["attendance_confirmed_at"] == answer.json["updated_at"] == at("14:30", "2030-01-07")
    assert confirmed_at(desk, booked) == at("14:30", "2030-01-07")


def test_a_repetition_changes_nothing(desk: Desk, booked: int, clock: Clock, fingerprint: Fingerprint) -> None:
    first = confirm(desk, "pat", booked)
    before = fingerprint()
    clock.advance(minutes=1)

    again = confirm(desk, "rita", booked)

    assert (again.status, again.json["version"]) == (200, 2)
    assert again.json["attendance_confirmed_at"] == first.json["attendance_confirmed_at"]
    assert fingerprint() == before


def test_history_and_outbox_say_so(desk: Desk, booked: int) -> None:
    confirm(desk, "pat", booked)

    event = desk.practice.rows(AppointmentEvent)[-1]
    assert (event.action, event.from_status, event.to_status) == ("CONFIRM_ATTENDANCE", Status.BOOKED, Status.BOOKED)
    assert (event.actor_id, event.changes, event.via) == (desk.id_of("pat"), {}, None)
    message = desk.practice.rows(OutboxMessage)[-1]
    assert message.kind == "appointment.attendance_confirmed"
    assert (message.detail["action"], message.detail["version"]) == ("CONFIRM_ATTENDANCE", 2)


def test_the_history_says_what_was_done_behind_a_link(desk: Desk, booked: int) -> None:
    confirm(desk, "pat", booked)
    path = f"/appointments/{booked}/history"
    assert [event["via"] for event in desk.client.get("pat", path).json["items"]] == [None, None]

    event = desk.practice.rows(AppointmentEvent)[-1]
    event.via = "LINK"
    desk.practice.session.commit()

    assert [event["via"] for event in desk.client.get("pat", path).json["items"]] == [None, "LINK"]


@pytest.mark.parametrize("wanted", [{"starts_at": at("16:00", "2030-01-10")}, {"doctor_id": "drwu"}])
def test_a_move_to_another_time_or_doctor_takes_it_back(desk: Desk, booked: int, wanted: dict[str, str]) -> None:
    confirm(desk, "pat", booked)
    doctor = {"doctor_id": desk.id_of(wanted["doctor_id"])} if "doctor_id" in wanted else {}

    assert desk.client.call("rita", "PATCH", f"/appointments/{booked}", {**wanted, **doctor}).status == 200

    assert confirmed_at(desk, booked) is None


def test_another_chair_or_a_note_leaves_it(desk: Desk, booked: int) -> None:
    said = confirm(desk, "pat", booked).json
    chair = next(
        row.chair_id for row in desk.practice.rows(Chair) if row.clinic_id == 1 and row.chair_id != said["chair_id"]
    )

    assert desk.client.call("rita", "PATCH", f"/appointments/{booked}", {"chair_id": chair}).json["chair_id"] == chair
    assert desk.client.call("rita", "PATCH", f"/appointments/{booked}", {"patient_note": "By wheelchair"}).status == 200

    assert confirmed_at(desk, booked) == said["attendance_confirmed_at"]


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.CHECKED_IN, Status.COMPLETED, Status.CANCELLED])
def test_only_a_booked_visit_can_be_promised(desk: Desk, fingerprint: Fingerprint, status: Status) -> None:
    visit = desk.practice.add_appointment(instant("15:00", "2030-01-10"), status=status).appointment_id
    before = fingerprint()

    expect_problem(confirm(desk, "pat", visit), 409, "invalid_transition")

    assert fingerprint() == before


def test_a_visit_that_has_started_cannot_be_promised(desk: Desk, booked: int, clock: Clock) -> None:
    clock.now = instant("15:00", "2030-01-10")

    expect_problem(confirm(desk, "pat", booked), 409, "invalid_transition")


def test_a_doctor_may_not_promise_it(desk: Desk, booked: int) -> None:
    expect_problem(confirm(desk, "drjay", booked), 403, "forbidden")


def test_an_older_version_is_refused(desk: Desk, booked: int) -> None:
    confirm(desk, "pat", booked)

    expect_problem(confirm(desk, "pat", booked, **{"If-Match": '"1"'}), 412, "stale_version")


def test_the_list_tells_who_has_promised_to_come_from_who_has_not(desk: Desk, booked: int) -> None:
    other = desk.booked("rita", at("16:00", "2030-01-10"))["appointment_id"]
    confirm(desk, "pat", booked)

    for user_name in ("pat", "drjay", "rita"):
        for filtered, expected in (("true", [booked]), ("false", [other])):
            answer = desk.client.get(user_name, "/appointments", attendance_confirmed=filtered)
            assert [each["appointment_id"] for each in answer.json["items"]] == expected
