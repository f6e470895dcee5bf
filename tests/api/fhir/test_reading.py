"""Schedules, slots, people and locations, as each role may see them."""

from typing import Any

import pytest

from tests.api.conditions import set_treatment
from tests.api.expect import expect_problem
from tests.api.fhir.client import FhirClient
from tests.api.fhir.valid import expect_fhir

DAY = "service-type=checkup&start=ge2030-01-08T13:00:00Z&start=lt2030-01-08T14:00:00Z"


def _ids(bundle: Any) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", ())]


def test_a_patient_is_shown_with_what_the_caller_may_see(fhir: FhirClient) -> None:
    pat = fhir.desk.id_of("pat")
    own, by_doctor = (expect_fhir(fhir.get(name, f"Patient/{pat}")) for name in ("pat", "drjay"))

    assert own["identifier"] == [{"system": "urn:dentist-appointments:user-name", "value": "pat"}]
    assert own["telecom"] == [{"system": "email", "value": "pat@example.org"}]
    assert "telecom" not in by_doctor


def test_a_clinic_is_a_location_with_its_zone(fhir: FhirClient) -> None:
    location = expect_fhir(fhir.get("pat", "Location/1"))

    assert (location["name"], location["extension"][0]["valueCode"]) == ("Lima Centro", "America/Lima")


def test_a_location_says_where_it_is_and_how_to_reach_it(fhir: FhirClient) -> None:
    location = expect_fhir(fhir.get("pat", "Location/1"))

    assert location["address"] == {"text": "Jirón de la Unión 421, Lima", "country": "PE"}
    assert location["telecom"] == [
        {"system": "phone", "value": "+51 1 555 0142"},
        {"system": "email", "value": "lima@clinic.example"},
    ]


def test_a_clinic_without_address_phone_and_email_is_a_location_in_its_country(fhir: FhirClient) -> None:
    clinic = fhir.desk.practice.add_clinic("Nowhere", "America/Lima")

    location = expect_fhir(fhir.get("pat", f"Location/{clinic.clinic_id}"))

    assert location["address"] == {"country": "PE"}
    assert "telecom" not in location


def test_a_search_shows_a_location_as_reading_it_does(fhir: FhirClient) -> None:
    [entry] = expect_fhir(fhir.get("pat", "Location", _id="1"))["entry"]

    assert entry["resource"] == expect_fhir(fhir.get("pat", "Location/1"))


@pytest.mark.parametrize(
    ("query", "doctors"),
    [
        ({}, ["drjay", "drwu", "drsol"]),
        ({"actor": "Location/2"}, ["drsol"]),
        ({"practitioner": "drwu"}, ["drwu"]),
        ({"actor": "Practitioner/drwu"}, ["drwu"]),
        ({"actor": "Practitioner/drwu", "practitioner": "drwu"}, ["drwu"]),
        ({"actor": "Location/1", "practitioner": "drsol"}, []),
        ({"practitioner": "pat"}, []),
    ],
)
def test_schedules_are_found_by_practitioner_and_location(
    fhir: FhirClient, query: dict[str, str], doctors: list[str]
) -> None:
    named = {name: value.rpartition("/") for name, value in query.items()}
    given = {
        name: f"{kind}{slash}{last if last.isdigit() else fhir.desk.id_of(last)}"
        for name, (kind, slash, last) in named.items()
    }

    found = expect_fhir(fhir.get("pat", "Schedule", **given))

    assert sorted(_ids(found)) == sorted(str(fhir.desk.id_of(name)) for name in doctors)


def test_a_doctor_who_offers_nothing_has_a_schedule_without_services(fhir: FhirClient) -> None:
    doctor = fhir.desk.practice.add_doctor("idle", treatments=())

    assert "serviceType" not in expect_fhir(fhir.get("pat", f"Schedule/{doctor.user_id}"))


def test_pages_lead_to_one_another_by_their_links(fhir: FhirClient) -> None:
    seen: list[str] = []
    path, query = "Schedule", "_count=2&_format=json"
    for _ in range(2):
        bundle = expect_fhir(fhir.raw("pat", path, query))
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        seen += _ids(bundle)
        query = links.get("next", "").partition("?")[2]

    assert links.keys() == {"self"}
    assert seen == sorted((str(fhir.desk.id_of(name)) for name in ("drjay", "drwu", "drsol")), key=int)
    assert "total" not in bundle


def test_slots_are_those_that_availability_shows(fhir: FhirClient) -> None:
    fhir.desk.booked("rita", "2030-01-08T13:15:00Z")
    found = expect_fhir(fhir.raw("pat", "Slot", f"{DAY}&location=Location/1"))
    free = fhir.desk.client.get(
        "pat", "/availability", treatment_id=1, from_="2030-01-08T13:00:00Z", to="2030-01-08T14:00:00Z", clinic_id=1
    )

    slots = [entry["resource"] for entry in found["entry"]]
    assert [(slot["schedule"]["reference"], slot["start"], slot["end"]) for slot in slots] == [
        (f"Schedule/{slot['doctor_id']}", slot["starts_at"], slot["ends_at"]) for slot in free.json["items"]
    ]


def test_slots_come_in_pages(fhir: FhirClient) -> None:
    whole = _ids(expect_fhir(fhir.raw("pat", "Slot", DAY)))
    first = expect_fhir(fhir.raw("pat", "Slot", f"{DAY}&_count=5"))
    rest = expect_fhir(fhir.raw("pat", "Slot", first["link"][1]["url"].partition("?")[2].replace("_count=5", "")))

    assert _ids(first) + _ids(rest) == whole


def test_a_slot_of_a_treatment_with_another_length_is_another_slot(fhir: FhirClient) -> None:
    slot_id = f"{fhir.desk.id_of('drjay')}-3-20300118T1500Z"

    assert expect_fhir(fhir.get("pat", f"Slot/{slot_id}"))["end"] == "2030-01-18T16:30:00Z"


def test_a_treatment_that_is_not_given_any_more_has_no_slots(fhir: FhirClient) -> None:
    set_treatment(fhir.desk.practice, 3, active=False)

    answer = fhir.get("pat", f"Slot/{fhir.desk.id_of('drjay')}-3-20300118T1500Z")
    expect_problem(answer, 404, "not_found")
    expect_problem(fhir.raw("pat", "Slot", DAY.replace("checkup", "implant")), 422, "validation_error", "service-type")
