"""POST /recalls, PATCH /recalls/{id}, POST /recalls/{id}/dismiss, and the history of a recall."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import User
from lambda_function.domain.appointment import Status
from lambda_function.domain.recalls import RecallStatus
from tests.api.conditions import set_treatment
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api.recalling import add_recall
from tests.clock import NOW

STAFF = ["drjay", "rita"]


def wish(desk: Desk, patient: str = "pat", **more: Any) -> dict[str, Any]:
    return {"patient_id": desk.id_of(patient), "treatment_id": 1, "due_on": "2030-06-01", **more}


def history(desk: Desk, caller: str, recall_id: int, **query: Any) -> Any:
    answer = desk.client.get(caller, f"/recalls/{recall_id}/history", **query)
    assert answer.status == 200, answer.text
    return answer.json["items"]


@pytest.mark.parametrize("caller", STAFF)
def test_staff_open_a_recall(desk: Desk, caller: str) -> None:
    answer = desk.client.post(caller, "/recalls", wish(desk, doctor_id=desk.id_of("drwu"), note="Call first"))

    assert answer.status == 201, answer.text
    recall = answer.json
    assert answer.headers["Location"] == f"/recalls/{recall['recall_id']}"
    assert answer.headers["ETag"] == '"1"'
    assert (recall["state"], recall["due_on"], recall["note"]) == ("UPCOMING", "2030-06-01", "Call first")
    assert (recall["clinic_id"], recall["doctor_id"]) == (1, desk.id_of("drwu"))
    assert [(entry["action"], entry["user_name"]) for entry in history(desk, caller, recall["recall_id"])] == [
        ("OPEN", caller)
    ]


def test_a_second_open_one_is_refused_even_if_it_is_in_another_clinic(desk: Desk) -> None:
    add_recall(desk, clinic_id=2)

    expect_problem(desk.client.post("rita", "/recalls", wish(desk)), 409, "already_recalled")
    assert desk.client.post("rita", "/recalls", wish(desk, treatment_id=2)).status == 201


@pytest.mark.parametrize("due_on", ["1999-12-31", "2040-01-08", "2030-02-30"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_day_that_nobody_means_is_refused(desk: Desk, method: str, due_on: str) -> None:
    number = add_recall(desk, treatment_id=2)
    path, body = ("/recalls", wish(desk)) if method == "POST" else (f"/recalls/{number}", {})

    answer = desk.client.call("rita", method, path, {**body, "due_on": due_on})

    expect_problem(answer, 422, "validation_error", "due_on")


@pytest.mark.parametrize("due_on", ["2000-01-01", "2040-01-07"])
def test_the_first_and_the_last_day_are_fine(desk: Desk, due_on: str) -> None:
    assert desk.client.post("rita", "/recalls", wish(desk, due_on=due_on)).status == 201


def test_staff_change_the_day_the_doctor_and_the_note(desk: Desk) -> None:
    number = add_recall(desk, note="Old", doctor_id=desk.id_of("drjay"))
    body = {"due_on": "2030-04-01", "doctor_id": None, "note": None}

    answer = desk.client.call("rita", "PATCH", f"/recalls/{number}", body, headers={"If-Match": '"1"'})

    assert answer.status == 200, answer.text
    assert answer.headers["ETag"] == '"2"'
    assert {name: answer.json[name] for name in body} == body
    assert history(desk, "drjay", number)[0]["changes"] == {
        "due_on": {"from": "2030-03-01", "to": "2030-04-01"},
        "doctor_id": {"from": desk.id_of("drjay"), "to": None},
        "note": True,
    }


def test_a_change_of_what_somebody_else_has_changed_is_refused(desk: Desk) -> None:
    number = add_recall(desk, version=3)
    stale = {"If-Match": '"2"'}

    changed = desk.client.call("rita", "PATCH", f"/recalls/{number}", {"note": "x"}, headers=stale)
    dismissed = desk.client.post("rita", f"/recalls/{number}/dismiss", {"reason": "x"}, headers=stale)

    expect_problem(changed, 412, "stale_version")
    expect_problem(dismissed, 412, "stale_version")


def test_a_doctor_of_another_clinic_is_refused(desk: Desk) -> None:
    number = add_recall(desk)
    answer = desk.client.call("rita", "PATCH", f"/recalls/{number}", {"doctor_id": desk.id_of("drsol")})

    expect_problem(answer, 422, "validation_error", "doctor_id")


@pytest.mark.parametrize("caller", STAFF)
def test_a_recall_is_dismissed_once_and_with_a_reason(desk: Desk, caller: str) -> None:
    number = add_recall(desk)
    path = f"/recalls/{number}/dismiss"
    expect_problem(desk.client.post(caller, path, {}), 422, "validation_error", "reason")

    answer = desk.client.post(caller, path, {"reason": "Moved away"})

    assert (answer.status, answer.json["state"], answer.json["version"]) == (200, "DISMISSED", 2)
    expect_problem(desk.client.post(caller, path, {"reason": "Again"}), 409, "invalid_transition")
    expect_problem(desk.client.call(caller, "PATCH", f"/recalls/{number}", {"note": "x"}), 409, "invalid_transition")
    [entry] = history(desk, caller, number)
    assert (entry["action"], entry["user_name"], entry["reason"]) == ("DISMISS", caller, "Moved away")
    assert desk.client.post(caller, "/recalls", wish(desk)).status == 201


def test_patients_read_and_change_nothing_beyond_the_list(desk: Desk) -> None:
    number = add_recall(desk)

    for answer in (
        desk.client.post("pat", "/recalls", wish(desk)),
        desk.client.call("pat", "PATCH", f"/recalls/{number}", {"note": "x"}),
        desk.client.post("pat", f"/recalls/{number}/dismiss", {"reason": "x"}),
        desk.client.get("pat", f"/recalls/{number}/history"),
    ):
        expect_problem(answer, 403, "forbidden")


def test_completing_the_visit_ends_the_recall_and_opens_the_next_one(desk: Desk) -> None:
    set_treatment(desk.practice, 1, recall_months=6)
    number = add_recall(desk, due_on=NOW.date())
    visit = desk.practice.add_appointment(NOW - timedelta(hours=1), status=Status.CHECKED_IN).appointment_id
    assert desk.client.post("drjay", f"/appointments/{visit}/complete", {}).status == 200

    old, new = desk.client.get("rita", "/recalls").json["items"]

    assert (old["recall_id"], old["state"], old["appointment_id"]) == (number, "DONE", visit)
    assert (new["state"], new["due_on"], new["doctor_id"]) == ("UPCOMING", "2030-07-07", desk.id_of("drjay"))
    [done], [opened] = history(desk, "rita", number), history(desk, "rita", new["recall_id"])
    assert (done["action"], done["appointment_id"], done["user_name"]) == ("DONE", visit, None)
    assert (opened["action"], opened["appointment_id"]) == ("OPEN", visit)
    assert history(desk, "drwu", number)[0]["appointment_id"] is None


def test_the_pages_of_a_history_follow_each_other(desk: Desk) -> None:
    visit = desk.practice.add_appointment(NOW - timedelta(days=200), status=Status.COMPLETED).appointment_id
    number = add_recall(desk, opened_by=visit)
    for note in ("a", "b"):
        assert desk.client.call("rita", "PATCH", f"/recalls/{number}", {"note": note}).status == 200
    desk.client.post("rita", f"/recalls/{number}/dismiss", {"reason": "x"})
    whole = history(desk, "rita", number)
    path = f"/recalls/{number}/history"

    pages: list[Any] = []
    cursor = None
    while not pages or cursor is not None:
        answer = desk.client.get("rita", path, limit=1, **({} if cursor is None else {"cursor": cursor})).json
        pages += answer["items"]
        cursor = answer["next_cursor"]

    assert [entry["action"] for entry in whole] == ["OPEN", "CHANGE", "CHANGE", "DISMISS"]
    assert pages == whole


def test_a_history_ends_with_the_visit(desk: Desk) -> None:
    visit = desk.practice.add_appointment(NOW - timedelta(days=1), status=Status.COMPLETED).appointment_id
    number = add_recall(desk, opened_by=visit, status=RecallStatus.DONE, done_by=visit)
    path = f"/recalls/{number}/history"

    first = desk.client.get("rita", path, limit=1).json
    second = desk.client.get("rita", path, limit=1, cursor=first["next_cursor"]).json

    assert [first["items"][0]["action"], second["items"][0]["action"]] == ["OPEN", "DONE"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("values", [{"active": False}, {"user_type": "RECEPTIONIST"}], ids=["deactivated", "now staff"])
def test_receptions_dismiss_what_is_left_of_somebody_who_is_no_active_patient(
    desk: Desk, values: dict[str, Any]
) -> None:
    """`check` sends operators to them."""
    recall_id = add_recall(desk)
    desk.practice.session.execute(update(User).where(User.user_id == desk.id_of("pat")).values(**values))
    desk.practice.session.commit()
    answer = desk.client.post("rita", f"/recalls/{recall_id}/dismiss", {"reason": "No patient"})
    assert (answer.status, answer.json["state"]) == (200, "DISMISSED")
