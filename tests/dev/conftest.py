"""The gateway for the tests of this folder that use it."""

from collections.abc import Iterator

import pytest

from dev.gateway import create_gateway
from tests.dev.gateway_client import CLIENT_ID, ROUTES, FakeLambda
from tests.dev.http_server import Client, Issuer, issuing, served


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def handler() -> FakeLambda:
    return FakeLambda()


@pytest.fixture(scope="module")
def client(issuer: Issuer, handler: FakeLambda) -> Iterator[Client]:
    gateway = create_gateway(
        handler=handler,
        routes=ROUTES,
        public={"GET /health"},
        issuer=issuer.name,
        jwks_url=issuer.jwks_url,
        client_id=CLIENT_ID,
        openapi=lambda: '{"openapi": "3.1.0"}',
    )
    with served(gateway) as client:
        yield client
