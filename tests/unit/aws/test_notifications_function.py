"""What the messenger hears from the notifications function, and from Lambda when there is no answer."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from lambda_function.aws.notifications_function import NotificationsFunction
from lambda_function.domain.errors import UnavailableError
from lambda_function.services.notifications.messages import Outcome, OutcomeStatus
from tests.deployments import Answer, answer_invocations, fails, refused, works
from tests.messages import mail, sms

pytestmark = pytest.mark.usefixtures("aws")

_ONCE = Config(retries={"total_max_attempts": 1})
OUTCOME = Outcome(notification_id=17, lease="5f70", status=OutcomeStatus.SENT, provider_id="ses-1")


def _function(answer: Answer, events: list[Any] | None = None) -> NotificationsFunction:
    def invoke(name: str, event: bytes) -> Answer:
        assert name == "dentist-test-notifications"
        if events is not None:
            events.append(json.loads(event))
        return answer

    answer_invocations(invoke)
    return NotificationsFunction(boto3.client("lambda", config=_ONCE), "dentist-test-notifications")


def test_a_claim_returns_the_messages_as_they_were_composed() -> None:
    events: list[Any] = []
    answer = works({"messages": [mail().document(), sms().document()], "lease_seconds": 120})

    claim = _function(answer, events).claim(25)

    assert (list(claim.messages), claim.lease_seconds) == ([mail(), sms()], 120.0)
    assert events == [{"action": "claim", "limit": 25}]


def test_a_message_that_cannot_be_read_keeps_no_other_from_being_sent(log_text: Callable[[], str]) -> None:
    good = mail().document()
    unreadable = [
        {},
        "secret",
        {**good, "notification_id": "secret"},
        {**good, "to": None},
        {**good, "text": ["secret"]},
        {**good, "links": [1]},
        {**good, "attachments": [{"filename": "secret"}]},
        {**good, "channel": "PIGEON"},
    ]
    answer = works({"messages": [*unreadable, {**good, "of_a_later_release": 1}], "lease_seconds": 120})

    assert list(_function(answer).claim(25).messages) == [mail()]
    logged = log_text()
    assert logged.count("message not read") == len(unreadable)
    assert "secret" not in logged


def test_outcomes_are_told_and_the_number_of_settled_ones_returned() -> None:
    events: list[Any] = []

    assert _function(works({"settled": 1}), events).settle([OUTCOME]) == 1
    assert events == [{"action": "settle", "outcomes": [OUTCOME.document()]}]


@pytest.mark.parametrize("answer", [fails("Sandbox.Timedout"), refused("TooManyRequestsException")])
def test_without_an_answer_the_function_is_unavailable_and_nothing_is_repeated_of_it(answer: Answer) -> None:
    with pytest.raises(UnavailableError) as raised:
        _function(answer).claim(25)
    assert "secret" not in raised.value.detail


def test_a_function_that_cannot_be_reached_is_unavailable() -> None:
    def lost(name: str, event: bytes) -> Answer:
        raise ReadTimeoutError(endpoint_url="https://secret.invalid")

    answer_invocations(lost)
    function = NotificationsFunction(boto3.client("lambda", config=_ONCE), "any")
    with pytest.raises(UnavailableError, match="ReadTimeoutError"):
        function.settle([OUTCOME])
