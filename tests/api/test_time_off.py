"""GET, POST and DELETE of /doctors/{id}/time-off."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lambda_function.db.models import TimeOff
from tests.api.conditions import expect_bookings
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer

TIME_OFF = {"starts_at": at("14:00"), "ends_at": at("14:00", "2030-01-11"), "reason": "Congress"}


def _path(desk: Desk, doctor: str = "drjay") -> str:
    return f"/doctors/{desk.id_of(doctor)}/time-off"


def _post(desk: Desk, user_name: str, doctor: str = "drjay", **changes: Any) -> Answer:
    return desk.client.post(user_name, _path(desk, doctor), {**TIME_OFF, **changes})


def _listed(desk: Desk, user_name: str = "rita", **query: Any) -> list[Any]:
    answer = desk.client.get(user_name, _path(desk), **query)
    assert answer.status == 200, answer.text
    items: list[Any] = answer.json["items"]
    return items


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_time_off_of_several_days_is_taken_listed_and_given_up(desk: Desk, user_name: str) -> None:
    answer = _post(desk, user_name)

    assert answer.status == 201, answer.text
    time_off_id = answer.json["time_off_id"]
    assert answer.json == {**TIME_OFF, "time_off_id": time_off_id, "appointment_ids": []}
    assert answer.headers["Location"] == f"{_path(desk)}/{time_off_id}"
    assert _listed(desk, user_name) == [{**TIME_OFF, "time_off_id": time_off_id}]
    expect_problem(desk.book("pat", at("15:00", "2030-01-10")), 409, "doctor_busy")
    gone = desk.client.call(user_name, "DELETE", answer.headers["Location"])
    assert (gone.status, gone.text) == (204, "")
    assert _listed(desk) == []
    assert desk.book("pat", at("15:00", "2030-01-10")).status == 201


def test_a_doctor_is_also_called_me(desk: Desk) -> None:
    time_off_id = desk.client.post("drjay", "/doctors/me/time-off", TIME_OFF).json["time_off_id"]

    assert desk.client.get("drjay", "/doctors/me/time-off").json["items"] == _listed(desk)
    assert desk.client.call("drjay", "DELETE", f"/doctors/me/time-off/{time_off_id}").status == 204


def test_an_offset_is_understood_and_instants_are_answered_in_utc(desk: Desk) -> None:
    answer = _post(desk, "rita", starts_at="2030-01-08T09:00:00-05:00")

    assert answer.json["starts_at"] == "2030-01-08T14:00:00Z"
    assert desk.practice.rows(TimeOff)[0].starts_at == datetime(2030, 1, 8, 14, tzinfo=UTC)


def test_nobody_overrides_time_off(desk: Desk) -> None:
    _post(desk, "rita")

    expect_problem(desk.book("rita", at("15:00"), override_reason="Emergency"), 409, "doctor_busy")
    assert desk.book("rita", at("15:00"), doctor="drwu").status == 201


def test_time_off_is_half_open(desk: Desk) -> None:
    _post(desk, "rita", ends_at=at("16:00"))

    assert desk.book("rita", at("13:30")).status == 201
    expect_problem(desk.book("rita", at("13:45"), patient="kim"), 409, "doctor_busy")
    expect_problem(desk.book("rita", at("15:55"), patient="kim"), 409, "doctor_busy")
    assert desk.book("rita", at("16:00"), patient="kim").status == 201


def test_time_off_over_booked_time_is_409_with_the_ids_and_writes_nothing(desk: Desk, fingerprint: Fingerprint) -> None:
    first = desk.booked("rita", at("15:00"))["appointment_id"]
    second = desk.booked("rita", at("15:00", "2030-01-10"), patient="kim")["appointment_id"]
    begun = desk.booked("rita", at("13:45"), patient="kim")["appointment_id"]
    desk.booked("rita", at("13:15"))
    desk.booked("rita", at("14:00", "2030-01-11"))
    desk.cancelled("rita", desk.booked("rita", at("18:00"))["appointment_id"])
    before = fingerprint()

    expect_bookings(_post(desk, "rita"), begun, first, second)

    assert fingerprint() == before


def test_of_visits_in_a_clinic_of_before_the_reception_learns_the_number_and_the_doctor_the_ids(desk: Desk) -> None:
    here = desk.booked("rita", at("15:00"))["appointment_id"]
    there = desk.practice.add_appointment(instant("17:00"), clinic_id=2).appointment_id

    expect_bookings(_post(desk, "rita"), here, elsewhere=1)
    expect_bookings(_post(desk, "drjay"), here, there)
    assert _post(desk, "rita", accept_conflicts=True).json["appointment_ids"] == [here]


def test_accepted_conflicts_are_named_and_the_visits_stay(desk: Desk) -> None:
    booked = desk.booked("rita", at("15:00"))
    claims = desk.practice.claims()

    answer = _post(desk, "rita", accept_conflicts=True)

    assert (answer.status, answer.json["appointment_ids"]) == (201, [booked["appointment_id"]])
    assert _listed(desk)[0]["time_off_id"] == answer.json["time_off_id"]
    assert desk.client.get("rita", f"/appointments/{booked['appointment_id']}").json == booked
    assert desk.practice.claims() == claims


def test_accept_conflicts_without_any_is_time_off_as_any_other(desk: Desk) -> None:
    assert _post(desk, "rita", accept_conflicts=True).json["appointment_ids"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"starts_at": at("14:00", "2030-01-01"), "ends_at": at("14:00", "2030-01-07")}, "ends_at"),
        ({"ends_at": TIME_OFF["starts_at"]}, "ends_at"),
        ({"ends_at": at("13:00")}, "ends_at"),
        ({"ends_at": at("13:00", "2099-01-01")}, "ends_at"),
        ({"starts_at": "2030-01-08T14:00:00"}, "starts_at"),
        ({"starts_at": "2030-01-08"}, "starts_at"),
        ({"starts_at": None}, "starts_at"),
        ({"ends_at": 1893456000}, "ends_at"),
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "x" * 10_000}, "reason"),
        ({"reason": None}, "reason"),
        ({"accept_conflicts": "true"}, "accept_conflicts"),
        ({"accept_conflicts": 1}, "accept_conflicts"),
        ({"doctor_id": 1}, "doctor_id"),
    ],
)
def test_bad_time_off_is_422_on_the_field_and_writes_nothing(
    desk: Desk, fingerprint: Fingerprint, changes: dict[str, Any], field: str
) -> None:
    before = fingerprint()

    expect_problem(_post(desk, "rita", **changes), 422, "validation_error", field)
    assert fingerprint() == before


@pytest.mark.parametrize("name", ["starts_at", "ends_at", "reason"])
def test_what_is_missing_is_named(desk: Desk, name: str) -> None:
    body = {key: value for key, value in TIME_OFF.items() if key != name}

    expect_problem(desk.client.post("rita", _path(desk), body), 422, "validation_error", name)


def test_time_off_that_has_begun_can_still_be_recorded(desk: Desk) -> None:
    assert _post(desk, "rita", starts_at=at("14:00", "2030-01-06")).status == 201


def test_time_off_is_listed_by_id_page_by_page(desk: Desk) -> None:
    ids = [
        _post(desk, "rita", starts_at=at("14:00", day), ends_at=at("15:00", day)).json["time_off_id"]
        for day in ("2030-01-11", "2030-01-09", "2030-01-10")
    ]
    first = desk.client.get("rita", _path(desk), limit=2).json
    rest = desk.client.get("rita", _path(desk), limit=2, cursor=first["next_cursor"]).json

    assert [leave["time_off_id"] for leave in first["items"] + rest["items"]] == ids
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("user_name", ["pat", "drwu", "drsol", "rosa"])
def test_time_off_is_for_the_doctor_and_the_own_reception_alone(
    desk: Desk, fingerprint: Fingerprint, user_name: str
) -> None:
    time_off_id = _post(desk, "rita").json["time_off_id"]
    before = fingerprint()

    expect_problem(desk.client.get(user_name, _path(desk)), 403, "forbidden")
    expect_problem(_post(desk, user_name), 403, "forbidden")
    expect_problem(desk.client.call(user_name, "DELETE", f"{_path(desk)}/{time_off_id}"), 403, "forbidden")
    assert fingerprint() == before


def test_time_off_of_another_doctor_is_not_given_up_by_its_id(desk: Desk) -> None:
    time_off_id = _post(desk, "rita").json["time_off_id"]

    expect_problem(desk.client.call("rita", "DELETE", f"{_path(desk, 'drwu')}/{time_off_id}"), 404, "not_found")
    expect_problem(desk.client.call("rita", "DELETE", f"{_path(desk)}/{time_off_id + 1}"), 404, "not_found")
    assert len(_listed(desk)) == 1


def test_whoever_is_no_doctor_has_no_time_off(desk: Desk) -> None:
    for target in ("pat", "rita"):
        expect_problem(desk.client.get("rita", _path(desk, target)), 404, "not_found")
        expect_problem(_post(desk, "rita", target), 404, "not_found")
