"""What the command line hears from the function of a country."""

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config

from lambda_function.aws.country_function import CountryFunction
from lambda_function.domain.errors import UnavailableError
from lambda_function.services.operators.countries import Part
from tests.deployments import Answer, answer_invocations, fails, refused, works

pytestmark = pytest.mark.usefixtures("aws")

_ONCE = Config(retries={"total_max_attempts": 1})
DIFFERENCE = {"appointment_id": 3, "kind": "missing"}
DOCUMENT = {
    "after": 1000,
    "last_id": 2500,
    "visits": 990,
    "registered": 989,
    "days": {"2030-01-07": {"visits": 3, "registered": 2}},
    "differences": [DIFFERENCE],
    "on_their_way": [4],
    "untold": [5],
    "repaired": 0,
}


def _function(answer: Answer, events: list[Any] | None = None) -> CountryFunction:
    def invoke(name: str, event: bytes) -> Answer:
        assert name == "dentist-test-country-pe"
        if events is not None:
            events.append(json.loads(event))
        return answer

    answer_invocations(invoke)
    return CountryFunction(boto3.client("lambda", config=_ONCE), "dentist-test-country-pe")


def test_a_part_is_asked_for_and_read() -> None:
    events: list[Any] = []
    part = _function(works(DOCUMENT), events).check(500, repair=True)

    assert events == [{"action": "check", "after": 500, "repair": True}]
    assert part == Part(1000, 2500, 990, 989, DOCUMENT["days"], [DIFFERENCE], [4], [5], 0)  # type: ignore[arg-type] # JSON


def test_what_a_later_release_adds_is_ignored() -> None:
    assert _function(works({**DOCUMENT, "more": 1})).check(0, repair=False).visits == 990


@pytest.mark.parametrize("answer", [fails("OperationalError"), refused("ResourceNotFoundException")])
def test_without_an_answer_the_function_is_named(answer: Answer) -> None:
    with pytest.raises(UnavailableError, match="The function dentist-test-country-pe") as raised:
        _function(answer).check(0, repair=False)
    assert "secret" not in raised.value.detail
