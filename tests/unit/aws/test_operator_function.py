"""What the command line hears from the operators' Lambda, and from Lambda when there is no answer."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from lambda_function.aws.operator_function import OperatorFunction, RefusedThereError
from lambda_function.domain.errors import UnavailableError
from tests.deployments import Answer, answer_invocations, fails, refused, works

pytestmark = pytest.mark.usefixtures("aws")

_ONCE = Config(retries={"total_max_attempts": 1})


def _function(answer: Answer, events: list[Any] | None = None) -> OperatorFunction:
    def invoke(name: str, event: bytes) -> Answer:
        assert name == "dentist-test-operator"
        if events is not None:
            events.append(json.loads(event))
        return answer

    answer_invocations(invoke)
    return OperatorFunction(boto3.client("lambda", config=_ONCE), "dentist-test-operator")


def test_an_action_is_sent_with_its_arguments_and_its_result_is_returned() -> None:
    events: list[Any] = []
    run = _function(works({"ok": True, "result": {"new": 1}}), events)
    assert run("patients.import", {"clinic": "Ñuñoa"}) == {"new": 1}
    assert events == [{"action": "patients.import", "arguments": {"clinic": "Ñuñoa"}}]


@pytest.mark.parametrize("error", [{"code": "forbidden", "detail": "No."}, {"code": "x", "detail": "y", "field": "z"}])
def test_a_refusal_is_raised_as_the_function_tells_it(error: Mapping[str, str]) -> None:
    with pytest.raises(RefusedThereError) as raised:
        _function(works({"ok": False, "error": error}))("check", {})
    told = {"code": raised.value.code, "detail": raised.value.detail, "field": raised.value.field}
    assert told == {"field": None, **error}


@pytest.mark.parametrize("answer", [fails("Sandbox.Timedout"), refused("ResourceNotFoundException")])
def test_without_an_answer_the_function_is_unavailable_and_nothing_is_repeated_of_it(answer: Answer) -> None:
    with pytest.raises(UnavailableError) as raised:
        _function(answer)("check", {})
    assert "secret" not in raised.value.detail


def test_a_function_that_cannot_be_reached_is_unavailable() -> None:
    def lost(name: str, event: bytes) -> Answer:
        raise ReadTimeoutError(endpoint_url="https://secret.invalid")

    answer_invocations(lost)
    with pytest.raises(UnavailableError, match="ReadTimeoutError"):
        OperatorFunction(boto3.client("lambda", config=_ONCE), "any")("check", {})
