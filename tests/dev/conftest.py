"""The gateway, and the people of the running stack, for the tests of this folder that use them."""

from collections.abc import Iterator
from typing import Any

import pytest

from dev.gateway import create_gateway
from tests.dev.gateway_client import CLIENT_ID, ROUTES, FakeLambda
from tests.dev.http_server import Client, Issuer, issuing, served
from tests.dev.reception import Reception
from tests.dev.running_stack import RunningStack


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


@pytest.fixture
def reception(stack: RunningStack) -> Iterator[Reception]:
    reception = Reception(stack)
    yield reception
    reception.set_clock(None)


@pytest.fixture
def ana(reception: Reception) -> Any:
    return reception.patient("Ana Ruiz")


@pytest.fixture
def visit(reception: Reception, ana: Any) -> Any:
    """A visit of ana that is booked."""
    return reception.book(ana)
