"""Calls the handler with the events that API Gateway would send."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dev.lambda_context import LambdaContext
from lambda_function.api.app import Api
from lambda_function.api.fhir.parameters import BY_FORM, FORM
from tests.contract import code_of, contract
from tests.factories import sub_of

_requests = count(1)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def is_fhir(self) -> bool:
        return self.headers["Content-Type"].startswith("application/fhir+json")

    @property
    def code(self) -> str:
        """Returns the stable code of a problem or an OperationOutcome."""
        code = code_of(self.json)
        assert code is not None, self.text
        return code

    @property
    def fields(self) -> list[str]:
        """Returns the fields that a 422 names, without FHIR's `http.` or the resource in front."""
        if not self.is_fhir:
            return [error["field"] for error in self.json["errors"]]
        issues = self.json["issue"]
        return [_field(place) for issue in issues for place in issue.get("location", issue.get("expression", ()))]


def _field(place: str) -> str:
    """Returns `participant.0.actor` for `Appointment.participant[0].actor`, and `body` for the whole resource."""
    _, dot, steps = place.partition(".")
    return re.sub(r"\[([0-9]+)\]", r".\1", steps) if dot else "body"


def access_claims(user_name: str) -> dict[str, str]:
    """Returns the claims as API Gateway passes them on, all of them strings."""
    return {
        "sub": sub_of(user_name),
        "token_use": "access",
        "client_id": "client",
        "username": user_name,
        "cognito:groups": "[PATIENT STAFF]",
        "exp": "1900000000",
    }


def http_event(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: str | bytes | None = None,
    claims: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Returns a payload-2.0 event. Bytes travel as base64."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "localhost",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "test",
            },
            "requestId": f"request-{next(_requests)}",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 1_900_000_000_000,
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if query:
        given: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
            given[name] = f"{given[name]},{value}" if name in given else value
        event["queryStringParameters"] = given
    if body is not None:
        event["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    if claims is not None:
        event["requestContext"]["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
    return event


class ApiClient:
    def __init__(self, api: Api) -> None:
        self.api = api

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Sends the event and checks that openapi.json allows the answer."""
        answer = self.api(event, LambdaContext("api", 60))
        method = event["requestContext"]["http"]["method"]
        contract().check(method, event["rawPath"], answer["statusCode"], answer["headers"], answer.get("body") or "")
        return Answer(answer["statusCode"], answer["headers"], answer.get("body") or "")

    def call(
        self,
        user_name: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """Calls the API as the user with that name, or without a token. `body` is sent as JSON unless it is text or
        bytes. At an address that takes a form, text is one.
        """
        content = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        media_type = FORM if path.endswith(BY_FORM) else "application/json"
        given = {} if content is None else {"content-type": media_type}
        event = http_event(
            method,
            path,
            query=urlencode({name.rstrip("_"): value for name, value in query.items()}),
            headers={**given, **(headers or {})},
            body=content,
            claims=None if user_name is None else access_claims(user_name),
        )
        return self.send(event)

    def get(self, user_name: str | None, path: str, **query: Any) -> Answer:
        return self.call(user_name, "GET", path, **query)

    def post(
        self, user_name: str | None, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self.call(user_name, "POST", path, body, headers=headers)
