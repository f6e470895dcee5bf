"""A FHIR client: bodies and calls as real clients make them."""

from typing import Any

from tests.api.desk import Desk
from tests.api_client import Answer, access_claims, http_event

BASE = "/fhir/R4"
TREATMENTS = "urn:dentist-appointments:treatment"
JSON = {"content-type": "application/fhir+json"}


class FhirClient:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def get(self, user_name: str | None, path: str, **query: Any) -> Answer:
        given = {name.replace("service_type", "service-type"): value for name, value in query.items()}
        return self.desk.client.get(user_name, f"{BASE}/{path}", **given)

    def raw(self, user_name: str, path: str, query: str) -> Answer:
        """Returns the query unchanged, for parameters that come twice."""
        return self.desk.client.send(http_event("GET", f"{BASE}/{path}", query=query, claims=access_claims(user_name)))

    def send(self, user_name: str, method: str, path: str, body: Any, **headers: str) -> Answer:
        given = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.desk.client.call(user_name, method, f"{BASE}/{path}", body, headers=given)

    def visit(self, start: str, *, doctor: str = "drjay", patient: str = "pat", **more: Any) -> dict[str, Any]:
        """Returns a body for POST Appointment, by default for a check-up."""
        return {
            "resourceType": "Appointment",
            "status": "proposed",
            "serviceType": [{"coding": [{"system": TREATMENTS, "code": "checkup"}]}],
            "start": start,
            "participant": [
                {"actor": {"reference": f"Patient/{self.desk.id_of(patient)}"}, "status": "accepted"},
                {"actor": {"reference": f"Practitioner/{self.desk.id_of(doctor)}"}, "status": "needs-action"},
            ],
            **more,
        }

    def book(self, user_name: str, start: str, **visit: Any) -> Answer:
        return self.send(user_name, "POST", "Appointment", self.visit(start, **visit))

    def booked(self, user_name: str, start: str, **visit: Any) -> Any:
        answer = self.book(user_name, start, **visit)
        assert answer.status == 201, answer.text
        return answer.json

    def put(self, user_name: str, appointment: dict[str, Any], **headers: str) -> Answer:
        return self.send(user_name, "PUT", f"Appointment/{appointment['id']}", appointment, **headers)

    def cancel(self, user_name: str, appointment_id: str, reason: str = "Flu", **headers: str) -> Answer:
        body = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": reason}]}
        return self.send(user_name, "POST", f"Appointment/{appointment_id}/$cancel", body, **headers)


def codes(outcome: Any) -> set[str]:
    """Returns our stable codes in an OperationOutcome."""
    return {issue["details"]["coding"][0]["code"] for issue in outcome["issue"]}


def spoiled(resource: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Returns the body with other elements, and without those that are `...`."""
    return {name: value for name, value in {**resource, **change}.items() if value is not ...}
