"""What a person does on the page, and what is true afterwards."""

from datetime import timedelta

from tests.api.desk import Desk, instant, rfc3339
from tests.clock import NOW
from tests.pages.visitor import Visitor

START = instant("15:00")


def history(desk: Desk, visit_id: int) -> list[tuple[str, str | None]]:
    """Returns what was done to a visit, and how."""
    answer = desk.client.get("rita", f"/appointments/{visit_id}/history")
    return [(event["action"], event["via"]) for event in answer.json["items"]]


def test_confirming_is_in_the_history_as_done_by_a_link(visitor: Visitor, desk: Desk) -> None:
    visit = desk.practice.add_appointment(START)
    path = visitor.told("booked", visit)

    answer = visitor.post(path, "confirm")

    assert (answer.status, answer.headers["Location"]) == (303, path)
    assert history(desk, visit.appointment_id) == [("CONFIRM_ATTENDANCE", "LINK")]
    assert visitor.get(path).status == 200


def test_a_visit_is_cancelled_and_then_booked_again_by_the_same_link(visitor: Visitor, desk: Desk) -> None:
    visit = desk.practice.add_appointment(START)
    path = visitor.told("booked", visit)
    assert visitor.post(path, "cancel", reason="I am ill.").status == 303

    again = {"starts_at": rfc3339(START + timedelta(days=1)), "doctor_id": visit.doctor_id}
    assert visitor.post(path, "book", **again).status == 303
    assert visitor.post(path, "book", **again).status == 303

    items = desk.client.get("pat", "/appointments").json["items"]
    assert [item["status"] for item in items] == ["CANCELLED", "BOOKED"]
    assert history(desk, items[1]["appointment_id"]) == [("BOOK", "LINK")]


def test_a_wrong_link_is_a_page_with_404(visitor: Visitor) -> None:
    answer = visitor.get("/visit/nothing")

    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_a_link_ends_when_its_visit_begins(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))

    visitor.messages.clock.now = START

    assert visitor.get(path).status == 404
    assert NOW < START
