"""The Lambda that sends, with the emulated SES and SNS and a notifications function of the test."""

import json
from typing import Any

import boto3
import pytest

from dev.lambda_context import LambdaContext
from lambda_function.settings import SettingsError
from tests.aws import load_handler
from tests.deployments import Answer, answer_invocations, works
from tests.messages import mail, sms

MODULE = "lambda_function.entrypoints.messenger"
SETTINGS = {
    "NOTIFICATIONS_FUNCTION": "dentist-test-notifications",
    "MAIL_SENDER": "reminders@clinic.example",
    "MAIL_CONFIGURATION_SET": "dentist-test",
}


@pytest.fixture
def environment(aws: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in SETTINGS.items():
        aws.setenv(name, value)
    aws.delenv("SMS_SENDER_ID", raising=False)
    boto3.client("sesv2").create_email_identity(EmailIdentity=SETTINGS["MAIL_SENDER"])
    return aws


def test_it_sends_what_is_due_and_tells_what_became_of_it(environment: pytest.MonkeyPatch) -> None:
    messages = [mail(notification_id=1), sms(notification_id=2), mail(notification_id=3, to="nobody")]
    told: list[dict[str, Any]] = []

    def invoke(name: str, event: bytes) -> Answer:
        asked = json.loads(event)
        if asked["action"] == "settle":
            told.extend(asked["outcomes"])
            return works({"settled": len(asked["outcomes"])})
        due = [message.document() for message in messages]
        messages.clear()
        return works({"messages": due, "lease_seconds": 120})

    answer_invocations(invoke)

    assert load_handler(MODULE)({}, LambdaContext("messenger", 60)) == {"sent": 2}
    assert {each["notification_id"]: each["status"] for each in told} == {1: "SENT", 2: "SENT", 3: "REFUSED"}
    assert boto3.client("ses").get_send_quota()["SentLast24Hours"] > 0


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_without_a_setting_it_fails_and_says_which(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(SettingsError, match=name):
        load_handler(MODULE)
