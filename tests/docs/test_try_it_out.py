"""Swagger UI's "Try it out" on the local stack: every GET and POST is sent exactly as the page fills it in."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from dev.token import access_token
from lambda_function.api.fhir.parameters import FORM
from tests.dev.http_server import Client, Reply
from tests.dev.running_stack import RunningStack

# Who tries which operation. rita tries all others.
PEOPLE = {
    "complete_appointment": "drjay",
    "join_waitlist": "pat",
    "accept_offer": "pat",
    "create_calendar_token": "pat",
    "link_account": "pat",
}
# Operations that cannot be tried on an ordinary day, and why.
NOT_TODAY: Mapping[str, tuple[int, str]] = {
    "check_in_appointment": (409, "the visit is not today: staff check in on its day only"),
    "complete_appointment": (409, "the visit has not begun"),
    "mark_no_show": (409, "the visit has not begun"),
    "accept_offer": (404, "nobody has been offered freed time"),
    "get_calendar": (404, "its token is shown once, to whoever makes it"),
    "create_link_code": (409, "the demo's patients have accounts"),
    "link_account": (409, "a code is shown once, to the receptionist who makes it"),
}
# These create what the others show.
FIRST = ("book_appointment", "book_visit_by_name", "book_fhir_appointment", "create_user", "open_recall")


class Swagger:
    """Sends what the page shows. It loads the page again after each request that may have changed it."""

    def __init__(self, stack: RunningStack) -> None:
        self._client = Client(stack.port)
        self._token = cache(partial(access_token, stack.folder))
        self._shown: Any = None

    def document(self) -> Any:
        if self._shown is None:
            self._shown = self._client.send("GET", "/openapi.json").json()
        return self._shown

    def send(self, person: str, method: str, target: str, body: Any = None, media_type: str = "") -> Reply:
        headers = [("Authorization", f"Bearer {self._token(person)}")]
        if body is None:
            return self._client.send(method, target, headers)
        self._shown = None
        headers.append(("Content-Type", media_type))
        text = urlencode(body, doseq=True) if media_type == FORM else json.dumps(body)
        return self._client.send(method, target, headers, text.encode())

    def try_out(self, operation_id: str) -> Reply:
        path, method, operation = next(
            each for each in operations(self.document()) if each[2]["operationId"] == operation_id
        )
        shown = [each for each in operation.get("parameters", ()) if "example" in each]
        in_path = {each["name"]: quote(str(each["example"])) for each in shown if each["in"] == "path"}
        query = urlencode(
            [(each["name"], _typed(each["example"])) for each in shown if each["in"] == "query"], doseq=True
        )
        target = re.sub(r"\{(\w+)\}", lambda name: in_path[name[1]], path) + (f"?{query}" if query else "")
        person = PEOPLE.get(operation_id, "rita")
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            return self.send(person, method, target, content["example"], media_type)
        return self.send(person, method, target)


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method in {"get", "post"} & methods.keys():
            yield path, method.upper(), methods[method]


@pytest.fixture
def swagger(stack: RunningStack) -> Swagger:
    return Swagger(stack)


def test_every_get_and_post_works_as_it_is_filled_in(swagger: Swagger) -> None:
    names = {operation["operationId"] for _, _, operation in operations(swagger.document())}
    refused = {}
    for name in (*FIRST, *sorted(names - {*FIRST})):
        if name == "confirm_appointment":
            ask_for_an_implant(swagger)
        reply = swagger.try_out(name)
        if reply.status >= HTTPStatus.BAD_REQUEST and reply.status != NOT_TODAY.get(name, (0, ""))[0]:
            refused[name] = (reply.status, reply.body)
    assert refused == {}


def _typed(value: Any) -> Any:
    """Returns the value as it stands in a field of Swagger UI."""
    return json.dumps(value) if isinstance(value, bool) else value


def ask_for_an_implant(swagger: Swagger) -> None:
    """Requests a visit, so that there is one to confirm."""
    document = {operation["operationId"]: operation for _, _, operation in operations(swagger.document())}
    [body] = document["book_appointment"]["requestBody"]["content"].values()
    wanted = body["example"] | {"treatment_id": 3}
    asked = swagger.send("pat", "POST", "/appointments", wanted, "application/json")
    assert (asked.status, asked.json().get("status")) == (HTTPStatus.CREATED, "REQUESTED"), asked.body


def test_a_page_s_icon_is_there(stack: RunningStack) -> None:
    assert Client(stack.port).send("GET", "/favicon.ico").status == HTTPStatus.OK
