"""Fixtures of the tests of the partners' programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.partner_programs import Partner
from tests.clients.partner_server import PartnerServer, partner_server


@pytest.fixture
def server() -> Iterator[PartnerServer]:
    with partner_server() as server:
        yield server


@pytest.fixture
def partner(server: PartnerServer, tmp_path: Path) -> Partner:
    return Partner(server.url, tmp_path)
