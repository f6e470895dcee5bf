"""AWS for the chain of messages, as a program of its own: `python -m tests.chain.providers PORT FOLDER`.

It is moto behind a middleware that writes down what mail and SMS were taken and what was put on the bus, and that fails
as providers fail. The file `trouble.json` of the folder holds, for each action, the shares of requests with each kind
of trouble.
"""

import base64
import json
import random
import socket
import sys
import threading
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from dev.children import end_with_parent
from dev.mailbox import MAIL_PATH, message_in
from dev.wsgi import Environ, StartResponse, answer_of, body_of

DELIVERIES, BUS, TROUBLE = "deliveries.jsonl", "bus.jsonl", "trouble.json"
# Longer than any client waits for an answer.
HANG_SECONDS = 20.0


class Trouble(StrEnum):
    """REFUSED does nothing and answers with an error. LOST does what was asked, and the answer never arrives; HANGING
    too, after the client has given up.
    """

    REFUSED = "refused"
    LOST = "lost"
    HANGING = "hanging"


class Providers:
    """The middleware. Only requests that move messages get into trouble."""

    def __init__(self, application: Any, folder: Path) -> None:
        self._application = application
        self._folder = folder
        self._lock = threading.Lock()
        self._random = random.Random(17)  # noqa: S311 - it chooses troubles, which a run has to be able to repeat
        self._never = threading.Event()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = body_of(environ)
        action = _action(environ, body)
        trouble = self._trouble(action) if action else None
        if trouble is Trouble.REFUSED:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"The service is away."]
        answer = answer_of(self._application, environ)
        if answer.is_ok:
            self._note(action, environ["PATH_INFO"], body)
        if trouble is Trouble.HANGING:
            self._never.wait(HANG_SECONDS)
        if trouble is not None:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer.send(start_response)

    def _trouble(self, action: str) -> Trouble | None:
        try:
            shares = json.loads((self._folder / TROUBLE).read_text()).get(action, {})
        except (FileNotFoundError, ValueError):
            return None
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


def _action(environ: Environ, body: bytes) -> str:
    """Returns `mail`, `sms`, `bus` or `queue` for a request that moves messages, and nothing for any other."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if environ["PATH_INFO"] == MAIL_PATH:
        return "mail"
    if b"Action=Publish&" in body or body.endswith(b"Action=Publish"):
        return "sms"
    if target == "AWSEvents.PutEvents":
        return "bus"
    return "queue" if target in {"AmazonSQS.ReceiveMessage", "AmazonSQS.DeleteMessage"} else ""


def _headers(request: bytes) -> str:
    content: bytes = base64.b64decode(json.loads(request)["Content"]["Raw"]["Data"])
    return content.partition(b"\r\n\r\n")[0].decode("ascii")


def main(port: int, folder: Path) -> None:
    moto = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", port, Providers(moto, folder), threaded=True)


if __name__ == "__main__":
    end_with_parent()
    main(int(sys.argv[1]), Path(sys.argv[2]))
