"""OPTIONS as browsers send it before a page's request, without a token."""

import pytest

from tests.api.conftest import Statements
from tests.api.desk import Desk
from tests.api.expect import expect_problem

ASKED = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize("path", ["/appointments", "/appointments/1", "/health", "/nowhere", "/fhir/R4/Appointment"])
def test_a_preflight_is_204_without_a_token_and_tells_nothing(desk: Desk, path: str) -> None:
    answer = desk.client.call(None, "OPTIONS", path, headers=ASKED)

    assert (answer.status, answer.text) == (204, "")
    assert "Allow" not in answer.headers
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_preflight_asks_the_database_nothing(desk: Desk, statements: Statements) -> None:
    statements.clear()
    desk.client.call(None, "OPTIONS", "/appointments", headers=ASKED)

    assert not statements.sent


def test_options_of_somebody_known_is_a_method_like_others(desk: Desk) -> None:
    expect_problem(desk.client.call("pat", "OPTIONS", "/appointments", headers=ASKED), 405, "method_not_allowed")
