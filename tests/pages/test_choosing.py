"""Choosing another time on the page."""

from urllib.parse import urlencode

from tests.api.desk import Desk, instant
from tests.pages.visitor import FORM, Visitor

START = instant("15:00", "2030-01-10")


def test_whoever_asks_for_a_doctor_sees_the_times_at_once(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    drwu = desk.id_of("drwu")

    assert "<details open>" not in visitor.get(path).text
    answer = visitor.get(path, doctor_id=drwu)

    assert "<details open>" in answer.text
    assert f'<option value="{drwu}" selected>' in answer.text


def test_whoever_is_refused_a_time_chooses_among_those_of_the_same_doctor(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    drwu = desk.id_of("drwu")
    past = urlencode({"action": "move", "doctor_id": drwu, "starts_at": "2030-01-06T15:00:00Z"})

    answer = visitor.send("POST", path, query=f"doctor_id={drwu}", body=past, content_type=FORM)

    assert answer.status == 422
    assert f'<option value="{drwu}" selected>' in answer.text
