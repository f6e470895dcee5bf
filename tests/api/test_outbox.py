"""Every change of an appointment leaves a message in the outbox, without anything personal."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, event

from lambda_function.db.models import OutboxMessage
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.services.booking import BookingRequest, book
from tests.api.conftest import Fingerprint, Statements
from tests.api.desk import Desk, at, instant
from tests.api.scene import AHEAD, BEGUN, LATER_TODAY, REQUESTED, UNDER_WAY, Scene, State
from tests.clock import NOW


@pytest.fixture
def scene(desk: Desk) -> Scene:
    return Scene(desk)


def messages(desk: Desk) -> list[OutboxMessage]:
    """Returns the messages about visits. Completing one leaves another about the next recall."""
    found = [row for row in desk.practice.rows(OutboxMessage) if row.kind.startswith("appointment.")]
    return sorted(found, key=lambda row: row.outbox_id)


def told(desk: Desk) -> list[tuple[str, int, int]]:
    """Returns (kind, appointment_id, version), oldest first."""
    return [(row.kind, row.detail["appointment_id"], row.detail["version"]) for row in messages(desk)]


def change(desk: Desk, user_name: str, visit: int, **body: Any) -> None:
    answer = desk.client.call(user_name, "PATCH", f"/appointments/{visit}", body)
    assert answer.status == 200, answer.text


def test_a_booking_leaves_a_message_that_says_what_and_when(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]

    [message] = messages(desk)

    assert (message.kind, message.created_at, message.published_at) == ("appointment.booked", NOW, None)
    assert message.detail == {
        "appointment_id": visit,
        "version": 1,
        "action": "BOOK",
        "from_status": None,
        "to_status": "BOOKED",
        "changed": [],
        "announce": True,
        "country": "PE",
        "clinic_id": 1,
        "doctor_id": desk.id_of("drjay"),
        "starts_at": "2030-01-08T15:00:00Z",
        "at": "2030-01-07T14:00:00Z",
    }


def test_a_request_is_told_as_one(desk: Desk) -> None:
    visit = desk.booked("pat", at("15:00"), treatment=3)["appointment_id"]

    assert told(desk) == [("appointment.requested", visit, 1)]


@pytest.mark.parametrize(
    ("user_name", "name", "state", "expected"),
    [
        ("rita", "confirm", REQUESTED, ("appointment.confirmed", "REQUESTED", "BOOKED")),
        ("rita", "check-in", LATER_TODAY, ("appointment.checked_in", "BOOKED", "CHECKED_IN")),
        ("drjay", "complete", UNDER_WAY, ("appointment.completed", "CHECKED_IN", "COMPLETED")),
        ("rita", "no-show", BEGUN, ("appointment.no_show", "BOOKED", "NO_SHOW")),
        ("rita", "cancel", AHEAD, ("appointment.cancelled", "BOOKED", "CANCELLED")),
    ],
)
def test_each_step_leaves_one_message(
    scene: Scene, user_name: str, name: str, state: State, expected: tuple[str, str, str]
) -> None:
    visit = scene.appointment("pat", "drjay", state)
    body = {"reason": "Ill"} if name == "cancel" else None

    answer = scene.desk.client.post(user_name, f"/appointments/{visit}/{name}", body)

    assert told(scene.desk) == [(expected[0], visit, answer.json["version"])]
    [message] = messages(scene.desk)
    assert (message.kind, message.detail["from_status"], message.detail["to_status"]) == expected


def test_a_move_leaves_one_message_about_the_new_time_and_doctor(scene: Scene) -> None:
    visit = scene.appointment("pat", "drjay")

    change(scene.desk, "rita", visit, starts_at=at("16:00", "2030-01-22"), doctor_id=scene.desk.id_of("drwu"))

    [message] = messages(scene.desk)
    assert told(scene.desk) == [("appointment.moved", visit, 2)]
    assert message.detail["starts_at"] == "2030-01-22T16:00:00Z"
    assert message.detail["doctor_id"] == scene.desk.id_of("drwu")


def test_a_move_with_a_note_leaves_two_messages_of_one_version(scene: Scene) -> None:
    visit = scene.appointment("pat", "drjay")

    change(scene.desk, "rita", visit, starts_at=at("16:00", "2030-01-22"), internal_note="Late payer")

    assert told(scene.desk) == [("appointment.moved", visit, 2), ("appointment.noted", visit, 2)]


def test_a_move_to_another_country_tells_the_one_that_it_has_left_in_the_same_statement(
    scene: Scene, statements: Statements
) -> None:
    visit = scene.appointment("pat", "drjay")
    desk = scene.desk
    statements.clear()

    change(desk, "pat", visit, doctor_id=desk.id_of("drsol"), starts_at=at("16:00", "2030-01-22"))

    moved, left = messages(desk)
    assert told(desk) == [("appointment.moved", visit, 2), ("appointment.registration_requested", visit, 2)]
    assert [message.detail["country"] for message in (moved, left)] == ["CL", "PE"]
    assert left.detail == {
        **moved.detail,
        "country": "PE",
        "action": None,
        "from_status": "BOOKED",
        "changed": [],
        "announce": False,
    }
    assert len([sent for sent in statements.sent if sent.startswith("INSERT INTO outbox")]) == 1


def test_a_move_there_and_back_with_notes_tells_each_country_once_for_each_move(scene: Scene) -> None:
    desk = scene.desk
    desk.practice.add_receptionist("both", clinics=(1, 2))
    visit = scene.appointment("pat", "drjay")

    for doctor, day in (("drsol", "2030-01-22"), ("drjay", "2030-01-23")):
        change(desk, "both", visit, doctor_id=desk.id_of(doctor), starts_at=at("16:00", day), internal_note=day)

    assert [(row.kind.removeprefix("appointment."), row.detail["country"]) for row in messages(desk)] == [
        ("moved", "CL"),
        ("registration_requested", "PE"),
        ("noted", "CL"),
        ("moved", "PE"),
        ("registration_requested", "CL"),
        ("noted", "PE"),
    ]


def test_what_changes_nothing_leaves_no_message(scene: Scene) -> None:
    visit = scene.appointment("pat", "drjay")

    change(scene.desk, "rita", visit, doctor_id=scene.desk.id_of("drjay"))

    assert messages(scene.desk) == []


def test_accepting_an_offer_leaves_the_message_of_a_booking(scene: Scene) -> None:
    entry = scene.wish("pat", "drjay")

    visit = scene.desk.client.post("pat", f"/waitlist/{entry}/accept").json["appointment_id"]

    assert told(scene.desk) == [("appointment.booked", visit, 1)]


def test_deactivating_a_patient_tells_of_every_visit_in_one_statement(desk: Desk, statements: Statements) -> None:
    patient = desk.practice.add_patient("leaving", clinics=(1,)).user_id
    visits = [desk.booked("rita", at(f"{15 + n}:00"), patient="leaving")["appointment_id"] for n in range(3)]
    statements.clear()

    assert desk.client.call("rita", "DELETE", f"/users/{patient}").status == 204

    assert told(desk)[3:] == [("appointment.cancelled", visit, 2) for visit in visits]
    assert len([sent for sent in statements.sent if sent.startswith("INSERT INTO outbox")]) == 1
    assert len([sent for sent in statements.sent if sent.startswith("INSERT INTO appointment_event")]) == 1


def test_a_refused_booking_and_a_refused_step_leave_nothing(desk: Desk, fingerprint: Fingerprint) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    before = fingerprint()

    assert desk.book("rita", at("15:00"), patient="kim").status == 409
    assert desk.client.post("rita", f"/appointments/{visit}/confirm").status == 409

    assert fingerprint() == before
    assert len(messages(desk)) == 1


def test_a_booking_that_fails_after_its_last_statement_leaves_nothing(desk: Desk, database: Database) -> None:
    request = BookingRequest(desk.id_of("drjay"), 1, instant("15:00"), desk.id_of("pat"))
    rita = desk.practice.actor("rita")

    def run(work: UnitOfWork) -> None:
        work.act_as(rita)
        book(work, request)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.transact(run)

    assert messages(desk) == []


def test_a_booking_that_is_tried_again_leaves_one_message(desk: Desk, engine: Engine) -> None:
    """The first commit fails as after a deadlock."""
    failed: list[bool] = []

    def fail_once(connection: Any) -> None:
        if not failed:
            failed.append(True)
            connection.exec_driver_sql("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")

    event.listen(engine, "commit", fail_once)
    try:
        visit = desk.booked("rita", at("15:00"))["appointment_id"]
    finally:
        event.remove(engine, "commit", fail_once)

    assert failed
    assert told(desk) == [("appointment.booked", visit, 1)]


def test_nothing_that_people_wrote_or_are_called_gets_into_the_outbox(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00", "2030-01-21"), patient_note="Secret-note")["appointment_id"]
    change(desk, "rita", visit, internal_note="Secret-thought")
    change(desk, "rita", visit, starts_at=at("03:00", "2030-01-22"), override_reason="Secret-override")
    desk.cancel("rita", visit, "Secret-reason")

    text = json.dumps([row.detail for row in messages(desk)])

    assert len(messages(desk)) == 4
    assert "Secret" not in text
    assert not [name for name in ("pat", "rita", "Quispe") if name in text]
    assert "patient" not in text


def test_messages_are_in_the_order_of_what_happened(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00", "2030-01-21"))["appointment_id"]
    for hour in (16, 17, 18):
        change(desk, "rita", visit, starts_at=at(f"{hour}:00", "2030-01-21"))

    assert [version for _, _, version in told(desk)] == [1, 2, 3, 4]
    assert messages(desk)[-1].detail["starts_at"] == "2030-01-21T18:00:00Z"
