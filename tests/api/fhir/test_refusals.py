"""Requests of FHIR clients that are refused, each with the right OperationOutcome, and without writing anything."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import Fingerprint
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api.fhir.client import FhirClient, spoiled
from tests.api.fhir.valid import expect_fhir

START = "2030-01-10T15:00:00Z"
DAY = "service-type=checkup&start=ge2030-01-08T13:00:00Z&start=lt2030-01-08T14:00:00Z"


@pytest.fixture(scope="module")
def fhir(module_desk: Desk) -> FhirClient:
    return FhirClient(module_desk)


@pytest.fixture(autouse=True)
def nothing_is_written(fhir: FhirClient, fingerprint: Fingerprint) -> Iterator[None]:
    before = fingerprint()
    yield
    assert fingerprint() == before


@pytest.mark.parametrize(("caller", "patient"), [("pat", "kim"), ("rita", "drjay"), ("rita", "rita")])
def test_whoever_is_invisible_or_no_patient_is_404(fhir: FhirClient, caller: str, patient: str) -> None:
    expect_problem(fhir.get(caller, f"Patient/{fhir.desk.id_of(patient)}"), 404, "not_found")


@pytest.mark.parametrize("kind", ["Patient", "Practitioner", "Location", "Schedule", "Slot", "Appointment"])
@pytest.mark.parametrize(
    "resource_id", ["0", "x", "9" * 20, "99999", "1.0", "1-1-20301301T0000Z", "1-1-99991231T2359Z"]
)
def test_an_id_that_names_nothing_is_404(fhir: FhirClient, kind: str, resource_id: str) -> None:
    expect_problem(fhir.get("rita", f"{kind}/{resource_id}"), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"actor": "1"}, "actor"),
        ({"actor": "Patient/1"}, "actor"),
        ({"actor": "Location/99"}, "actor"),
        ({"practitioner": "Patient/1"}, "practitioner"),
        ({"actor": "Practitioner/5", "practitioner": "6"}, "actor"),
        ({"_count": "-1"}, "_count"),
        ({"_cursor": "x"}, "_cursor"),
        ({"_format": "xml"}, "_format"),
    ],
)
def test_a_search_for_schedules_that_cannot_be_meant_is_422_on_its_parameter(
    fhir: FhirClient, query: dict[str, str], field: str
) -> None:
    expect_problem(fhir.get("pat", "Schedule", **query), 422, "validation_error", field)


@pytest.mark.parametrize("path", ["metadata", "Schedule", "Location/1"])
@pytest.mark.parametrize("wanted", ["json", "application/json", "application/fhir+json"])
def test_json_may_be_asked_for(fhir: FhirClient, path: str, wanted: str) -> None:
    expect_fhir(fhir.get("pat", path, _format=wanted))


def test_more_than_a_page_may_have_is_asked_for_and_cut(fhir: FhirClient) -> None:
    expect_fhir(fhir.get("pat", "Schedule", _count="100000"))


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("service-type=checkup", "validation_error", "start"),
        ("service-type=checkup&start=ge2030-01-08", "validation_error", "start"),
        ("service-type=checkup&start=lt2030-01-08", "validation_error", "start"),
        ("service-type=checkup&start=ge2030-01-08,lt2030-01-09", "validation_error", "start"),
        ("service-type=checkup&start=2030-01", "range_too_wide", "start"),
        ("service-type=checkup&start=ge2030-01-08&start=le2030-01-22", "range_too_wide", "start"),
        ("service-type=unknown&start=2030-01-08", "validation_error", "service-type"),
        ("service-type=urn:other|checkup&start=2030-01-08", "validation_error", "service-type"),
        (f"{DAY}&status=busy", "validation_error", "status"),
        (f"{DAY}&location=9", "validation_error", "location"),
        (f"{DAY}&schedule=Schedule/99", "validation_error", "schedule"),
        (f"{DAY}&practitioner=99", "validation_error", "practitioner"),
        (f"{DAY}&schedule=1&practitioner=2", "validation_error", "practitioner"),
        (f"{DAY}&_cursor=x", "validation_error", "_cursor"),
    ],
)
def test_a_slot_search_that_cannot_be_answered_is_422(fhir: FhirClient, query: str, code: str, field: str) -> None:
    expect_problem(fhir.raw("pat", "Slot", query), 422, code, field)


@pytest.mark.parametrize(
    "days", ["start=ge2030-01-08&start=lt2030-01-22", "start=2030-01-08", "start=le2030-01-08&start=gt2030-01-07"]
)
@pytest.mark.parametrize("code", ["checkup", "urn:dentist-appointments:treatment|checkup"])
def test_fourteen_days_are_not_too_many(fhir: FhirClient, days: str, code: str) -> None:
    assert expect_fhir(fhir.raw("pat", "Slot", f"{days}&service-type={code}&status=free"))["entry"]


def test_without_a_token_only_the_metadata_is_shown(fhir: FhirClient) -> None:
    expect_fhir(fhir.get(None, "metadata"))
    expect_problem(fhir.get(None, "Schedule"), 401, "unauthenticated")
    expect_problem(fhir.get(None, "nothing"), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("patient=Practitioner/1", "patient"),
        ("patient=99", "patient"),
        ("patient=https://elsewhere.example/Patient/1", "patient"),
        ("practitioner=me", "practitioner"),
        ("practitioner=99", "practitioner"),
        ("location=99", "location"),
        ("location=99&date=2030-01-10", "location"),
        ("date=tomorrow", "date"),
        ("date=2030-02-30", "date"),
        ("date=2030-01-10T15:00:00", "date"),
        ("date=2030-01-10T25:00Z", "date"),
        ("date=ap2030-01-10", "date"),
        ("date=ge2030-01-10,lt2030-01-11", "date"),
        ("date=", "date"),
        ("status=BOOKED", "status"),
        ("status=booked,", "status"),
        ("status=booked&status=pending", "status"),
        ("_count=x", "_count"),
        ("_total=yes", "_total"),
        ("_summary=yes", "_summary"),
        ("_cursor=e30", "_cursor"),
    ],
)
def test_a_search_that_cannot_be_meant_is_422_on_its_parameter(fhir: FhirClient, query: str, field: str) -> None:
    expect_problem(fhir.raw("rita", "Appointment", query), 422, "validation_error", field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "fulfilled"}, "status"),
        ({"start": "2030-01-10T15:00:00"}, "start"),
        ({"end": "2030-01-10T16:00:00Z"}, "end"),
        ({"minutesDuration": 60}, "minutesDuration"),
        ({"minutesDuration": 2**63}, "minutesDuration"),
        ({"serviceType": [{"coding": [{"code": "unknown"}]}]}, "serviceType"),
        ({"serviceType": [{"coding": [{"system": "urn:other", "code": "checkup"}]}]}, "serviceType.0.coding.0.system"),
        ({"serviceType": [{"text": "A check-up"}]}, "serviceType.0.text"),
        ({"serviceType": []}, "serviceType"),
        ({"slot": [{"reference": "Slot/1"}]}, "slot.0.reference"),
        ({"slot": []}, "slot"),
        ({"comment": ""}, "comment"),
        ({"comment": "a\x00b"}, "comment"),
        ({"participant": []}, "participant"),
        ({"participant": [{"status": "accepted"}]}, "participant.0.actor"),
        ({"identifier": [{"value": "1"}]}, "identifier"),
        ({"description": "A check-up"}, "description"),
        ({"patientInstruction": "Do not eat"}, "patientInstruction"),
        ({"reasonCode": []}, "reasonCode"),
        ({"contained": []}, "contained"),
        ({"extension": []}, "extension"),
        ({"_start": {}}, "_start"),
        ({"resourceType": "Patient"}, "resourceType"),
        ({"resourceType": ...}, "resourceType"),
        ({"start": ...}, "start"),
        ({"status": ...}, "status"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(fhir: FhirClient, change: dict[str, Any], field: str) -> None:
    answer = fhir.send("rita", "POST", "Appointment", spoiled(fhir.visit(START), change))

    expect_problem(answer, 422, "validation_error")
    assert field in answer.fields or (field, answer.fields) == ("serviceType.0.text", ["serviceType.0.coding", field])


@pytest.mark.parametrize(
    ("participants", "field"),
    [
        (["Patient/pat"], "body"),
        (["Patient/pat", "Patient/kim", "Practitioner/drjay"], "body"),
        (["Practitioner/drjay"], "participant"),
        (["Patient/pat", "Practitioner/pat"], "participant"),
        (["Patient/drjay", "Practitioner/drjay"], "participant"),
        (["Patient/pat", "Practitioner/drjay", "Location/2"], "participant"),
        (["Patient/pat", "Practitioner/drjay", "Device/1"], "participant.2.actor.reference"),
        (["pat", "Practitioner/drjay"], "participant.0.actor.reference"),
        (["#pat", "Practitioner/drjay"], "participant.0.actor.reference"),
    ],
)
def test_a_visit_has_a_patient_a_practitioner_and_perhaps_the_location(
    fhir: FhirClient, participants: list[str], field: str
) -> None:
    for name in ("pat", "kim", "drjay"):
        participants = [one.replace(name, str(fhir.desk.id_of(name))) for one in participants]
    actors = [{"actor": {"reference": one}, "status": "accepted"} for one in participants]

    answer = fhir.send("rita", "POST", "Appointment", fhir.visit(START, participant=actors))

    expect_problem(answer, 422, "validation_error", field)


@pytest.mark.parametrize(
    ("start", "status", "code", "fields"),
    [
        ("2030-01-06T15:00:00Z", 422, "too_soon", ["start"]),
        ("2030-01-10T15:01:00Z", 422, "off_grid", ["start"]),
        ("2030-01-10T03:00:00Z", 422, "outside_hours", ["start"]),
        ("2033-01-10T15:00:00Z", 422, "too_late", ["start"]),
    ],
)
def test_the_rules_of_booking_hold(fhir: FhirClient, start: str, status: int, code: str, fields: list[str]) -> None:
    expect_problem(fhir.book("pat", start), status, code, *fields)


def test_a_patient_books_for_nobody_else(fhir: FhirClient) -> None:
    expect_problem(fhir.book("pat", START, patient="kim"), 422, "validation_error", "participant")


def test_conditional_creation_is_refused(fhir: FhirClient) -> None:
    answer = fhir.send("pat", "POST", "Appointment", fhir.visit(START), if_none_exist="patient=1")

    expect_problem(answer, 422, "validation_error", "If-None-Exist")


@pytest.mark.parametrize("content_type", ["application/fhir+xml", "application/fhir+json; fhirVersion=5.0"])
def test_other_fhir_is_415(fhir: FhirClient, content_type: str) -> None:
    answer = fhir.send("pat", "POST", "Appointment", fhir.visit(START), content_type=content_type)

    expect_problem(answer, 415, "unsupported_media_type")


def test_fhir_json_is_for_fhir_only(fhir: FhirClient) -> None:
    body = fhir.desk.visit(START)
    answer = fhir.desk.client.post("pat", "/appointments", body, headers={"content-type": "application/fhir+json"})

    expect_problem(answer, 415, "unsupported_media_type")
