"""Links lead to the address that people see."""

from collections.abc import Iterator
from typing import Any

import pytest

from lambda_function.api.app import create_app
from lambda_function.db.unit_of_work import Database
from tests.api.desk import Desk, at
from tests.api.fhir.client import FhirClient
from tests.api_client import ApiClient

PUBLIC = "https://book.example.org"


@pytest.fixture
def elsewhere(desk: Desk, database: Database) -> FhirClient:
    """Returns a client as if CloudFront stood in front: the gateway's own name is `localhost`."""
    return FhirClient(Desk(ApiClient(create_app(database, PUBLIC)), desk.practice))


def _urls(value: Any) -> Iterator[str]:
    """Yields every absolute address in an answer."""
    match value:
        case dict():
            for name, inner in value.items():
                if name in {"fullUrl", "url"} and str(inner).startswith("http"):
                    yield inner
                yield from _urls(inner)
        case list():
            for inner in value:
                yield from _urls(inner)


def test_links_of_pages_lead_to_the_public_address(elsewhere: FhirClient) -> None:
    page = elsewhere.get("pat", "Schedule", _count=1).json

    assert {link["relation"] for link in page["link"]} == {"self", "next"}
    assert [url for url in _urls(page) if not url.startswith(f"{PUBLIC}/fhir/R4/")] == []


def test_a_new_appointment_is_at_the_public_address(elsewhere: FhirClient) -> None:
    answer = elsewhere.book("pat", at("15:00"))

    assert answer.headers["Location"] == f"{PUBLIC}/fhir/R4/Appointment/{answer.json['id']}"


def test_the_server_names_its_public_address(elsewhere: FhirClient) -> None:
    assert elsewhere.get(None, "metadata").json["implementation"]["url"] == f"{PUBLIC}/fhir/R4"


def test_a_callers_own_words_change_no_address(elsewhere: FhirClient) -> None:
    headers = {"x-forwarded-proto": "http", "x-forwarded-host": "evil.example", "host": "evil.example"}
    page = elsewhere.desk.client.call("pat", "GET", "/fhir/R4/Schedule", headers=headers).json

    assert all(url.startswith(PUBLIC) for url in _urls(page))


def test_without_a_public_address_a_link_has_a_scheme_of_the_web(desk: Desk) -> None:
    headers = {"x-forwarded-proto": "javascript", "x-forwarded-host": "evil.example", "host": "evil.example"}
    shown = desk.client.call(None, "GET", "/fhir/R4/metadata", headers=headers).json

    assert shown["implementation"]["url"] == "https://localhost/fhir/R4"
