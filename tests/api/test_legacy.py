"""GET and POST /appointment, as the original's callers know them."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from lambda_function.db.models import Appointment, Doctor, User
from lambda_function.domain.appointment import Status
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import NOW, Clock


def _post(desk: Desk, user_name: str = "rita", **changes: Any) -> Answer:
    body = {"patient": "pat", "doctor": "drjay", "appointment_date": "2030-01-08 10:00:00", **changes}
    return desk.client.post(user_name, "/appointment", body)


def _get(desk: Desk, user_name: str) -> Any:
    answer = desk.client.get(user_name, "/appointment")
    assert answer.status == 200, answer.text
    return answer.json


def test_a_receptionist_books_by_name_at_the_clinics_time(desk: Desk) -> None:
    answer = _post(desk)

    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json.keys() == {"verificationNumber"}
    assert re.fullmatch(r"[1-9][0-9]*", answer.json["verificationNumber"])
    [row] = desk.practice.rows(Appointment)
    assert (row.starts_at, row.treatment_id, row.status) == (instant("15:00"), 1, Status.BOOKED)
    assert (row.patient_id, row.doctor_id, row.receptionist_id) == tuple(map(desk.id_of, ("pat", "drjay", "rita")))


def test_what_was_booked_is_listed_in_the_originals_shape(desk: Desk) -> None:
    _post(desk)

    assert _get(desk, "rita") == [
        {"doctor": "drjay", "receptionist": "rita", "patient": "pat", "appointment_date": "2030-01-08 10:00:00"}
    ]


def test_a_visit_without_reception_says_null(desk: Desk) -> None:
    desk.booked("pat", at("15:00"))

    assert _get(desk, "pat")[0]["receptionist"] is None


@pytest.mark.parametrize(
    ("user_name", "dates"),
    [
        ("pat", ["2030-01-08 10:00:00", "2030-01-09 12:00:00"]),
        ("rita", ["2030-01-08 10:00:00"]),
        ("rosa", ["2030-01-09 12:00:00"]),
        ("drsol", ["2030-01-09 12:00:00"]),
        ("kim", []),
    ],
)
def test_each_visit_is_told_in_its_own_clinics_time_to_those_who_may_see_it(
    desk: Desk, user_name: str, dates: list[str]
) -> None:
    desk.booked("rosa", at("15:00", "2030-01-09"), doctor="drsol")
    desk.booked("rita", at("15:00"))

    assert [visit["appointment_date"] for visit in _get(desk, user_name)] == dates


def test_the_list_starts_with_the_clinics_own_today(desk: Desk, clock: Clock) -> None:
    clock.now = instant("04:00")  # 23:00 on the 7th in Lima, 01:00 on the 8th in Santiago
    for start in ("2030-01-07T04:55:00+00:00", "2030-01-07T05:00:00+00:00"):
        desk.practice.add_appointment(datetime.fromisoformat(start))
    for start in ("2030-01-08T02:55:00+00:00", "2030-01-08T03:00:00+00:00"):
        desk.practice.add_appointment(datetime.fromisoformat(start), clinic_id=2, doctor_id=desk.id_of("drsol"))

    assert [visit["appointment_date"] for visit in _get(desk, "pat")] == ["2030-01-07 00:00:00", "2030-01-08 00:00:00"]


def test_only_visits_that_hold_their_time_are_listed(desk: Desk) -> None:
    for hour, status in enumerate(Status):
        desk.practice.add_appointment(NOW + timedelta(hours=hour), status=status)
    hours = [visit["appointment_date"][11:13] for visit in _get(desk, "rita")]

    gone = {Status.CANCELLED, Status.NO_SHOW}
    assert hours == [f"{9 + hour:02}" for hour, status in enumerate(Status) if status not in gone]


def test_at_most_1000_are_listed_earliest_first(desk: Desk) -> None:
    first = desk.practice.add_appointment(NOW)
    columns = {
        column.key: getattr(first, column.key) for column in Appointment.__table__.c if column.key != "appointment_id"
    }
    rows = [{**columns, "starts_at": NOW + timedelta(minutes=5 * number)} for number in range(1, 1005)]
    rows = [{**row, "ends_at": row["starts_at"] + timedelta(minutes=5)} for row in rows]
    desk.practice.session.execute(insert(Appointment), rows)
    desk.practice.session.commit()
    listed = [visit["appointment_date"] for visit in _get(desk, "rita")]

    assert len(listed) == 1000
    assert listed == sorted(listed)
    assert listed[0] == "2030-01-07 09:00:00"


@pytest.mark.parametrize("user_name", ["pat", "drjay"])
def test_only_the_reception_books_by_name(desk: Desk, fingerprint: Fingerprint, user_name: str) -> None:
    before = fingerprint()

    expect_problem(_post(desk, user_name), 403, "forbidden")
    assert fingerprint() == before


@pytest.mark.parametrize(
    "names",
    [
        {"patient": "nobody"},
        {"doctor": "nobody"},
        {"patient": "drwu"},
        {"doctor": "pat"},
        {"doctor": "drsol"},
        {"patient": "pât"},
        {"patient": "stranger"},
    ],
)
def test_an_unknown_name_is_404(desk: Desk, names: dict[str, str], fingerprint: Fingerprint) -> None:
    desk.practice.add_patient("stranger", clinics=(2,))
    before = fingerprint()

    expect_problem(_post(desk, **names), 404, "not_found")
    assert fingerprint() == before


def test_deactivated_people_are_unknown_names(desk: Desk) -> None:
    desk.practice.session.execute(update(User).where(User.user_name.in_(["pat", "drwu"])).values(active=False))
    desk.practice.session.commit()

    expect_problem(_post(desk), 404, "not_found")
    expect_problem(_post(desk, patient="kim", doctor="drwu"), 404, "not_found")


def test_a_time_that_comes_twice_is_refused(desk: Desk, clock: Clock, fingerprint: Fingerprint) -> None:
    clock.now = datetime.fromisoformat("2030-04-01T12:00:00+00:00")
    before = fingerprint()

    answer = _post(desk, "rosa", doctor="drsol", appointment_date="2030-04-06 23:30:00")

    expect_problem(answer, 422, "ambiguous_time", "appointment_date")
    assert fingerprint() == before


def test_a_time_that_does_not_exist_is_refused(desk: Desk, clock: Clock, fingerprint: Fingerprint) -> None:
    clock.now = datetime.fromisoformat("2030-09-01T12:00:00+00:00")
    before = fingerprint()

    answer = _post(desk, "rosa", doctor="drsol", appointment_date="2030-09-08 00:30:00")

    expect_problem(answer, 422, "nonexistent_time", "appointment_date")
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("day", "start"),
    [("2030-09-06", "18:00"), ("2030-09-09", "17:00"), ("2030-04-05", "17:00"), ("2030-04-08", "18:00")],
)
def test_the_offset_is_that_of_the_day_of_the_visit(desk: Desk, day: str, start: str) -> None:
    assert _post(desk, "rosa", doctor="drsol", appointment_date=f"{day} 14:00:00").status == 201
    [row] = desk.practice.rows(Appointment)

    assert row.starts_at == instant(start, day)
    assert _get(desk, "rosa")[0]["appointment_date"] == f"{day} 14:00:00"


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("2030-01-07 08:55:00", "too_soon"),
        ("2036-01-07 10:00:00", "too_late"),
        ("2030-01-08 10:01:00", "off_grid"),
        ("2030-01-08 10:00:01", "off_grid"),
    ],
)
def test_the_rules_of_booking_hold_here_too(desk: Desk, date: str, code: str) -> None:
    answer = _post(desk, appointment_date=date)

    expect_problem(answer, 422, code, "appointment_date")


def test_so_does_the_calendar(desk: Desk) -> None:
    _post(desk)

    expect_problem(_post(desk, patient="kim"), 409, "doctor_busy")
    expect_problem(_post(desk, doctor="drwu"), 409, "patient_busy")


def test_a_doctor_without_a_usual_treatment_cannot_be_booked_by_name(desk: Desk) -> None:
    desk.practice.session.execute(update(Doctor).values(default_treatment_id=None))
    desk.practice.session.commit()

    expect_problem(_post(desk), 422, "treatment_not_offered", "doctor")


@pytest.mark.parametrize(
    "date",
    [
        "2030-01-08T10:00:00",
        "2030-01-08 10:00",
        "2030-01-08",
        "2030-01-08 10:00:00Z",
        "2030-02-30 10:00:00",
        "",
        None,
        1,
        "2030-01-08 24:00:00",
        "2030-01-08 10:00:00.0",
        "0001-01-01 00:00:00",
        "9999-12-31 23:55:00",
    ],
)
def test_what_is_no_local_time_is_422(desk: Desk, date: Any) -> None:
    expect_problem(_post(desk, appointment_date=date), 422, "validation_error", "appointment_date")


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "application/x-www-form-urlencoded", "application/xml", "application/json; charset=latin-1"),
        *("multipart/form-data; boundary=x", "*/*", "json", "", "\u00e9;;"),
    ],
)
@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "base64"])
def test_the_body_is_json_whatever_its_type_says(desk: Desk, content_type: str, encode: Any) -> None:
    body = {"patient": "pat", "doctor": "drjay", "appointment_date": "2030-01-08 10:00:00"}
    answer = desk.client.post("rita", "/appointment", encode(json.dumps(body)), headers={"content-type": content_type})

    assert answer.status == 201, answer.text
    assert [visit["patient"] for visit in _get(desk, "rita")] == ["pat"]


def test_a_form_is_no_json(desk: Desk) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    form = b"patient=pat&doctor=drjay&appointment_date=2030-01-08+10%3A00%3A00"
    expect_problem(desk.client.post("rita", "/appointment", form, headers=headers), 400, "malformed_json")


@pytest.mark.parametrize("name", ["", "no body", "José", "\U0001f600", "'; DROP TABLE user; --"])
def test_a_name_that_nobody_can_have_is_unknown(desk: Desk, name: str) -> None:
    body = {"patient": name, "doctor": "drjay", "appointment_date": "2030-01-08 10:00:00"}
    assert desk.client.post("rita", "/appointment", body).status == 404
