"""Links lead to the address that people see, and references may have it in front."""

from collections.abc import Iterator
from typing import Any

import pytest

from lambda_function.api.app import create_app
from lambda_function.db.unit_of_work import Database
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api.fhir.client import BASE, FhirClient
from tests.api.fhir.valid import expect_fhir
from tests.api_client import ApiClient

PUBLIC = "https://book.example.org"
START = "2030-01-10T15:00:00Z"


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


def _gateway(path: str) -> str:
    return f"https://localhost{BASE}/{path}"


@pytest.mark.parametrize("start", [PUBLIC, "http://book.example.org", "https://BOOK.example.org", "https://localhost"])
@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("Appointment", "patient={0}/Patient/{pat}"),
        ("Appointment", "practitioner={0}/Practitioner/{drjay}&location={0}/Location/1"),
        ("Schedule", "actor={0}/Practitioner/{drjay}"),
        ("Schedule", "practitioner={0}/Practitioner/{drjay}&actor={0}/Location/1"),
        ("Slot", "service-type=checkup&start=2030-01-10&schedule={0}/Schedule/{drjay}&location={0}/Location/1"),
        ("Slot", "service-type=checkup&start=2030-01-10&practitioner={0}/Practitioner/{drjay}"),
    ],
)
def test_a_search_takes_the_services_own_addresses(elsewhere: FhirClient, start: str, kind: str, query: str) -> None:
    elsewhere.booked("rita", START)
    ids = {name: str(elsewhere.desk.id_of(name)) for name in ("pat", "drjay")}
    absolute, short = (query.format(root, **ids).replace("=/", "=") for root in (f"{start}{BASE}", ""))

    found = expect_fhir(elsewhere.raw("rita", kind, absolute))["entry"]

    assert found == expect_fhir(elsewhere.raw("rita", kind, short))["entry"]


def test_the_full_urls_of_a_bundle_book_and_cancel(elsewhere: FhirClient) -> None:
    query = "service-type=checkup&start=2030-01-10&_count=1"
    [entry] = expect_fhir(elsewhere.raw("pat", "Slot", query))["entry"]
    slot = entry["resource"]
    doctor = slot["schedule"]["reference"].replace("Schedule", "Practitioner")
    actors = [f"{PUBLIC}{BASE}/{doctor}", _gateway(f"Patient/{elsewhere.desk.id_of('pat')}")]
    visit = elsewhere.visit(
        slot["start"],
        slot=[{"reference": entry["fullUrl"]}],
        participant=[{"actor": {"reference": actor}, "status": "accepted"} for actor in actors],
    )

    booked = expect_fhir(elsewhere.send("pat", "POST", "Appointment", visit), 201)
    assert (booked["start"], booked["participant"][1]["actor"]["reference"]) == (slot["start"], doctor)

    for one in booked["participant"]:
        one["actor"]["reference"] = f"{PUBLIC}{BASE}/{one['actor']['reference']}"
    change = {**booked, "status": "cancelled", "cancelationReason": {"text": "Flu"}}
    assert expect_fhir(elsewhere.put("pat", change))["status"] == "cancelled"


@pytest.mark.parametrize(
    "server", ["https://other.example/fhir/R4", f"{PUBLIC}/fhir/R5", PUBLIC, "https://localhost.evil.example/fhir/R4"]
)
def test_an_address_of_another_server_is_called_that(elsewhere: FhirClient, server: str) -> None:
    patient = f"{server}/Patient/{elsewhere.desk.id_of('pat')}"
    people = [{"actor": {"reference": patient}, "status": "accepted"}]
    slot = [{"reference": f"{server}/Slot/1-1-20300110T1500Z"}]
    refused = {
        "patient": elsewhere.get("rita", "Appointment", patient=patient),
        "participant.0.actor.reference": elsewhere.send(
            "rita", "POST", "Appointment", elsewhere.visit(START, participant=people)
        ),
        "slot.0.reference": elsewhere.send("rita", "POST", "Appointment", elsewhere.visit(START, slot=slot)),
    }

    for field, answer in refused.items():
        expect_problem(answer, 422, "validation_error", field)
        assert "another server" in answer.json["issue"][0]["details"]["text"]
