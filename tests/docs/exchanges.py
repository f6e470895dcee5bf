"""The exchanges of docs/api.md. Each `http` block is a request followed by its answer.

In an answer, `<name>` stands for a value that differs each time, and later requests may use it. `…` as the last member
of an object or the last item of a list stands for more of them. `Bearer <pat>` is pat's token.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambda_function.pages.app import Pages
from lambda_function.services.links.addresses import PATH
from tests.api_client import Answer, ApiClient, access_claims, http_event
from tests.pages.visitor import Visitor

# An answer that has one of these must show it. The document explains the content type once for all answers.
TOLD_HEADERS = ("allow", "content-type", "etag", "idempotency-replayed", "location", "retry-after", "www-authenticate")
_BLOCK = re.compile(r"^```http\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"<([a-z_]+)>")
_MORE = "…"


@dataclass(frozen=True, slots=True)
class Message:
    first_line: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Exchange:
    line: int
    request: Message
    answer: Message


def exchanges(document: str) -> Iterator[Exchange]:
    for block in _BLOCK.finditer(document):
        request, separator, answer = block[1].partition("\nHTTP/1.1 ")
        line = document.count("\n", 0, block.start()) + 1
        assert separator, f"line {line}: a block without an answer"
        yield Exchange(line, _message(request), _message(answer))


def _message(text: str) -> Message:
    head, _, body = text.strip().partition("\n\n")
    first_line, *headers = head.splitlines()
    pairs = (line.split(": ", 1) for line in headers)
    return Message(first_line, {name.lower(): value for name, value in pairs}, body.strip())


class Replay:
    """Sends the requests one after the other, and remembers the values of the names in the answers. The visitor knows
    what `<link>` is: the one in the only message that is due when it is first used.
    """

    def __init__(self, client: ApiClient, visitor: Visitor | None = None) -> None:
        self._client = client
        self._visitor = visitor
        self._names: dict[str, str] = {}

    def differences(self, exchange: Exchange) -> list[str]:
        """Returns where the document differs from the handler, which is nothing if it tells the truth."""
        answer, told = self._send(exchange.request), exchange.answer
        found = []
        status = told.first_line.split()[0]
        if str(answer.status) != status:
            found.append(f"status {answer.status} instead of {status}")
        headers = dict(told.headers)
        if told.body:
            headers.setdefault("content-type", "application/problem+json" if status >= "400" else "application/json")
        actual = {name.lower(): value for name, value in answer.headers.items()}
        is_page = actual.get("content-type", "").startswith("text/html")
        shown = {name: value for name, value in actual.items() if name in {*TOLD_HEADERS, *headers}}
        return [
            *found,
            *self._compare("headers", headers, shown),
            *self._compare("body", _json(told.body), None if is_page else _json(answer.text)),
        ]

    def _send(self, request: Message) -> Answer:
        method, target = request.first_line.split()
        if "<link>" in target and self._visitor is not None and "link" not in self._names:
            [path] = self._visitor.links().values()
            self._names["link"] = path.removeprefix(PATH)
        path, _, query = self._filled(target).partition("?")
        headers = {name: self._filled(value) for name, value in request.headers.items() if name != "authorization"}
        person = _NAME.search(request.headers.get("authorization", ""))
        claims = access_claims(person[1]) if person else None
        body = self._filled(request.body) or None
        event = http_event(method, path, query=query, headers=headers, body=body, claims=claims)
        if self._visitor is not None and Pages.takes(event):
            return self._visitor.answer(event)
        return self._client.send(event)

    def _filled(self, text: str) -> str:
        return _NAME.sub(lambda name: self._names[name[1]], text)

    def _compare(self, where: str, told: Any, actual: Any) -> list[str]:
        if isinstance(told, str) and isinstance(actual, str | int) and (name := _NAME.search(told)):
            text, before, after = str(actual), told[: name.start()], told[name.end() :]
            if text.startswith(before) and text.endswith(after):
                self._names[name[1]] = text[len(before) : len(text) - len(after)]
                return []
        if isinstance(told, dict) and isinstance(actual, dict):
            return self._compare_objects(where, told, actual)
        if isinstance(told, list) and isinstance(actual, list):
            return self._compare_lists(where, told, actual)
        return [] if told == actual else [f"{where}: {actual!r} instead of {told!r}"]

    def _compare_objects(self, where: str, told: dict[str, Any], actual: dict[str, Any]) -> list[str]:
        if _MORE in told:
            told = {name: value for name, value in told.items() if name != _MORE}
            actual = {name: actual[name] for name in told if name in actual}
        one_sided = sorted(told.keys() ^ actual.keys())
        found = [f"{where}: {one_sided} are on one side only"] if one_sided else []
        for name in told.keys() & actual.keys():
            found += self._compare(f"{where}.{name}", told[name], actual[name])
        return found

    def _compare_lists(self, where: str, told: list[Any], actual: list[Any]) -> list[str]:
        if told[-1:] == [_MORE]:
            told = told[:-1]
            actual = actual[: len(told)]
        if len(told) != len(actual):
            return [f"{where}: {len(actual)} items instead of {len(told)}"]
        pairs = enumerate(zip(told, actual, strict=True))
        return [found for number, pair in pairs for found in self._compare(f"{where}[{number}]", *pair)]


def _json(text: str) -> Any:
    """Reads the JSON with `…` as the member `"…": "…"` or the item `"…"`."""
    text = re.sub(r"(?<=[,{]) ?…\s*(?=\})", '"…": "…"', re.sub(r",\s*…\s*(?=\])", ', "…"', text))
    return json.loads(text) if text else None
