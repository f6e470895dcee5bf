"""What CodeDeploy calls before a version of the API gets its first request. It sends that version two requests as API
Gateway would: one that only a version with its database can answer, and one of an account that nobody has.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.aws.errors import error_code
from lambda_function.observability import logger

_HOST = "before-traffic.invalid"
_CLAIMS = {
    "sub": "00000000-0000-0000-0000-000000000000",  # Cognito gives random ones
    "token_use": "access",
    "client_id": "before-traffic",
    "username": "before-traffic",
}


@dataclass(frozen=True, slots=True)
class Version:
    function: str
    number: str

    @property
    def name(self) -> str:
        """The function's name with the version, as policies know it."""
        return f"{self.function}:{self.number}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A GET and the status that it has to be answered with; claims are None for a route that needs no token."""

    path: str
    claims: Mapping[str, str] | None
    status: HTTPStatus


TRIALS = (
    Trial("/health/ready", None, HTTPStatus.OK),
    Trial("/me", _CLAIMS, HTTPStatus.FORBIDDEN),
)


class BeforeTraffic:
    """`codedeploy` and `functions` are boto3's clients of CodeDeploy and of Lambda."""

    def __init__(self, codedeploy: Any, functions: Any, clock: Callable[[], datetime]) -> None:
        self._codedeploy = codedeploy
        self._functions = functions
        self._clock = clock

    def __call__(self, event: Mapping[str, str]) -> bool:
        """Tells CodeDeploy, and returns, whether the version may get requests. Whatever goes wrong, it may not."""
        passed = False
        try:
            passed = self._passes(event["DeploymentId"])
        finally:
            # CodeDeploy would wait an hour for a result that never comes.
            self._codedeploy.put_lifecycle_event_hook_execution_status(
                deploymentId=event["DeploymentId"],
                lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
                status="Succeeded" if passed else "Failed",
            )
        return passed

    def _passes(self, deployment_id: str) -> bool:
        version = self._version(deployment_id)
        said: dict[str, Any] = {"deployment": deployment_id, "version": version.number}
        for trial in TRIALS:
            answered = self._answer(version, _event(trial, deployment_id, self._clock()))
            if answered != trial.status:
                logger.error("version refused", path=trial.path, wanted=trial.status, answered=answered, **said)
                return False
        logger.info("version accepted", **said)
        return True

    def _version(self, deployment_id: str) -> Version:
        """The version that the deployment leads to, which is an older one when it takes a release back."""
        deployment = self._codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
        content = _content(deployment["revision"])
        if content is None:
            # CodeDeploy may name a revision by its digest alone.
            found = self._codedeploy.get_application_revision(
                applicationName=deployment["applicationName"], revision=deployment["revision"]
            )
            content = _content(found["revision"])
        [resource] = json.loads(content or "{}")["Resources"]
        [function] = resource.values()
        properties = function["Properties"]
        return Version(properties["Name"], str(properties["TargetVersion"]))

    def _answer(self, version: Version, event: Mapping[str, Any]) -> int | str:
        """The status of the answer, or why there is none."""
        try:
            answer = self._functions.invoke(FunctionName=version.name, Payload=json.dumps(event))
            result = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError) as error:
            return error_code(error)
        if "FunctionError" in answer:
            return str(result.get("errorType", answer["FunctionError"]))
        return int(result["statusCode"])


def _content(revision: Mapping[str, Any]) -> str | None:
    """The text of the AppSpec; CodeDeploy calls it `string` in older answers."""
    text = revision.get("appSpecContent") or revision.get("string") or {}
    content: str | None = text.get("content")
    return content


def _event(trial: Trial, deployment_id: str, now: datetime) -> dict[str, Any]:
    """An event of payload 2.0. The log of the API shows the deployment as the id of the request."""
    route_key = f"GET {trial.path}"
    context: dict[str, Any] = {
        "accountId": "before-traffic",
        "apiId": "before-traffic",
        "domainName": _HOST,
        "domainPrefix": _HOST.partition(".")[0],
        "http": {
            "method": "GET",
            "path": trial.path,
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "before-traffic",
        },
        "requestId": deployment_id,
        "routeKey": route_key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }
    if trial.claims is not None:
        context["authorizer"] = {"jwt": {"claims": dict(trial.claims), "scopes": None}}
    return {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": trial.path,
        "rawQueryString": "",
        "headers": {"host": _HOST, "user-agent": "before-traffic"},
        "requestContext": context,
        "isBase64Encoded": False,
    }
