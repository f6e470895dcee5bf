"""A person who has the link of a message, and nothing else."""

from typing import Any
from urllib.parse import urlencode

from dev.lambda_context import LambdaContext
from lambda_function.db.models import Appointment
from lambda_function.pages.app import Pages
from lambda_function.services.links.tokens import PATH
from lambda_function.services.notifications.messages import ComposedMessage
from tests.api_client import Answer, http_event
from tests.services.notifications.messages import PUBLIC_URL, Messages

FORM = "application/x-www-form-urlencoded"


class Visitor:
    """Opens the pages of links and sends their forms. `messages` is where the links come from."""

    def __init__(self, pages: Pages, messages: Messages) -> None:
        self.pages = pages
        self.messages = messages

    def told(self, kind: str, visit: Appointment, **detail: Any) -> str:
        """Tells of a change of the visit, and returns the path of the link in the only message about it."""
        self.messages.tell(kind, visit, **detail)
        [message] = self.messages.claim()
        return path_of(message)

    def send(
        self, method: str, path: str, *, query: str = "", body: str | bytes | None = None, **headers: str
    ) -> Answer:
        """Sends a request, in which `content_type` and the like are headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        event = http_event(method, path, query=query, headers=named, body=body)
        assert self.pages.takes(event), (method, path)
        answer = self.pages(event, LambdaContext("api", 60))
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", path, query=urlencode(query))

    def post(self, path: str, action: str, **fields: Any) -> Answer:
        """Sends a form, in which None is a field that is missing."""
        given = {name: value for name, value in {"action": action, **fields}.items() if value is not None}
        return self.send("POST", path, body=urlencode(given), content_type=FORM)


def path_of(message: ComposedMessage) -> str:
    [link] = message.links
    assert link.startswith(f"{PUBLIC_URL}{PATH}")
    return link.removeprefix(PUBLIC_URL)
