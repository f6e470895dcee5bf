"""An API Gateway HTTP API with a JWT authorizer in front of one Lambda handler, as an ASGI application.

It differs from AWS where a person at a terminal would not notice: it has no throttling and no custom domain.
`403 Forbidden` is missing on purpose: API Gateway sends it for scopes, and no route of ours asks for any.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from dev import http_event
from dev.authorizer import JwtAuthorizer, UnauthorizedError
from dev.cors import Cors, is_preflight
from dev.docs_pages import Page, pages
from dev.http_event import Answer, Event, Request
from dev.lambda_context import LambdaContext
from dev.routing import RouteTable

Handler = Callable[[Event, LambdaContext], object]
# ASGI's own names; its specification says that the values may be anything.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_REQUEST_LIMIT = 10 * 1024 * 1024
_LOG = logging.getLogger(__name__)


class Gateway:
    """The ASGI application. Make it with create_gateway."""

    def __init__(
        self,
        *,
        handler: Handler,
        routes: RouteTable,
        public: frozenset[str],
        authorizer: JwtAuthorizer,
        pages: Mapping[str, Page],
        cors: Cors | None,
        timeout_seconds: float,
    ) -> None:
        self._handler = handler
        self._routes = routes
        self._public = public
        self._authorizer = authorizer
        self._pages = pages
        self._cors = cors
        self._timeout_seconds = timeout_seconds
        # Lambda's execution environment handles one request at a time, and the Lambda's module state relies on it.
        self._environment = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lambda")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = await _read(receive)
        if body is None:
            answer = http_event.message(413, "Request Entity Too Large")
        else:
            request = _request(scope, body)
            answer = await self._answer(request)
            answer = self._cors.shared(request, answer) if self._cors else answer
        await _send(answer, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._environment.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request) -> Answer:
        method = "GET" if request.method == "HEAD" else request.method
        page = self._pages.get(f"{method} {request.path}")
        if page is not None:
            # This runs in a thread, because it may call the API itself.
            return await asyncio.to_thread(page, request)
        match = self._routes.match(request.method, request.path)
        if match is None:
            # As on AWS, a preflight that matches a route, even `$default`, is handled by that route and its authorizer.
            own = self._cors is not None and is_preflight(request)
            return Answer(204, (), b"") if own else http_event.message(404, "Not Found")
        claims = None
        if match.route_key not in self._public:
            try:
                # This runs in a thread, because it may have to fetch the issuer's keys.
                claims = await asyncio.to_thread(self._authorizer.claims, request.header("authorization"))
            except UnauthorizedError as error:
                return http_event.message(401, "Unauthorized", ("www-authenticate", error.challenge))
        event = http_event.event(
            request, route_key=match.route_key, path_parameters=match.path_parameters, claims=claims
        )
        answer = await self._integration(event)
        request_id = ("apigw-requestid", event["requestContext"]["requestId"])
        return Answer(answer.status, (*answer.headers, request_id), answer.body)

    async def _integration(self, event: Event) -> Answer:
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._environment, self._invoke, event)
        done, _ = await asyncio.wait({call}, timeout=self._timeout_seconds)
        if not done:
            call.cancel()  # a request that still waits for its turn never runs
            return http_event.message(503, "Service Unavailable")
        return call.result()

    def _invoke(self, event: Event) -> Answer:
        context = LambdaContext("dentist-api", self._timeout_seconds)
        try:
            return http_event.answer(self._handler(event, context))
        except Exception:  # noqa: BLE001 - the outer edge: whatever a handler raises is API Gateway's 500
            _LOG.exception("The handler failed")
            return http_event.message(500, "Internal Server Error")


def create_gateway(
    *,
    handler: Handler,
    routes: Iterable[str],
    public: Iterable[str],
    issuer: str,
    jwks_url: str,
    client_id: str,
    openapi: Callable[[], str] | None = None,
    local: Mapping[str, Page] = MappingProxyType({}),
    cors: Cors | None = None,
    timeout_seconds: float = 30,
) -> Gateway:
    """Returns the gateway of one handler.

    Args:
        handler: called with payload 2.0 events, one at a time, in a thread of its own.
        routes: route keys in API Gateway's form; without `$default` an unknown path is 404.
        public: those of the routes that need no token.
        issuer: the `iss` that tokens must have.
        jwks_url: the address of the issuer's keys.
        client_id: the `client_id` of access tokens and `aud` of ID tokens.
        openapi: makes the document behind /openapi.json and /docs. Without it there are no such pages.
        local: further pages that need no token, by method and path.
        cors: the API's `cors_configuration`. It adds its headers to every answer, and answers the preflights that
            match no route. Without it there are no such headers.
        timeout_seconds: API Gateway's integration timeout.
    """
    return Gateway(
        handler=handler,
        routes=RouteTable(routes),
        public=frozenset(public),
        authorizer=JwtAuthorizer(issuer=issuer, jwks_url=jwks_url, client_id=client_id),
        pages={**(pages(openapi) if openapi else {}), **local},
        cors=cors,
        timeout_seconds=timeout_seconds,
    )


async def _read(receive: Receive) -> bytes | None:
    """Returns the body, or None if it is too large; it is read to its end so that the client gets an answer."""
    body = bytearray()
    too_large = False
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _REQUEST_LIMIT:
            too_large = True
            body.clear()
        if not message.get("more_body"):
            return None if too_large else bytes(body)


def _request(scope: Message, body: bytes) -> Request:
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        body=body,
        protocol=f"HTTP/{scope['http_version']}",
        client=scope["client"][0] if scope["client"] else "127.0.0.1",
    )


async def _send(answer: Answer, send: Send) -> None:
    # RFC 9110: a 204 has no content-length.
    length = () if answer.status == HTTPStatus.NO_CONTENT else (("content-length", str(len(answer.body))),)
    headers = (*answer.headers, *length)
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})
