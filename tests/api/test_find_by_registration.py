"""GET /appointments?registration=…&country=…"""

from typing import Any

import pytest

from lambda_function.db.models import AppointmentRegistration, Clinic, Country
from lambda_function.db.repositories import appointment_lists
from lambda_function.domain.registration import Outcome
from tests.api.conftest import Statements
from tests.api.desk import Desk, instant
from tests.api.expect import expect_problem
from tests.api.test_query_budgets import BUDGETS
from tests.clock import NOW

STATES = ("PENDING", "DONE", "FAILED")
# Beyond its budget, a page reads whether many have FAILED, and how far it got if it is not full.
LOOKING = 2


def add_visits(
    desk: Desk, states: str, *, doctor: str = "drjay", day: str = "2030-01-20", clinic_id: int = 1
) -> list[int]:
    """Adds a visit an hour for each letter: Done, Failed, Pending, or Older for an outcome of an earlier version."""
    visits = []
    for hour, state in enumerate(states):
        place = {"doctor_id": desk.id_of(doctor), "clinic_id": clinic_id}
        visit = desk.practice.add_appointment(instant(f"{hour:02}:00", day), **place).appointment_id
        if state != "P":
            status = Outcome.FAILED if state == "F" else Outcome.DONE
            version = 0 if state == "O" else 1
            desk.practice.add(AppointmentRegistration(appointment_id=visit, version=version, status=status, at=NOW))
        visits.append(visit)
    return visits


def found(desk: Desk, user_name: str, **query: Any) -> list[int]:
    """Follows the pages to the end."""
    ids: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        answer = desk.client.get(user_name, "/appointments", **query, **cursor)
        assert answer.status == 200, answer.text
        ids += [item["appointment_id"] for item in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            return ids
        cursor = {"cursor": answer.json["next_cursor"]}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The demo practice, whose country has a register."""
    desk.practice.add(Country(code="PE"))
    return desk


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_staff_find_visits_by_the_state_of_their_registration(desk: Desk, user_name: str) -> None:
    done, failed, pending, older = add_visits(desk, "DFPO")

    assert found(desk, user_name, registration="DONE") == [done]
    assert found(desk, user_name, registration="FAILED") == [failed]
    assert found(desk, user_name, registration="PENDING") == [pending, older]


def test_a_failure_of_an_older_version_is_pending(desk: Desk) -> None:
    [visit] = add_visits(desk, "F")
    desk.client.call("rita", "PATCH", f"/appointments/{visit}", {"internal_note": "Hello"})

    assert found(desk, "rita", registration="FAILED") == []
    assert found(desk, "rita", registration="PENDING") == [visit]


def test_the_country_limits_any_list(desk: Desk) -> None:
    visits = add_visits(desk, "DF")

    assert found(desk, "rita", country="PE") == found(desk, "pat", country="PE") == visits
    assert found(desk, "rita", country="CL") == found(desk, "pat", country="CL") == []
    assert found(desk, "rita", registration="FAILED", country="PE") == [visits[1]]
    assert found(desk, "rita", registration="FAILED", country="CL") == []


def test_a_country_without_a_register_has_nothing_to_find(desk: Desk) -> None:
    add_visits(desk, "DFP")
    desk.practice.session.query(Country).delete()
    desk.practice.session.commit()

    assert [found(desk, "rita", registration=state) for state in STATES] == [[], [], []]
    assert len(found(desk, "rita", country="PE")) == 3


@pytest.mark.parametrize("state", STATES)
def test_patients_may_not_ask_by_the_registration(desk: Desk, state: str) -> None:
    expect_problem(desk.client.get("pat", "/appointments", registration=state), 403, "forbidden")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"country": "pe"}, "not_a_country"),
        ({"country": "PER"}, "not_a_country"),
        ({"country": "P1"}, "not_a_country"),
        ({"country": ""}, "not_a_country"),
        ({"registration": "failed"}, "not_a_choice"),
        ({"registration": "UNKNOWN"}, "not_a_choice"),
    ],
    ids=str,
)
def test_other_values_are_refused(desk: Desk, query: dict[str, str], code: str) -> None:
    answer = desk.client.get("rita", "/appointments", **query)

    expect_problem(answer, 422, "validation_error")
    assert [(error["field"], error["code"]) for error in answer.json["errors"]] == [(next(iter(query)), code)]


@pytest.mark.parametrize("state", STATES)
def test_nobody_finds_what_they_may_not_see(desk: Desk, state: str) -> None:
    practice = desk.practice
    practice.add_doctor("drfar", clinic=2)
    practice.add_receptionist("far", clinics=(2,))
    practice.session.query(Clinic).update({"country": "PE"})
    practice.session.commit()
    here = add_visits(desk, state[0])
    other = add_visits(desk, state[0], doctor="drwu", day="2030-01-21")
    there = add_visits(desk, state[0], doctor="drfar", day="2030-01-22", clinic_id=2)

    query = {"registration": state, "country": "PE"}
    assert found(desk, "rita", **query) == here + other
    assert found(desk, "drjay", **query) == here
    assert found(desk, "drwu", **query) == other
    assert found(desk, "far", **query) == there


@pytest.mark.parametrize("few", [True, False], ids=["few failed", "many failed"])
@pytest.mark.parametrize("state", STATES)
def test_pages_find_each_once_and_in_order_however_few_they_look_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, state: str, *, few: bool
) -> None:
    monkeypatch.setattr(appointment_lists, "LOOKED_AT", 9 if few else 3)
    states = "DPFDPFDDDDPFDPPPFFFDDPFF"[: 24 if not few else 20]
    visits = add_visits(desk, states)
    expected = [visit for visit, each in zip(visits, states, strict=True) if each == state[0]]

    for limit in (1, 2, 50):
        assert found(desk, "rita", registration=state, limit=limit) == expected
        assert found(desk, "drjay", registration=state, limit=limit, status="BOOKED") == expected
    assert found(desk, "rita", registration=state, status="CANCELLED") == []


def test_a_page_may_be_empty_before_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appointment_lists, "LOOKED_AT", 3)
    visits = add_visits(desk, "DDDDP")

    first = desk.client.get("rita", "/appointments", registration="PENDING").json
    assert first["items"] == []
    second = desk.client.get("rita", "/appointments", registration="PENDING", cursor=first["next_cursor"]).json
    assert [item["appointment_id"] for item in second["items"]] == visits[-1:]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("looked_at", [3, 5000])
@pytest.mark.parametrize("state", STATES)
def test_a_page_sends_a_limited_number_of_statements(
    desk: Desk, statements: Statements, monkeypatch: pytest.MonkeyPatch, state: str, looked_at: int
) -> None:
    monkeypatch.setattr(appointment_lists, "LOOKED_AT", looked_at)
    add_visits(desk, "DDDDPFFFFF")
    for query in ({}, {"clinic_id": 1, "doctor_id": desk.id_of("drjay"), "date": "2030-01-20", "country": "PE"}):
        statements.clear()
        answer = desk.client.get("rita", "/appointments", registration=state, **query)
        assert answer.status == 200, answer.text
        assert len(statements) <= BUDGETS["GET /appointments"] + LOOKING
