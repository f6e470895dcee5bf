"""Pages with long rows: an answer always fits into what a Lambda may return."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from lambda_function.api.schemas.paging import MAX_PAGE_BYTES
from lambda_function.db.models import Appointment, AppointmentEvent, TimeOff
from lambda_function.domain.appointment import Status
from tests.api.desk import Desk, at
from tests.clock import NOW

# One text becomes 24 bytes if the runtime writes escapes; the other is escaped twice if it does not.
TOOTH, QUOTE = "\U0001f9b7", '"'
LIMIT = 6 * 1024 * 1024


def carried(text: str) -> int:
    """Returns the number of bytes of an answer as it leaves the Lambda."""
    return len(json.dumps({"statusCode": 200, "body": text}, ensure_ascii=False).encode())


def pages(desk: Desk, path: str, **query: Any) -> Iterator[list[Any]]:
    cursor: dict[str, Any] = {}
    while True:
        answer = desk.client.get("rita", path, **query, **cursor)
        assert answer.status == 200, answer.text
        assert carried(answer.text) < LIMIT / 2
        yield answer.json["items"]
        if answer.json["next_cursor"] is None:
            return
        cursor = {"cursor": answer.json["next_cursor"]}


@pytest.mark.parametrize("sign", [TOOTH, QUOTE, "ñ", "\n"])
def test_a_history_of_long_notes_is_read_to_its_end(desk: Desk, sign: str) -> None:
    """100 changes of two notes were once 11 MB of escapes, and the answer was 500."""
    visit = desk.booked("pat", at("15:00"))["appointment_id"]
    note = sign * 2000
    changes = {"patient_note": [note, note], "internal_note": [note, note]}
    desk.practice.add(
        *(
            AppointmentEvent(
                appointment_id=visit,
                at=NOW + timedelta(minutes=number),
                action="NOTE",
                to_status=Status.BOOKED,
                reason=str(number),
                changes=changes,
            )
            for number in range(100)
        )
    )

    found = list(pages(desk, f"/appointments/{visit}/history", limit=100))

    assert [event["reason"] for page in found for event in page][1:] == [str(number) for number in range(100)]
    assert all(event["changes"] == changes for page in found for event in page if event["action"] == "NOTE")
    assert len(found) > 1


def test_a_page_of_appointments_ends_where_their_notes_get_long(desk: Desk) -> None:
    desk.practice.add(
        *(
            Appointment(
                patient_id=desk.id_of("pat"),
                doctor_id=desk.id_of("drjay"),
                clinic_id=1,
                treatment_id=1,
                status=Status.CANCELLED,
                starts_at=NOW + timedelta(days=number),
                ends_at=NOW + timedelta(days=number, minutes=30),
                buffer_before_minutes=0,
                buffer_after_minutes=0,
                patient_note=TOOTH * 2000,
                internal_note=QUOTE * 2000,
                cancel_reason=QUOTE * 500,
                created_at=NOW,
                updated_at=NOW,
            )
            for number in range(120)
        )
    )

    found = list(pages(desk, "/appointments", limit=100, doctor_id=desk.id_of("drjay")))

    assert sum(map(len, found)) == 120
    assert all(carried(json.dumps(page, ensure_ascii=False)) < MAX_PAGE_BYTES * 1.2 for page in found)
    entries = desk.client.get("rita", "/fhir/R4/Appointment", patient=desk.id_of("pat"), _count=100)
    assert carried(entries.text) < LIMIT / 2


def test_short_rows_fill_their_page(desk: Desk) -> None:
    desk.practice.add(
        *(
            TimeOff(
                doctor_id=desk.id_of("drjay"),
                starts_at=NOW + timedelta(days=number),
                ends_at=NOW + timedelta(days=number, hours=1),
                reason=TOOTH * 500,
                created_at=NOW,
            )
            for number in range(101)
        )
    )

    assert [len(page) for page in pages(desk, f"/doctors/{desk.id_of('drjay')}/time-off", limit=100)] == [100, 1]


def test_letters_are_sent_as_they_are(desk: Desk) -> None:
    assert "Rosa Muñoz" in desk.client.get("rosa", "/me").text
