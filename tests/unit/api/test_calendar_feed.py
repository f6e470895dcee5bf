"""Events as text, compared with what a library reads in them."""

from datetime import UTC, datetime
from typing import Any

import icalendar
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.api.calendar_feed import calendar
from lambda_function.db.repositories.calendar_feed import FeedEntry
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status

names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60).map(
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
    names,
    names,
    names,
)


@given(st.lists(entries, max_size=3))
def test_a_library_reads_what_was_written(rows: list[FeedEntry]) -> None:
    text = calendar(rows, Role.RECEPTIONIST)
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
            row.clinic_name,
            row.starts_at,
            row.ends_at,
            row.updated_at,
            row.created_at,
            row.updated_at,
            row.version - 1,
            f"appointment-{row.appointment_id}@dentist-appointments",
        )
        for row in rows
    ]
