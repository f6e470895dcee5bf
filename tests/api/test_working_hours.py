"""GET and PUT /doctors/{id}/working-hours."""

from datetime import date, timedelta
from typing import Any

import pytest

from lambda_function.domain.appointment import Status
from tests.api.conditions import add_closure
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import NOW

MORNING = {"weekday": 2, "start": "08:00", "end": "12:00"}


def _path(desk: Desk, doctor: str = "drjay") -> str:
    return f"/doctors/{desk.id_of(doctor)}/working-hours"


def _put(desk: Desk, user_name: str, *hours: Any, doctor: str = "drjay") -> Answer:
    return desk.client.call(user_name, "PUT", _path(desk, doctor), {"hours": hours})


def _with_dates(**hours: Any) -> dict[str, Any]:
    return {"valid_from": None, "valid_to": None, **hours}


@pytest.mark.parametrize("user_name", ["pat", "drjay", "drsol", "rita", "rosa"])
def test_everybody_reads_the_weekly_hours_of_every_doctor(desk: Desk, user_name: str) -> None:
    answer = desk.client.get(user_name, _path(desk))

    assert answer.status == 200
    assert answer.json == {
        "hours": [_with_dates(weekday=weekday, start="08:00", end="18:00") for weekday in range(1, 7)]
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_doctor_is_also_called_me(desk: Desk) -> None:
    assert desk.client.get("drjay", "/doctors/me/working-hours").json == desk.client.get("pat", _path(desk)).json
    assert desk.client.call("drjay", "PUT", "/doctors/me/working-hours", {"hours": [MORNING]}).status == 200
    assert desk.client.get("pat", _path(desk)).json["hours"] == [_with_dates(**MORNING)]
    for path in ("working-hours", "exceptions"):
        expect_problem(desk.client.get("pat", f"/doctors/me/{path}"), 404, "not_found")


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_the_whole_week_is_replaced_with_breaks_dates_and_nights(desk: Desk, user_name: str) -> None:
    week = [
        _with_dates(**MORNING),
        {"weekday": 2, "start": "13:00", "end": "24:00", "valid_from": "2030-01-01", "valid_to": "2030-01-31"},
        {"weekday": 2, "start": "13:30", "end": "17:00", "valid_from": "2030-02-01", "valid_to": None},
        _with_dates(weekday=5, start="22:00", end="06:00"),
    ]

    answer = _put(desk, user_name, *week)

    assert answer.status == 200, answer.text
    assert answer.json == {"hours": week, "outside_appointment_ids": []}
    assert desk.client.get("pat", _path(desk)).json == {"hours": week}


def test_an_empty_week_is_a_doctor_who_never_works(desk: Desk) -> None:
    assert _put(desk, "drjay").json == {"hours": [], "outside_appointment_ids": []}
    expect_problem(desk.book("pat", at("15:00")), 422, "outside_hours", "starts_at")


def test_changing_hours_names_the_visits_now_outside_and_touches_none(desk: Desk) -> None:
    inside = desk.booked("rita", at("13:00"))
    across = desk.booked("rita", at("16:45"))
    outside = desk.booked("rita", at("20:00"))
    other_doctor = desk.booked("rita", at("20:00"), doctor="drwu", patient="kim")
    desk.cancelled("rita", desk.booked("rita", at("21:00"))["appointment_id"])

    answer = _put(desk, "rita", MORNING)

    assert answer.json["outside_appointment_ids"] == [across["appointment_id"], outside["appointment_id"]]
    for visit in (inside, across, outside, other_doctor):
        assert desk.client.get("rita", f"/appointments/{visit['appointment_id']}").json == visit


def test_visits_of_the_past_are_not_named(desk: Desk) -> None:
    desk.practice.add_appointment(desk.practice.user("pat").created_at.replace(hour=13, day=3))

    assert _put(desk, "rita").json["outside_appointment_ids"] == []


@pytest.mark.parametrize(
    ("status", "named"), [(status, status in {"REQUESTED", "BOOKED", "CHECKED_IN"}) for status in Status]
)
def test_only_unfinished_visits_are_outside_hours(desk: Desk, status: Status, named: bool) -> None:  # noqa: FBT001
    """A visit that was completed early ends later than now."""
    visit = desk.practice.add_appointment(NOW - timedelta(minutes=10), status=status)
    assert visit.ends_at > NOW

    answer = _put(desk, "rita")

    assert answer.json["outside_appointment_ids"] == ([visit.appointment_id] if named else [])


def test_a_closure_puts_visits_outside_whatever_the_hours(desk: Desk) -> None:
    booked = desk.booked("rita", at("15:00"))["appointment_id"]
    add_closure(desk.practice, date(2030, 1, 8), date(2030, 1, 9))

    assert _put(desk, "rita", MORNING).json["outside_appointment_ids"] == [booked]


@pytest.mark.parametrize(
    ("hours", "field"),
    [
        ([{**MORNING, "weekday": 0}], "hours.0.weekday"),
        ([{**MORNING, "weekday": 8}], "hours.0.weekday"),
        ([{**MORNING, "weekday": "2"}], "hours.0.weekday"),
        ([{**MORNING, "weekday": True}], "hours.0.weekday"),
        ([{**MORNING, "start": "25:00"}], "hours.0.start"),
        ([{**MORNING, "start": "24:05"}], "hours.0.start"),
        ([{**MORNING, "start": "9:00"}], "hours.0.start"),
        ([{**MORNING, "start": "09:60"}], "hours.0.start"),
        ([{**MORNING, "start": "09:01"}], "hours.0.start"),
        ([{**MORNING, "start": "09:00:00"}], "hours.0.start"),
        ([{**MORNING, "start": 540}], "hours.0.start"),
        ([{**MORNING, "end": None}], "hours.0.end"),
        ([MORNING, {**MORNING, "end": "noon"}], "hours.1.end"),
        ([{**MORNING, "end": "08:00"}], "hours.0"),
        ([{**MORNING, "start": "00:00", "end": "00:00"}], "hours.0"),
        ([{**MORNING, "start": "24:00", "end": "00:00"}], "hours.0"),
        ([MORNING, MORNING], "hours.1"),
        ([MORNING, {**MORNING, "start": "11:55", "end": "13:00"}], "hours.1"),
        ([MORNING, {"weekday": 1, "start": "22:00", "end": "08:05"}], "hours.1"),
        (
            [{"weekday": 1, "start": "05:00", "end": "09:00"}, {"weekday": 7, "start": "22:00", "end": "05:05"}],
            "hours.1",
        ),
        ([{**MORNING, "valid_from": "2030-02-01", "valid_to": "2030-01-31"}], "hours.0.valid_to"),
        ([{**MORNING, "valid_from": "2030-02-30"}], "hours.0.valid_from"),
        ([{**MORNING, "valid_to": "tomorrow"}], "hours.0.valid_to"),
        ([{**MORNING, "chair": 1}], "hours.0.chair"),
        ([{"weekday": 2, "start": "09:00"}], "hours.0.end"),
        ([MORNING] * 201, "hours"),
        (["08:00-12:00"], "hours.0"),
    ],
)
def test_bad_hours_are_422_on_the_field_and_write_nothing(
    desk: Desk, fingerprint: Fingerprint, hours: list[Any], field: str
) -> None:
    before = fingerprint()

    expect_problem(_put(desk, "rita", *hours), 422, "validation_error", field)
    assert fingerprint() == before


@pytest.mark.parametrize("body", [{}, {"hours": None}, {"hours": {}}, {"hours": "never"}])
def test_a_week_is_a_list_of_hours(desk: Desk, body: Any) -> None:
    expect_problem(desk.client.call("rita", "PUT", _path(desk), body), 422, "validation_error", "hours")


def test_hours_that_touch_or_are_never_valid_together_do_not_overlap(desk: Desk) -> None:
    answer = _put(
        desk,
        "rita",
        {**MORNING, "valid_to": "2030-01-31"},
        {**MORNING, "valid_from": "2030-02-01"},
        {"weekday": 2, "start": "12:00", "end": "13:00"},
        {"weekday": 1, "start": "20:00", "end": "08:00"},
    )

    assert answer.status == 200, answer.text


@pytest.mark.parametrize(
    ("user_name", "doctor", "status"),
    [("pat", "drjay", 403), ("drwu", "drjay", 403), ("drsol", "drjay", 403), ("rosa", "drjay", 403)],
)
def test_only_the_doctor_and_the_own_reception_set_hours(
    desk: Desk, fingerprint: Fingerprint, user_name: str, doctor: str, status: int
) -> None:
    before = fingerprint()

    expect_problem(_put(desk, user_name, MORNING, doctor=doctor), status, "forbidden")
    assert fingerprint() == before


@pytest.mark.parametrize("target", ["pat", "rita"])
def test_whoever_is_no_doctor_has_no_hours(desk: Desk, target: str) -> None:
    expect_problem(desk.client.get("rita", _path(desk, target)), 404, "not_found")
    expect_problem(_put(desk, "rita", MORNING, doctor=target), 404, "not_found")


@pytest.mark.parametrize("doctor_id", ["0", "-1", "abc", "9223372036854775807"])
def test_an_unknown_doctor_is_404(desk: Desk, doctor_id: str) -> None:
    path = f"/doctors/{doctor_id}/working-hours"

    expect_problem(desk.client.get("rita", path), 404, "not_found")
    expect_problem(desk.client.call("rita", "PUT", path, {"hours": []}), 404, "not_found")


def test_the_reception_is_told_no_id_of_another_clinic(desk: Desk) -> None:
    there = desk.practice.add_appointment(instant("15:00"), clinic_id=2).appointment_id

    assert _put(desk, "rita").json["outside_appointment_ids"] == []
    assert _put(desk, "drjay").json["outside_appointment_ids"] == [there]
