"""The booking that `make run` prints works whenever it is started, and whatever was done before."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from dev.docs_examples import refreshed, today
from dev.example import Booking, Get, booking_command, bookings
from dev.openapi_file import FILE
from dev.stack import StackError
from lambda_function.api.app import Api
from tests.api.desk import Desk
from tests.api_client import ApiClient
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.moved_clock import INSTANTS


@pytest.fixture
def caller(api: Api, practice: Practice) -> ApiClient:
    return ApiClient(api)


@pytest.fixture
def get(caller: ApiClient) -> Get:
    def get(person: str, path: str, query: dict[str, Any]) -> Any:
        answer = caller.get(person, path, **query)
        if answer.status != 200:
            raise StackError(answer.text)
        return answer.json

    return get


@pytest.fixture
def desk(caller: ApiClient, practice: Practice) -> Desk:
    return Desk(caller, practice)


def booked(caller: ApiClient, booking: Booking) -> Any:
    body = booking_command("", booking, "").rpartition("-d ")[2].strip("'")
    answer = caller.post("rita", "/appointments", body)
    assert answer.status == 201, answer.text
    return answer.json


@pytest.mark.parametrize("instant", INSTANTS.values(), ids=INSTANTS)
def test_it_can_be_booked_at(get: Get, caller: ApiClient, clock: Clock, instant: datetime) -> None:
    clock.now = instant
    [booking] = bookings(get, instant)
    visit = booked(caller, booking)
    assert (visit["doctor"]["full_name"], visit["patient"]["full_name"]) == ("Jay Quispe", "Pat Rojas")


def test_all_that_are_asked_for_can_be_booked(get: Get, caller: ApiClient) -> None:
    found = bookings(get, NOW, 4)
    assert len([booked(caller, booking) for booking in found]) == 4


def test_what_is_taken_is_not_offered_again(get: Get, caller: ApiClient) -> None:
    first, second = (booked(caller, bookings(get, NOW)[0])["starts_at"] for _ in range(2))
    assert first != second


def test_a_visit_of_the_patient_elsewhere_is_in_the_way(get: Get, desk: Desk) -> None:
    [before] = bookings(get, NOW)
    start = before.starts_at.isoformat()
    assert desk.book("pat", start, doctor="drsol").status == 201
    [after] = bookings(get, NOW)
    assert after.starts_at >= before.ends_at


@pytest.mark.parametrize("instant", [NOW, INSTANTS["Friday evening"]])
def test_another_doctor_of_the_clinic_steps_in_for_one_who_is_away(
    get: Get, desk: Desk, clock: Clock, instant: datetime
) -> None:
    clock.now = instant
    assert desk.client.call("drjay", "PUT", "/doctors/me/working-hours", {"hours": []}).status == 200
    [booking] = bookings(get, instant)
    assert booking.doctor == "drwu"
    assert booked(desk.client, booking)["status"] == "BOOKED"


def test_another_patient_steps_in_for_one_who_was_deactivated(get: Get, desk: Desk) -> None:
    assert desk.client.call("rita", "DELETE", f"/users/{desk.id_of('pat')}").status == 204
    assert [booking.patient for booking in bookings(get, NOW)] == ["kim"]


def test_without_a_receptionist_there_is_none(get: Get, practice: Practice) -> None:
    practice.user("rita").active = False
    practice.session.commit()
    with pytest.raises(StackError):
        bookings(get, NOW)


@pytest.mark.parametrize("instant", INSTANTS.values(), ids=INSTANTS)
def test_the_document_of_the_local_stack_shows_what_can_be_booked_at(
    get: Get, caller: ApiClient, clock: Clock, instant: datetime
) -> None:
    clock.now = instant
    document = refreshed(json.loads(FILE.read_text()), today(get, instant))
    [body] = document["paths"]["/appointments"]["post"]["requestBody"]["content"].values()
    made = caller.post("rita", "/appointments", body["example"])
    assert made.status == 201, made.text
    query = {each["name"]: each for each in document["paths"]["/availability"]["get"]["parameters"]}
    window = {name: query[name]["example"] for name in ("from", "to", "treatment_id", "doctor_id")}
    assert get("pat", "/availability", window)["items"] != []


def test_the_document_of_the_local_stack_shows_a_recall_that_can_be_dismissed(get: Get, caller: ApiClient) -> None:
    made = []
    for treatment_id in (1, 2):
        body = {"patient_id": caller.get("pat", "/me").json["user_id"], "treatment_id": treatment_id}
        due_on = (NOW + timedelta(days=10)).date().isoformat()
        made.append(caller.post("rita", "/recalls", {**body, "due_on": due_on}).json["recall_id"])
    ended = caller.post("rita", f"/recalls/{made[0]}/dismiss", {"reason": "Moved away"})
    assert ended.status == 200, ended.text

    document = refreshed(json.loads(FILE.read_text()), today(get, NOW))

    shown = document["paths"]["/recalls/{recall_id}/dismiss"]["post"]["parameters"]
    assert [each["example"] for each in shown if each.get("name") == "recall_id"] == [made[1]]
