"""Visits of an erased patient stay, and nobody writes anything about them any more."""

from datetime import timedelta
from typing import Any

import pytest

from lambda_function.db.models import Appointment, AppointmentEvent
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.errors import ForbiddenError
from lambda_function.services.operators.actions import OperatorContext, run
from lambda_function.services.visits import lock_visit
from tests.api.conftest import Statements
from tests.api.desk import Desk
from tests.clock import NOW

WORDS = "Allergic to latex"


@pytest.fixture
def visit(desk: Desk, database: Database) -> int:
    """Returns a visit of yesterday that nobody has closed. Its patient, kim, has been erased."""
    ids = {"patient_id": desk.id_of("kim"), "status": Status.BOOKED}
    appointment_id = desk.practice.add_appointment(NOW - timedelta(days=1), **ids).appointment_id
    run(OperatorContext(database), "erase-person", {"user_name": "kim"})
    return int(appointment_id)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/appointments/{}", {"patient_note": WORDS}),
        ("PATCH", "/appointments/{}", {"internal_note": WORDS}),
        ("PATCH", "/appointments/{}", {"starts_at": "2030-01-15T15:00:00Z", "override_reason": WORDS}),
        ("POST", "/appointments/{}/cancel", {"reason": WORDS}),
        (
            "POST",
            "/fhir/R4/Appointment/{}/$cancel",
            {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": WORDS}]},
        ),
    ],
)
def test_words_about_it_are_refused(desk: Desk, visit: int, method: str, path: str, body: dict[str, Any]) -> None:
    answer = desk.client.call("rita", method, path.format(visit), body)
    assert (answer.status, answer.code) == (409, "invalid_transition")
    assert "erased" in answer.text
    assert WORDS not in str([row.__dict__ for row in desk.practice.rows(Appointment)])
    assert desk.practice.rows(AppointmentEvent) == []


def test_a_cancellation_by_replacing_the_resource_is_refused_too(desk: Desk, visit: int) -> None:
    path = f"/fhir/R4/Appointment/{visit}"
    read = desk.client.get("rita", path).json
    body = {**read, "status": "cancelled", "cancelationReason": {"text": WORDS}}
    answer = desk.client.call("rita", "PUT", path, body)
    assert (answer.status, answer.code) == (409, "invalid_transition"), answer.text


def test_taking_words_back_is_no_change(desk: Desk, visit: int) -> None:
    answer = desk.client.call("rita", "PATCH", f"/appointments/{visit}", {"internal_note": None, "patient_note": None})
    assert answer.status == 200, answer.text


def test_what_became_of_the_visit_can_still_be_said(desk: Desk, visit: int) -> None:
    answer = desk.client.post("rita", f"/appointments/{visit}/no-show")
    assert (answer.status, answer.json["status"]) == (200, "NO_SHOW")
    assert answer.json["patient"]["full_name"] == f"erased:{answer.json['patient']['user_id']}"


def test_knowing_that_somebody_has_been_erased_costs_no_statement(
    desk: Desk, visit: int, statements: Statements
) -> None:
    other = desk.practice.add_appointment(NOW - timedelta(days=2)).appointment_id
    counts = []
    for appointment_id in (visit, other):
        statements.clear()
        assert desk.client.post("rita", f"/appointments/{appointment_id}/no-show").status == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert not [statement for statement in statements.sent if statement.startswith("SELECT user.erased_at")]


def test_the_erased_themselves_change_nothing_however_long_their_request_waited(
    desk: Desk, visit: int, database: Database
) -> None:
    """The caller was read as active before the wait."""
    kim = desk.practice.rows(Appointment)[0].patient_id

    def late(work: UnitOfWork) -> None:
        work.act_as(Actor(kim, Role.PATIENT))
        lock_visit(work, visit)

    with pytest.raises(ForbiddenError):
        database.transact(late)
