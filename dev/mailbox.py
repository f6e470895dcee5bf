"""Keeps what was sent through the emulated SES and SNS, and shows it at /dev/messages. It is WSGI middleware around
moto, so it has what moto has taken, and nothing else.
"""

import base64
import email
import email.policy
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.message import EmailMessage
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from dev.wsgi import Application, Environ, StartResponse, answer_of, body_of

PATH = "/dev/messages"
_KEPT = 2000
MAIL_PATH = "/v2/email/outbound-emails"
_LINK = re.compile(r"https?://[^\s<>\"']+")


class Mailbox:
    """`links_to` is the address of our own pages: links of a message to other places are not listed."""

    def __init__(self, application: Application, clock: Callable[[], datetime], links_to: str) -> None:
        self._application = application
        self._clock = clock
        self._links_to = links_to
        self._messages: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._lock = Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if (method, path) == ("GET", PATH):
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"items": self._newest_first()}).encode()]
        if method != "POST" or path not in {MAIL_PATH, "/"}:
            return self._application(environ, start_response)
        sent = body_of(environ)
        answer = answer_of(self._application, environ)
        if answer.is_ok:
            self._keep(message_in(path, sent))
        return answer.send(start_response)

    def _newest_first(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(reversed(self._messages))

    def _keep(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        found = dict.fromkeys(_LINK.findall(message["text"]))
        links = [link for link in found if link.startswith(f"{self._links_to}/")]
        sent_at = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with self._lock:
            self._messages.append({**message, "links": links, "sent_at": sent_at})


def message_in(path: str, sent: bytes) -> dict[str, Any] | None:
    """Returns the message that a request of SES or SNS asks to send, or None for any other request."""
    return _of_mail(json.loads(sent)) if path == MAIL_PATH else _of_sms(sent)


def _of_mail(request: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the MIME message as a mail program does."""
    content = base64.b64decode(request["Content"]["Raw"]["Data"])
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)  # noqa: S101 - for mypy: the policy makes them
    return {
        **_tags({tag["Name"]: tag["Value"] for tag in request.get("EmailTags", ())}),
        "channel": "EMAIL",
        "to": request["Destination"]["ToAddresses"][0],
        "subject": mail["Subject"],
        "text": _words(mail, "plain") or "",
        "html": _words(mail, "html"),
        "attachments": [_attachment(part) for part in mail.iter_attachments()],
    }


def _of_sms(form: bytes) -> dict[str, Any] | None:
    """Returns None for any other request of a service that speaks in forms."""
    fields = {name: values[0] for name, values in parse_qs(form.decode("latin-1"), keep_blank_values=True).items()}
    if fields.get("Action") != "Publish" or "PhoneNumber" not in fields:
        return None
    names = {name: value for name, value in fields.items() if name.endswith(".Name")}
    attributes = {
        value: fields.get(name.removesuffix("Name") + "Value.StringValue", "") for name, value in names.items()
    }
    return {
        **_tags(attributes),
        "channel": "SMS",
        "to": fields["PhoneNumber"],
        "subject": None,
        "text": fields["Message"],
        "html": None,
        "attachments": [],
    }


def _tags(tags: Mapping[str, str]) -> dict[str, Any]:
    number = tags.get("notification_id", "")
    return {"notification_id": int(number) if number.isdecimal() else None, "kind": tags.get("kind")}


def _words(mail: EmailMessage, kind: str) -> str | None:
    part = mail.get_body((kind,))
    return None if part is None else part.get_content().replace("\r\n", "\n")


def _attachment(part: Any) -> dict[str, str]:
    """Keeps the ends of lines, which matter in a calendar file."""
    named = part["Content-Type"].params
    parameters = "".join(f"; {name}={named[name]}" for name in named if name != "charset")
    text = part.get_payload(decode=True).decode(part.get_content_charset("utf-8"))
    return {"filename": part.get_filename(), "content_type": part.get_content_type() + parameters, "text": text}
