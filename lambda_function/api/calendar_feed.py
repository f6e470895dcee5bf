"""Appointments as iCalendar: RFC 5545, and RFC 7986 for the calendar's own properties. It has no notes, since programs
of third parties keep the feed.

Written line by line: a library that knows all of the format takes forty times as long for the thousands of a reception.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType

from lambda_function.api.calendar_zone import zone_lines
from lambda_function.db.repositories.calendar_feed import FeedEntry, FeedMark
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status

# Raise this with every change to how events are written, so that no calendar program gets a 304 for them.
FORMAT = 2
_OCTETS = 75
_NAME = "Dental appointments"
# How long a program keeps what it has read, as RFC 7986 says it and as programs said it before.
_KEPT = "PT1H"
_HEAD = (
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//dentist-appointments//EN",
    f"NAME:{_NAME}",
    f"X-WR-CALNAME:{_NAME}",
    f"REFRESH-INTERVAL;VALUE=DURATION:{_KEPT}",
    f"X-PUBLISHED-TTL:{_KEPT}",
)
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


def zone_of(mark: FeedMark, now: datetime) -> tuple[str, ...]:
    """The time zone of the owner's clinic, which stands in a feed without appointments: a calendar has at least one
    component (RFC 5545, section 3.6).
    """
    return () if mark.entries else zone_lines(mark.time_zone, now.year)


def state_of(mark: FeedMark, role: Role, zone: Sequence[str]) -> str:
    """The value by which a feed is recognised: summaries differ by role, and by how this release writes them."""
    seen = f"{FORMAT} {role} {mark.installation_id} {mark.entries}-{mark.bits} {zone}"
    return sha256(seen.encode()).hexdigest()[:32]


def calendar(rows: Iterable[FeedEntry], owner: Actor, installation_id: str, zone: Sequence[str]) -> str:
    """The feed as iCalendar text, for its owner."""
    lines = [*_HEAD, *zone]
    for row in rows:
        lines += _event(row, owner, installation_id)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(row: FeedEntry, owner: Actor, installation_id: str) -> list[str]:
    """An appointment keeps its UID, which no other installation gives. SEQUENCE rises with its version: so a program
    knows which of two it has read is newer.
    """
    changed = _instant(row.updated_at)
    return [
        "BEGIN:VEVENT",
        f"SUMMARY:{_text(_summary(row, owner))}",
        f"DTSTART:{_instant(row.starts_at)}",
        f"DTEND:{_instant(row.ends_at)}",
        f"DTSTAMP:{changed}",
        f"UID:appointment-{row.appointment_id}@{installation_id}",
        f"SEQUENCE:{row.version - 1}",
        f"CREATED:{_instant(row.created_at)}",
        f"LAST-MODIFIED:{changed}",
        f"LOCATION:{_text(row.clinic_name)}",
        f"STATUS:{_STATUS[row.status]}",
        "END:VEVENT",
    ]


def _instant(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%S}Z"


def _text(value: str) -> str:
    """The text, escaped in the way that RFC 5545, section 3.3.11, requires, and without forbidden characters."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _FORBIDDEN.sub("", "\\n".join(escaped.splitlines()))


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


def _summary(row: FeedEntry, owner: Actor) -> str:
    """What the visit is, with the names of the others. A guardian is told whose visit it is."""
    match owner.role:
        case Role.PATIENT if row.patient_id == owner.user_id:
            return f"{row.treatment_name} with {row.doctor_name}"
        case Role.DOCTOR:
            return f"{row.treatment_name}: {row.patient_name}"
        case Role.RECEPTIONIST | Role.PATIENT:
            return f"{row.treatment_name}: {row.patient_name} with {row.doctor_name}"
