"""What a person does on the page, and what is true afterwards."""

from datetime import timedelta
from typing import Any

import pytest

from lambda_function.db.models import PersonEvent, WaitlistEntry
from tests.api.conditions import set_treatment
from tests.api.desk import Desk, instant, rfc3339
from tests.pages.seen import announced, history, statuses, visits
from tests.pages.visitor import Visitor
from tests.services.notifications.planned import offered

START = instant("15:00")
LATER = START + timedelta(hours=1)


@pytest.fixture
def path(visitor: Visitor, desk: Desk) -> str:
    """The link of a visit that is booked."""
    return visitor.told("booked", desk.practice.add_appointment(START))


def test_a_visit_is_confirmed(visitor: Visitor, desk: Desk, path: str) -> None:
    answer = visitor.post(path, "confirm")

    [visit] = visits(desk)
    assert (answer.status, answer.headers["Location"], answer.text) == (303, path, "")
    assert visit.attendance_confirmed_at is not None
    assert history(desk, visit.appointment_id) == [("CONFIRM_ATTENDANCE", "LINK")]
    assert announced(desk) == ["appointment.attendance_confirmed"]


@pytest.mark.parametrize("reason", [None, "", "I am ill.\r\nSorry, ¡perdón!"])
def test_a_visit_is_cancelled_with_a_reason_or_without(
    visitor: Visitor, desk: Desk, path: str, reason: str | None
) -> None:
    answer = visitor.post(path, "cancel", reason=reason)

    [visit] = visits(desk)
    assert (answer.status, answer.headers["Location"]) == (303, path)
    assert (visit.status.value, visit.cancel_reason) == ("CANCELLED", reason.replace("\r\n", "\n") if reason else None)
    assert history(desk, visit.appointment_id) == [("CANCEL", "LINK")]
    assert announced(desk) == ["appointment.cancelled"]


@pytest.mark.parametrize("doctor", [None, "drjay", "drwu"])
def test_a_visit_is_moved_and_keeps_its_link(visitor: Visitor, desk: Desk, path: str, doctor: str | None) -> None:
    doctor_id = doctor and desk.id_of(doctor)

    answer = visitor.post(path, "move", starts_at=rfc3339(LATER), doctor_id=doctor_id)

    [visit] = visits(desk)
    assert (answer.status, answer.headers["Location"]) == (303, path)
    assert (visit.starts_at, visit.doctor_id) == (LATER, doctor_id or desk.id_of("drjay"))
    assert history(desk, visit.appointment_id) == [("MOVE", "LINK")]
    assert announced(desk) == ["appointment.moved"]
    visitor.messages.clock.now = START
    assert visitor.get(path).status == 200


def test_a_cancelled_visit_is_booked_again(visitor: Visitor, desk: Desk, path: str) -> None:
    desk.cancelled("rita", visits(desk)[0].appointment_id)

    answer = visitor.post(path, "book", starts_at=rfc3339(LATER), doctor_id=desk.id_of("drwu"))

    cancelled, booked = visits(desk)
    assert (answer.status, answer.headers["Location"]) == (303, path)
    assert (booked.status.value, booked.starts_at, booked.doctor_id) == ("BOOKED", LATER, desk.id_of("drwu"))
    assert (booked.patient_id, booked.treatment_id) == (cancelled.patient_id, cancelled.treatment_id)
    assert history(desk, booked.appointment_id) == [("BOOK", "LINK")]
    assert announced(desk) == ["appointment.cancelled", "appointment.booked"]


def test_an_offer_is_accepted(visitor: Visitor, desk: Desk) -> None:
    offered(visitor.messages)
    [path] = visitor.links().values()

    answer = visitor.post(path, "accept")

    [visit] = visits(desk)
    assert (answer.status, answer.headers["Location"]) == (303, path)
    assert (visit.status.value, visit.starts_at) == ("BOOKED", START)
    assert [entry.status.value for entry in desk.practice.rows(WaitlistEntry)] == ["ACCEPTED"]
    assert history(desk, visit.appointment_id) == [("BOOK", "LINK")]
    assert announced(desk) == ["appointment.booked"]
    assert visitor.post(path, "cancel").status == 303
    assert statuses(desk) == ["CANCELLED"]


PARTS = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"body": "action=unsubscribe", "content_type": "application/x-www-form-urlencoded"}, 303),
        # Mail programs follow no redirection.
        ({"body": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"}, 204),
        ({"body": PARTS.encode(), "content_type": "multipart/form-data; boundary=b"}, 204),
    ],
    ids=["on the page", "by a mail program", "by a mail program in parts"],
)
def test_who_unsubscribes_is_not_reminded_of_check_ups(
    visitor: Visitor, desk: Desk, path: str, sent: dict[str, Any], status: int
) -> None:
    for _ in range(2):
        answer = visitor.send("POST", path, **sent)
        assert answer.status == status, answer.text

    assert desk.practice.user("pat").recalls is False
    assert [event.action for event in desk.practice.rows(PersonEvent)].count("CHANGE") == 1
    assert statuses(desk) == ["BOOKED"]


def test_what_needs_approval_is_requested_and_after_a_move_requested_again(visitor: Visitor, desk: Desk) -> None:
    set_treatment(desk.practice, 1, needs_approval=True)
    path = visitor.told("booked", desk.practice.add_appointment(START))

    assert visitor.post(path, "move", starts_at=rfc3339(LATER)).status == 303
    assert statuses(desk) == ["REQUESTED"]
    assert visitor.post(path, "cancel").status == 303
    assert visitor.post(path, "book", starts_at=rfc3339(START)).status == 303

    assert statuses(desk) == ["CANCELLED", "REQUESTED"]
    assert announced(desk) == ["appointment.moved", "appointment.cancelled", "appointment.requested"]
