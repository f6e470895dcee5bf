"""GET /appointments/{id}/history."""

from typing import Any

import pytest

from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.clock import Clock

DAY = "2030-01-10"


def _items(desk: Desk, user_name: str, visit: Any, **query: Any) -> Any:
    answer = desk.client.get(user_name, f"/appointments/{visit['appointment_id']}/history", **query)
    assert answer.status == 200, answer.text
    return answer.json["items"]


@pytest.fixture
def lived(desk: Desk, clock: Clock) -> Any:
    """Returns an implant that pat asked for, rita confirmed and moved, and drjay wrote a note on, with a minute between
    the steps.
    """
    visit = desk.booked("pat", at("15:00", DAY), treatment=3)
    path = f"/appointments/{visit['appointment_id']}"
    for user_name, method, suffix, body in (
        ("rita", "POST", "/confirm", None),
        ("rita", "PATCH", "", {"starts_at": at("11:00", DAY), "override_reason": "Pain"}),
        ("drjay", "PATCH", "", {"internal_note": "Anxious", "patient_note": "Fasting"}),
    ):
        clock.advance(minutes=1)
        answer = desk.client.call(user_name, method, path + suffix, body)
        assert answer.status == 200, answer.text
    return visit


def test_every_change_is_an_event_oldest_first_with_actor_role_before_and_after(desk: Desk, lived: Any) -> None:
    rita = {"user_name": "rita", "user_type": "RECEPTIONIST"}
    here = {"reason": None, "via": None}

    assert _items(desk, "rita", lived) == [
        {
            "at": at("14:00", "2030-01-07"),
            "actor": {"user_name": "pat", "user_type": "PATIENT"},
            "action": "BOOK",
            "from_status": None,
            "to_status": "REQUESTED",
            **here,
            "changes": {
                "starts_at": "2030-01-10T15:00:00Z",
                "doctor_id": desk.id_of("drjay"),
                "chair_id": lived["chair_id"],
            },
        },
        {
            "at": at("14:01", "2030-01-07"),
            "actor": rita,
            "action": "CONFIRM",
            "from_status": "REQUESTED",
            "to_status": "BOOKED",
            **here,
            "changes": {},
        },
        {
            "at": at("14:02", "2030-01-07"),
            "actor": rita,
            "action": "MOVE",
            "from_status": "BOOKED",
            "to_status": "BOOKED",
            **here,
            "changes": {
                "starts_at": ["2030-01-10T15:00:00Z", "2030-01-10T11:00:00Z"],
                "override_reason": "Pain",
            },
        },
        {
            "at": at("14:03", "2030-01-07"),
            "actor": {"user_name": "drjay", "user_type": "DOCTOR"},
            "action": "NOTE",
            "from_status": "BOOKED",
            "to_status": "BOOKED",
            **here,
            "changes": {"internal_note": [None, "Anxious"], "patient_note": [None, "Fasting"]},
        },
    ]


def test_doctor_and_reception_read_the_same(desk: Desk, lived: Any) -> None:
    assert _items(desk, "drjay", lived) == _items(desk, "rita", lived)


def test_patients_read_a_summary_without_what_is_internal(desk: Desk, lived: Any) -> None:
    answer = desk.client.get("pat", f"/appointments/{lived['appointment_id']}/history")

    assert [event["action"] for event in answer.json["items"]] == ["BOOK", "CONFIRM", "MOVE", "NOTE"]
    assert answer.json["items"][3]["changes"] == {"patient_note": [None, "Fasting"]}
    assert not [word for word in ("Anxious", "Pain", "internal_note", "override_reason") if word in answer.text]
    assert answer.headers["Cache-Control"] == "no-store"


def test_patients_read_that_an_internal_note_was_made_and_not_what_it_says(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00", DAY))
    desk.client.call("rita", "PATCH", f"/appointments/{visit['appointment_id']}", {"internal_note": "Anxious"})

    assert [event["action"] for event in _items(desk, "pat", visit)] == ["BOOK", "NOTE"]
    assert _items(desk, "pat", visit)[1]["changes"] == {}
    assert _items(desk, "rita", visit)[1]["changes"] == {"internal_note": [None, "Anxious"]}


def test_the_reason_of_a_cancellation_is_told(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00", DAY))
    desk.cancel("pat", visit["appointment_id"], "Got the flu")

    for user_name in ("pat", "drjay", "rita"):
        last = _items(desk, user_name, visit)[-1]
        assert (last["action"], last["reason"], last["to_status"]) == ("CANCEL", "Got the flu", "CANCELLED")


def test_an_actor_keeps_the_role_of_that_day(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00", DAY))
    path = f"/users/{desk.id_of('pat')}"
    assert desk.client.call("rita", "DELETE", path).status == 204

    assert [event["actor"]["user_type"] for event in _items(desk, "drjay", visit)] == ["RECEPTIONIST", "RECEPTIONIST"]


def test_history_comes_page_by_page(desk: Desk, lived: Any) -> None:
    path = f"/appointments/{lived['appointment_id']}/history"
    seen: list[Any] = []
    cursor: dict[str, Any] = {}
    while True:
        page = desk.client.get("rita", path, limit=3, **cursor).json
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == _items(desk, "rita", lived)
    assert len(seen) == 4


def test_events_of_other_visits_are_not_in_it(desk: Desk, lived: Any) -> None:
    other = desk.booked("rita", at("15:00", DAY), doctor="drwu", patient="kim")

    assert len(_items(desk, "rita", lived)) == 4
    assert len(_items(desk, "rita", other)) == 1


@pytest.mark.parametrize("user_name", ["kim", "drwu", "drsol", "rosa"])
def test_the_history_of_what_is_not_visible_is_not_found(desk: Desk, lived: Any, user_name: str) -> None:
    expect_problem(desk.client.get(user_name, f"/appointments/{lived['appointment_id']}/history"), 404, "not_found")


@pytest.mark.parametrize(("query", "field"), [({"limit": 0}, "limit"), ({"cursor": "x"}, "cursor"), ({"q": 1}, "q")])
def test_bad_queries_are_422_on_the_field(desk: Desk, lived: Any, query: dict[str, Any], field: str) -> None:
    path = f"/appointments/{lived['appointment_id']}/history"

    expect_problem(desk.client.get("rita", path, **query), 422, "validation_error", field)


def test_there_is_no_history_of_nothing(desk: Desk) -> None:
    for appointment_id in ("1", "0", "abc", str(2**63 - 1)):
        expect_problem(desk.client.get("rita", f"/appointments/{appointment_id}/history"), 404, "not_found")
