"""Rows at the first and the last of all dates."""

from datetime import UTC, date, datetime

from lambda_function.db.models import Closure, TimeOff, WorkingHours, WorkingHoursException
from tests.api.desk import Desk
from tests.api.edges import END, NEAR_THE_END, START
from tests.clock import NOW

TIME_OFF = {"starts_at": NEAR_THE_END, "ends_at": END, "reason": "For good"}


def wish_for_ever(desk: Desk) -> None:
    """Adds a wish of kim's for any doctor."""
    answer = desk.client.post("kim", "/waitlist", {"treatment_id": 1, "from": START, "to": END})
    assert answer.status == 201, answer.text


def leave_the_edges(desk: Desk) -> None:
    """Writes the rows by requests, and by hand where requests are refused."""
    week = [
        {"weekday": weekday, "start": "00:00", "end": "24:00", "valid_from": "1000-01-01", "valid_to": "2999-12-31"}
        for weekday in range(1, 8)
    ]
    wish_for_ever(desk)
    answers = [
        desk.client.post("drjay", "/doctors/me/time-off", TIME_OFF),
        desk.client.call("drjay", "PUT", "/doctors/me/working-hours", {"hours": week}),
        *(
            desk.client.call("drjay", "PUT", f"/doctors/me/exceptions/{day}", {"hours": []})
            for day in ("1000-01-01", "2999-12-31")
        ),
    ]
    assert [answer.status for answer in answers] == [201, 200, 200, 200]
    drwu, drsol = desk.id_of("drwu"), desk.id_of("drsol")
    desk.practice.add(
        Closure(clinic_id=2, first_day=date(2034, 1, 1), last_day=date.max),
        Closure(clinic_id=2, first_day=date.min, last_day=date(2029, 1, 1)),
        TimeOff(doctor_id=drwu, starts_at=datetime.min.replace(tzinfo=UTC), ends_at=NOW, reason="", created_at=NOW),
        *(WorkingHoursException(doctor_id=drsol, day=day) for day in (date.min, date.max)),
        WorkingHours(doctor_id=drwu, weekday=7, start_minute=0, end_minute=1440, valid_from=date.min),
        WorkingHours(doctor_id=drsol, weekday=7, start_minute=0, end_minute=5, valid_to=date.max),
    )
