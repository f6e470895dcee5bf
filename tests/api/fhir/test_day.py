"""A FHIR client's day, every answer of which is valid R4."""

from typing import Any

from tests.api.fhir.client import FhirClient, codes
from tests.api.fhir.valid import expect_fhir


def _found_slot(fhir: FhirClient, doctor: str) -> Any:
    """The first free slot of the doctor's schedule, found as a program would find it."""
    statement = expect_fhir(fhir.get(None, "metadata"))
    assert statement["fhirVersion"] == "4.0.1"
    reference = f"Practitioner/{fhir.desk.id_of(doctor)}"
    [entry] = expect_fhir(fhir.get("pat", "Schedule", actor=reference))["entry"]
    schedule = entry["resource"]
    query = "start=ge2030-01-10T13:00:00Z&start=lt2030-01-11T00:00:00Z&service-type=checkup&status=free"
    slots = expect_fhir(fhir.raw("pat", "Slot", f"{query}&schedule=Schedule/{schedule['id']}"))
    slot = slots["entry"][0]["resource"]
    assert slot == expect_fhir(fhir.get("pat", f"Slot/{slot['id']}"))
    for place in (*(actor["reference"] for actor in schedule["actor"]), slot["schedule"]["reference"]):
        expect_fhir(fhir.get("pat", place))
    return slot


def test_a_fhir_clients_day(fhir: FhirClient) -> None:
    slot = _found_slot(fhir, "drjay")

    wanted = {"end": slot["end"], "slot": [{"reference": f"Slot/{slot['id']}"}], "comment": "First visit"}
    answer = fhir.book("pat", slot["start"], **wanted)
    booked = expect_fhir(answer, 201)
    assert (booked["status"], booked["start"], booked["comment"]) == ("booked", slot["start"], "First visit")
    assert answer.headers["Location"] == f"https://localhost/fhir/R4/Appointment/{booked['id']}"
    assert booked == expect_fhir(fhir.get("pat", f"Appointment/{booked['id']}"))

    taken = expect_fhir(fhir.book("rita", slot["start"], patient="kim"), 409)
    assert codes(taken) == {"doctor_busy"}
    gone = expect_fhir(fhir.get("pat", f"Slot/{slot['id']}"), 404)
    assert codes(gone) == {"not_found"}

    mine = fhir.raw("pat", "Appointment", "date=ge2030-01-10&date=lt2030-01-11&status=booked,pending")
    assert [entry["resource"] for entry in expect_fhir(mine)["entry"]] == [booked]

    change = {**booked, "status": "cancelled", "cancelationReason": {"text": "Flu"}}
    cancelled = expect_fhir(fhir.put("pat", change, if_match='W/"1"'))
    assert cancelled["meta"]["versionId"] == "2"
    assert {**cancelled, "meta": None} == {**change, "meta": None}
    expect_fhir(fhir.get("pat", f"Slot/{slot['id']}"))

    again = expect_fhir(fhir.book("pat", slot["start"]), 201)
    freed = expect_fhir(fhir.cancel("pat", again["id"], if_match='W/"1"'))
    assert (freed["status"], freed["cancelationReason"]) == ("cancelled", {"text": "Flu"})


def test_a_request_is_pending_until_the_doctor_confirms_it_and_has_its_life(fhir: FhirClient) -> None:
    implant = [{"coding": [{"code": "implant"}]}]
    asked = expect_fhir(fhir.book("pat", "2030-01-18T15:00:00Z", serviceType=implant), 201)
    assert asked["status"] == "pending"
    assert [one["status"] for one in asked["participant"]] == ["accepted", "needs-action", "accepted"]

    confirmed = fhir.desk.client.post("rita", f"/appointments/{asked['id']}/confirm")
    assert confirmed.status == 200
    assert expect_fhir(fhir.get("pat", f"Appointment/{asked['id']}"))["status"] == "booked"
