"""Changes of people are written down: who did what to whom, and which fields changed, without their values."""

import json
from typing import Any

from lambda_function.db.models import PersonEvent
from tests.api.desk import Desk, at
from tests.clock import NOW

KIM = {"user_name": "zoe", "full_name": "Zoe Quinn", "email": "zoe@example.org"}


def _events(desk: Desk, user_name: str) -> list[tuple[Any, ...]]:
    """Returns (actor_id, action, fields), in order."""
    user_id = desk.id_of(user_name)
    rows = [row for row in desk.practice.rows(PersonEvent) if row.user_id == user_id]
    assert {row.at for row in rows} <= {NOW}
    return [(row.actor_id, row.action, row.fields) for row in sorted(rows, key=lambda row: row.person_event_id)]


def test_a_patient_who_is_entered_is_written_down(desk: Desk) -> None:
    assert desk.client.post("rita", "/users", KIM).status == 201

    assert _events(desk, "zoe") == [(desk.id_of("rita"), "CREATE", ["email", "full_name", "user_name"])]


def test_a_reception_that_changes_a_patient_is_written_down(desk: Desk) -> None:
    change = {"full_name": "Kim Vega", "email": "new@example.org", "phone": None}
    assert desk.client.call("rita", "PATCH", f"/users/{desk.id_of('kim')}", change).status == 200

    assert _events(desk, "kim") == [(desk.id_of("rita"), "CHANGE", ["email", "full_name"])]


def test_people_who_change_themselves_are_written_down(desk: Desk) -> None:
    assert desk.client.call("pat", "PATCH", "/me", {"phone": "+51 999 111"}).status == 200

    assert _events(desk, "pat") == [(desk.id_of("pat"), "CHANGE", ["phone"])]


def test_a_change_of_nothing_leaves_no_trace(desk: Desk) -> None:
    name = desk.client.get("pat", "/me").json["full_name"]
    assert desk.client.call("pat", "PATCH", "/me", {"full_name": name}).status == 200

    assert _events(desk, "pat") == []


def test_a_deactivation_is_written_down(desk: Desk) -> None:
    assert desk.client.call("rita", "DELETE", f"/users/{desk.practice.add_patient('leo', clinics=(1,)).user_id}").status

    assert _events(desk, "leo") == [(desk.id_of("rita"), "DEACTIVATE", [])]


def test_what_was_refused_leaves_no_trace(desk: Desk) -> None:
    desk.booked("rita", at("15:00"), patient="kim")
    assert desk.client.call("drjay", "PATCH", f"/users/{desk.id_of('kim')}", {"phone": "+51 9999"}).status == 403

    assert _events(desk, "kim") == []


def test_no_value_is_written_down(desk: Desk) -> None:
    desk.client.post("rita", "/users", KIM)
    desk.client.call("rita", "PATCH", f"/users/{desk.id_of('zoe')}", {"phone": "+51 987 654"})

    told = json.dumps([(row.action, row.fields) for row in desk.practice.rows(PersonEvent)])
    assert not [value for value in (*KIM.values(), "+51 987 654") if value in told]


def test_an_erased_person_matches_nobody(desk: Desk) -> None:
    """This holds even if one of their rows were made active again by mistake."""
    gone = desk.practice.add_patient("gone", clinics=(1,), erased_at=NOW)
    merged = desk.practice.add_patient("merged", clinics=(1,), merged_into=desk.id_of("pat"))

    for user in (gone, merged):
        assert desk.client.get(user.user_name, "/me").status == 403
        assert desk.client.get("rita", f"/users/{user.user_id}").status == 404
        assert desk.client.call("rita", "PATCH", f"/users/{user.user_id}", {"phone": "+51 9999"}).status == 404
        assert desk.book("rita", at("15:00"), patient=user.user_name).status == 422
    listed = {person["user_name"] for person in desk.client.get("rita", "/users").json["items"]}
    assert not listed & {"gone", "merged"}
