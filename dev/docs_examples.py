"""openapi.json as the local stack shows it: its examples work today exactly as they stand.

The document itself is the same every day, so its dates lie in a made-up week. This module moves them to a week that can
be booked, and looks up free time or a visit in the right state for the requests that need one.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from dev import example
from dev.example import Booking, Get
from dev.stack import Addresses, StackError
from dev.token import token_of
from lambda_function.domain.time_zones import time_zone

_WRITTEN = date(2030, 1, 8)
_DAY = re.compile(r"\b(2030)(-?)(01)\2([0-3][0-9])(?=T|\b)")
# The status of the visit that each operation is tried on. Other operations take the latest visit in any status.
_STATES: Mapping[str, tuple[str, ...]] = {
    "confirm_appointment": ("REQUESTED",),
    "cancel_appointment": ("BOOKED", "REQUESTED"),
    "cancel_fhir_appointment": ("BOOKED", "REQUESTED"),
    "check_in_appointment": ("BOOKED",),
    "complete_appointment": ("CHECKED_IN", "BOOKED"),
    "mark_no_show": ("BOOKED",),
}
_ENDED = {"DONE", "DISMISSED"}


@dataclass(frozen=True, slots=True)
class Today:
    """What can be tried today: bookings, the visits of the receptionist's clinic, the latest first, and the latest
    recall there that is open.
    """

    now: datetime
    bookings: list[Booking]
    visits: list[Any]
    recall_id: int | None


def served(document: str, addresses: Addresses, now: datetime) -> str:
    """Returns the document with the examples of this moment."""
    half_hour = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    get = example.over_http(addresses.api, lambda person: _token(addresses, person, half_hour))
    return json.dumps(refreshed(json.loads(document), today(get, now)))


def today(get: Get, now: datetime) -> Today:
    """Returns what can be tried today, which is nothing if the demo's people no longer have access."""
    try:
        window = {"from": (now - timedelta(days=1)).isoformat(), "limit": 100}
        visits = get(example.RECEPTIONIST, "/appointments", window)["items"]
        recalls = get(example.RECEPTIONIST, "/recalls", {"due_from": now.date().isoformat(), "limit": 100})["items"]
        still_open = [recall["recall_id"] for recall in recalls if recall["state"] not in _ENDED]
        bookings = example.bookings(get, now, 3)
        return Today(now, bookings, sorted(visits, key=_id, reverse=True), max(still_open, default=None))
    except StackError:
        return Today(now, [], [], None)


def refreshed(document: dict[str, Any], today: Today) -> dict[str, Any]:
    """Returns the document with new examples of requests. Examples of answers stay as they are."""
    first = today.bookings[0].starts_at if today.bookings else today.now + timedelta(days=2)
    later = first.date() - _WRITTEN
    for operation in (each for methods in document["paths"].values() for each in methods.values()):
        for shown in _shown(operation):
            shown["example"] = _moved(shown["example"], later)
            if shown.get("name") == "appointment_id":
                shown["example"] = _visit(operation["operationId"], today.visits, shown["example"])
            if shown.get("name") == "recall_id" and today.recall_id is not None:
                shown["example"] = today.recall_id
            if operation["operationId"] in _FREE and len(today.bookings) > _FREE[operation["operationId"]][0]:
                number, fill = _FREE[operation["operationId"]]
                shown["example"] = fill(shown["example"], today.bookings[number])
            if operation["operationId"] == "create_user":
                name = f"luz-{today.now:%d%H%M%S}"
                shown["example"] |= {"user_name": name, "email": f"{name}@example.org"}
    return document


@cache
def _token(addresses: Addresses, person: str, half_hour: datetime) -> str:
    """Keeps a token for half an hour, half of its life, because the page is opened more often than that."""
    return token_of(addresses, person)


def _shown(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Yields every part of the operation that has an example of what is sent."""
    bodies = operation.get("requestBody", {}).get("content", {}).values()
    return [each for each in (*operation.get("parameters", ()), *bodies) if "example" in each]


def _moved(value: Any, later: timedelta) -> Any:
    match value:
        case str():
            return _DAY.sub(lambda found: _later(found, later), value)
        case list():
            return [_moved(item, later) for item in value]
        case dict():
            return {name: _moved(item, later) for name, item in value.items()}
        case _:
            return value


def _later(found: "re.Match[str]", later: timedelta) -> str:
    year, separator, month, day = found.groups()
    return f"{date(int(year), int(month), int(day)) + later:%Y{separator}%m{separator}%d}"


def _id(visit: Any) -> int:
    return int(visit["appointment_id"])


def _visit(operation: str, visits: list[Any], otherwise: int) -> int:
    for state in _STATES.get(operation, ()):
        for visit in visits:
            if visit["status"] == state:
                return _id(visit)
    return _id(visits[0]) if visits else otherwise


def _plain(shown: Any, booking: Booking) -> Any:
    people = {"doctor_id": booking.doctor_id, "patient_id": booking.patient_id}
    return shown | people | {"treatment_id": booking.treatment_id, "starts_at": _utc(booking.starts_at)}


def _by_name(shown: Any, booking: Booking) -> Any:
    zone = time_zone(booking.time_zone)
    if zone is None:
        return shown
    local = booking.starts_at.astimezone(zone)
    return {"patient": booking.patient, "doctor": booking.doctor, "appointment_date": f"{local:%Y-%m-%d %H:%M:%S}"}


def _fhir(shown: Any, booking: Booking) -> Any:
    if not isinstance(shown, dict):  # _format
        return shown
    patient, doctor = shown["participant"]
    people = [
        patient | {"actor": {"reference": f"Patient/{booking.patient_id}"}},
        doctor | {"actor": {"reference": f"Practitioner/{booking.doctor_id}"}},
    ]
    return shown | {"start": _utc(booking.starts_at), "end": _utc(booking.ends_at), "participant": people}


def _slot(shown: Any, booking: Booking) -> Any:
    if shown == "json":  # _format
        return shown
    return f"{booking.doctor_id}-{booking.treatment_id}-{booking.starts_at:%Y%m%dT%H%MZ}"


def _utc(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


# The operations that take or show free time, and which of today's bookings each uses, so that all can be tried.
_FREE: Mapping[str, tuple[int, Callable[[Any, Booking], Any]]] = {
    "book_appointment": (0, _plain),
    "book_visit_by_name": (1, _by_name),
    "book_fhir_appointment": (2, _fhir),
    "get_fhir_slot": (0, _slot),
}
