"""PATCH /me, and PATCH and DELETE /users/{id}."""

from datetime import timedelta
from typing import Any

import pytest

from lambda_function.db.models import Appointment, AppointmentEvent, OutboxMessage, User
from lambda_function.domain.appointment import Status
from tests.api.conditions import add_visits, expect_bookings
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import Clock


def _patch(desk: Desk, user_name: str, path: str, body: Any, **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return desk.client.call(user_name, "PATCH", path, body, headers=given)


def _user(desk: Desk, user_name: str) -> str:
    return f"/users/{desk.id_of(user_name)}"


def _delete(desk: Desk, user_name: str, target: str) -> Answer:
    return desk.client.call(user_name, "DELETE", _user(desk, target))


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_everybody_changes_their_own_contact_data_and_name(desk: Desk, user_name: str, clock: Clock) -> None:
    clock.advance(minutes=1)
    change = {"email": "new@example.org", "phone": "+51 999 888", "full_name": "New Name"}
    before = desk.client.get(user_name, "/me").json

    answer = _patch(desk, user_name, "/me", change)

    assert answer.status == 200, answer.text
    assert answer.json == {**before, **change, "contact_by": "EMAIL", "version": 2}
    assert answer.headers["ETag"] == '"2"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert desk.client.get(user_name, "/me").json == answer.json
    assert desk.practice.user(user_name).updated_at == clock.now


@pytest.mark.parametrize("path", ["/me", "/users/me"])
def test_reading_a_profile_answers_the_etag_that_a_change_may_name(desk: Desk, path: str) -> None:
    answer = desk.client.get("pat", path)

    assert answer.headers["ETag"] == '"1"'
    assert _patch(desk, "pat", "/me", {"phone": "5551234"}, If_Match=answer.headers["ETag"]).status == 200


def test_null_removes_email_and_phone_and_what_is_not_given_stays(desk: Desk) -> None:
    assert _patch(desk, "pat", "/me", {"phone": "5551234"}).json["email"] == "pat@example.org"

    answer = _patch(desk, "pat", "/me", {"email": None, "phone": None})

    assert (answer.json["email"], answer.json["phone"], answer.json["full_name"]) == (None, None, "Pat Rojas")


def test_what_changes_nothing_keeps_the_version(desk: Desk, fingerprint: Fingerprint) -> None:
    before = fingerprint()

    answer = _patch(desk, "pat", "/me", {"email": "pat@example.org", "full_name": "Pat Rojas"})

    assert (answer.status, answer.json["version"], answer.headers["ETag"]) == (200, 1, '"1"')
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"full_name": None}, "full_name"),
        ({"full_name": ""}, "full_name"),
        ({"full_name": "  "}, "full_name"),
        ({"full_name": "x" * 201}, "full_name"),
        ({"email": "nobody"}, "email"),
        ({"email": ""}, "email"),
        ({"phone": "abc"}, "phone"),
        ({"phone": 5551234}, "phone"),
        ({"user_name": "root"}, "user_name"),
        ({"user_type": "RECEPTIONIST", "phone": "5551234"}, "user_type"),
        ({"active": False}, "active"),
        ({"version": 7}, "version"),
    ],
)
@pytest.mark.parametrize("path", ["/me", "/users"])
def test_bad_changes_are_422_on_the_field_and_write_nothing(
    desk: Desk, fingerprint: Fingerprint, path: str, body: Any, field: str
) -> None:
    before = fingerprint()
    user_name, target = ("pat", "/me") if path == "/me" else ("rita", _user(desk, "pat"))

    expect_problem(_patch(desk, user_name, target, body), 422, "validation_error", field)
    assert fingerprint() == before


@pytest.mark.parametrize("path", ["/me", "/users"])
def test_a_stale_if_match_is_412_and_changes_nothing(desk: Desk, fingerprint: Fingerprint, path: str) -> None:
    user_name, target = ("pat", "/me") if path == "/me" else ("rita", _user(desk, "pat"))
    assert _patch(desk, user_name, target, {"phone": "5551234"}, If_Match='"1"').status == 200
    before = fingerprint()

    expect_problem(_patch(desk, user_name, target, {"phone": "5550000"}, If_Match='"1"'), 412, "stale_version")
    assert fingerprint() == before


def test_a_reception_changes_a_patient_it_sees(desk: Desk) -> None:
    answer = _patch(desk, "rita", _user(desk, "kim"), {"phone": "+51 1 555", "full_name": "Kim Soto Díaz"})

    assert (answer.status, answer.json["phone"], answer.json["full_name"]) == (200, "+51 1 555", "Kim Soto Díaz")
    assert answer.headers["ETag"] == '"2"'
    assert desk.client.get("kim", "/users/me").json == answer.json


_OTHERS = [
    ("rita", "drjay", 403),
    ("rita", "rita", 403),
    ("rita", "drsol", 404),
    ("rita", "rosa", 404),
    ("rita", "stranger", 404),
    ("drjay", "pat", 403),
    ("drjay", "drjay", 403),
    ("drjay", "drwu", 403),
    ("drjay", "rita", 404),
    ("drjay", "stranger", 404),
    ("pat", "pat", 403),
    ("pat", "drjay", 403),
    ("pat", "kim", 404),
    ("pat", "rita", 404),
]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize(("user_name", "target", "status"), _OTHERS)
def test_whoever_is_no_patient_of_the_reception_is_forbidden_or_not_found(  # noqa: PLR0917 - pytest passes them by name
    desk: Desk, fingerprint: Fingerprint, method: str, user_name: str, target: str, status: int
) -> None:
    desk.practice.add_patient("stranger", clinics=(2,))
    before = fingerprint()
    body = {"phone": "5551234"} if method == "PATCH" else None

    answer = desk.client.call(user_name, method, _user(desk, target), body)

    expect_problem(answer, status, "forbidden" if status == 403 else "not_found")
    assert fingerprint() == before


def test_a_deactivated_patient_is_gone_and_the_token_opens_nothing(desk: Desk, clock: Clock) -> None:
    clock.advance(minutes=3)
    answer = _delete(desk, "rita", "kim")

    assert (answer.status, answer.text) == (204, "")
    expect_problem(desk.client.get("rita", _user(desk, "kim")), 404, "not_found")
    expect_problem(_delete(desk, "rita", "kim"), 404, "not_found")
    expect_problem(_patch(desk, "rita", _user(desk, "kim"), {"phone": "5551234"}), 404, "not_found")
    expect_problem(desk.client.get("kim", "/me"), 403, "forbidden")
    [kim] = [user for user in desk.practice.rows(User) if user.user_name == "kim"]
    assert (kim.active, kim.version, kim.updated_at) == (False, 2, clock.now)


def test_a_deactivated_patient_cannot_be_booked(desk: Desk, fingerprint: Fingerprint) -> None:
    _delete(desk, "rita", "kim")
    before = fingerprint()

    expect_problem(desk.book("rita", at("15:00"), patient="kim"), 422, "validation_error", "patient_id")
    assert fingerprint() == before


def test_what_is_ahead_of_a_deactivated_patient_is_cancelled_with_its_time_and_an_event(desk: Desk) -> None:
    booked = desk.booked("rita", at("15:00"))["appointment_id"]
    requested = desk.booked("pat", at("17:00", "2030-01-21"), doctor="drwu", treatment=3)["appointment_id"]
    others = desk.booked("rita", at("16:00"), patient="kim")["appointment_id"]

    assert _delete(desk, "rita", "pat").status == 204

    for appointment_id, before in ((booked, Status.BOOKED), (requested, Status.REQUESTED)):
        shown = desk.client.get("rita", f"/appointments/{appointment_id}").json
        assert (shown["status"], shown["cancel_reason"], shown["version"]) == ("CANCELLED", "Patient deactivated", 2)
        events = [row for row in desk.practice.rows(AppointmentEvent) if row.appointment_id == appointment_id]
        assert [event.action for event in events] == ["BOOK", "CANCEL"]
        assert (events[1].from_status, events[1].to_status) == (before, Status.CANCELLED)
        assert (events[1].actor_id, events[1].reason) == (desk.id_of("rita"), "Patient deactivated")
    assert {claim[3] for claim in desk.practice.claims()} == {others}
    assert desk.book("rita", at("15:00"), patient="kim").status == 201


def test_what_is_past_begun_or_cancelled_stays_as_it_is(desk: Desk, clock: Clock) -> None:
    past = desk.booked("rita", at("15:00"))["appointment_id"]
    begun = desk.booked("rita", at("17:00"))["appointment_id"]
    cancelled = desk.booked("rita", at("19:00"))["appointment_id"]
    desk.cancelled("rita", cancelled)
    clock.now = instant("17:00")
    before = {row.appointment_id: (row.status, row.version) for row in desk.practice.rows(Appointment)}

    assert _delete(desk, "rita", "pat").status == 204

    assert {row.appointment_id: (row.status, row.version) for row in desk.practice.rows(Appointment)} == before
    assert {claim[3] for claim in desk.practice.claims()} == {past, begun}
    assert desk.client.get("rita", f"/appointments/{begun}/history").json["items"]


def test_visits_ahead_in_another_clinic_are_409_with_their_number_alone_and_nothing_changes(
    desk: Desk, fingerprint: Fingerprint
) -> None:
    here = desk.booked("rita", at("15:00"))["appointment_id"]
    for time in ("18:00", "19:00"):
        desk.booked("rosa", at(time), doctor="drsol")
    before = fingerprint()

    expect_bookings(_delete(desk, "rita", "pat"), here, elsewhere=2)

    assert fingerprint() == before


def test_more_than_a_hundred_visits_ahead_are_left_to_the_operators(desk: Desk, fingerprint: Fingerprint) -> None:
    ids = add_visits(desk.practice, 101, instant("15:00"))
    before = fingerprint()

    expect_bookings(_delete(desk, "rita", "pat"), *ids)

    assert fingerprint() == before


def test_a_hundred_visits_are_cancelled_at_once(desk: Desk) -> None:
    ids = add_visits(desk.practice, 100, instant("15:00"))

    assert _delete(desk, "rita", "pat").status == 204

    rows = desk.practice.rows(Appointment)
    assert {(row.status, row.version, row.cancel_reason) for row in rows} == {
        (Status.CANCELLED, 2, "Patient deactivated")
    }
    assert desk.practice.claims() == []
    events = desk.practice.rows(AppointmentEvent)
    assert [(event.appointment_id, event.action, event.from_status) for event in events] == [
        (number, "CANCEL", Status.BOOKED) for number in ids
    ]
    assert [message.detail["version"] for message in desk.practice.rows(OutboxMessage)] == [2] * 100


def test_a_receptionist_of_both_clinics_deactivates_a_patient_of_both(desk: Desk) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    desk.booked("rita", at("15:00"))
    desk.booked("rosa", at("18:00"), doctor="drsol")

    assert _delete(desk, "both", "pat").status == 204
    assert desk.practice.claims() == []


def test_past_and_cancelled_visits_elsewhere_are_in_nobodys_way(desk: Desk, clock: Clock) -> None:
    desk.booked("rosa", at("13:00"), doctor="drsol")
    desk.cancelled("rosa", desk.booked("rosa", at("18:00"), doctor="drsol")["appointment_id"])
    clock.now = instant("13:00") + timedelta(hours=1)

    assert _delete(desk, "rita", "pat").status == 204


def test_a_patient_of_no_clinic_is_deactivated_by_any_reception(desk: Desk) -> None:
    desk.practice.add_patient("newcomer")

    assert _delete(desk, "rosa", "newcomer").status == 204
