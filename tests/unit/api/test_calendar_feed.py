"""Events as text, compared with what a library reads in them."""

import re
from datetime import UTC, datetime
from typing import Any
from unicodedata import category

import icalendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_function.api.calendar_feed import calendar
from lambda_function.db.repositories.calendar_feed import FeedEntry
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status
from tests.clock import NOW

names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=200).map(
    lambda name: f"{name.strip()}."
)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)).map(  # noqa: DTZ001 - made aware at once
    lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
)
entries = st.builds(
    FeedEntry,
    st.integers(1, 2**62),
    st.sampled_from(Status),
    instants,
    instants,
    st.integers(1, 999),
    instants,
    instants,
    names,
    st.none() | names,
    names,
    names,
    names,
    st.integers(1, 9),
)


ROW = FeedEntry(1, Status.BOOKED, NOW, NOW, 1, NOW, NOW, "Clinic", None, "Check-up", "Doctor", "Patient", 6)
INSTALLATION = "0123456789abcdef0123456789abcdef"
UNFOLDED = re.compile("\r\n ")


def written(rows: list[FeedEntry], role: Role = Role.RECEPTIONIST) -> str:
    return calendar(rows, Actor(6, role), INSTALLATION, ())


def summary_of(treatment: str) -> str:
    """Returns the SUMMARY as it is written for a treatment of that name, unfolded."""
    row = ROW._replace(treatment_name=treatment)
    lines = UNFOLDED.sub("", written([row], Role.DOCTOR)).split("\r\n")
    [summary] = [line for line in lines if line.startswith("SUMMARY:")]
    return summary.removeprefix("SUMMARY:").removesuffix(": Patient")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a,b;c\\d", "a\\,b\\;c\\\\d"),
        ("a\nb\r\nc\rd", "a\\nb\\nc\\nd"),
        ("a\u2028b\u2029c\x85d", "a\\nb\\nc\\nd"),
        ("\\n", "\\\\n"),
        ("a\x00b\x07c\x1fd\x7fe\x9ff", "abcdef"),
        ('a\tb:"c"', 'a\tb:"c"'),
        ("a\u200bb\u200f\ufeffc\U0001f9b7", "a\u200bb\u200f\ufeffc\U0001f9b7"),
    ],
)
def test_what_has_a_meaning_in_the_format_is_escaped_and_what_it_forbids_is_left_out(name: str, text: str) -> None:
    assert summary_of(name) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
@example("ü" * 300)
@example("\U0001f9b7" * 200)
@example(" " * 300)
def test_lines_are_folded_between_letters_and_hold_no_control_characters(name: str) -> None:
    row = ROW._replace(clinic_name=name, clinic_address=name, treatment_name=name, doctor_name=name, patient_name=name)
    lines = written([row]).encode().split(b"\r\n")
    assert lines.pop() == b""
    for line in lines:
        assert 0 < len(line) <= 75
        assert all(char == "\t" or category(char) != "Cc" for char in line.decode())


def test_the_calendar_says_its_name_and_how_often_to_read_it() -> None:
    head = written([]).split("\r\n")
    assert {
        "NAME:Dental appointments",
        "X-WR-CALNAME:Dental appointments",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    } <= set(head)


def test_no_event_is_private_towards_its_owner() -> None:
    """Programs show a private event as "Busy", without its words, also to whoever has subscribed to it."""
    assert "\r\nCLASS:" not in written([ROW], Role.DOCTOR)


@pytest.mark.parametrize(
    ("address", "place"), [("Av. Larco 345; 2, Lima", "Clinic\\, Av. Larco 345\\; 2\\, Lima"), (None, "Clinic")]
)
def test_a_visit_is_at_the_clinic_and_its_address(address: str | None, place: str) -> None:
    assert f"\r\nLOCATION:{place}\r\n" in written([ROW._replace(clinic_address=address)])


@pytest.mark.parametrize(("patient_id", "summary"), [(6, "Check-up with Doctor"), (7, "Check-up: Patient with Doctor")])
def test_a_patient_is_told_whose_visit_it_is_when_it_is_a_dependants(patient_id: int, summary: str) -> None:
    assert f"\r\nSUMMARY:{summary}\r\n" in written([ROW._replace(patient_id=patient_id)], Role.PATIENT)


@given(st.lists(entries, max_size=3))
def test_a_library_reads_what_was_written(rows: list[FeedEntry]) -> None:
    text = written(rows)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert text.endswith("END:VCALENDAR\r\n")
    read: list[Any] = icalendar.Calendar.from_ical(text).walk("VEVENT")
    assert [
        (
            str(event["summary"]),
            str(event["location"]),
            event["dtstart"].dt,
            event["dtend"].dt,
            event["dtstamp"].dt,
            event["created"].dt,
            event["last-modified"].dt,
            int(event["sequence"]),
            str(event["uid"]),
        )
        for event in read
    ] == [
        (
            f"{row.treatment_name}: {row.patient_name} with {row.doctor_name}",
            row.clinic_name if row.clinic_address is None else f"{row.clinic_name}, {row.clinic_address}",
            row.starts_at,
            row.ends_at,
            row.updated_at,
            row.created_at,
            row.updated_at,
            row.version - 1,
            f"appointment-{row.appointment_id}@{INSTALLATION}",
        )
        for row in rows
    ]
