"""AWS for the chain of messages, as a program of its own: `python -m tests.chain.providers PORT FOLDER`.

It is moto behind a middleware that writes down what mail and SMS were taken and what was put on the bus, and that fails
as providers fail. The file `trouble.json` of the folder holds, for each action, the shares of requests with each kind
of trouble.
"""

import base64
import io
import json
import random
import socket
import sys
import threading
import uuid
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from dev.children import end_with_parent
from dev.mailbox import MAIL_PATH, message_in
from dev.wsgi import Answer, Environ, StartResponse, answer_of, body_of

# Who says so as a user agent gets into no trouble.
BYSTANDER = "bystander"
DELIVERIES, BUS, TROUBLE = "deliveries.jsonl", "bus.jsonl", "trouble.json"
# Longer than any client waits for an answer.
HANG_SECONDS = 20.0
# The share of requests after which nothing is delayed any longer.
_LONG_ENOUGH = 0.03


class Trouble(StrEnum):
    """REFUSED does nothing and answers with an error. LOST does what was asked, and the answer never arrives; HANGING
    too, after the client has given up. REPEATED does it, and once more after later requests. LATE answers at once, and
    does it after later requests. Only the bus repeats or is late.
    """

    REFUSED = "refused"
    LOST = "lost"
    HANGING = "hanging"
    REPEATED = "repeated"
    LATE = "late"


_DELAYING = frozenset({Trouble.REPEATED, Trouble.LATE})


class Providers:
    """The middleware. Only requests that move messages get into trouble."""

    def __init__(self, application: Any, folder: Path) -> None:
        self._application = application
        self._folder = folder
        self._lock = threading.Lock()
        self._random = random.Random(17)  # noqa: S311 - it chooses troubles, which a run has to be able to repeat
        self._never = threading.Event()
        self._delayed: list[tuple[Environ, bytes]] = []

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = body_of(environ)
        action = _action(environ, body)
        trouble = self._trouble(action) if action and BYSTANDER not in environ["HTTP_USER_AGENT"] else None
        if trouble is Trouble.REFUSED:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"The service is away."]
        again = dict(environ)
        if trouble is Trouble.LATE:
            self._note(action, environ["PATH_INFO"], body)
            answer = _taken(body)
        else:
            answer = answer_of(self._application, environ)
            if answer.is_ok:
                self._note(action, environ["PATH_INFO"], body)
        self._delay(action, again if trouble in _DELAYING else None, body)
        if trouble is Trouble.HANGING:
            self._never.wait(HANG_SECONDS)
        if trouble in {Trouble.LOST, Trouble.HANGING}:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer.send(start_response)

    def _delay(self, action: str, request: Environ | None, body: bytes) -> None:
        """Does some of the delayed requests, in any order, after one to the bus; or all, after some of the requests to
        queues, and when the trouble is over. Then delays this one, if it is given.
        """
        over = not self._shares("bus")
        with self._lock:
            self._random.shuffle(self._delayed)
            number = len(self._delayed)
            if not over and self._random.random() > _LONG_ENOUGH:
                number = self._random.randint(0, number) if action == "bus" else 0
            now, self._delayed = self._delayed[:number], self._delayed[number:]
            if request is not None:
                self._delayed.append((request, body))
        for delayed, its_body in now:
            answer_of(self._application, {**delayed, "wsgi.input": io.BytesIO(its_body)})

    def _shares(self, action: str) -> dict[str, float]:
        try:
            found: dict[str, float] = json.loads((self._folder / TROUBLE).read_text()).get(action, {})
        except (FileNotFoundError, ValueError):
            return {}
        return found

    def _trouble(self, action: str) -> Trouble | None:
        shares = self._shares(action)
        with self._lock:
            chosen = self._random.random()
        for trouble in Trouble:
            chosen -= shares.get(trouble, 0)
            if chosen < 0:
                return trouble
        return None

    def _note(self, action: str, path: str, body: bytes) -> None:
        if action == "bus":
            for entry in json.loads(body)["Entries"]:
                self._append(BUS, entry)
        elif action in {"mail", "sms"} and (message := message_in(path, body)):
            self._append(DELIVERIES, {**message, "headers": _headers(body) if action == "mail" else ""})

    def _append(self, name: str, entry: dict[str, Any]) -> None:
        with self._lock, (self._folder / name).open("a") as file:
            file.write(json.dumps(entry) + "\n")


def _taken(request: bytes) -> Answer:
    """Returns the bus's answer to a request whose events it has taken."""
    entries = [{"EventId": str(uuid.uuid4())} for _ in json.loads(request)["Entries"]]
    body = json.dumps({"FailedEntryCount": 0, "Entries": entries}).encode()
    return Answer(("200 OK", [("Content-Type", "application/x-amz-json-1.1")]), body)


def _action(environ: Environ, body: bytes) -> str:
    """Returns `mail`, `sms`, `bus` or `queue` for a request that moves messages, and nothing for any other."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if environ["PATH_INFO"] == MAIL_PATH:
        return "mail"
    if b"Action=Publish&" in body or body.endswith(b"Action=Publish"):
        return "sms"
    if target == "AWSEvents.PutEvents":
        return "bus"
    return "queue" if target in {"AmazonSQS.ReceiveMessage", "AmazonSQS.DeleteMessageBatch"} else ""


def _headers(request: bytes) -> str:
    content: bytes = base64.b64decode(json.loads(request)["Content"]["Raw"]["Data"])
    return content.partition(b"\r\n\r\n")[0].decode("ascii")


def main(port: int, folder: Path) -> None:
    moto = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", port, Providers(moto, folder), threaded=True)


if __name__ == "__main__":
    end_with_parent()
    main(int(sys.argv[1]), Path(sys.argv[2]))
