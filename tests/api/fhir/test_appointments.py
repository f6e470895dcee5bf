"""Appointments by FHIR: who finds which, what a booking must contain, and what a change may change."""

import json
from typing import Any

import pytest

from tests.api.expect import expect_problem
from tests.api.fhir.client import TREATMENTS, FhirClient, spoiled
from tests.api.fhir.valid import expect_fhir

START = "2030-01-10T15:00:00Z"


def _ids(answer: Any) -> list[str]:
    return [entry["resource"]["id"] for entry in expect_fhir(answer).get("entry", ())]


@pytest.fixture
def visits(fhir: FhirClient) -> dict[str, str]:
    """Returns the ids, by a short name, of visits on four days. The last one is cancelled."""
    ids: dict[str, str] = {}
    for name, start, patient, doctor in (
        ("pat-jay", "2030-01-10T15:00:00Z", "pat", "drjay"),
        ("kim-wu", "2030-01-11T15:00:00Z", "kim", "drwu"),
        ("pat-sol", "2030-01-12T15:00:00Z", "pat", "drsol"),
        ("kim-jay", "2030-01-15T22:00:00Z", "kim", "drjay"),
    ):
        booker = "rosa" if doctor == "drsol" else "rita"
        ids[name] = fhir.booked(booker, start, patient=patient, doctor=doctor)["id"]
    fhir.cancel("rita", ids["kim-jay"])
    return ids


@pytest.mark.parametrize(
    ("caller", "names"),
    [
        ("pat", ["pat-jay", "pat-sol"]),
        ("kim", ["kim-wu", "kim-jay"]),
        ("drjay", ["pat-jay", "kim-jay"]),
        ("drsol", ["pat-sol"]),
        ("rita", ["pat-jay", "kim-wu", "kim-jay"]),
        ("rosa", ["pat-sol"]),
    ],
)
def test_everybody_finds_just_what_they_may_see(
    fhir: FhirClient, visits: dict[str, str], caller: str, names: list[str]
) -> None:
    assert _ids(fhir.get(caller, "Appointment")) == [visits[name] for name in names]
    for name, appointment_id in visits.items():
        answer = fhir.get(caller, f"Appointment/{appointment_id}")
        assert expect_fhir(answer, 200 if name in names else 404)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("status=booked", ["pat-jay", "kim-wu"]),
        ("status=cancelled,noshow", ["kim-jay"]),
        ("status=booked,cancelled", ["pat-jay", "kim-wu", "kim-jay"]),
        ("status=arrived", []),
        ("status=arrived,booked", ["pat-jay", "kim-wu"]),
        ("patient=Patient/kim", ["kim-wu", "kim-jay"]),
        ("patient=kim&practitioner=Practitioner/drjay", ["kim-jay"]),
        ("location=Location/1&practitioner=drwu", ["kim-wu"]),
        ("date=2030-01-10", ["pat-jay"]),
        ("date=eq2030-01-10", ["pat-jay"]),
        ("date=ge2030-01-11", ["kim-wu", "kim-jay"]),
        ("date=gt2030-01-10&date=lt2030-01-15", ["kim-wu"]),
        ("date=le2030-01-11", ["pat-jay", "kim-wu"]),
        ("date=2030-01", ["pat-jay", "kim-wu", "kim-jay"]),
        ("date=gt2030", []),
        ("date=2030-01-10T15:00:00Z", ["pat-jay"]),
        ("date=2030-01-10T10:00-05:00", ["pat-jay"]),
        ("date=gt2030-01-10T15:00:00.000Z&date=lt2030-01-12", ["kim-wu"]),
        ("date=lt2030-01-10T15:00:00Z", []),
        ("date=2030-01-10&date=2030-01-10", ["pat-jay"]),
    ],
)
def test_appointments_are_found_by_each_parameter(
    fhir: FhirClient, visits: dict[str, str], query: str, names: list[str]
) -> None:
    for name in ("kim", "drjay", "drwu"):
        query = query.replace(name, str(fhir.desk.id_of(name)))

    assert _ids(fhir.raw("rita", "Appointment", query.replace("+", "%2B"))) == [visits[name] for name in names]


def test_a_day_is_the_locations_or_the_doctors_or_else_utcs(fhir: FhirClient) -> None:
    """19:30 in Lima is the next day in UTC."""
    visit = fhir.desk.booked("rita", "2030-01-11T00:30:00Z", override_reason="Late")["appointment_id"]

    assert _ids(fhir.get("rita", "Appointment", date="2030-01-10", location="1")) == [str(visit)]
    assert _ids(fhir.get("drjay", "Appointment", date="2030-01-10")) == [str(visit)]
    assert _ids(fhir.get("pat", "Appointment", date="2030-01-10")) == []
    assert _ids(fhir.get("pat", "Appointment", date="2030-01-11")) == [str(visit)]


def test_pages_follow_their_next_links_to_the_end(fhir: FhirClient, visits: dict[str, str]) -> None:
    query, seen = "_count=1&status=booked,cancelled", []
    while query:
        bundle = expect_fhir(fhir.raw("rita", "Appointment", query))
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        query = links.get("next", "").partition("?")[2]

    assert seen == [visits[name] for name in ("pat-jay", "kim-wu", "kim-jay")]


def test_what_a_program_sends_along_does_no_harm(fhir: FhirClient) -> None:
    doctor, patient = (fhir.desk.id_of(name) for name in ("drjay", "pat"))
    visit = fhir.visit(
        START,
        id="temporary",
        meta={"profile": ["http://example.org/p"]},
        text={"status": "generated", "div": "<div/>"},
        end="2030-01-10T10:30:00-05:00",
        minutesDuration=30,
        serviceType=[{"coding": [{"system": TREATMENTS, "code": "checkup", "display": "Check-up"}]}],
        slot=[{"reference": f"Slot/{doctor}-1-20300110T1500Z"}],
        participant=[
            {
                "actor": {"reference": f"Patient/{patient}", "display": "Pat"},
                "required": "required",
                "status": "accepted",
            },
            {"actor": {"reference": f"Practitioner/{doctor}", "type": "Practitioner"}, "status": "tentative"},
            {"actor": {"reference": "Location/1"}, "status": "accepted"},
        ],
    )

    assert expect_fhir(fhir.send("pat", "POST", "Appointment", visit), 201)["id"] != "temporary"


def test_a_patient_books_without_saying_for_whom(fhir: FhirClient) -> None:
    doctor = {"actor": {"reference": f"Practitioner/{fhir.desk.id_of('drjay')}"}, "status": "accepted"}

    booked = expect_fhir(fhir.send("pat", "POST", "Appointment", fhir.visit(START, participant=[doctor])), 201)

    assert booked["participant"][0]["actor"]["reference"] == f"Patient/{fhir.desk.id_of('pat')}"


@pytest.mark.parametrize("content_type", ["application/fhir+json; fhirVersion=4.0", "application/json", ""])
def test_both_kinds_of_json_are_read(fhir: FhirClient, content_type: str) -> None:
    answer = fhir.send("pat", "POST", "Appointment", fhir.visit(START), content_type=content_type)

    expect_fhir(answer, 201)


def _cancellation(booked: dict[str, Any], **change: Any) -> dict[str, Any]:
    return spoiled({**booked, "status": "cancelled", "cancelationReason": {"text": "Flu"}}, change)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start": "2030-01-10T16:00:00Z"}, "start"),
        ({"end": ...}, "end"),
        ({"comment": "Another"}, "comment"),
        ({"participant": []}, "participant"),
        ({"minutesDuration": 31}, "minutesDuration"),
        ({"id": "999"}, "id"),
        ({"description": "New"}, "description"),
        ({"status": "booked"}, "status"),
        ({"status": "noshow"}, "status"),
        ({"cancelationReason": ...}, "cancelationReason"),
        ({"cancelationReason": {"text": " "}}, "cancelationReason.text"),
        ({"cancelationReason": {"text": "Flu", "coding": [{"code": "pat"}]}}, "cancelationReason.coding"),
    ],
)
def test_a_put_changes_status_and_reason_only(fhir: FhirClient, change: dict[str, Any], field: str) -> None:
    booked = fhir.booked("pat", START, comment="First")

    answer = fhir.send("pat", "PUT", f"Appointment/{booked['id']}", _cancellation(booked, **change))

    expect_problem(answer, 422, "validation_error", field)
    assert fhir.get("pat", f"Appointment/{booked['id']}").json == booked


@pytest.mark.parametrize(("name", "status"), [("text", 200), ("extension", 422)])
def test_a_put_may_be_as_deep_as_json_may(fhir: FhirClient, name: str, status: int) -> None:
    deep = json.loads("[" * 500 + "]" * 500)
    answer = fhir.put("pat", _cancellation(fhir.booked("pat", START), **{name: deep}))
    assert answer.status == status, answer.text


def test_a_put_may_write_its_instants_in_another_way_and_leave_out_what_is_ignored(fhir: FhirClient) -> None:
    booked = fhir.booked("pat", START)
    change = _cancellation(booked, start="2030-01-10T15:00:00.000+00:00", end="2030-01-10T10:30:00-05:00", meta=...)

    assert expect_fhir(fhir.put("pat", change))["status"] == "cancelled"


@pytest.mark.parametrize("tag", ['W/"2"', '"2"', 'W/"1"x', "1", ""])
@pytest.mark.parametrize("by", ["put", "operation"])
def test_another_version_is_412_and_nothing_changes(fhir: FhirClient, tag: str, by: str) -> None:
    booked = fhir.booked("pat", START)
    if by == "put":
        answer = fhir.put("pat", _cancellation(booked, start="2030-01-10T16:00:00Z"), if_match=tag)
    else:
        answer = fhir.cancel("pat", booked["id"], if_match=tag)

    expect_problem(answer, 412, "stale_version")
    assert fhir.get("pat", f"Appointment/{booked['id']}").json == booked


@pytest.mark.parametrize("tag", ['W/"1"', '"1"', 'W/"7", W/"1"', "*"])
def test_the_version_may_be_told_in_each_way(fhir: FhirClient, tag: str) -> None:
    booked = fhir.booked("pat", START)

    expect_fhir(fhir.cancel("pat", booked["id"], if_match=tag))


def test_what_is_cancelled_is_not_cancelled_again(fhir: FhirClient) -> None:
    booked = fhir.booked("pat", START)
    cancelled = fhir.cancel("pat", booked["id"]).json

    expect_problem(fhir.cancel("pat", booked["id"]), 409, "invalid_transition")
    expect_problem(fhir.put("pat", cancelled), 409, "invalid_transition")


def test_the_cut_off_holds_for_patients(fhir: FhirClient) -> None:
    booked = fhir.booked("pat", "2030-01-08T13:00:00Z")

    expect_problem(fhir.cancel("pat", booked["id"]), 422, "past_cutoff")
    expect_fhir(fhir.cancel("rita", booked["id"]))


def test_what_is_for_staff_only_is_in_no_resource(fhir: FhirClient) -> None:
    visit = fhir.desk.booked("rita", "2030-01-11T00:30:00Z", override_reason="Secret one")["appointment_id"]
    fhir.desk.client.call("rita", "PATCH", f"/appointments/{visit}", {"internal_note": "Secret two"})

    for caller in ("pat", "rita"):
        assert "Secret" not in fhir.get(caller, f"Appointment/{visit}").text


def test_an_operation_that_is_none_is_404(fhir: FhirClient) -> None:
    booked = fhir.booked("pat", START)

    for name in ("$confirm", "cancel", "$cancel/", "$cancelx"):
        expect_problem(fhir.send("pat", "POST", f"Appointment/{booked['id']}/{name}", {}), 404, "not_found")


def test_a_repeated_booking_and_a_repeated_cancellation_get_the_first_answer_again(fhir: FhirClient) -> None:
    visit = fhir.visit(START)
    booked, booked_again = (fhir.send("pat", "POST", "Appointment", visit, idempotency_key="book") for _ in range(2))
    appointment_id = expect_fhir(booked, 201)["id"]
    cancelled, cancelled_again = (fhir.cancel("pat", appointment_id, idempotency_key="cancel") for _ in range(2))

    assert expect_fhir(cancelled)["status"] == "cancelled"
    for first, again in ((booked, booked_again), (cancelled, cancelled_again)):
        kept = {"Content-Type", "ETag", "Location"} & first.headers.keys()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (again.status, again.text) == (first.status, first.text)
        assert {name: again.headers[name] for name in kept} == {name: first.headers[name] for name in kept}
