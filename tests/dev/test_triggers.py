"""Confirming an account calls the pool's trigger, and Cognito's answer reports its failure."""

import io
import json
from collections.abc import Iterable
from typing import Any

import pytest

from dev.triggers import Triggers
from dev.wsgi import Environ, StartResponse

TARGET = "AWSCognitoIdentityProviderService."


class Pool:
    """Answers everything with `status`, as moto would. `events` are what the trigger receives."""

    def __init__(self, status: str = "200 OK", failure: str = "") -> None:
        self.status = status
        self.failure = failure
        self.events: list[dict[str, Any]] = []

    def moto(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        assert json.loads(environ["wsgi.input"].read())
        start_response(self.status, [])
        return [b"{}"]

    def attributes(self, request: dict[str, Any], verified: bool) -> dict[str, str]:  # noqa: FBT001 - as it is called
        return {"sub": f"sub-{request['Username']}", "email_verified": str(verified).lower()}

    def trigger(self, event: dict[str, Any], context: Any) -> Any:
        self.events.append(event)
        if self.failure:
            raise RuntimeError(self.failure)
        return event

    def send(self, action: str) -> tuple[str, Any]:
        body = json.dumps({"Username": "ana", "ClientId": "client"}).encode()
        environ = {
            "HTTP_X_AMZ_TARGET": TARGET + action,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        status: list[str] = []
        triggers = Triggers(self.moto, self.attributes, self.trigger)
        answer = b"".join(triggers(environ, lambda code, headers: status.append(code)))
        return status[0], json.loads(answer)


@pytest.mark.parametrize(
    ("action", "source", "verified"),
    [
        ("ConfirmSignUp", "PostConfirmation_ConfirmSignUp", "true"),
        ("AdminConfirmSignUp", "PostConfirmation_ConfirmSignUp", "false"),
        ("ConfirmForgotPassword", "PostConfirmation_ConfirmForgotPassword", "true"),
    ],
)
def test_a_confirmation_runs_the_trigger(action: str, source: str, verified: str) -> None:
    pool = Pool()
    assert pool.send(action) == ("200 OK", {})
    [event] = pool.events
    assert (event["triggerSource"], event["userName"]) == (source, "ana")
    assert event["request"]["userAttributes"] == {"sub": "sub-ana", "email_verified": verified}


@pytest.mark.parametrize("action", ["SignUp", "InitiateAuth"])
def test_nothing_else_runs_it(action: str) -> None:
    pool = Pool()
    assert pool.send(action) == ("200 OK", {})
    assert pool.events == []


def test_a_confirmation_that_is_refused_does_not_run_it() -> None:
    pool = Pool(status="400 Bad Request")
    assert pool.send("ConfirmSignUp") == ("400 Bad Request", {})
    assert pool.events == []


def test_what_the_trigger_raises_is_told_as_cognito_tells_it() -> None:
    status, answer = Pool(failure="Please try again later.").send("ConfirmSignUp")
    assert status == "400 Bad Request"
    assert answer["__type"] == "UserLambdaValidationException"
    assert answer["message"] == "PostConfirmation failed with error Please try again later.."
