"""GET /notifications."""

from typing import Any

import pytest

from lambda_function.db.models import Notification
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from tests.api.conftest import Statements
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api.test_query_budgets import within
from tests.clock import NOW


def tell(desk: Desk, user_name: str, clinic_id: int = 1, **columns: Any) -> int:
    """Adds a message and returns its id."""
    number = len(desk.practice.rows(Notification))
    row = Notification(
        **{
            "kind": NotificationKind.BOOKED,
            "channel": Channel.EMAIL,
            "status": NotificationStatus.SENT,
            "user_id": desk.id_of(user_name),
            "clinic_id": clinic_id,
            "subject": f"test:{number}",
            "basis_at": NOW,
            "due_at": NOW,
            "created_at": NOW,
            "sent_at": NOW,
            **columns,
        }
    )
    desk.practice.add(row)
    return row.notification_id


def listed(desk: Desk, caller: str, **query: Any) -> list[int]:
    answer = desk.client.get(caller, "/notifications", **query)
    assert answer.status == 200, answer.text
    return [item["notification_id"] for item in answer.json["items"]]


def test_a_message_is_shown_without_text_and_address(desk: Desk) -> None:
    number = tell(desk, "pat", appointment_id=17, status=NotificationStatus.FAILED, reason="bounced")

    answer = desk.client.get("rita", "/notifications")

    assert answer.json == {
        "items": [
            {
                "notification_id": number,
                "kind": "BOOKED",
                "channel": "EMAIL",
                "status": "FAILED",
                "due_at": at("14:00", "2030-01-07"),
                "sent_at": at("14:00", "2030-01-07"),
                "reason": "bounced",
                "appointment_id": 17,
                "recall_id": None,
                "waitlist_id": None,
                "user_id": desk.id_of("pat"),
            }
        ],
        "next_cursor": None,
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_reception_sees_what_its_clinics_tell(desk: Desk) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    first, second, third = tell(desk, "pat"), tell(desk, "kim", 2), tell(desk, "kim")

    assert listed(desk, "rita") == [first, third]
    assert listed(desk, "rosa") == [second]
    assert listed(desk, "both") == [first, second, third]


def test_patients_see_what_is_told_to_them_and_their_dependants(desk: Desk) -> None:
    desk.practice.add_patient("mother", clinics=(1,))
    desk.practice.add_guardian("mother", "pat")
    hers, his, others = tell(desk, "mother"), tell(desk, "pat"), tell(desk, "kim")

    assert listed(desk, "mother") == [hers, his]
    assert listed(desk, "pat") == [his]
    assert listed(desk, "kim") == [others]
    assert listed(desk, "mother", user_id=desk.id_of("pat")) == [his]


def test_whoever_is_no_longer_a_guardian_keeps_the_own_messages_and_cannot_ask_about_the_visit(desk: Desk) -> None:
    desk.practice.add_patient("mother", clinics=(1,))
    desk.practice.add_guardian("mother", "pat")
    visit = desk.practice.add_appointment(instant("15:00", "2030-01-10")).appointment_id
    hers, his = tell(desk, "mother", appointment_id=visit), tell(desk, "pat", appointment_id=visit)
    assert listed(desk, "mother", appointment_id=visit) == [hers, his]

    guardianship = f"/users/{desk.id_of('pat')}/guardians/{desk.id_of('mother')}"
    assert desk.client.call("rita", "DELETE", guardianship).status == 204

    assert listed(desk, "mother") == [hers]
    answer = desk.client.get("mother", "/notifications", appointment_id=visit)
    expect_problem(answer, 422, "validation_error", "appointment_id")


def test_doctors_may_not_look(desk: Desk) -> None:
    expect_problem(desk.client.get("drjay", "/notifications"), 403, "forbidden")


def test_each_filter_narrows_the_list(desk: Desk) -> None:
    visit = desk.practice.add_appointment(instant("15:00", "2030-01-10")).appointment_id
    first = tell(desk, "pat", appointment_id=visit)
    second = tell(desk, "pat", kind=NotificationKind.REMINDER, status=NotificationStatus.PENDING)
    third = tell(desk, "kim")

    assert listed(desk, "rita", appointment_id=visit) == [first]
    assert listed(desk, "rita", user_id=desk.id_of("pat")) == [first, second]
    assert listed(desk, "pat", user_id="me", kind="REMINDER") == [second]
    assert listed(desk, "rita", status="PENDING") == [second]
    assert listed(desk, "rita", kind="BOOKED", status="SENT") == [first, third]


@pytest.mark.parametrize("caller", ["pat", "rita"])
def test_an_id_that_names_nothing_visible_is_refused_on_its_field(desk: Desk, caller: str) -> None:
    drsol = desk.id_of("drsol")
    stranger = desk.practice.add_patient("stranger", clinics=(2,)).user_id
    there = desk.practice.add_appointment(instant("15:00"), doctor_id=drsol, clinic_id=2, patient_id=stranger)
    for field, value in (("appointment_id", there.appointment_id), ("user_id", stranger), ("appointment_id", 999_999)):
        answer = desk.client.get(caller, "/notifications", **{field: value})
        expect_problem(answer, 422, "validation_error", field)


@pytest.mark.parametrize("caller", ["both", "pat"])
def test_pages_hold_everything_once(desk: Desk, caller: str) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    numbers = [tell(desk, "pat", 1 + number % 2) for number in range(5)]
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 2}
    while query:
        answer = desk.client.get(caller, "/notifications", **query)
        seen += [item["notification_id"] for item in answer.json["items"]]
        query = {"limit": 2, "cursor": answer.json["next_cursor"]} if answer.json["next_cursor"] else {}

    assert seen == numbers


@pytest.mark.parametrize("number", [1, 60])
@pytest.mark.parametrize("caller", ["pat", "rita"])
def test_reading_stays_within_its_budget(desk: Desk, statements: Statements, caller: str, number: int) -> None:
    visit = desk.practice.add_appointment(instant("15:00", "2030-01-10")).appointment_id
    for _ in range(number):
        tell(desk, "pat", appointment_id=visit)
    query = {"appointment_id": visit, "user_id": desk.id_of("pat")}
    statements.clear()

    within(statements, "GET /notifications", desk.client.get(caller, "/notifications", **query))


def test_reminding_stays_within_its_budget(desk: Desk, statements: Statements) -> None:
    visit = desk.practice.add_appointment(instant("15:00", "2030-01-10")).appointment_id
    for guardian in ("mother", "father"):
        desk.practice.add_patient(guardian, email=f"{guardian}@example.org")
        desk.practice.add_guardian(guardian, "pat")
    pat = desk.practice.user("pat")
    pat.email = pat.phone = None
    desk.practice.session.commit()
    for _ in range(60):
        tell(desk, "pat", appointment_id=visit)
    statements.clear()

    answer = desk.client.post("rita", f"/appointments/{visit}/remind")

    within(statements, "POST /appointments/{appointment_id}/remind", answer, 202)
