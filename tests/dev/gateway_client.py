"""The gateway in front of a Lambda that answers with the event that it gets."""

import json
import threading
import time

from dev.http_event import Event
from dev.lambda_context import LambdaContext
from tests.dev.http_server import Client, Issuer, Reply

CLIENT_ID = "client-1"
ROUTES = (
    "GET /health",
    "GET /appointments",
    "GET /appointments/{appointment_id}",
    "GET /appointments/next",
    "GET /appointments/{appointment_id}/{operation}",
    "$default",
)


class FakeLambda:
    """Answers with the event that it gets, unless a test sets another answer."""

    def __init__(self) -> None:
        self.result: object = None
        self.error: Exception | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.contexts: list[LambdaContext] = []
        self.calls = 0

    def __call__(self, event: Event, context: LambdaContext) -> object:
        self.calls += 1
        self.contexts.append(context)
        self.may_answer.wait(10)
        if self.error:
            raise self.error
        if self.result is not None:
            return self.result
        headers = {"content-type": "application/json"}
        return {"statusCode": 200, "headers": headers, "body": json.dumps(event)}


def claims(**changes: object) -> dict[str, object]:
    """Returns the claims of a valid access token."""
    now = int(time.time())
    good = {
        "iss": Issuer.name,
        "sub": "b5e1",
        "client_id": CLIENT_ID,
        "token_use": "access",
        "iat": now,
        "exp": now + 3600,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def get(client: Client, token: str, target: str = "/appointments") -> Reply:
    return client.send("GET", target, [("Authorization", f"Bearer {token}")])


def event_of(client: Client, issuer: Issuer, target: str = "/appointments") -> Event:
    reply = get(client, issuer.token(claims()), target)
    event: Event = reply.json()
    return event


def assert_refused(reply: Reply, description: str | None) -> None:
    assert (reply.status, reply.body) == (401, b'{"message":"Unauthorized"}')
    expected = "Bearer"
    if description:
        expected = f'Bearer scope="" error="invalid_token" error_description="{description}"'
    assert reply.header("www-authenticate") == expected
