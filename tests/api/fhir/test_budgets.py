"""The budgets of tests/api/test_query_budgets.py for the routes below /fhir/R4."""

from typing import Any

import pytest

from tests.api.conftest import Statements
from tests.api.fhir.client import BASE, FhirClient
from tests.api.test_query_budgets import CALLERS, within

pytestmark = pytest.mark.usefixtures("guardian")

START = "2030-01-10T15:00:00Z"
DAYS = "start=ge2030-01-10&start=lt2030-01-24&service-type=checkup"


@pytest.fixture(params=[0, 20], ids=["few-doctors", "20-more"])
def doctors(request: pytest.FixtureRequest, fhir: FhirClient) -> None:
    for number in range(request.param):
        fhir.desk.practice.add_doctor(f"d{number}", clinic=1 + number % 2)


@pytest.mark.parametrize("user_name", CALLERS)
@pytest.mark.usefixtures("doctors")
def test_reading_stays_within_its_budgets(fhir: FhirClient, statements: Statements, user_name: str) -> None:
    visit = fhir.booked("rita", START)["id"]
    doctor, patient = fhir.desk.id_of("drjay"), fhir.desk.id_of("pat")
    for path, key in (
        ("metadata", "metadata"),
        ("Schedule", "Schedule"),
        (f"Schedule/{doctor}", "Schedule/{schedule_id}"),
        (f"Slot/{doctor}-1-20300111T1500Z", "Slot/{slot_id}"),
        (f"Practitioner/{doctor}", "Practitioner/{practitioner_id}"),
        (f"Patient/{patient}", "Patient/{patient_id}"),
        ("Location/1", "Location/{location_id}"),
        ("Appointment", "Appointment"),
        (f"Appointment/{visit}", "Appointment/{appointment_id}"),
    ):
        statements.clear()
        within(statements, f"GET {BASE}/{key}", fhir.get(user_name, path))
        assert "COMMIT" not in statements.sent


@pytest.mark.parametrize("user_name", CALLERS)
@pytest.mark.usefixtures("doctors")
def test_searching_stays_within_its_budgets(fhir: FhirClient, statements: Statements, user_name: str) -> None:
    fhir.booked("rita", START)
    for number in range(30):
        fhir.desk.practice.add_patient(f"more{number}")
    doctor, patient = fhir.desk.id_of("drjay"), fhir.desk.id_of("pat")
    for kind, query in (
        ("Slot", DAYS),
        ("Slot", f"{DAYS}&_count=1000&location=1&practitioner={doctor}"),
        ("Appointment", f"patient={patient}&practitioner={doctor}&location=1&date=2030&status=booked,pending&_count=1"),
        ("Slot", f"start=2030-01-10&practitioner={doctor}&_summary=count"),
        ("Schedule", f"practitioner={doctor}&actor=Location/1"),
        ("Schedule", "_total=accurate&_count=1"),
        ("Practitioner", "name=jay&family=quispe&_total=accurate"),
        ("Practitioner", f"_id={doctor}&name=jay"),
        ("Patient", "name=pat&_count=1&_total=accurate"),
        ("Patient", f"_id={patient}"),
        ("Location", "name=lima&_summary=count"),
        ("Location", ""),
    ):
        statements.clear()
        within(statements, f"GET {BASE}/{kind}", fhir.raw(user_name, kind, query))
        statements.clear()
        by_form = fhir.desk.client.call(user_name, "POST", f"{BASE}/{kind}/_search", query)
        within(statements, f"POST {BASE}/{kind}/_search", by_form)
        assert "COMMIT" not in statements.sent


@pytest.mark.parametrize("user_name", CALLERS)
@pytest.mark.parametrize("code", ["checkup", "implant"])
def test_booking_and_cancelling_stay_within_their_budgets(
    fhir: FhirClient, statements: Statements, user_name: str, code: str
) -> None:
    more: dict[str, Any] = {"serviceType": [{"coding": [{"code": code}]}]}
    visits = []
    for start in (START, "2030-01-11T15:00:00Z"):
        statements.clear()
        answer = fhir.book(user_name, start, **more)
        within(statements, f"POST {BASE}/Appointment", answer, 201)
        assert statements.sent.count("COMMIT") == 1
        visits.append(answer.json)

    statements.clear()
    change = {**visits[0], "status": "cancelled", "cancelationReason": {"text": "Flu"}}
    within(statements, f"PUT {BASE}/Appointment/{{appointment_id}}", fhir.put(user_name, change))
    statements.clear()
    operation = f"POST {BASE}/Appointment/{{appointment_id}}/$cancel"
    within(statements, operation, fhir.cancel(user_name, visits[1]["id"]))
