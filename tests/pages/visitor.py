"""A person who has the link of a message, and nothing else."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from dev.lambda_context import LambdaContext
from lambda_function.db.models import Appointment
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import DomainError
from lambda_function.pages.app import Pages
from lambda_function.pages.form import form_of, link_request
from lambda_function.services.links.acting import act
from lambda_function.services.links.addresses import PATH
from lambda_function.services.links.opening import open_link
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
        [path] = self.all_told(kind, visit, **detail).values()
        return path

    def all_told(self, kind: str, visit: Appointment, **detail: Any) -> dict[str, str]:
        """Tells of a change of the visit, and returns the paths of the links by the addresses that they went to."""
        self.messages.tell(kind, visit, **detail)
        return self.links()

    def links(self) -> dict[str, str]:
        """Returns the paths of the links in all messages that are due, by the addresses that they go to."""
        return {message.to: path_of(message) for message in self.messages.claim()}

    def send(
        self, method: str, path: str, *, query: str = "", body: str | bytes | None = None, **headers: str
    ) -> Answer:
        """Sends a request, in which `content_type` and the like are headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.answer(http_event(method, path, query=query, headers=named, body=body))

    def answer(self, event: dict[str, Any]) -> Answer:
        assert self.pages.takes(event), event["rawPath"]
        answer = self.pages(event, LambdaContext("api", 60))
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", path, query=urlencode(query))

    def post(self, path: str, action: str, **fields: Any) -> Answer:
        """Sends a form, in which None is a field that is missing."""
        return self.answer(form_event(path, action, **fields))

    def refusal(self, path: str, action: str, **fields: Any) -> str | None:
        """Returns the code of the refusal if the same is tried without a page, or None if it would be done."""
        request = link_request(form_of(form_event(path, action, **fields)))
        try:
            self.messages.database.transact(partial(_tried, path=path, request=request), commit=False)
        except DomainError as error:
            return error.code
        return None


def form_event(path: str, action: str, **fields: Any) -> dict[str, Any]:
    """Returns the event of a form that is sent. A field that is None is missing."""
    given = {name: value for name, value in {"action": action, **fields}.items() if value is not None}
    return http_event("POST", path, headers={"content-type": FORM}, body=urlencode(given))


def _tried(work: UnitOfWork, path: str, request: Any) -> None:
    act(work, open_link(work, path.removeprefix(PATH)), request)


def path_of(message: ComposedMessage) -> str:
    [link] = message.links
    assert link.startswith(f"{PUBLIC_URL}{PATH}")
    return link.removeprefix(PUBLIC_URL)
