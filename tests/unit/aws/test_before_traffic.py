"""What CodeDeploy is told about a version, depending on what the version answers. Nothing here has a database."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from dev.http_event import Request
from dev.http_event import event as gateway_event
from lambda_function.aws.before_traffic import BeforeTraffic
from tests.clock import NOW
from tests.deployments import EVENT, Answer, Deployment, app_spec, fails, refused, works

OK = HTTPStatus.OK
FORBIDDEN = HTTPStatus.FORBIDDEN
_ONCE = Config(retries={"total_max_attempts": 1})


def answering(ready: int = OK, stranger: int = FORBIDDEN) -> Callable[[Any], Answer]:
    statuses = {"/health/ready": ready, "/me": stranger}
    return lambda event: works({"statusCode": statuses[event["rawPath"]], "body": "secret words"})


def hook(deployment: Deployment) -> BeforeTraffic:
    deployment.listen()
    return BeforeTraffic(boto3.client("codedeploy"), boto3.client("lambda", config=_ONCE), lambda: NOW)


def statuses(deployment: Deployment) -> list[str]:
    return [told["status"] for told in deployment.told]


pytestmark = pytest.mark.usefixtures("aws")


def test_a_version_that_serves_and_knows_strangers_may_get_requests() -> None:
    deployment = Deployment({"8": answering()})

    assert hook(deployment)(EVENT) is True
    assert deployment.told == [
        {"deploymentId": "d-EXAMPLE12", "lifecycleEventHookExecutionId": "hook-1", "status": "Succeeded"}
    ]


@pytest.mark.parametrize(
    "version",
    [
        answering(ready=503),
        answering(stranger=200),
        answering(stranger=401),
        answering(stranger=500),
        lambda _: fails("Runtime.ImportModuleError"),
        lambda _: fails("Sandbox.Timedout"),
        lambda _: refused("ResourceNotFoundException"),
    ],
    ids=["no database", "lets strangers in", "refuses all tokens", "defect", "import", "time-out", "no such version"],
)
def test_any_other_version_is_stopped(version: Callable[[Any], Answer]) -> None:
    deployment = Deployment({"8": version})

    assert hook(deployment)(EVENT) is False
    assert statuses(deployment) == ["Failed"]


def test_a_version_that_does_not_answer_in_time_is_stopped() -> None:
    def silent(_: Any) -> Answer:
        raise ReadTimeoutError(endpoint_url="https://lambda")

    deployment = Deployment({"8": silent})

    assert hook(deployment)(EVENT) is False
    assert statuses(deployment) == ["Failed"]


def test_a_version_whose_answer_is_no_answer_is_stopped_and_the_hook_fails() -> None:
    deployment = Deployment({"8": lambda _: works(None)})

    with pytest.raises(TypeError):
        hook(deployment)(EVENT)
    assert statuses(deployment) == ["Failed"]


@pytest.mark.parametrize("spec", ["", "version: 0.0", '{"version": 0}', '{"Resources": []}'])
def test_without_a_spec_that_names_a_version_the_deployment_is_stopped_and_the_hook_fails(spec: str) -> None:
    deployment = Deployment({}, spec=spec)

    with pytest.raises((KeyError, ValueError)):
        hook(deployment)(EVENT)
    assert statuses(deployment) == ["Failed"]


def test_the_version_is_that_of_the_deployment_and_not_the_newest() -> None:
    deployment = Deployment({"3": answering(), "8": answering(ready=503)}, spec=app_spec("3"))

    assert hook(deployment)(EVENT) is True


def test_a_revision_that_is_named_by_its_digest_is_looked_up() -> None:
    deployment = Deployment({"8": answering()}, by_digest=True)

    assert hook(deployment)(EVENT) is True


def test_a_version_that_failed_once_is_asked_no_more() -> None:
    deployment = Deployment({"8": answering(ready=503)})
    hook(deployment)(EVENT)

    assert [event["rawPath"] for event in deployment.events] == ["/health/ready"]


def test_its_events_have_the_shape_of_those_of_the_gateway() -> None:
    deployment = Deployment({"8": answering()})
    hook(deployment)(EVENT)

    for sent, claims in zip(deployment.events, (None, {"sub": "nobody"}), strict=True):
        request = Request("GET", sent["rawPath"], "", (("host", "localhost"),), b"", "HTTP/1.1", "127.0.0.1")
        real = gateway_event(request, route_key=sent["routeKey"], path_parameters={}, claims=claims)
        assert sent.keys() == real.keys()
        assert sent["requestContext"].keys() == real["requestContext"].keys()
        assert sent["requestContext"]["http"].keys() == real["requestContext"]["http"].keys()


@pytest.mark.parametrize(
    ("version", "path", "answered"),
    [(answering(stranger=200), "/me", 200), (lambda _: fails("Sandbox.Timedout"), "/health/ready", "Sandbox.Timedout")],
    ids=["an answer", "none"],
)
def test_the_log_says_what_was_wrong_and_nothing_of_the_answer(
    version: Callable[[Any], Answer], path: str, answered: int | str, log_text: Callable[[], str]
) -> None:
    hook(Deployment({"8": version}))(EVENT)

    text = log_text()
    line = json.loads(text)
    assert (line["message"], line["deployment"], line["version"]) == ("version refused", "d-EXAMPLE12", "8")
    assert (line["path"], line["answered"]) == (path, answered)
    assert "secret words" not in text
