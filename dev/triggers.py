"""Does what Cognito, but not moto, does when somebody confirms an account: marks the e-mail as verified and calls the
trigger. It is WSGI middleware around moto, so it also runs when a client's own page confirms.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from dev.lambda_context import LambdaContext
from dev.wsgi import Application, Environ, StartResponse, answer_of, body_of

Handler = Callable[[dict[str, Any], Any], Any]
Attributes = Callable[[dict[str, Any], bool], dict[str, str]]

_TARGET = "AWSCognitoIdentityProviderService."
_SIGNED_UP = "PostConfirmation_ConfirmSignUp"
_SOURCES = {
    "ConfirmSignUp": _SIGNED_UP,
    "AdminConfirmSignUp": _SIGNED_UP,
    "ConfirmForgotPassword": "PostConfirmation_ConfirmForgotPassword",
}
_SECONDS = 5  # Cognito's own limit


class Triggers:
    """Calls `handler` after each confirmation that `application` answers with 200. `attributes` returns the attributes
    of the account that a request names, and first marks its e-mail as verified if asked to.
    """

    def __init__(self, application: Application, attributes: Attributes, handler: Handler) -> None:
        self._application = application
        self._attributes = attributes
        self._handler = handler

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        action = environ.get("HTTP_X_AMZ_TARGET", "").removeprefix(_TARGET)
        if action not in _SOURCES:
            return self._application(environ, start_response)
        sent = body_of(environ)
        answer = answer_of(self._application, environ)
        if answer.is_ok:
            refusal = self._refusal(action, json.loads(sent))
            if refusal is not None:
                start_response("400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")])
                return [json.dumps(refusal).encode()]
        return answer.send(start_response)

    def _refusal(self, action: str, request: dict[str, Any]) -> dict[str, str] | None:
        """Returns Cognito's answer when the trigger failed. The account is confirmed nevertheless."""
        event = {
            "version": "1",
            "triggerSource": _SOURCES[action],
            "userName": request["Username"],
            "request": {"userAttributes": self._attributes(request, action != "AdminConfirmSignUp")},
            "response": {},
        }
        try:
            self._handler(event, LambdaContext("dentist-cognito", _SECONDS))
        except Exception as error:  # noqa: BLE001 - the outer edge: Cognito shows the text of whatever was raised
            message = f"PostConfirmation failed with error {error}."
            return {"__type": "UserLambdaValidationException", "message": message}
        return None
