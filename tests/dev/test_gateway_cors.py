"""Cross-origin requests at the gateway, and those without a token."""

from collections.abc import Iterator

import pytest

from dev.cors import Cors
from dev.gateway import create_gateway
from tests.dev.gateway_client import CLIENT_ID, ROUTES, FakeLambda
from tests.dev.http_server import Client, Issuer, served

PAGE = "https://app.example.org"
PREFLIGHT = [("Origin", PAGE), ("Access-Control-Request-Method", "PATCH")]


@pytest.fixture(scope="module")
def handler() -> FakeLambda:
    return FakeLambda()


@pytest.fixture(scope="module")
def client(handler: FakeLambda) -> Iterator[Client]:
    gateway = create_gateway(
        handler=handler,
        routes=[*ROUTES, "HEAD /health"],
        public=["GET /health", "HEAD /health"],
        issuer=Issuer.name,
        jwks_url="http://127.0.0.1:1/",
        client_id=CLIENT_ID,
        cors=Cors(frozenset({PAGE})),
    )
    with served(gateway) as client:
        yield client


def test_a_preflight_needs_no_token_and_does_not_reach_the_lambda(client: Client, handler: FakeLambda) -> None:
    before = handler.calls
    reply = client.send("OPTIONS", "/appointments/1", PREFLIGHT)

    assert (reply.status, reply.body, handler.calls) == (204, b"", before)
    assert reply.header("access-control-allow-origin") == PAGE
    assert "PATCH" in (reply.header("access-control-allow-methods") or "")
    assert "if-match" in (reply.header("access-control-allow-headers") or "")


def test_a_preflight_from_elsewhere_is_allowed_nothing(client: Client) -> None:
    reply = client.send("OPTIONS", "/appointments/1", [("Origin", "https://evil.example"), *PREFLIGHT[1:]])

    assert reply.status == 204
    assert not [name for name, _ in reply.headers if name.startswith("access-control-")]


def test_options_without_a_preflight_is_a_request_like_others(client: Client) -> None:
    assert client.send("OPTIONS", "/appointments/1", [("Origin", PAGE)]).status == 401


def test_the_page_may_read_answers_and_refusals_with_their_headers(client: Client) -> None:
    for path in ("/health", "/appointments"):
        reply = client.send("GET", path, [("Origin", PAGE)])
        assert reply.header("access-control-allow-origin") == PAGE
        assert "etag" in (reply.header("access-control-expose-headers") or "")


def test_the_gateway_alone_decides_whatever_the_lambda_says(client: Client, handler: FakeLambda) -> None:
    handler.result = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": ""}
    reply = client.send("GET", "/health", [("Origin", "https://evil.example")])
    handler.result = None

    assert reply.header("access-control-allow-origin") is None


def test_a_public_route_with_a_key_for_head_answers_head_without_a_token(client: Client) -> None:
    assert client.send("HEAD", "/health").status == 200
    assert client.send("HEAD", "/appointments").status == 401
