"""The file of an e-mail and the feed, read together by three libraries: one event, which moves and is cancelled."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import icalendar
import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream

from lambda_function.api.calendar_feed import calendar
from lambda_function.db.repositories.calendar_feed import FeedEntry
from lambda_function.db.repositories.message_facts import VisitFacts
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Language
from lambda_function.services.notifications.calendar_file import WITH_FILE, calendar_file
from tests.unit.services.notifications.facts import GUARDIAN, STARTS_AT, facts

INSTALLATION = "0123456789abcdef0123456789abcdef"
MADE = datetime(2030, 1, 1, 12, tzinfo=UTC)
PATIENT, MOTHER = Actor(6, Role.PATIENT), Actor(9, Role.PATIENT, dependant_ids=(6,))
UNFOLDED = re.compile("\r\n ")


class Event(NamedTuple):
    """What a calendar program shows of an event, and by which it knows which of two is newer."""

    uid: str
    sequence: int
    summary: str
    starts_at: datetime
    ends_at: datetime
    status: str
    location: str


def by_icalendar(text: str) -> list[Event]:
    found: Any = icalendar.Calendar.from_ical(text).walk("VEVENT")
    return [
        Event(
            uid=str(e["UID"]),
            sequence=int(e["SEQUENCE"]),
            summary=str(e["SUMMARY"]),
            starts_at=e["DTSTART"].dt,
            ends_at=e["DTEND"].dt,
            status=str(e["STATUS"]),
            location=str(e["LOCATION"]),
        )
        for e in found
    ]


def by_vobject(text: str) -> list[Event]:
    found: Any = vobject.readOne(text, validate=True).contents["vevent"]
    return [
        Event(
            uid=e.uid.value,
            sequence=int(e.sequence.value),
            summary=e.summary.value,
            starts_at=e.dtstart.value,
            ends_at=e.dtend.value,
            status=e.status.value,
            location=e.location.value,
        )
        for e in found
    ]


def by_ical(text: str) -> list[Event]:
    found: Any = IcsCalendarStream.calendar_from_ics(text).events
    return [Event(e.uid, e.sequence, e.summary, e.dtstart, e.dtend, e.status.value, e.location) for e in found]


READERS: Mapping[str, Callable[[str], list[Event]]] = {
    "icalendar": by_icalendar,
    "vobject": by_vobject,
    "ical": by_ical,
}


def visit(version: int = 1, status: Status = Status.BOOKED, later: timedelta = timedelta()) -> VisitFacts:
    starts_at = STARTS_AT + later
    ends_at = starts_at + timedelta(minutes=30)
    changed = MADE + timedelta(days=version)
    return VisitFacts(
        appointment_id=17,
        patient_id=6,
        clinic_id=1,
        doctor_name="Luz Quispe",
        treatment_name="Root canal",
        status=status,
        starts_at=starts_at,
        ends_at=ends_at,
        placed_at=MADE,
        version=version,
        created_at=MADE,
        updated_at=changed,
        attendance_confirmed_at=None,
        installation_id=INSTALLATION,
    )


def feed(seen: VisitFacts, owner: Actor) -> str:
    entry = FeedEntry(
        seen.appointment_id,
        seen.status,
        seen.starts_at,
        seen.ends_at,
        seen.version,
        seen.created_at,
        seen.updated_at,
        "Lima Dental",
        "Av. Larco 345, Lima",
        "Root canal",
        "Luz Quispe",
        "Ana Torres",
        6,
    )
    return calendar([entry], owner, INSTALLATION, ())


def lines_of(text: str) -> list[str]:
    assert text.endswith("\r\n")
    return UNFOLDED.sub("", text).split("\r\n")


def newest(events: list[Event]) -> Event:
    """Returns the event that a program is left with after it has read all of these."""
    assert len({event.uid for event in events}) == 1
    return max(events, key=lambda event: event.sequence)


@pytest.mark.parametrize("person", [{}, GUARDIAN], ids=["patient", "guardian"])
@pytest.mark.parametrize("reader", READERS)
def test_the_file_is_the_event_of_the_feed(reader: str, person: dict[str, Any]) -> None:
    mail = calendar_file(facts(**person), visit()).text

    assert READERS[reader](mail) == READERS[reader](feed(visit(), MOTHER if person else PATIENT))


@pytest.mark.parametrize("reader", READERS)
def test_a_booking_a_move_and_a_cancellation_are_one_event(reader: str) -> None:
    moved, cancelled = visit(2, later=timedelta(days=1)), visit(3, Status.CANCELLED, timedelta(days=1))
    read = READERS[reader]
    events = [
        *read(calendar_file(facts(), visit()).text),
        *read(feed(visit(), PATIENT)),
        *read(calendar_file(facts(NotificationKind.MOVED), moved).text),
    ]
    assert newest(events)[1:] == (
        1,
        "Root canal with Luz Quispe",
        moved.starts_at,
        moved.ends_at,
        "CONFIRMED",
        "Lima Dental, Av. Larco 345, Lima",
    )

    events += read(calendar_file(facts(NotificationKind.CANCELLED), cancelled).text)
    assert newest(events).status == "CANCELLED"
    assert newest(events) == newest(read(feed(cancelled, PATIENT)))


@pytest.mark.parametrize("kind", sorted(WITH_FILE))
def test_a_file_is_published_or_cancels(kind: NotificationKind) -> None:
    status = Status.CANCELLED if kind is NotificationKind.CANCELLED else Status.BOOKED
    method = "CANCEL" if kind is NotificationKind.CANCELLED else "PUBLISH"
    file = calendar_file(facts(kind), visit(status=status))

    assert file.content_type == f"text/calendar; charset=utf-8; method={method}"
    assert f"METHOD:{method}" in lines_of(file.text)
    assert ("STATUS:CANCELLED" in lines_of(file.text)) is (method == "CANCEL")


def test_offers_and_recalls_have_no_file_because_they_are_no_visits_yet() -> None:
    assert frozenset(NotificationKind) - WITH_FILE == {NotificationKind.OFFER, NotificationKind.RECALL}


def test_a_request_is_tentative_as_in_the_feed() -> None:
    file = calendar_file(facts(NotificationKind.REQUESTED), visit(status=Status.REQUESTED))
    assert "STATUS:TENTATIVE" in lines_of(file.text)


def test_times_are_in_utc_and_the_place_has_its_address() -> None:
    lines = lines_of(calendar_file(facts(), visit()).text)

    assert {"DTSTART:20300108T150000Z", "DTEND:20300108T153000Z", "DTSTAMP:20300102T120000Z"} <= set(lines)
    assert "LOCATION:Lima Dental\\, Av. Larco 345\\, Lima" in lines
    assert 'ORGANIZER;CN="Lima Dental":mailto:hola@lima.example' in lines


def test_a_clinic_without_address_is_a_place_by_its_name() -> None:
    lines = lines_of(calendar_file(facts(clinic_address=None, clinic_email=None), visit()).text)

    assert "LOCATION:Lima Dental" in lines
    assert not [line for line in lines if line.startswith("ORGANIZER")]


def test_the_files_name_is_in_the_persons_language() -> None:
    names = [calendar_file(facts(language=language), visit()).filename for language in Language]
    assert names == ["appointment.ics", "cita.ics"]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_any_name_leaves_the_file_whole(name: str) -> None:
    file = calendar_file(facts(clinic_name=name, doctor_name=name, patient_name=name, **GUARDIAN), visit())

    calendars: Any = icalendar.Calendar.from_ical(file.text)
    [event] = calendars.walk("VEVENT")
    assert str(event["ORGANIZER"]) == "mailto:hola@lima.example"
    assert str(event["UID"]) == f"appointment-17@{INSTALLATION}"
    assert all(len(line.encode()) <= 75 for line in file.text.split("\r\n"))
