"""Appointments as iCalendar: RFC 5545, and RFC 7986 for the calendar's own properties. services/calendar_events writes
the events.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from lambda_function.api.calendar_zone import zone_lines
from lambda_function.db.repositories.calendar_feed import FeedEntry, FeedMark
from lambda_function.domain.actor import Actor, Role
from lambda_function.services.calendar_events import event_lines, others_summary, patients_summary, place, written

# Raise this with every change to how events are written, so that no calendar program gets a 304 for them.
FORMAT = 3
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
        lines += event_lines(
            row,
            summary=_summary(row, owner),
            location=place(row.clinic_name, row.clinic_address),
            installation_id=installation_id,
        )
    lines.append("END:VCALENDAR")
    return written(lines)


def _summary(row: FeedEntry, owner: Actor) -> str:
    """What the visit is, with the names of the others. A guardian is told whose visit it is."""
    match owner.role:
        case Role.PATIENT if row.patient_id == owner.user_id:
            return patients_summary(row.treatment_name, row.doctor_name)
        case Role.DOCTOR:
            return f"{row.treatment_name}: {row.patient_name}"
        case Role.RECEPTIONIST | Role.PATIENT:
            return others_summary(row.treatment_name, row.patient_name, row.doctor_name)
