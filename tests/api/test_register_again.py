"""POST /appointments/{id}/register"""

import pytest

from lambda_function.db.models import AppointmentRegistration, Country, OutboxMessage
from tests.api.conftest import Statements
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api.test_find_by_registration import add_visits
from tests.api.test_query_budgets import within


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The demo practice, whose country has a register."""
    desk.practice.add(Country(code="PE"))
    return desk


@pytest.mark.parametrize("state", ["FAILED", "DONE", "PENDING"])
def test_a_visit_is_sent_again_and_pending_until_there_is_an_outcome(desk: Desk, state: str) -> None:
    [visit] = add_visits(desk, state[0])

    answer = desk.client.post("rita", f"/appointments/{visit}/register")

    assert (answer.status, answer.headers["ETag"]) == (202, '"1"')
    assert answer.json == desk.client.get("rita", f"/appointments/{visit}").json
    assert answer.json["registration"] == {"status": "PENDING", "version": 1, "error": None, "at": None}
    assert desk.practice.rows(AppointmentRegistration) == []
    [message] = desk.practice.rows(OutboxMessage)
    assert message.kind == "appointment.registration_requested"
    detail = message.detail
    assert (detail["appointment_id"], detail["version"], detail["country"]) == (visit, 1, "PE")
    assert (detail["action"], detail["announce"]) == (None, False)


def test_the_outcomes_of_other_visits_stay(desk: Desk) -> None:
    visits = add_visits(desk, "FF")

    desk.client.post("rita", f"/appointments/{visits[0]}/register")

    assert [row.appointment_id for row in desk.practice.rows(AppointmentRegistration)] == visits[1:]


def test_a_repetition_with_the_same_key_sends_nothing_more(desk: Desk) -> None:
    [visit] = add_visits(desk, "F")
    key = {"Idempotency-Key": "again"}
    first, second = (desk.client.post("rita", f"/appointments/{visit}/register", headers=key) for _ in range(2))

    assert (second.status, second.json, second.headers["Idempotency-Replayed"]) == (202, first.json, "true")
    assert len(desk.practice.rows(OutboxMessage)) == 1


@pytest.mark.parametrize("user_name", ["pat", "drjay"])
def test_only_receptionists_may_do_it(desk: Desk, user_name: str) -> None:
    [visit] = add_visits(desk, "F")

    expect_problem(desk.client.post(user_name, f"/appointments/{visit}/register"), 403, "forbidden")
    assert len(desk.practice.rows(AppointmentRegistration)) == 1


def test_a_visit_elsewhere_is_not_found(desk: Desk) -> None:
    desk.practice.add_receptionist("far", clinics=(2,))
    [visit] = add_visits(desk, "F")

    expect_problem(desk.client.post("far", f"/appointments/{visit}/register"), 404, "not_found")


def test_a_country_without_a_register_is_a_conflict(desk: Desk) -> None:
    [visit] = add_visits(desk, "F")
    desk.practice.session.query(Country).delete()
    desk.practice.session.commit()

    expect_problem(desk.client.post("rita", f"/appointments/{visit}/register"), 409, "no_register")
    assert desk.practice.rows(OutboxMessage) == []


def test_it_stays_within_its_budget(desk: Desk, statements: Statements) -> None:
    [visit] = add_visits(desk, "F")
    statements.clear()

    answer = desk.client.post("rita", f"/appointments/{visit}/register")

    within(statements, "POST /appointments/{appointment_id}/register", answer, 202)
    [locking] = [statement for statement in statements.sent if "FOR UPDATE" in statement]
    assert "FROM patient" in locking.replace("\n", " ")
