"""A booking that works today. Its people and its free time are looked up through the API, as a client would."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode

from dev.stack import StackError

DOCTOR = "drjay"
RECEPTIONIST = "rita"
CLINIC = "Lima Centro"
PATIENTS = ("pat", "kim")
TREATMENT = "checkup"

# Free slots are looked up a week at a time, because a week already holds hundreds of them.
_STRETCH = timedelta(days=7)
_HORIZON = timedelta(days=371)
_APART = timedelta(hours=1)
_OVER = frozenset({"CANCELLED", "NO_SHOW"})

Get = Callable[[str, str, dict[str, Any]], Any]
"""The body that the API answers to a person's GET of a path with a query. Raises StackError when it refuses."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking that RECEPTIONIST can make now."""

    doctor_id: int
    doctor: str
    patient_id: int
    patient: str
    treatment_id: int
    starts_at: datetime
    ends_at: datetime
    time_zone: str


def over_http(url: str, token_of: Callable[[str], str]) -> Get:
    """Returns a function that asks the API at `url` with the token that `token_of` returns for a person."""

    def get(person: str, path: str, query: dict[str, Any]) -> Any:
        address = f"{url}{path}?{urlencode(query)}"
        headers = {"Authorization": f"Bearer {token_of(person)}"}
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - the address is ours, and http
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - see above
                return json.load(response)
        except (URLError, TimeoutError) as error:
            raise StackError(f"The API does not answer GET {path} as it should: {error}") from error

    return get


def bookings(get: Get, now: datetime, count: int = 1) -> list[Booking]:
    """Returns up to `count` of the first check-ups from tomorrow on that the receptionist can book, an hour apart: with
    drjay if he has time within a year, otherwise with another doctor of the clinic.

    Raises:
        StackError: the receptionist or every patient of the demo no longer has access.
    """
    patient = _patient(get)
    treatments = get(RECEPTIONIST, "/treatments", {})["items"]
    treatment_id = next((item["treatment_id"] for item in treatments if item["code"] == TREATMENT), None)
    if treatment_id is None:
        return []
    doctors = get(RECEPTIONIST, "/users", {"q": DOCTOR})["items"]
    own = [{"doctor_id": doctor["user_id"]} for doctor in doctors if doctor["user_name"] == DOCTOR]
    clinics = get(RECEPTIONIST, "/clinics", {})["items"]
    clinic = next(item for item in clinics if item["name"] == CLINIC)
    for narrowed in (*own, {"clinic_id": clinic["clinic_id"]}):
        found: list[Booking] = []
        for slot in _free(get, patient["user_name"], now, {"treatment_id": treatment_id, **narrowed}):
            starts_at, ends_at = _span(slot)
            if found and starts_at < found[-1].ends_at + _APART:
                continue
            doctor = get(RECEPTIONIST, f"/users/{slot['doctor_id']}", {})
            found.append(
                Booking(
                    doctor_id=slot["doctor_id"],
                    doctor=doctor["user_name"],
                    patient_id=patient["user_id"],
                    patient=patient["user_name"],
                    treatment_id=treatment_id,
                    starts_at=starts_at,
                    ends_at=ends_at,
                    time_zone=clinic["time_zone"],
                )
            )
            if len(found) == count:
                return found
        if found:
            return found
    return []


def booking_command(url: str, booking: Booking, token_command: str) -> str:
    """Returns the curl command that makes the booking; `token_command` prints the token for it."""
    body = {
        "doctor_id": booking.doctor_id,
        "patient_id": booking.patient_id,
        "treatment_id": booking.treatment_id,
        "starts_at": booking.starts_at.isoformat().replace("+00:00", "Z"),
    }
    return (
        f"curl -i -X POST {url}/appointments \\\n"
        f'  -H "Authorization: Bearer $({token_command})" \\\n'
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps(body)}'"
    )


def _patient(get: Get) -> Any:
    """Returns the first of PATIENTS who still has access."""
    *others, last = PATIENTS
    for name in others:
        try:
            return get(name, "/me", {})
        except StackError:
            continue
    return get(last, "/me", {})


def _free(get: Get, patient: str, now: datetime, query: dict[str, Any]) -> Iterator[Any]:
    """Yields free slots at which the patient has no visit in any clinic."""
    first = now.replace(microsecond=0) + timedelta(days=1)
    for start in (first + number * _STRETCH for number in range(_HORIZON // _STRETCH)):
        stretch = {"from": start.isoformat(), "to": (start + _STRETCH).isoformat()}
        slots = get(RECEPTIONIST, "/availability", {**query, **stretch, "limit": 1000})["items"]
        if not slots:
            continue
        around = {"from": (start - timedelta(days=1)).isoformat(), "to": stretch["to"], "limit": 100}
        visits = get(patient, "/appointments", around)["items"]
        busy = [_span(visit) for visit in visits if visit["status"] not in _OVER]
        for slot in slots:
            starts_at, ends_at = _span(slot)
            if all(ends_at <= begins or ends <= starts_at for begins, ends in busy):
                yield slot


def _span(item: Any) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(item["starts_at"]), datetime.fromisoformat(item["ends_at"])
