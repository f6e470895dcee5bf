"""An appointment as an event of iCalendar (RFC 5545), as the feed and the files of e-mails write it: the same event in
both, so that a calendar program which has it from one takes the other as news of it. It has no notes, since programs of
third parties keep it.

Written line by line: a library that knows all of the format takes forty times as long for the thousands of a reception.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from lambda_function.domain.appointment import Status

_OCTETS = 75
# What `splitlines` leaves of the control characters, and the format forbids.
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
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


class CalendarVisit(Protocol):
    """What an event says of an appointment."""

    @property
    def appointment_id(self) -> int: ...
    @property
    def status(self) -> Status: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def version(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def updated_at(self) -> datetime: ...


def event_lines(
    visit: CalendarVisit, *, summary: str, location: str, installation_id: str, more: Iterable[str] = ()
) -> list[str]:
    """An appointment keeps its UID, which no other installation gives. SEQUENCE rises with its version: so a program
    knows which of two it has read is newer. `more` are lines of further properties.
    """
    changed = _instant(visit.updated_at)
    return [
        "BEGIN:VEVENT",
        f"SUMMARY:{_escaped(summary)}",
        f"DTSTART:{_instant(visit.starts_at)}",
        f"DTEND:{_instant(visit.ends_at)}",
        f"DTSTAMP:{changed}",
        f"UID:appointment-{visit.appointment_id}@{installation_id}",
        f"SEQUENCE:{visit.version - 1}",
        f"CREATED:{_instant(visit.created_at)}",
        f"LAST-MODIFIED:{changed}",
        f"LOCATION:{_escaped(location)}",
        f"STATUS:{_STATUS[visit.status]}",
        *more,
        "END:VEVENT",
    ]


def written(lines: Iterable[str]) -> str:
    """The lines as the text of a calendar."""
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def patients_summary(treatment_name: str, doctor_name: str) -> str:
    """What a visit is to the patient."""
    return f"{treatment_name} with {doctor_name}"


def others_summary(treatment_name: str, patient_name: str, doctor_name: str) -> str:
    """What a visit is to a guardian or a reception, who are told whose visit it is."""
    return f"{treatment_name}: {patient_name} with {doctor_name}"


def place(clinic_name: str, clinic_address: str | None) -> str:
    """Where a visit is: the clinic, with its address if it has one."""
    return f"{clinic_name}, {clinic_address}" if clinic_address else clinic_name


def _escaped(value: str) -> str:
    """The text, escaped in the way that RFC 5545, section 3.3.11, requires, and without forbidden characters."""
    text = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _FORBIDDEN.sub("", "\\n".join(text.splitlines()))


def _instant(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%S}Z"


def _folded(line: str) -> str:
    """The line in parts of at most 75 octets (RFC 5545, section 3.1); a letter is never split."""
    if len(line) * 4 <= _OCTETS or len(line.encode()) <= _OCTETS:
        return line
    parts, part, size = [], "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > _OCTETS:
            parts.append(part)
            part, size = " ", 1
        part += letter
        size += octets
    return "\r\n".join([*parts, part])
