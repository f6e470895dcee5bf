"""Every route that takes a body, with a valid body for tests that spoil it. The bodies are read from openapi.json, so
that a new route is tried as soon as it exists.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from lambda_function.api.fhir.parameters import FORM
from lambda_function.db.models import Country, WaitlistEntry
from lambda_function.domain.appointment import Status
from lambda_function.domain.waitlist import WaitlistStatus
from tests.api.desk import Desk, at, instant
from tests.api.fhir.client import FhirClient
from tests.api.recalling import add_recall
from tests.api_client import Answer
from tests.clock import NOW
from tests.contract import Json, contract

USERS = "POST /users"
BOOK = "POST /appointments"
CHANGE = "PATCH /appointments/{appointment_id}"
CONFIRM = "POST /appointments/{appointment_id}/confirm"
CANCEL = "POST /appointments/{appointment_id}/cancel"
CHECK_IN = "POST /appointments/{appointment_id}/check-in"
COMPLETE = "POST /appointments/{appointment_id}/complete"
NO_SHOW = "POST /appointments/{appointment_id}/no-show"
BY_NAME = "POST /appointment"
TIME_OFF = "POST /doctors/{doctor_id}/time-off"
WAIT = "POST /waitlist"
RECALL = "POST /recalls"
DISMISS = "POST /recalls/{recall_id}/dismiss"
TOKEN = "POST /me/calendar-token"
LINK_CODE = "POST /users/{user_id}/link-code"
LINK = "POST /me/link"
FHIR_BOOK = "POST /fhir/R4/Appointment"
FHIR_PUT = "PUT /fhir/R4/Appointment/{appointment_id}"
FHIR_CANCEL = "POST /fhir/R4/Appointment/{appointment_id}/$cancel"
# A day on which nobody has a visit: hours may be changed there.
QUIET_DAY = "2031-06-03"


class Body(NamedTuple):
    """The JSON body of a route as openapi.json describes it."""

    media_type: str
    required: bool
    schema: Json
    example: Any

    @property
    def fields(self) -> Mapping[str, Json]:
        """Returns the fields that do not take just any value."""
        fields = self.schema.get("properties", {})
        return {name: schema for name, schema in fields.items() if schema.keys() - {"title", "description"}}

    @property
    def kind(self) -> tuple[Any, ...]:
        """Routes with the same kind read their bodies with the same code."""
        return self.media_type, self.required, self.schema["additionalProperties"]


def _bodies() -> Iterator[tuple[str, Body]]:
    for path, operations in contract().document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" in operation:
                request = operation["requestBody"]
                [(media_type, content)] = request["content"].items()
                if media_type == FORM:
                    continue
                schema, required = contract().resolved(content["schema"]), request.get("required", False)
                yield f"{method.upper()} {path}", Body(media_type, required, schema, content["example"])


BODIES = dict(_bodies())
KEYS = tuple(BODIES)
# One route of each kind.
REPRESENTATIVES = tuple({body.kind: key for key, body in reversed(BODIES.items())}.values())


class Posts:
    """Sends all requests as rita, who is allowed to do everything except complete a visit, which comes last."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.practice.session.merge(Country(code="PE"))  # Only there are visits registered.
        desk.practice.session.commit()
        booked, requested = (
            desk.practice.add_appointment(instant("15:00", "2030-01-20"), status=status).appointment_id
            for status in (Status.BOOKED, Status.REQUESTED)
        )
        self._targets = dict.fromkeys(KEYS, booked) | {CONFIRM: requested}
        start = instant("15:00", QUIET_DAY)
        entry = WaitlistEntry(
            patient_id=desk.id_of("pat"),
            treatment_id=1,
            status=WaitlistStatus.WAITING,
            wished_from=start,
            wished_to=start + timedelta(hours=1),
            created_at=NOW,
            updated_at=NOW,
        )
        desk.practice.add(entry)
        self._waitlist_id = entry.waitlist_id
        self._recall_id = add_recall(desk, treatment_id=2)

    def aim(self, key: str, appointment_id: int) -> None:
        """Directs the request with that key at another appointment."""
        self._targets[key] = appointment_id

    def path(self, key: str) -> str:
        return path_with(
            key.split(" ", 1)[1],
            appointment_id=self._targets[key],
            doctor_id=self.desk.id_of("drjay"),
            day=QUIET_DAY,
            user_id=self.desk.id_of("kim"),
            waitlist_id=self._waitlist_id,
            recall_id=self._recall_id,
        )

    def body(self, key: str) -> dict[str, Any]:
        """Returns the document's example, about people and visits that exist."""
        if key == FHIR_BOOK:
            return FhirClient(self.desk).visit(at("15:00"))
        if key == FHIR_PUT:
            read = self.desk.client.get("rita", self.path(FHIR_PUT)).json
            return {**read, "status": "cancelled", "cancelationReason": {"text": "Flu"}}
        body: dict[str, Any] = copy.deepcopy(BODIES[key].example)
        people = {"doctor_id": "drjay", "patient_id": "pat"}
        ids = {field: self.desk.id_of(name) for field, name in people.items() if field in BODIES[key].fields}
        return body | ids

    def send(self, key: str, body: Any, *, headers: Mapping[str, str] | None = None, **query: str) -> Answer:
        return self.desk.client.call("rita", key.split(" ", 1)[0], self.path(key), body, headers=headers, **query)


def path_with(template: str, **values: Any) -> str:
    """Returns the path with these values in place of its parameters. A parameter without a value becomes 1."""
    return re.sub(r"\{([^}]+)\}", lambda found: str(values.get(found[1], 1)), template)
