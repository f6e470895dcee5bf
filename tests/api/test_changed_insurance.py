"""PATCH /users/{id} of a patient whose insurance changes: registers learn of it for the visits that are to come."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from lambda_function.db.models import Country, OutboxMessage
from lambda_function.domain.appointment import Status
from lambda_function.services import identifiers
from tests.api.conftest import Statements
from tests.api.desk import Desk, instant
from tests.api.test_more_query_budgets import WITH_IDENTIFIERS
from tests.clock import NOW

START = instant("15:00", "2030-01-20")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The demo practice, whose country has a register."""
    desk.practice.add(Country(code="PE"))
    return desk


def insure(desk: Desk, *numbers: str, system: str = "insurance", user_name: str = "rita") -> None:
    entered = [{"system": system, "value": number} for number in numbers]
    answer = desk.client.call(user_name, "PATCH", f"/users/{desk.id_of('pat')}", {"identifiers": entered})
    assert answer.status == 200, answer.text


def visits(desk: Desk, *states: Status, clinic_id: int = 1) -> list[int]:
    return [
        desk.practice.add_appointment(START + timedelta(hours=number), clinic_id=clinic_id, status=state).appointment_id
        for number, state in enumerate(states)
    ]


def told(desk: Desk) -> list[int]:
    """Returns the visits that a register is asked to read again, in the order of the messages."""
    messages = sorted(desk.practice.rows(OutboxMessage), key=lambda row: row.outbox_id)
    assert {message.kind for message in messages} <= {"appointment.registration_requested"}
    return [message.detail["appointment_id"] for message in messages]


def test_visits_of_which_something_is_to_come_are_registered_again_and_no_others(desk: Desk) -> None:
    ids = dict(zip(Status, visits(desk, *Status), strict=True))
    visits(desk, Status.BOOKED, clinic_id=2)

    insure(desk, "R7")

    assert sorted(told(desk)) == sorted(ids[state] for state in (Status.REQUESTED, Status.BOOKED, Status.CHECKED_IN))
    detail = desk.practice.rows(OutboxMessage)[0].detail
    assert (detail["version"], detail["country"], detail["action"], detail["announce"]) == (1, "PE", None, False)
    assert "R7" not in str(detail)


@pytest.mark.parametrize("entered", [("R8",), ("R7", "R8"), ()], ids=["another", "one more", "none"])
def test_every_change_of_the_insurance_counts(desk: Desk, entered: Sequence[str]) -> None:
    desk.practice.add_identifier(desk.id_of("pat"), "insurance", "PE", "R7")
    [visit] = visits(desk, Status.BOOKED)

    insure(desk, *entered)

    assert told(desk) == [visit]


def test_what_is_no_change_of_the_insurance_tells_nothing(desk: Desk) -> None:
    desk.practice.add_identifier(desk.id_of("pat"), "insurance", "PE", "R7")
    visits(desk, Status.BOOKED)

    insure(desk, "R7")
    patient = f"/users/{desk.id_of('pat')}"
    both = [{"system": "insurance", "value": "R7"}, {"system": "chart", "value": "B1"}]
    assert desk.client.call("rita", "PATCH", patient, {"identifiers": both, "phone": "+51 1234"}).status == 200

    assert told(desk) == []


def test_a_country_without_a_register_is_told_nothing(desk: Desk) -> None:
    visits(desk, Status.BOOKED, clinic_id=2)

    insure(desk, "R7", user_name="rosa")

    assert told(desk) == []


def test_at_most_so_many_are_told_and_the_next_ones_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identifiers, "VISITS_TOLD", 3)
    days = [3, -2, 1, -1, 2]
    ids = {day: desk.practice.add_appointment(NOW + timedelta(days=day)).appointment_id for day in days}

    insure(desk, "R7")
    assert told(desk) == [ids[1], ids[2], ids[3]]

    monkeypatch.setattr(identifiers, "VISITS_TOLD", 4)
    insure(desk, "R8")
    assert told(desk)[3:] == [ids[1], ids[2], ids[3], ids[-2]]


@pytest.mark.parametrize("number", [1, 20])
def test_it_takes_as_many_statements_for_one_visit_as_for_twenty(
    desk: Desk, statements: Statements, number: int
) -> None:
    visits(desk, *[Status.BOOKED] * number)
    changed = {"phone": None, "birth_date": "1990-02-01", "identifiers": [{"system": "insurance", "value": "R7"}]}
    statements.clear()

    assert desk.client.call("rita", "PATCH", f"/users/{desk.id_of('pat')}", changed).status == 200

    assert len(told(desk)) == number
    assert len([sent for sent in statements.sent if sent.startswith("INSERT INTO outbox")]) == 1
    # The message is one statement beyond what identifiers cost.
    assert len(statements) <= WITH_IDENTIFIERS["PATCH"] + 1
