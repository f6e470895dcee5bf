"""Times with more than six digits of a fraction, as .NET (7) and Go, Java and Rust (9) write them."""

import base64
import json

import pytest

from tests.api.desk import DAY, Desk, at
from tests.api.fhir.client import FhirClient

fractions = pytest.mark.parametrize("fraction", ["0", "000", "0000000", "000000000", "000000999"])


@fractions
def test_in_a_body(desk: Desk, fraction: str) -> None:
    visit = desk.booked("pat", f"{DAY}T15:00:00.{fraction}Z")
    moved = desk.client.call(
        "pat", "PATCH", f"/appointments/{visit['appointment_id']}", {"starts_at": f"{DAY}T11:00:00.{fraction}-05:00"}
    )
    assert (visit["starts_at"], moved.json["starts_at"]) == (at("15:00"), at("16:00"))


@fractions
def test_in_a_query(desk: Desk, fraction: str) -> None:
    span = {"from": f"{DAY}T15:00:00.{fraction}Z", "to": f"{DAY}T15:05:00.{fraction}Z"}
    visit = desk.booked("pat", at("15:00"))
    listed = desk.client.get("pat", "/appointments", **span)
    free = desk.client.get("kim", "/availability", treatment_id=1, doctor_id=desk.id_of("drwu"), **span)

    assert [slot["starts_at"] for slot in free.json["items"]] == [at("15:00")]
    assert [each["appointment_id"] for each in listed.json["items"]] == [visit["appointment_id"]]


@fractions
def test_in_a_cursor(desk: Desk, fraction: str) -> None:
    visits = [desk.booked("pat", at("15:00")), desk.booked("pat", at("16:00"))]
    after = json.dumps([f"{DAY}T15:00:00.{fraction}+00:00", visits[0]["appointment_id"]])
    cursor = base64.urlsafe_b64encode(after.encode()).decode().rstrip("=")

    listed = desk.client.get("pat", "/appointments", cursor=cursor)

    assert [each["appointment_id"] for each in listed.json["items"]] == [visits[1]["appointment_id"]]


@fractions
def test_in_fhir(desk: Desk, fraction: str) -> None:
    fhir = FhirClient(desk)
    visit = fhir.booked("pat", f"{DAY}T15:00:00.{fraction}Z", end=f"{DAY}T15:30:00.{fraction}Z")
    found = fhir.raw("pat", "Appointment", f"date=ge{DAY}T15:00:00.{fraction}Z&date=lt{at('15:05')}").json
    slots = f"service-type=checkup&start=ge{DAY}T15:30:00.{fraction}Z&start=lt{at('15:40')}"
    cancelled = fhir.put(
        "pat",
        {
            **visit,
            "start": f"{DAY}T15:00:00.{fraction}Z",
            "status": "cancelled",
            "cancelationReason": {"text": "Flu"},
        },
    )

    assert [entry["resource"]["id"] for entry in found["entry"]] == [visit["id"]]
    assert {entry["resource"]["start"] for entry in fhir.raw("pat", "Slot", slots).json["entry"]} == {at("15:30")}
    assert cancelled.json["status"] == "cancelled", cancelled.text
