"""Appointments as iCalendar (RFC 5545). No notes: a feed is kept by programs of third parties."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from icalendar import Calendar, Event

from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status

_STATUS: Mapping[Status, str] = MappingProxyType(
    {
        Status.REQUESTED: "TENTATIVE",
        Status.BOOKED: "CONFIRMED",
        Status.CHECKED_IN: "CONFIRMED",
        Status.COMPLETED: "CONFIRMED",
        Status.CANCELLED: "CANCELLED",
        Status.NO_SHOW: "CANCELLED",
    }
)


def calendar(rows: Iterable[Any], role: Role) -> str:
    """From rows with the fields of AppointmentView, for an owner of that role."""
    found = Calendar()
    found.add("prodid", "-//dentist-appointments//EN")
    found.add("version", "2.0")
    for row in rows:
        found.add_component(_event(row, role))
    text: bytes = found.to_ical()
    return text.decode()


def _event(row: Any, role: Role) -> Event:
    """The same UID for the life of an appointment, and a SEQUENCE that rises with its version: so a program knows which
    of two it has read is newer.
    """
    event = Event()
    event.add("uid", f"appointment-{row.appointment_id}@dentist-appointments")
    event.add("sequence", row.version - 1)
    event.add("dtstamp", row.updated_at)
    event.add("created", row.created_at)
    event.add("last-modified", row.updated_at)
    event.add("dtstart", row.starts_at)
    event.add("dtend", row.ends_at)
    event.add("status", _STATUS[row.status])
    event.add("class", "PRIVATE")
    event.add("summary", _summary(row, role))
    event.add("location", row.clinic_name)
    return event


def _summary(row: Any, role: Role) -> str:
    match role:
        case Role.PATIENT:
            return f"{row.treatment_name} with {row.doctor_name}"
        case Role.DOCTOR:
            return f"{row.treatment_name}: {row.patient_name}"
        case Role.RECEPTIONIST:
            return f"{row.treatment_name}: {row.patient_name} with {row.doctor_name}"
