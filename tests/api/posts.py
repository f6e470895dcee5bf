"""Every route that takes a body, with one that it would take, for tests that spoil it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lambda_function.api.strict import BODY_METHODS
from lambda_function.db.models import WaitlistEntry
from lambda_function.domain.appointment import Status
from lambda_function.domain.waitlist import WaitlistStatus
from tests.api.desk import Desk, at, instant
from tests.api.fhir.client import FhirClient
from tests.api_client import Answer
from tests.clock import NOW

KEYS = (
    ME,
    USERS,
    USER,
    BOOK,
    CHANGE,
    CONFIRM,
    CANCEL,
    CHECK_IN,
    COMPLETE,
    NO_SHOW,
    BY_NAME,
    HOURS,
    EXCEPTION,
    LEAVE,
    WAIT,
    ACCEPT,
    TOKEN,
    LINK_CODE,
    LINK,
    REACTIVATE,
    FHIR_BOOK,
    FHIR_PUT,
    FHIR_CANCEL,
) = (
    "PATCH /me",
    "POST /users",
    "PATCH /users/{user_id}",
    "POST /appointments",
    "PATCH /appointments/{appointment_id}",
    "POST /appointments/{appointment_id}/confirm",
    "POST /appointments/{appointment_id}/cancel",
    "POST /appointments/{appointment_id}/check-in",
    "POST /appointments/{appointment_id}/complete",
    "POST /appointments/{appointment_id}/no-show",
    "POST /appointment",
    "PUT /doctors/{doctor_id}/working-hours",
    "PUT /doctors/{doctor_id}/exceptions/{day}",
    "POST /doctors/{doctor_id}/time-off",
    "POST /waitlist",
    "POST /waitlist/{waitlist_id}/accept",
    "POST /me/calendar-token",
    "POST /users/{user_id}/link-code",
    "POST /me/link",
    "POST /users/{user_id}/reactivate",
    "POST /fhir/R4/Appointment",
    "PUT /fhir/R4/Appointment/{appointment_id}",
    "POST /fhir/R4/Appointment/{appointment_id}/$cancel",
)
# An empty body is as good as an empty object.
MAY_BE_EMPTY = frozenset({CONFIRM, CHECK_IN, COMPLETE, NO_SHOW, ACCEPT, TOKEN, LINK_CODE, REACTIVATE})
# All that may be left out is left as it is.
CHANGES = frozenset({ME, USER, CHANGE})
IN_PATHS = (
    "user_id",
    "appointment_id",
    "doctor_id",
    "day",
    "time_off_id",
    "waitlist_id",
    "schedule_id",
    "slot_id",
    "practitioner_id",
    "patient_id",
    "location_id",
)
# A day on which nobody has a visit: hours and leave may be changed there.
QUIET_DAY = "2031-06-03"

_BODIES: Mapping[str, Mapping[str, Any]] = {
    ME: {"full_name": "Rita", "email": "r@example.org", "phone": "+51 999"},
    USER: {"full_name": "Kim", "email": "k@example.org", "phone": "+51 999"},
    USERS: {"user_name": "fresh", "full_name": "Fresh", "email": "f@example.org", "phone": "+51 999"},
    CHANGE: {
        "starts_at": at("16:00"),
        "patient_note": "Hello",
        "internal_note": "Nervous",
        "override_reason": "Emergency",
    },
    CANCEL: {"reason": "Flu"},
    BY_NAME: {"patient": "pat", "doctor": "drjay", "appointment_date": "2030-01-08 10:00:00"},
    HOURS: {"hours": [{"weekday": 1, "start": "08:00", "end": "18:00"}]},
    EXCEPTION: {"hours": [{"start": "08:00", "end": "12:00"}]},
    LEAVE: {
        "starts_at": at("00:00", QUIET_DAY),
        "ends_at": at("23:00", QUIET_DAY),
        "reason": "Holiday",
        "accept_conflicts": False,
    },
    LINK: {"code": "K5QTSMBSGU3DOOBZGEZDGNBVGY"},
    FHIR_CANCEL: {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "Flu"}]},
    **{key: {} for key in MAY_BE_EMPTY},
}


def body_routes(keys: tuple[str, ...]) -> set[str]:
    return {key for key in keys if key.split(" ", 1)[0] in BODY_METHODS}


class Posts:
    """All as rita, who may do all of it but complete a visit, which is asked last."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
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

    def aim(self, key: str, appointment_id: int) -> None:
        """Sends the request of that key to another appointment."""
        self._targets[key] = appointment_id

    def path(self, key: str) -> str:
        return key.split(" ", 1)[1].format(
            appointment_id=self._targets[key],
            doctor_id=self.desk.id_of("drjay"),
            day=QUIET_DAY,
            user_id=self.desk.id_of("kim"),
            waitlist_id=self._waitlist_id,
        )

    def body(self, key: str) -> Mapping[str, Any]:
        if key == BOOK:
            return {**self.desk.visit(at("15:00")), "patient_note": "Hello", "override_reason": "Emergency"}
        if key == WAIT:
            wish = {name: value for name, value in self.desk.visit("").items() if name != "starts_at"}
            return {**wish, "clinic_id": 1, "from": at("00:00", QUIET_DAY), "to": at("23:00", QUIET_DAY)}
        if key == FHIR_BOOK:
            visit = FhirClient(self.desk).visit(at("15:00"))
            return {**visit, "end": at("15:30"), "minutesDuration": 30, "comment": "Hello"}
        if key == FHIR_PUT:
            read = self.desk.client.get("rita", self.path(FHIR_PUT)).json
            return {**read, "status": "cancelled", "cancelationReason": {"text": "Flu"}}
        if key == CHANGE:
            return {**_BODIES[CHANGE], "doctor_id": self.desk.id_of("drjay")}
        return _BODIES[key]

    def send(self, key: str, body: Any, *, headers: Mapping[str, str] | None = None, **query: str) -> Answer:
        return self.desk.client.call("rita", key.split(" ", 1)[0], self.path(key), body, headers=headers, **query)
