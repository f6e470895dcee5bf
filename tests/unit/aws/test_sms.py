"""SMS through SNS, emulated by moto, and by a small server that misbehaves."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from lambda_function.aws.sms import Sms
from lambda_function.domain.notifications import Reason
from lambda_function.services.messenger import Sent
from lambda_function.services.notifications.messages import OutcomeStatus
from tests.messages import sms
from tests.provider_server import Behaviour, provider

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

ONCE = Config(connect_timeout=1, read_timeout=0.2, retries={"mode": "standard", "total_max_attempts": 1})


@pytest.fixture
def client(aws: pytest.MonkeyPatch) -> "SNSClient":
    return boto3.client("sns", config=ONCE)


def requests_of(client: "SNSClient") -> list[dict[str, Any]]:
    """Returns the requests that the client sends from now on."""
    sent: list[dict[str, Any]] = []
    client.meta.events.register("provide-client-params.sns.Publish", lambda params, **_: sent.append(params))
    return sent


def attributes(request: dict[str, Any]) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in request["MessageAttributes"].items()}


def at(url: str) -> Sms:
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    return Sms(session.client("sns", endpoint_url=url, config=ONCE), None)


def error(code: str) -> bytes:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>+51987654321</Message></Error></ErrorResponse>".encode()


@pytest.mark.parametrize(("text", "parts"), [("a" * 160, 1), ("á" * 71, 2)])
def test_the_parts_that_are_paid_for_are_counted(
    client: "SNSClient", log_text: Callable[[], str], text: str, parts: int
) -> None:
    Sms(client, None).send(replace(sms(), text=text))

    [counted] = [json.loads(line) for line in log_text().splitlines() if "SmsParts" in line]
    assert counted["SmsParts"] == [parts]


def test_the_text_goes_to_the_number_with_its_notification(client: "SNSClient") -> None:
    requests = requests_of(client)
    sent = Sms(client, None).send(sms())

    assert sent.status is OutcomeStatus.SENT
    assert sent.provider_id
    assert (requests[0]["PhoneNumber"], requests[0]["Message"]) == (sms().to, sms().text)
    assert attributes(requests[0]) == {
        "AWS.SNS.SMS.SMSType": "Transactional",
        "notification_id": "17",
        "kind": "BOOKED",
    }


def test_the_sender_id_is_sent_if_there_is_one(client: "SNSClient") -> None:
    requests = requests_of(client)
    Sms(client, "Dentist").send(sms())

    assert attributes(requests[0])["AWS.SNS.SMS.SenderID"] == "Dentist"


def test_a_number_that_sns_refuses_is_refused(client: "SNSClient") -> None:
    assert Sms(client, None).send(sms(to="the desk")) == Sent(OutcomeStatus.REFUSED, reason=Reason.ADDRESS_REFUSED)


@pytest.mark.parametrize(
    ("status", "code", "outcome", "reason"),
    [
        (400, "InvalidParameter", OutcomeStatus.REFUSED, Reason.ADDRESS_REFUSED),
        (400, "OptedOut", OutcomeStatus.REFUSED, Reason.OPTED_OUT),
        (400, "UserError", OutcomeStatus.RETRY, None),
        (403, "AuthorizationError", OutcomeStatus.RETRY, None),
        (429, "Throttled", OutcomeStatus.RETRY, None),
        (500, "InternalError", OutcomeStatus.RETRY, None),
    ],
)
def test_an_error_is_sorted_by_whose_fault_it_is(
    status: int, code: str, outcome: OutcomeStatus, reason: Reason | None
) -> None:
    with provider(Behaviour(status, error(code))) as sns:
        assert at(sns.url).send(sms()) == Sent(outcome, reason=reason)
    assert len(sns.requests) == 1


@pytest.mark.parametrize("behaviour", [Behaviour(None, hangs=True), Behaviour(None)], ids=["hangs", "drops"])
def test_nobody_knows_what_became_of_an_sms_whose_answer_is_lost(behaviour: Behaviour) -> None:
    with provider(behaviour) as sns:
        assert at(sns.url).send(sms()) == Sent(OutcomeStatus.UNKNOWN)
    assert len(sns.requests) == 1


def test_an_sms_that_found_no_provider_can_be_sent_again() -> None:
    assert at("http://127.0.0.1:1").send(sms()) == Sent(OutcomeStatus.RETRY)
