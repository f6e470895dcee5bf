"""The handler behind API Gateway's events, as a WSGI application for tools that speak HTTP."""

from collections.abc import Callable, Iterable, Mapping
from http.client import responses
from typing import Any

from dev import http_event
from dev.lambda_context import LambdaContext
from lambda_function.api.app import Api
from tests.api_client import access_claims

StartResponse = Callable[[str, list[tuple[str, str]]], object]


def wsgi(api: Api) -> Callable[[Mapping[str, Any], StartResponse], Iterable[bytes]]:
    """Treats whoever shows `Bearer <user name>` as that person. The authorizer has its own tests."""

    def application(environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request = _request(environ)
        name = (request.header("authorization") or "").removeprefix("Bearer ")
        claims = access_claims(name) if name else None
        event = http_event.event(request, route_key="$default", path_parameters={}, claims=claims)
        answer = http_event.answer(api(event, LambdaContext("api", 60)))
        start_response(f"{answer.status} {responses[answer.status]}", list(answer.headers))
        return [answer.body]

    return application


def _request(environ: Mapping[str, Any]) -> http_event.Request:
    headers = {name[5:]: value for name, value in environ.items() if name.startswith("HTTP_")}
    headers |= {name: environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    return http_event.Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode(errors="replace"),
        query=environ["QUERY_STRING"],
        headers=tuple((name.replace("_", "-").lower(), value) for name, value in headers.items()),
        body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        protocol="HTTP/1.1",
        client="127.0.0.1",
    )
