"""Cross-origin requests at the gateway, and those without a token."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cors import ANSWER_HEADERS, Cors
from dev.gateway import create_gateway
from lambda_function.api.app import PREFLIGHT_KEY
from tests.dev.gateway_client import CLIENT_ID, ROUTES, FakeLambda
from tests.dev.http_server import Client, Issuer, Reply, served

ROOT = Path(__file__).resolve().parents[2]
PAGE = "https://app.example.org"
ELSEWHERE = "https://evil.example"
PUBLIC = ("GET /health", "HEAD /health", PREFLIGHT_KEY)


@pytest.fixture(scope="module")
def handler() -> FakeLambda:
    return FakeLambda()


def serving(handler: FakeLambda, *routes: str) -> Iterator[Client]:
    gateway = create_gateway(
        handler=handler,
        routes=routes,
        public=PUBLIC,
        issuer=Issuer.name,
        jwks_url="http://127.0.0.1:1/",
        client_id=CLIENT_ID,
        cors=Cors(frozenset({PAGE})),
    )
    with served(gateway) as client:
        yield client


@pytest.fixture(scope="module")
def client(handler: FakeLambda) -> Iterator[Client]:
    yield from serving(handler, *ROUTES, *PUBLIC)


def preflight(client: Client, origin: str, path: str = "/appointments/1") -> Reply:
    return client.send("OPTIONS", path, [("Origin", origin), ("Access-Control-Request-Method", "PATCH")])


def allowed(reply: Reply) -> list[str]:
    return [name for name, _ in reply.headers if name.startswith("access-control-")]


def test_a_preflight_without_a_route_of_its_own_ends_at_the_authorizer_of_default(handler: FakeLambda) -> None:
    for client in serving(handler, *ROUTES):
        assert preflight(client, PAGE).status == 401


def test_a_preflight_that_no_route_takes_is_answered_by_the_gateway(handler: FakeLambda) -> None:
    before = handler.calls
    for client in serving(handler, "GET /health"):
        reply = preflight(client, PAGE)
        assert (reply.status, reply.body, handler.calls) == (204, b"", before)
        assert "access-control-allow-methods" in allowed(reply)
        assert client.send("OPTIONS", "/appointments/1", [("Origin", PAGE)]).status == 404


def test_a_preflight_goes_to_its_route_without_a_token(client: Client, handler: FakeLambda) -> None:
    before = handler.calls
    event = preflight(client, PAGE).json()

    assert handler.calls == before + 1
    assert (event["routeKey"], event["pathParameters"]) == (PREFLIGHT_KEY, {"proxy": "appointments/1"})
    assert "authorizer" not in event["requestContext"]


def test_the_gateway_tells_a_page_what_it_may_send(client: Client) -> None:
    reply = preflight(client, PAGE)

    assert reply.header("access-control-allow-origin") == PAGE
    assert "PATCH" in (reply.header("access-control-allow-methods") or "")
    assert {"if-match", "idempotency-key", "authorization"} <= {
        *(reply.header("access-control-allow-headers") or "").split(",")
    }


def test_a_preflight_from_elsewhere_is_allowed_nothing(client: Client) -> None:
    assert not allowed(preflight(client, ELSEWHERE))


@pytest.mark.parametrize(
    "origin", ["http://localhost:5173", "http://127.0.0.1", "https://localhost", "http://[::1]:80"]
)
def test_pages_of_this_machine_may_call_without_a_setting(client: Client, origin: str) -> None:
    assert preflight(client, origin).header("access-control-allow-origin") == origin


@pytest.mark.parametrize(
    "origin",
    ["null", "http://localhost.evil.example", "http://evil.example:80", "http://localhost@evil.example", "localhost"],
)
def test_what_only_looks_like_this_machine_may_not(client: Client, origin: str) -> None:
    assert not allowed(preflight(client, origin))


def test_the_page_may_read_answers_and_refusals_with_their_headers(client: Client) -> None:
    for path in ("/health", "/appointments"):
        reply = client.send("GET", path, [("Origin", PAGE)])
        assert reply.header("access-control-allow-origin") == PAGE
        assert "etag" in (reply.header("access-control-expose-headers") or "")


def test_the_page_may_read_each_header_that_openapi_json_describes() -> None:
    document = json.loads((ROOT / "openapi.json").read_text())
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    responses = [response for operation in operations for response in operation["responses"].values()]
    described = {name.lower() for response in responses for name in response.get("headers", {})}

    # It is always the same, and answers 401, after which a page asks for another token.
    assert described - {"www-authenticate"} <= set(ANSWER_HEADERS)


def test_the_gateway_alone_decides_whatever_the_lambda_says(client: Client, handler: FakeLambda) -> None:
    handler.result = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": ""}
    reply = client.send("GET", "/health", [("Origin", ELSEWHERE)])
    handler.result = None

    assert reply.header("access-control-allow-origin") is None


def test_a_public_route_with_a_key_for_head_answers_head_without_a_token(client: Client) -> None:
    assert client.send("HEAD", "/health").status == 200
    assert client.send("HEAD", "/appointments").status == 401
