"""A request about a visit sends the same statements whether or not its country has a register, and an outcome is known.
tests/api/test_query_budgets.py limits how many these are.
"""

from collections.abc import Callable

import pytest

from lambda_function.db.models import AppointmentRegistration, Country
from lambda_function.domain.registration import Outcome
from tests.api.conftest import Statements
from tests.api.desk import Desk, at
from tests.api_client import Answer
from tests.clock import NOW

DAYS = ("2030-01-08", "2030-01-09")

Request = Callable[[Desk, int, str], Answer]
REQUESTS: dict[str, Request] = {
    "book": lambda desk, visit, day: desk.book("rita", at("17:00", day)),
    "move": lambda desk, visit, day: desk.client.call(
        "rita", "PATCH", f"/appointments/{visit}", {"starts_at": at("18:00", day)}
    ),
    "cancel": lambda desk, visit, day: desk.cancel("rita", visit),
    "confirm attendance": lambda desk, visit, day: desk.client.post(
        "rita", f"/appointments/{visit}/confirm-attendance", {}
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_register_costs_no_statement(desk: Desk, statements: Statements, name: str) -> None:
    def sent(visit: int, day: str) -> list[str]:
        statements.clear()
        assert REQUESTS[name](desk, visit, day).status in {200, 201}
        return list(statements.sent)

    first, second = (desk.booked("rita", at("15:00", day))["appointment_id"] for day in DAYS)
    without = sent(first, DAYS[0])
    outcome = AppointmentRegistration(appointment_id=second, version=1, status=Outcome.DONE, error=None, at=NOW)
    desk.practice.session.merge(Country(code="PE"))
    desk.practice.add(outcome)

    assert sent(second, DAYS[1]) == without
