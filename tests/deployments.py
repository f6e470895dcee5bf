"""CodeDeploy and Lambda at the edge of boto3: one deployment of the API, whose versions are functions of the test."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import boto3

EVENT = {"DeploymentId": "d-EXAMPLE12", "LifecycleEventHookExecutionId": "hook-1"}
FUNCTION = "dentist-test-api"
_DIGEST = {"sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"}

Answer = tuple[int, Mapping[str, Any]]


def app_spec(target: str) -> str:
    """Returns the AppSpec of a deployment that leads to this version."""
    properties = {"Name": FUNCTION, "Alias": "live", "CurrentVersion": "7", "TargetVersion": target}
    return json.dumps(
        {
            "version": 0,
            "Resources": [{"api": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
            "Hooks": [{"BeforeAllowTraffic": "dentist-test-before-traffic"}],
        }
    )


def works(result: Any) -> Answer:
    return HTTPStatus.OK, {"Payload": io.BytesIO(json.dumps(result).encode())}


def fails(error: str) -> Answer:
    """Returns what Lambda answers when the function itself has failed."""
    status, answer = works({"errorType": error, "errorMessage": "secret words"})
    return status, {**answer, "FunctionError": "Unhandled"}


def refused(code: str) -> Answer:
    """Returns what Lambda answers when it does not call the function."""
    return HTTPStatus.BAD_REQUEST, {"Error": {"Code": code, "Message": "secret words"}}


@dataclass
class Deployment:
    """`versions` get the events. `told` is what CodeDeploy was told, in the order in which it was told."""

    versions: Mapping[str, Callable[[Any], Answer]]
    spec: str = field(default_factory=lambda: app_spec("8"))
    by_digest: bool = False
    told: list[dict[str, str]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)

    def listen(self) -> None:
        """Answers all calls of clients that are made from now on."""
        # boto3 describes handlers as if their answers were of no use.
        events: Any = boto3.DEFAULT_SESSION and boto3.DEFAULT_SESSION.events
        events.register("before-call.codedeploy", self._codedeploy)
        events.register("before-call.lambda.Invoke", self._invoke)

    def _codedeploy(self, model: Any, params: Mapping[str, Any], **_: Any) -> Any:
        given = json.loads(params["body"])
        text = {"content": self.spec, **_DIGEST}
        answer: Mapping[str, Any]
        match model.name:
            case "GetDeployment":
                revision = {"revisionType": "AppSpecContent", "appSpecContent": _DIGEST if self.by_digest else text}
                answer = {"deploymentInfo": {"applicationName": FUNCTION, "revision": revision}}
            case "GetApplicationRevision" if given["applicationName"] == FUNCTION:
                answer = {"revision": {"revisionType": "String", "string": text}}
            case "PutLifecycleEventHookExecutionStatus":
                self.told.append(given)
                answer = {"lifecycleEventHookExecutionId": given["lifecycleEventHookExecutionId"]}
            case _:
                raise AssertionError(f"CodeDeploy was asked for {model.name} with {given}")
        return _response((HTTPStatus.OK, answer))

    def _invoke(self, params: Mapping[str, Any], **_: Any) -> Any:
        function, version = unquote(params["url_path"].split("/")[3]).split(":")
        assert function == FUNCTION
        event = json.loads(params["body"])
        self.events.append(event)
        return _response(self.versions[version](event))


def answer_invocations(answer: Callable[[str, bytes], Answer]) -> None:
    """Answers, from a function's name and its event, all invocations by clients that are made from now on."""

    def invoke(params: Mapping[str, Any], **_: Any) -> Any:
        return _response(answer(unquote(params["url_path"].split("/")[3]), params["body"]))

    events: Any = boto3.DEFAULT_SESSION and boto3.DEFAULT_SESSION.events
    events.register("before-call.lambda.Invoke", invoke)


def _response(answer: Answer) -> Any:
    status, body = answer
    return SimpleNamespace(status_code=status), body
