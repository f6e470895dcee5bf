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
from collections.abc import Callable, Iterable
from email import message_from_bytes, policy
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from dev.children import end_with_parent

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

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
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        action = _action(environ, body)
        trouble = self._trouble(action) if action else None
        if trouble is Trouble.REFUSED:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"The service is away."]
        started: list[Any] = []
        answer = b"".join(self._application(environ, lambda *arguments: started.append(arguments)))
        if started[0][0].startswith("200"):
            self._note(action, body)
        if trouble is Trouble.HANGING:
            self._never.wait(HANG_SECONDS)
        if trouble is not None:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        start_response(*started[0])
        return [answer]

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

    def _note(self, action: str, body: bytes) -> None:
        if action == "mail":
            self._append(DELIVERIES, _mail(json.loads(body)))
        elif action == "sms":
            self._append(DELIVERIES, _sms(parse_qs(body.decode())))
        elif action == "bus":
            for entry in json.loads(body)["Entries"]:
                self._append(BUS, entry)

    def _append(self, name: str, entry: dict[str, Any]) -> None:
        with self._lock, (self._folder / name).open("a") as file:
            file.write(json.dumps(entry) + "\n")


def _action(environ: Environ, body: bytes) -> str:
    """Returns `mail`, `sms`, `bus` or `queue` for a request that moves messages, and nothing for any other."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if environ["PATH_INFO"] == "/v2/email/outbound-emails":
        return "mail"
    if b"Action=Publish&" in body or body.endswith(b"Action=Publish"):
        return "sms"
    if target == "AWSEvents.PutEvents":
        return "bus"
    return "queue" if target in {"AmazonSQS.ReceiveMessage", "AmazonSQS.DeleteMessage"} else ""


def _mail(request: dict[str, Any]) -> dict[str, Any]:
    tags = {tag["Name"]: tag["Value"] for tag in request["EmailTags"]}
    mail = message_from_bytes(base64.b64decode(request["Content"]["Raw"]["Data"]), policy=policy.default)
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    text = "\n".join([str(mail["From"]), str(mail["Reply-To"]), str(mail["Subject"]), *parts])
    return {"channel": "EMAIL", "to": str(mail["To"]), "text": text, **tags}


def _sms(request: dict[str, list[str]]) -> dict[str, Any]:
    names = [name for name in request if name.startswith("MessageAttributes.entry.") and name.endswith(".Name")]
    tags = {
        request[name][0]: request[name.removesuffix("Name") + "Value.StringValue"][0]
        for name in names
        if not request[name][0].startswith("AWS.")
    }
    return {"channel": "SMS", "to": request["PhoneNumber"][0], "text": request["Message"][0], **tags}


def main(port: int, folder: Path) -> None:
    moto = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", port, Providers(moto, folder), threaded=True)


if __name__ == "__main__":
    end_with_parent()
    main(int(sys.argv[1]), Path(sys.argv[2]))
