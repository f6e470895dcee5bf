"""Choosing another time on the page."""

import re
from datetime import timedelta
from urllib.parse import urlencode

from tests.api.conditions import add_time_off, set_clinic, set_treatment
from tests.api.desk import Desk, instant
from tests.clock import NOW
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


def said_of_times(visitor: Visitor, path: str, **query: str) -> str:
    """Returns what the page says where it would show the times of the visit's doctor."""
    text = visitor.get(path, **query).text.partition('<div id="times">')[2]
    return " ".join(re.sub(r"<select.*?</select>|<.*?>", "", text, flags=re.DOTALL).split())


def test_it_is_told_of_which_days_no_time_is_free(visitor: Visitor, desk: Desk) -> None:
    """The doctor is away for longer than a page looks ahead, and comes back before patients may book no further."""
    path = visitor.told("booked", desk.practice.add_appointment(START))
    assert "has no free times" not in said_of_times(visitor, path)
    add_time_off(desk.practice, desk.id_of("drjay"), NOW, NOW + timedelta(days=60))

    assert "Jay Quispe has no free times before" in said_of_times(visitor, path)
    assert "Jay Quispe has no more free times before" in said_of_times(visitor, path, **{"from": "2030-01-09"})
    assert "Jay Quispe has no free times on Wednesday, 9 January 2030." in said_of_times(
        visitor, path, day="2030-01-09"
    )


def test_a_doctor_without_free_times_is_not_all_doctors(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    add_time_off(desk.practice, desk.id_of("drjay"), NOW, NOW + timedelta(days=60))
    set_clinic(desk.practice, horizon_days=20)

    assert "no free times at present. Choose another doctor, or" in said_of_times(visitor, path)
    assert "There are no more free times with Jay Quispe." in said_of_times(visitor, path, **{"from": "2030-01-12"})


def test_a_treatment_that_is_gone_is_told_as_such(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("cancelled", desk.practice.add_appointment(START, status="CANCELLED"))
    set_treatment(desk.practice, 1, active=False)

    answer = visitor.post(path, "book", starts_at="2030-01-11T16:00:00Z")

    assert (answer.status, "This treatment cannot be booked online at present." in answer.text) == (422, True)


def test_a_reason_that_was_refused_need_not_be_typed_again(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))

    answer = visitor.post(path, "cancel", reason="I am ill,\x07\nsorry")

    assert "in plain text of at most 500 characters" in answer.text
    assert ">\nI am ill,\nsorry</textarea>" in answer.text
    assert "I am ill" not in visitor.get(path).text


def test_nobody_confirms_a_time_that_the_page_cannot_tell(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    visitor.messages.change_clinic(time_zone="Lima/Miraflores")

    text = visitor.get(path).text

    assert "The time above is not the clinic" in text
    assert 'value="confirm"' not in text
    assert "Please confirm" not in text
