"""The sweep plans reminders shortly before they are due. It is 09:00 in Lima on Monday, 7 January 2030."""

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from lambda_function.db.models import Appointment, Notification
from lambda_function.domain.appointment import Status
from lambda_function.domain.errors import ContentionError
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from lambda_function.services.notifications import sweeping
from lambda_function.services.notifications.clinics_in_turn import RESERVE
from lambda_function.services.notifications.sweeping import sweep
from tests.api.desk import instant, rfc3339
from tests.api_client import ApiClient
from tests.clock import NOW
from tests.services.notifications.messages import Messages, plenty

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
THURSDAY = "2030-01-10"


def swept(messages: Messages, now: datetime | None = None) -> int:
    if now is not None:
        messages.clock.now = now
    return sweep(messages.database, plenty)


def booked(messages: Messages, starts_at: datetime, **columns: Any) -> Appointment:
    return messages.practice.add_appointment(starts_at, **{"placed_at": NOW, **columns})


def due(messages: Messages) -> list[datetime]:
    return [row.due_at for row in messages.rows()]


def test_a_reminder_is_planned_ten_minutes_before_it_is_due(messages: Messages) -> None:
    visit = booked(messages, instant("15:00", THURSDAY))
    wanted = instant("15:00")

    assert swept(messages, wanted - 11 * MINUTE) == 0
    assert swept(messages, wanted - 10 * MINUTE) == 1

    row = messages.row()
    assert (row.kind, row.channel, row.status) == (NotificationKind.REMINDER, Channel.EMAIL, NotificationStatus.PENDING)
    assert (row.due_at, row.next_at, row.basis_at) == (wanted, wanted, NOW)
    assert (row.appointment_id, row.clinic_id) == (visit.appointment_id, 1)
    assert row.subject == f"reminder:{visit.appointment_id}:48:{rfc3339(NOW)}"
    assert messages.to() == [("pat", "EMAIL")]


def test_each_offset_is_planned_once_however_often_the_sweep_comes(messages: Messages) -> None:
    booked(messages, instant("20:00", THURSDAY))

    planned = [swept(messages, NOW + 5 * MINUTE * number) for number in range(12 * 24 * 4)]

    assert sum(planned) == 2
    assert due(messages) == [instant("20:00"), instant("18:00", THURSDAY)]


def test_what_a_sweep_has_missed_is_planned_by_the_next(messages: Messages) -> None:
    booked(messages, instant("20:00", THURSDAY))
    late = instant("22:00")

    assert swept(messages, late) == 1

    assert due(messages) == [late]


def test_a_reminder_goes_just_before_quiet_hours_if_the_visit_is_too_soon_after_them(messages: Messages) -> None:
    booked(messages, instant("13:30", THURSDAY))
    before_night = instant("01:45", THURSDAY)

    swept(messages, instant("13:30"))
    swept(messages, before_night - 10 * MINUTE)

    assert due(messages) == [instant("13:30"), before_night]


def test_a_reminder_that_can_no_longer_go_is_left_for_the_reception_to_see(messages: Messages) -> None:
    booked(messages, instant("13:30", THURSDAY), placed_at=instant("03:00", THURSDAY))

    assert swept(messages, instant("03:05", THURSDAY)) == 1
    assert swept(messages, instant("03:10", THURSDAY)) == 0

    assert messages.fate() == ("SUPPRESSED", "quiet_hours")
    assert messages.row().next_at is None


def test_offsets_that_had_passed_when_the_visit_got_its_time_are_left_out(messages: Messages) -> None:
    visit = booked(messages, NOW + 3 * HOUR)

    swept(messages, NOW + HOUR)

    assert messages.row().subject.startswith(f"reminder:{visit.appointment_id}:2:")


def test_a_visit_of_the_previous_release_got_its_time_when_it_was_booked(messages: Messages) -> None:
    booked(messages, NOW + 3 * HOUR, placed_at=None)

    swept(messages, NOW + HOUR)

    assert messages.row().basis_at == NOW


def test_a_visit_that_was_moved_is_reminded_of_anew(messages: Messages) -> None:
    visit = booked(messages, instant("15:00", THURSDAY))
    swept(messages, instant("15:00"))
    moved = instant("16:00")
    start = instant("17:00", "2030-01-11")
    messages.change_visit(visit, starts_at=start, ends_at=start + HOUR, placed_at=moved)

    swept(messages, instant("17:00", "2030-01-09"))

    assert [row.basis_at for row in messages.rows()] == [NOW, moved]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.BOOKED])
def test_only_booked_visits_are_reminded_of(messages: Messages, status: Status) -> None:
    booked(messages, instant("15:00", THURSDAY), status=status)

    assert swept(messages, instant("15:00")) == 0


def test_a_visit_that_has_begun_is_not_reminded_of(messages: Messages) -> None:
    booked(messages, instant("15:00", THURSDAY))

    assert swept(messages, instant("15:00", THURSDAY)) == 0


@pytest.mark.parametrize("changed", [{"active": False}, {"reminder_hours": ()}])
def test_a_clinic_that_has_closed_or_wants_none_reminds_nobody(messages: Messages, changed: dict[str, Any]) -> None:
    booked(messages, instant("15:00", THURSDAY))
    messages.change_clinic(**changed)

    assert swept(messages, instant("15:00")) == 0


def test_a_clinic_without_a_known_zone_reminds_without_quiet_hours(messages: Messages) -> None:
    booked(messages, instant("13:30", THURSDAY))
    messages.change_clinic(time_zone="Mars/Olympus")

    swept(messages, instant("11:30", THURSDAY))

    assert instant("11:30", THURSDAY) in due(messages)


def test_a_deactivated_patient_is_not_reminded(messages: Messages) -> None:
    booked(messages, instant("15:00", THURSDAY))
    messages.change_user("pat", active=False)

    assert swept(messages, instant("15:00")) == 0


def test_guardians_are_reminded_in_place_of_a_patient_without_an_address(messages: Messages) -> None:
    booked(messages, instant("15:00", THURSDAY))
    messages.practice.add_patient("mother", email="mother@example.org")
    messages.practice.add_patient("father", phone="+51 999 000 111")
    for guardian in ("mother", "father"):
        messages.practice.add_guardian(guardian, "pat")
    messages.change_user("pat", email=None, phone=None)

    swept(messages, instant("15:00"))

    assert sorted(messages.to()) == [("father", "SMS"), ("mother", "EMAIL")]


def test_many_visits_need_no_more_statements_than_few(
    messages: Messages, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 20)
    for number in range(45):
        booked(messages, instant("15:00", THURSDAY) + 5 * MINUTE * (number // 2))
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert swept(messages, instant("17:00")) == 45
    finally:
        event.remove(engine, "before_cursor_execute", note)

    # The clinics; three batches of one clinic: the visits, what is planned, the patients and the new rows; and the
    # visits of the other clinic. Guardians are not asked for, since the patient has an address.
    assert len(sent) == 1 + 3 * 4 + 1
    assert len({row.appointment_id for row in messages.rows()}) == 45


def test_no_batch_begins_when_the_time_is_nearly_over(messages: Messages) -> None:
    booked(messages, instant("15:00", THURSDAY))
    messages.clock.now = instant("15:00")

    assert sweep(messages.database, lambda: RESERVE) == 0
    assert messages.rows() == []


def test_a_clinic_that_fails_keeps_no_other_waiting(
    messages: Messages, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    booked(messages, instant("15:00", THURSDAY))
    lakes = booked(messages, instant("15:00", THURSDAY), doctor_id=messages.practice.ids["drsol"], clinic_id=2)
    messages.clock.now = instant("15:00")

    def fail(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM appointment" in statement and 1 in dict(parameters).values():
            raise RuntimeError("secret of a patient")

    event.listen(engine, "before_cursor_execute", fail)
    try:
        with caplog.at_level(logging.ERROR), pytest.raises(ContentionError):
            sweep(messages.database, plenty)
    finally:
        event.remove(engine, "before_cursor_execute", fail)

    assert [row.appointment_id for row in messages.practice.rows(Notification)] == [lakes.appointment_id]
    assert "secret" not in caplog.text


def test_a_request_that_is_confirmed_late_is_not_reminded_of_what_it_was_just_told(
    messages: Messages, client: ApiClient
) -> None:
    visit = booked(messages, instant("15:00", THURSDAY), status=Status.REQUESTED)
    messages.clock.now = instant("20:00")

    assert client.call("rita", "POST", f"/appointments/{visit.appointment_id}/confirm").status == 200

    assert swept(messages) == 0
    assert swept(messages, instant("13:00", THURSDAY)) == 1
