"""GET, PUT and DELETE of /doctors/{id}/exceptions."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from lambda_function.db.models import WorkingHoursException
from tests.api.conftest import Fingerprint
from tests.api.desk import DAY, Desk, at
from tests.api.expect import expect_problem
from tests.api_client import Answer

SUNDAY = "2030-01-13"
LATE = {"start": "14:00", "end": "20:00"}


def _path(desk: Desk, day: str = "", doctor: str = "drjay") -> str:
    return f"/doctors/{desk.id_of(doctor)}/exceptions" + (f"/{day}" if day else "")


def _put(desk: Desk, user_name: str, day: str, *hours: Any) -> Answer:
    return desk.client.call(user_name, "PUT", _path(desk, day), {"hours": hours})


def _delete(desk: Desk, user_name: str, day: str) -> Answer:
    return desk.client.call(user_name, "DELETE", _path(desk, day))


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_a_date_gets_hours_of_its_own_instead_of_the_weekly_ones(desk: Desk, user_name: str) -> None:
    answer = _put(desk, user_name, DAY, {"start": "17:00", "end": "20:00"}, {"start": "08:00", "end": "09:00"})

    hours = [{"start": "08:00", "end": "09:00"}, {"start": "17:00", "end": "20:00"}]
    assert (answer.status, answer.json) == (200, {"hours": hours, "outside_appointment_ids": []})
    assert desk.client.get("pat", _path(desk)).json["items"] == [{"date": DAY, "hours": hours}]
    expect_problem(desk.book("pat", at("15:00")), 422, "outside_hours", "starts_at")
    assert desk.book("pat", at("23:00")).status == 201
    assert desk.book("pat", at("15:00", "2030-01-15")).status == 201


def test_an_empty_list_closes_the_date(desk: Desk) -> None:
    assert _put(desk, "rita", DAY).json == {"hours": [], "outside_appointment_ids": []}
    assert desk.client.get("pat", _path(desk)).json["items"] == [{"date": DAY, "hours": []}]
    expect_problem(desk.book("pat", at("15:00")), 422, "outside_hours", "starts_at")


def test_an_exception_opens_a_day_that_is_normally_closed(desk: Desk) -> None:
    expect_problem(desk.book("pat", at("20:00", SUNDAY)), 422, "outside_hours", "starts_at")

    _put(desk, "rita", SUNDAY, LATE)

    assert desk.book("pat", at("20:00", SUNDAY)).status == 201


def test_night_hours_reach_into_the_next_date(desk: Desk) -> None:
    _put(desk, "rita", SUNDAY, {"start": "22:00", "end": "02:00"})

    assert desk.book("rita", at("06:30", "2030-01-14")).status == 201
    expect_problem(desk.book("rita", at("07:00", "2030-01-14"), patient="kim"), 422, "outside_hours", "starts_at")


def test_a_changed_date_names_the_visits_now_outside_and_touches_none(desk: Desk) -> None:
    first = desk.booked("rita", at("15:00"))
    late = desk.booked("rita", at("21:00"))
    desk.booked("rita", at("15:00", "2030-01-09"))

    answer = _put(desk, "rita", DAY, LATE)

    assert answer.json["outside_appointment_ids"] == [first["appointment_id"]]
    assert desk.client.get("rita", f"/appointments/{first['appointment_id']}").json == first
    closed = _put(desk, "rita", DAY).json
    assert closed["outside_appointment_ids"] == [first["appointment_id"], late["appointment_id"]]


def test_without_its_exception_the_date_has_the_weekly_hours_again(desk: Desk) -> None:
    _put(desk, "rita", SUNDAY, LATE)
    booked = desk.booked("rita", at("20:00", SUNDAY))["appointment_id"]

    answer = _delete(desk, "rita", SUNDAY)

    assert (answer.status, answer.json) == (200, {"hours": [], "outside_appointment_ids": [booked]})
    assert desk.client.get("pat", _path(desk)).json["items"] == []
    expect_problem(_delete(desk, "rita", SUNDAY), 404, "not_found")


def test_putting_a_date_again_replaces_it(desk: Desk) -> None:
    _put(desk, "rita", DAY, LATE)
    _put(desk, "rita", DAY, {"start": "08:00", "end": "09:00"})

    assert desk.client.get("pat", _path(desk)).json["items"] == [
        {"date": DAY, "hours": [{"start": "08:00", "end": "09:00"}]}
    ]


def test_dates_are_listed_in_order_between_from_and_to_page_by_page(desk: Desk) -> None:
    days = [f"2030-02-{number:02d}" for number in range(1, 8)]
    for day in reversed(days):
        _put(desk, "rita", day, LATE, {"start": "08:00", "end": "09:00"})

    def listed(**query: Any) -> tuple[list[str], Any]:
        answer = desk.client.get("pat", _path(desk), **query)
        assert answer.status == 200, answer.text
        return [item["date"] for item in answer.json["items"]], answer.json["next_cursor"]

    assert listed() == (days, None)
    assert listed(from_=days[2], to=days[4]) == (days[2:5], None)
    assert listed(from_=days[6]) == (days[6:], None)
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page, following = listed(from_=days[1], limit=2, **cursor)
        seen += page
        if following is None:
            break
        cursor = {"cursor": following}
    assert seen == days[1:]


def test_a_page_reads_the_rows_that_it_shows(desk: Desk, engine: Engine) -> None:
    first = date(2031, 1, 1)
    desk.practice.add(
        *(
            WorkingHoursException(doctor_id=desk.id_of("drjay"), day=first + timedelta(days=number))
            for number in range(200)
        )
    )
    rows: list[int] = []

    def note(_connection: Any, cursor: Any, *_rest: Any) -> None:
        rows.append(cursor.rowcount)

    event.listen(engine, "after_cursor_execute", note)
    try:
        page = desk.client.get("pat", _path(desk), limit=1).json
    finally:
        event.remove(engine, "after_cursor_execute", note)
    assert [item["date"] for item in page["items"]] == [first.isoformat()]
    assert max(rows) <= 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from_": "2030-02-02", "to": "2030-02-01"}, "from"),
        ({"from_": "2030-02-30"}, "from"),
        ({"to": "2030-2-1"}, "to"),
        ({"to": at("00:00")}, "to"),
        ({"limit": 101}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"day": DAY}, "day"),
    ],
)
def test_bad_queries_are_422_on_the_field(desk: Desk, query: dict[str, Any], field: str) -> None:
    expect_problem(desk.client.get("rita", _path(desk), **query), 422, "validation_error", field)


@pytest.mark.parametrize(
    ("hours", "field"),
    [
        ([{"start": "09:00", "end": "09:00"}], "hours.0"),
        ([{"start": "24:00", "end": "00:00"}], "hours.0"),
        ([LATE, {"start": "19:55", "end": "21:00"}], "hours"),
        ([{"start": "22:00", "end": "02:00"}, {"start": "23:00", "end": "23:30"}], "hours"),
        ([{"start": "25:00", "end": "09:00"}], "hours.0.start"),
        ([{"start": "9:00", "end": "10:00"}], "hours.0.start"),
        ([LATE, {"start": "08:00"}], "hours.1.end"),
        ([{**LATE, "weekday": 2}], "hours.0.weekday"),
        ([LATE] * 51, "hours"),
    ],
)
def test_bad_hours_are_422_on_the_field_and_write_nothing(
    desk: Desk, fingerprint: Fingerprint, hours: list[Any], field: str
) -> None:
    before = fingerprint()

    expect_problem(_put(desk, "rita", DAY, *hours), 422, "validation_error", field)
    assert fingerprint() == before


@pytest.mark.parametrize("day", ["2030-02-30", "20300201", "today", "0001-01-01"])
def test_what_is_no_date_in_the_path_is_404(desk: Desk, day: str) -> None:
    expect_problem(_put(desk, "rita", day, LATE), 404, "not_found")
    expect_problem(_delete(desk, "rita", day), 404, "not_found")


@pytest.mark.parametrize("user_name", ["pat", "drwu", "rosa"])
def test_only_the_doctor_and_the_own_reception_change_dates(
    desk: Desk, fingerprint: Fingerprint, user_name: str
) -> None:
    _put(desk, "rita", DAY, LATE)
    before = fingerprint()

    expect_problem(_put(desk, user_name, DAY), 403, "forbidden")
    expect_problem(_delete(desk, user_name, DAY), 403, "forbidden")
    assert fingerprint() == before


def test_whoever_is_no_doctor_has_no_dates(desk: Desk) -> None:
    expect_problem(desk.client.get("rita", _path(desk, doctor="pat")), 404, "not_found")
