"""The ordinary calls of FHIR clients that others have written, at the local stack."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.appointment import Appointment
from fhirclient.models.bundle import Bundle
from fhirclient.models.location import Location
from fhirclient.models.patient import Patient
from fhirclient.models.practitioner import Practitioner
from fhirclient.models.slot import Slot
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from dev.npm import installed
from dev.token import access_token
from tests.dev.http_server import Client
from tests.dev.running_stack import RunningStack

FHIR_KIT = Path(__file__).parent / "fhir_kit"


class Caller(NamedTuple):
    """The patient who calls, and a week of which they ask."""

    base: str
    token: str
    patient_id: str
    week: tuple[str, str]

    @property
    def bearer(self) -> str:
        return f"Bearer {self.token}"

    def visit(self, slot: dict[str, Any], full_url: str) -> dict[str, Any]:
        """Returns a body for POST Appointment that refers by the addresses of a Bundle."""
        doctor = slot["schedule"]["reference"].replace("Schedule", "Practitioner")
        people = (f"Patient/{self.patient_id}", doctor)
        return {
            "status": "proposed",
            "serviceType": slot["serviceType"],
            "slot": [{"reference": full_url}],
            "start": slot["start"],
            "end": slot["end"],
            "participant": [
                {"actor": {"reference": f"{self.base}/{person}"}, "status": "accepted"} for person in people
            ],
        }


@pytest.fixture(scope="module")
def pat(stack: RunningStack) -> Caller:
    token = access_token(stack.folder, "pat")
    me = Client(stack.port).send("GET", "/me", [("Authorization", f"Bearer {token}")]).json()
    monday = datetime.now(UTC).date() + timedelta(days=7)
    week = (monday.isoformat(), (monday + timedelta(days=7)).isoformat())
    return Caller(f"http://127.0.0.1:{stack.port}/fhir/R4", token, str(me["user_id"]), week)


def test_fhirpy(pat: Caller) -> None:
    client = SyncFHIRClient(pat.base, authorization=pat.bearer)
    patient = client.reference("Patient", pat.patient_id).to_resource()
    assert client.resources("Patient").search(_id=pat.patient_id).get() == patient
    assert client.resources("Patient").search(name="Pat").first() == patient
    assert client.resources("Patient").search(family="Nobody").fetch() == []
    doctors = client.resources("Practitioner").limit(1).fetch_all()
    assert len(doctors) == client.resources("Practitioner").count() > 1
    assert [one.id for one in client.resources("Practitioner")] == [one.id for one in doctors]
    clinic: Any = client.resources("Location").first()
    assert client.get("Location", clinic["id"])["name"] == clinic["name"]

    start, end = pat.week
    slots = client.resources("Slot").search(schedule=f"Schedule/{doctors[0].id}", start__ge=start, start__lt=end)
    slot: Any = slots.first()
    visit = client.resource("Appointment", **pat.visit(slot, f"{pat.base}/Slot/{slot['id']}"))
    visit.save()
    assert visit["status"] == "booked"
    mine = client.resources("Appointment").search(patient=patient, status="booked,pending").fetch_all()
    assert visit["id"] in [one["id"] for one in mine]
    visit["status"], visit["cancelationReason"] = "cancelled", {"text": "Flu"}
    visit.save()
    assert client.resources("Appointment").search(status="cancelled", patient=patient).count() >= 1

    with pytest.raises(ResourceNotFound):
        client.reference("Patient", "999999").to_resource()
    with pytest.raises(OperationOutcome, match="not-supported"):
        client.resources("Patient").search(birthdate="2000").fetch()


def test_fhirclient(pat: Caller) -> None:
    smart = FHIRClient(settings={"app_id": "test", "api_base": pat.base})
    server = smart.server
    server.session.headers["Authorization"] = pat.bearer
    assert smart.prepare()
    assert smart.server.capabilityStatement.fhirVersion == "4.0.1"
    patient = Patient.read(pat.patient_id, server)
    [found] = Patient.where({"name": "Pat", "_id": pat.patient_id}).perform_resources_iter(server)
    assert found.as_json() == patient.as_json()
    doctors = list(Practitioner.where({"_count": "1"}).perform_resources_iter(server))
    counted = Bundle.read_from("Practitioner?_summary=count", server)
    assert len(doctors) == counted.total > 1
    [clinic] = Location.where({"_id": "1"}).perform_resources_iter(server)
    assert Location.read(clinic.id, server).name == clinic.name

    start, end = pat.week
    searched = {"schedule": f"Schedule/{doctors[0].id}", "start": {"$and": [f"ge{start}", f"lt{end}"]}, "_count": "1"}
    [entry] = Bundle.read_from(Slot.where(searched).construct(), server).entry
    slot = Slot.read(entry.resource.id, server)
    visit = Appointment(pat.visit(slot.as_json(), entry.fullUrl))
    created = visit.create(server)
    booked = Appointment.read(created["id"], server)
    mine = Appointment.where({"patient": f"{pat.base}/Patient/{pat.patient_id}", "status": "booked"})
    assert booked.id in [one.id for one in mine.perform_resources_iter(server)]
    cancelled = booked.as_json() | {"status": "cancelled", "cancelationReason": {"text": "Flu"}}
    assert Appointment(cancelled).update(server)["status"] == "cancelled"


@pytest.mark.skipif(not shutil.which("npm"), reason="fhir-kit-client needs Node.js, which is not on this machine")
def test_fhir_kit_client(pat: Caller, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(installed(FHIR_KIT) / "node_modules")
    shutil.copy(FHIR_KIT / "day.mjs", tmp_path)
    start, end = pat.week
    given = {"BASE": pat.base, "TOKEN": pat.token, "PATIENT": pat.patient_id, "FROM": start, "TO": end}
    ran = subprocess.run(
        [str(shutil.which("node")), "day.mjs"],
        cwd=tmp_path,
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"Booked and cancelled appointment \d+\n", ran.stdout)
