"""The waitlist: POST and GET /waitlist, DELETE /waitlist/{id}. Offers are in test_waitlist_offers.py."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import User
from lambda_function.domain.actor import Role
from lambda_function.domain.waitlist import MAX_OPEN_WISHES
from tests.api.conftest import Fingerprint
from tests.api.desk import DAY, Desk, at
from tests.api.expect import expect_problem
from tests.api.waiting import Waitlist
from tests.clock import Clock

WEDNESDAY = "2030-01-09"


@pytest.fixture
def waitlist(desk: Desk) -> Waitlist:
    desk.practice.add_patient("ana", clinics=(1,))
    return Waitlist(desk)


def test_a_patient_joins_for_self(waitlist: Waitlist) -> None:
    answer = waitlist.ask("pat", doctor_id=waitlist.desk.id_of("drjay"), clinic_id=1)

    assert answer.status == 201
    waitlist_id = answer.json["waitlist_id"]
    assert answer.headers["Location"] == f"/waitlist/{waitlist_id}"
    assert answer.json == {
        "waitlist_id": waitlist_id,
        "status": "WAITING",
        "patient_id": waitlist.desk.id_of("pat"),
        "treatment_id": 1,
        "doctor_id": waitlist.desk.id_of("drjay"),
        "clinic_id": 1,
        "from": at("13:00"),
        "to": at("23:00"),
        "offer": None,
        "created_at": "2030-01-07T14:00:00Z",
    }
    assert waitlist.entries("pat") == [answer.json]


def test_me_is_the_patient_who_asks(waitlist: Waitlist) -> None:
    assert waitlist.ask("pat", patient_id="me").json["patient_id"] == waitlist.desk.id_of("pat")


def test_a_receptionist_joins_for_a_patient(waitlist: Waitlist) -> None:
    answer = waitlist.ask("rita", patient_id=waitlist.desk.id_of("kim"))

    assert (answer.status, answer.json["patient_id"]) == (201, waitlist.desk.id_of("kim"))
    assert waitlist.entries("kim") == waitlist.entries("rita") == [answer.json]


def test_a_receptionist_must_say_for_whom(waitlist: Waitlist) -> None:
    expect_problem(waitlist.ask("rita"), 422, "validation_error", "patient_id")


def test_a_patient_does_not_wait_for_others(waitlist: Waitlist) -> None:
    expect_problem(waitlist.ask("pat", patient_id=waitlist.desk.id_of("kim")), 422, "validation_error", "patient_id")


@pytest.mark.parametrize("wish", [{"clinic_id": 2}, {"doctor": "drsol"}])
def test_a_receptionist_does_not_fill_other_clinics(waitlist: Waitlist, wish: dict[str, Any]) -> None:
    if "doctor" in wish:
        wish = {"doctor_id": waitlist.desk.id_of(wish["doctor"])}
    expect_problem(waitlist.ask("rita", patient_id=waitlist.desk.id_of("pat"), **wish), 403, "forbidden")


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"treatment_id": 99}, "validation_error", "treatment_id"),
        ({"doctor_id": 99}, "validation_error", "doctor_id"),
        ({"clinic_id": 99}, "validation_error", "clinic_id"),
        ({"from": at("15:00"), "to": at("14:00")}, "validation_error", "from"),
        ({"from": at("15:00"), "to": at("15:00")}, "validation_error", "from"),
        ({"from": at("13:00", "2030-01-06"), "to": at("14:00", "2030-01-07")}, "validation_error", "to"),
        ({"from": "2030-01-08T13:00:00"}, "validation_error", "from"),
        ({"to": None}, "validation_error", "to"),
        ({"status": "OFFERED"}, "validation_error", "status"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_and_writes_nothing(
    waitlist: Waitlist, fingerprint: Fingerprint, wish: dict[str, Any], code: str, field: str
) -> None:
    before = fingerprint()
    expect_problem(waitlist.ask("pat", **wish), 422, code, field)
    assert fingerprint() == before


def _change(waitlist: Waitlist, user_name: str, **columns: Any) -> None:
    session = waitlist.desk.practice.session
    session.execute(update(User).where(User.user_name == user_name).values(**columns))
    session.commit()


@pytest.mark.parametrize("change", [{"active": False}, {"user_type": Role.RECEPTIONIST}], ids=["gone", "former"])
def test_nobody_waits_who_is_no_active_patient(waitlist: Waitlist, change: dict[str, Any]) -> None:
    kim = waitlist.desk.id_of("kim")
    _change(waitlist, "kim", **change)
    expect_problem(waitlist.ask("rita", patient_id=kim), 422, "validation_error", "patient_id")


def test_nobody_waits_for_what_the_doctor_does_not_offer(waitlist: Waitlist) -> None:
    doctor = waitlist.desk.practice.add_doctor(treatments=(1,))
    answer = waitlist.ask("pat", treatment_id=2, doctor_id=doctor.user_id)
    expect_problem(answer, 422, "treatment_not_offered", "treatment_id")


def test_joining_twice_for_the_same_is_refused(waitlist: Waitlist) -> None:
    waitlist.join("pat")
    expect_problem(waitlist.ask("pat", to=at("20:00")), 409, "already_waiting")
    expect_problem(waitlist.ask("rita", patient_id=waitlist.desk.id_of("pat")), 409, "already_waiting")


def test_a_patient_has_ten_open_wishes_at_most(waitlist: Waitlist) -> None:
    first = waitlist.join("pat", **{"from": at("13:00"), "to": at("13:30")})
    for hour in range(1, MAX_OPEN_WISHES):
        waitlist.join("pat", **{"from": at(f"{13 + hour}:00", WEDNESDAY), "to": at(f"{13 + hour}:30", WEDNESDAY)})
    expect_problem(waitlist.ask("pat", treatment_id=2), 409, "too_many_waiting")
    expect_problem(waitlist.ask("rita", treatment_id=2, patient_id=waitlist.desk.id_of("pat")), 409, "too_many_waiting")
    assert waitlist.withdraw("pat", first).status == 204
    waitlist.join("pat", treatment_id=2)


def test_like_wishes_may_differ_in_their_windows(waitlist: Waitlist) -> None:
    waitlist.join("pat", **{"from": at("13:00"), "to": at("15:00")})
    waitlist.join("pat", **{"from": at("15:00"), "to": at("17:00")})
    expect_problem(waitlist.ask("pat", **{"from": at("14:59"), "to": at("15:01")}), 409, "already_waiting")


def test_another_wish_is_another_entry(waitlist: Waitlist) -> None:
    waitlist.join("pat")
    waitlist.join("pat", treatment_id=2)
    waitlist.join("pat", clinic_id=1)
    waitlist.join("pat", doctor_id=waitlist.desk.id_of("drjay"))
    assert len(waitlist.entries("pat")) == 4


def test_whoever_withdrew_may_join_again(waitlist: Waitlist) -> None:
    assert waitlist.withdraw("pat", waitlist.join("pat")).status == 204
    assert waitlist.status("pat") == "WITHDRAWN"
    waitlist.join("pat")


def test_a_wish_that_has_ended_does_not_stand_in_the_way(waitlist: Waitlist, clock: Clock) -> None:
    waitlist.join("pat", to=at("13:30"))
    clock.advance(days=1)
    waitlist.join("pat", to=at("20:00", "2030-01-10"))
    assert [entry["status"] for entry in waitlist.entries("pat")] == ["EXPIRED", "WAITING"]


def test_doctors_have_no_part_in_the_waitlist(waitlist: Waitlist) -> None:
    waitlist_id = waitlist.join("pat")
    expect_problem(waitlist.ask("drjay"), 403, "forbidden")
    expect_problem(waitlist.desk.client.get("drjay", "/waitlist"), 403, "forbidden")
    expect_problem(waitlist.accept("drjay", waitlist_id), 403, "forbidden")
    expect_problem(waitlist.withdraw("drjay", waitlist_id), 403, "forbidden")


def test_the_entries_of_others_are_not_there(waitlist: Waitlist) -> None:
    waitlist_id = waitlist.join("pat", clinic_id=2)
    for user_name in ("kim", "rita"):
        assert waitlist.entries(user_name) == []
        expect_problem(waitlist.accept(user_name, waitlist_id), 404, "not_found")
        expect_problem(waitlist.withdraw(user_name, waitlist_id), 404, "not_found")
    assert [entry["waitlist_id"] for entry in waitlist.entries("rosa")] == [waitlist_id]


def test_the_list_comes_in_pages_in_the_order_of_joining(waitlist: Waitlist) -> None:
    joined = [waitlist.join(user_name) for user_name in ("kim", "pat", "ana")]
    first = waitlist.desk.client.get("rita", "/waitlist", limit=2).json
    second = waitlist.desk.client.get("rita", "/waitlist", limit=2, cursor=first["next_cursor"]).json
    assert [entry["waitlist_id"] for entry in first["items"] + second["items"]] == joined
    assert second["next_cursor"] is None


def test_what_has_ended_is_not_withdrawn(waitlist: Waitlist) -> None:
    waitlist_id = waitlist.join("kim")
    assert waitlist.withdraw("rita", waitlist_id).status == 204
    expect_problem(waitlist.withdraw("kim", waitlist_id), 409, "invalid_transition")


def test_a_wish_expires_when_its_own_time_has_passed(waitlist: Waitlist, clock: Clock) -> None:
    waitlist.join("kim")
    clock.now += timedelta(days=1, hours=9)
    assert clock.now.isoformat().startswith(f"{DAY}T23:00")
    assert waitlist.status("kim") == "EXPIRED"
