"""Turns HTTP requests into API Gateway's payload 2.0 events, and a Lambda's results into HTTP answers."""

import base64
import binascii
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

Event = dict[str, Any]
"""A payload 2.0 event, typed as Powertools types it."""

ACCOUNT_ID = "123456789012"
API_ID = "local"
# Headers that describe the transport are the server's own.
_TRANSPORT = frozenset({"connection", "content-length", "transfer-encoding"})
_RESULT_LIMIT = 6 * 1024 * 1024

# AWS hands over these content types as text, by measurement; form data and bodies without a type arrive in base64.
_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: the path percent-decoded, the query as sent, header names in lower case."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    protocol: str
    client: str

    def header(self, name: str) -> str | None:
        """Returns the header's value, or None. Repeated headers are joined with commas."""
        values = [value for key, value in self.headers if key == name]
        return ",".join(values) if values else None


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, without the headers that describe its transport."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class MalformedResultError(Exception):
    """API Gateway could not send the handler's result."""


def message(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    """Returns an answer with a message as API Gateway words its own."""
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Answer(status, (("content-type", "application/json"), *headers), body)


def event(request: Request, *, route_key: str, path_parameters: dict[str, str], claims: dict[str, str] | None) -> Event:
    """Returns the event of a request that has passed the authorizer; claims are None on a public route."""
    # AWS ends the path at a question mark that was sent percent-encoded.
    path = request.path.partition("?")[0]
    made: Event = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": _headers(request),
        "requestContext": _context(request, path, route_key, claims),
        "isBase64Encoded": False,
    }
    if cookie := request.header("cookie"):
        made["cookies"] = [part.strip() for part in cookie.replace(",", ";").split(";")]
    if request.query:
        made["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if path_parameters:
        made["pathParameters"] = path_parameters
    if request.body:
        made["body"], made["isBase64Encoded"] = _body(request)
    return made


def answer(result: object) -> Answer:
    """Returns the HTTP answer that API Gateway makes of a handler's result.

    Raises:
        MalformedResultError: API Gateway would answer 500.
        TypeError: the result is not JSON, so Lambda itself would fail.
    """
    # Lambda passes on JSON of at most 6 MB.
    carried = json.dumps(result, ensure_ascii=False)
    if len(carried) > _RESULT_LIMIT:
        raise MalformedResultError("the result is larger than 6 MB")
    return _answer(json.loads(carried))


def _answer(result: object) -> Answer:
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result if isinstance(result, str) else json.dumps(result)
        return Answer(200, (("content-type", "application/json"),), body.encode())
    try:
        status = int(result["statusCode"])
        body = result.get("body") or ""
        content = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
        given = {str(name).lower(): _header_value(value) for name, value in (result.get("headers") or {}).items()}
        cookies = [("set-cookie", _header_value(cookie)) for cookie in result.get("cookies") or ()]
    except (TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise MalformedResultError(str(error)) from error
    if not 200 <= status <= 599:  # noqa: PLR2004 - the range of HTTP statuses that end a request
        raise MalformedResultError(f"statusCode {status}")
    if content:
        given.setdefault("content-type", "text/plain;charset=UTF-8")
    kept = [item for item in given.items() if item[0] not in _TRANSPORT]
    return Answer(status, (*kept, *cookies), content)


def _headers(request: Request) -> dict[str, str]:
    headers = _joined(request.headers)
    headers.pop("cookie", None)
    hops = [headers["x-forwarded-for"]] if "x-forwarded-for" in headers else []
    headers["x-forwarded-for"] = ", ".join([*hops, request.client])
    headers["x-forwarded-proto"] = "http"
    headers["x-forwarded-port"] = headers.get("host", "").rpartition(":")[2]
    return headers


def _joined(pairs: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _context(request: Request, path: str, route_key: str, claims: dict[str, str] | None) -> Event:
    now = datetime.now(UTC)
    domain = request.header("host") or "localhost"
    context: Event = {
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.protocol,
            "sourceIp": request.client,
            "userAgent": request.header("user-agent") or "",
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": route_key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    return context


def _body(request: Request) -> tuple[str, bool]:
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type.startswith("text/") or media_type in _TEXT_TYPES:
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass  # AWS does not document this case; base64 loses nothing, and the Lambda can refuse it
    return base64.b64encode(request.body).decode(), True


def _header_value(value: object) -> str:
    text = json.dumps(value) if isinstance(value, bool | int | float) else value
    if not isinstance(text, str) or "\r" in text or "\n" in text:
        raise ValueError("a header must be one line of text")
    text.encode("latin-1")
    return text
