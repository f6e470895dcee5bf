"""The sweep of recalls plans each notice once, on its day. It is 09:00 in Lima on Monday, 7 January 2030, and quiet
hours have ended at eight.
"""

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from lambda_function.db.models import Clinic, Notification, Recall, RecallSweep, Treatment
from lambda_function.domain.appointment import Status
from lambda_function.domain.errors import ContentionError
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from lambda_function.domain.recalls import CATCH_UP, SETTLED_AFTER, UNDER_WAY, RecallStatus
from lambda_function.services.notifications import recalling
from lambda_function.services.notifications.clinics_in_turn import RESERVE
from lambda_function.services.notifications.recalling import sweep_recalls
from tests.api.conftest import Statements, statements
from tests.api.desk import instant
from tests.clock import NOW
from tests.services.notifications.messages import Messages, plenty
from tests.services.notifications.planned import recalled

__all__ = ["statements"]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TODAY = date(2030, 1, 7)
EIGHT = instant("13:00", "2030-01-07")


def swept(messages: Messages, now: datetime | None = None) -> int:
    if now is not None:
        messages.clock.now = now
    return sweep_recalls(messages.database, plenty)


def subjects(messages: Messages) -> list[str]:
    return [row.subject for row in messages.rows()]


def swept_on(messages: Messages) -> dict[int, date]:
    return {row.clinic_id: row.swept_on for row in messages.practice.rows(RecallSweep)}


def test_a_notice_is_planned_when_quiet_hours_end_on_its_day(messages: Messages) -> None:
    recall = recalled(messages, "2030-01-21")

    assert swept(messages, EIGHT - MINUTE) == 0
    assert swept(messages, EIGHT) == 1

    row = messages.row()
    assert (row.kind, row.channel, row.status) == (NotificationKind.RECALL, Channel.EMAIL, NotificationStatus.PENDING)
    assert (row.due_at, row.next_at, row.basis_at) == (EIGHT, EIGHT, recall.due_set_at)
    assert (row.recall_id, row.clinic_id, row.appointment_id) == (recall.recall_id, 1, None)
    assert row.subject == f"recall:{recall.recall_id}:-14:2030-01-21"
    assert messages.to() == [("pat", "EMAIL")]


def test_each_offset_is_planned_once_however_often_the_sweep_comes(messages: Messages) -> None:
    recalled(messages, "2030-01-31")

    times = [EIGHT + timedelta(hours=4 * number) for number in range(6 * 90)]
    planned = [swept(messages, time) for time in times]

    assert sum(planned) == 3
    days = ["2030-01-17", "2030-02-14", "2030-04-01"]
    assert [row.due_at for row in messages.rows()] == [instant("13:00", day) for day in days]


def test_a_clinic_chooses_its_days(messages: Messages) -> None:
    recalled(messages, "2030-01-07")
    messages.change_clinic(recall_notice_days=(0,))

    assert swept(messages, EIGHT) == 1


def test_a_clinic_without_quiet_hours_tells_at_eight(messages: Messages) -> None:
    recalled(messages)
    messages.change_clinic(quiet_from_minute=None, quiet_to_minute=None)

    assert swept(messages, EIGHT - MINUTE) == 0
    assert swept(messages, EIGHT) == 1


def test_a_day_that_has_been_swept_is_not_looked_at_again(messages: Messages, statements: Statements) -> None:
    swept(messages)
    assert set(swept_on(messages).values()) == {TODAY}
    recalled(messages)
    statements.clear()

    assert swept(messages, NOW + timedelta(hours=1)) == 0

    assert [sent.split()[0] for sent in statements.sent] == ["SELECT"]


@pytest.mark.parametrize(("first", "planned"), [(0 * MINUTE, 1), (SETTLED_AFTER - MINUTE, 1), (SETTLED_AFTER, 0)])
def test_a_recall_that_is_committed_after_a_sweep_of_its_day_is_told_by_the_next(
    messages: Messages, first: timedelta, planned: int
) -> None:
    swept(messages, EIGHT + first)
    recalled(messages, due_set_at=EIGHT - MINUTE)

    assert swept(messages, EIGHT + first + 5 * MINUTE) == planned
    assert swept(messages, EIGHT + first + 10 * MINUTE) == 0
    assert len(messages.rows()) == planned


def test_the_days_before_one_that_has_not_settled_count_as_swept(messages: Messages) -> None:
    recalled(messages, "2030-01-20")

    assert swept(messages, EIGHT) == 1
    assert swept_on(messages)[1] == TODAY - DAY
    assert swept(messages, EIGHT + 5 * MINUTE) == 0


@pytest.mark.parametrize(("late", "planned"), [(CATCH_UP, 1), (CATCH_UP + MINUTE, 0)])
def test_what_a_standstill_has_missed_is_made_up_for_within_a_week(
    messages: Messages, late: timedelta, planned: int
) -> None:
    recalled(messages)

    assert swept(messages, EIGHT + late) == planned


def test_of_two_notices_that_were_missed_only_the_later_is_planned(messages: Messages) -> None:
    messages.change_clinic(recall_notice_days=(-14, -12))
    recall = recalled(messages)

    assert swept(messages, EIGHT + 3 * DAY) == 1

    assert subjects(messages) == [f"recall:{recall.recall_id}:-12:2030-01-21"]
    assert messages.row().due_at == EIGHT + 3 * DAY


def test_a_clock_that_was_set_back_holds_up_nothing(messages: Messages) -> None:
    swept(messages, EIGHT + 400 * DAY)
    recalled(messages)

    assert swept(messages, EIGHT) == 1
    assert swept(messages, EIGHT + MINUTE) == 0


@pytest.mark.parametrize(("set_at", "planned"), [(EIGHT - MINUTE, 1), (EIGHT, 0), (EIGHT + MINUTE, 0)])
def test_a_notice_whose_time_had_come_when_the_day_was_set_is_left_out(
    messages: Messages, set_at: datetime, planned: int
) -> None:
    recalled(messages, due_set_at=set_at)

    assert swept(messages, EIGHT + 5 * MINUTE) == planned


def test_another_day_is_told_anew(messages: Messages) -> None:
    recall = recalled(messages)
    swept(messages, EIGHT)
    messages.change_recall(recall, due_on=date(2030, 2, 28), due_set_at=NOW)

    assert swept(messages, instant("13:00", "2030-02-14")) == 1

    assert subjects(messages) == [f"recall:{recall.recall_id}:-14:{day}" for day in ("2030-01-21", "2030-02-28")]


def test_days_are_those_of_the_clinic_and_go_over_the_ends_of_months(messages: Messages) -> None:
    messages.change_clinic(recall_notice_days=(-14, 1), time_zone="Pacific/Auckland")
    recalled(messages, "2032-02-29")

    assert swept(messages, instant("18:59", "2032-02-29")) == 0
    # Eight in the morning of 1 March.
    assert swept(messages, instant("19:00", "2032-02-29")) == 1


@pytest.mark.parametrize(
    ("status", "planned"),
    [(status, 0 if status in {Status.REQUESTED, Status.BOOKED, Status.CHECKED_IN} else 1) for status in Status],
)
def test_who_has_a_visit_ahead_is_not_told(messages: Messages, status: Status, planned: int) -> None:
    recalled(messages)
    messages.practice.add_appointment(NOW + 30 * DAY, status=status, clinic_id=2)

    assert swept(messages) == planned


def test_a_visit_of_another_treatment_or_one_that_is_over_is_no_reason_to_be_silent(messages: Messages) -> None:
    recalled(messages)
    messages.practice.add_appointment(NOW + 30 * DAY, treatment_id=2)
    messages.practice.add_appointment(NOW - 30 * DAY)

    assert swept(messages) == 1


@pytest.mark.parametrize(
    ("status", "planned"),
    [(status, 0 if status in {Status.REQUESTED, Status.BOOKED, Status.CHECKED_IN} else 1) for status in Status],
)
def test_nobody_is_told_while_a_visit_that_has_begun_is_not_completed(
    messages: Messages, status: Status, planned: int
) -> None:
    recalled(messages)
    messages.practice.add_appointment(NOW - UNDER_WAY + 5 * MINUTE, status=status, clinic_id=2)

    assert swept(messages) == planned


def test_a_visit_that_nobody_has_completed_within_a_week_is_no_reason_to_be_silent(messages: Messages) -> None:
    recalled(messages)
    messages.practice.add_appointment(NOW - UNDER_WAY, status=Status.CHECKED_IN)

    assert swept(messages) == 1


def test_what_a_visit_under_way_holds_back_is_not_told_later_and_the_next_notice_is(messages: Messages) -> None:
    recall = recalled(messages)
    visit = messages.practice.add_appointment(NOW - 6 * DAY, status=Status.CHECKED_IN)
    assert swept(messages) == 0

    messages.change_visit(visit, status=Status.CANCELLED)

    assert sum(swept(messages, NOW + hours * HOUR) for hours in range(1, 29 * 24)) == 1
    assert subjects(messages) == [f"recall:{recall.recall_id}:14:2030-01-21"]


NOTHING: dict[str, Callable[[Messages, Recall], None]] = {
    "dismissed": lambda m, r: m.change_recall(r, status=RecallStatus.DISMISSED, open_key=None),
    "done": lambda m, r: m.change_recall(r, status=RecallStatus.DONE, open_key=None),
    "another day": lambda m, r: m.change_recall(r, due_on=date(2030, 1, 22)),
    "deactivated": lambda m, _: m.change_user("pat", active=False),
    "treatment out of use": lambda m, r: m.write(
        update(Treatment).where(Treatment.treatment_id == r.treatment_id).values(active=False)
    ),
    "clinic closed": lambda m, _: m.change_clinic(active=False),
    "clinic tells nobody": lambda m, _: m.change_clinic(recall_notice_days=()),
    "zone unknown": lambda m, _: m.change_clinic(time_zone="Mars/Olympus"),
}


@pytest.mark.parametrize("prepare", NOTHING.values(), ids=NOTHING.keys())
def test_nothing_is_planned(messages: Messages, prepare: Callable[[Messages, Recall], None]) -> None:
    prepare(messages, recalled(messages))

    assert swept(messages) == 0
    assert messages.rows() == []


def test_guardians_are_told_in_place_of_a_child_without_an_address(messages: Messages) -> None:
    recalled(messages)
    messages.practice.add_patient("mother", email="mother@example.org")
    messages.practice.add_patient("father", phone="+51 999 000 111")
    for guardian in ("mother", "father"):
        messages.practice.add_guardian(guardian, "pat")
    messages.change_user("pat", email=None, phone=None)

    assert swept(messages) == 2

    assert sorted(messages.to()) == [("father", "SMS"), ("mother", "EMAIL")]


def many(messages: Messages, number: int) -> None:
    """Recalls of many patients, on two days of which people are told today."""
    for index in range(number):
        patient = messages.practice.add_patient(f"p{index}", email=f"p{index}@example.org")
        recalled(messages, ("2030-01-21", "2029-12-24")[index % 2], patient_id=patient.user_id)


def test_many_recalls_need_no_more_statements_than_few(
    messages: Messages, monkeypatch: pytest.MonkeyPatch, statements: Statements
) -> None:
    monkeypatch.setattr(recalling, "BATCH", 10)
    many(messages, 25)
    statements.clear()

    assert swept(messages) == 25

    sent = [each for each in statements.sent if each != "COMMIT"]
    # The clinics; three batches of one: the recalls, what is planned, the patients and the new rows; the recalls of the
    # other; and the day of each.
    assert len(sent) == 1 + 3 * 4 + 1 + 2, sent
    assert len(set(subjects(messages))) == 25


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_a_death_between_batches_loses_nothing_and_tells_nobody_twice(
    messages: Messages, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    monkeypatch.setattr(recalling, "BATCH", 10)
    many(messages, 25)
    messages.change_clinic(active=False)
    messages.practice.session.get_one(Clinic, 1).active = True
    messages.practice.session.commit()
    left = iter([plenty()] * batches + [RESERVE])

    first = sweep_recalls(messages.database, lambda: next(left))
    assert (first, swept_on(messages)) == ((10 * batches, {}) if batches < 3 else (25, {1: TODAY}))

    assert first + swept(messages, NOW + 5 * MINUTE) == 25
    assert len(set(subjects(messages))) == len(messages.rows()) == 25
    assert swept_on(messages) == {1: TODAY}


def test_the_day_is_remembered_with_the_last_batch_or_not_at_all(messages: Messages, engine: Engine) -> None:
    recalled(messages)

    def fail(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "recall_sweep" in statement and statement.startswith("INSERT"):
            raise RuntimeError("death")

    event.listen(engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(ContentionError):
            swept(messages)
    finally:
        event.remove(engine, "before_cursor_execute", fail)

    assert messages.practice.rows(Notification) == []
    assert swept(messages) == 1


def test_no_batch_begins_when_the_time_is_nearly_over(messages: Messages) -> None:
    recalled(messages)

    assert sweep_recalls(messages.database, lambda: RESERVE) == 0
    assert (messages.rows(), swept_on(messages)) == ([], {})


def test_two_sweeps_at_once_tell_everybody_once(messages: Messages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalling, "BATCH", 5)
    many(messages, 30)
    start = threading.Barrier(2)
    errors: list[BaseException] = []

    def run() -> None:
        start.wait()
        try:
            sweep_recalls(messages.database, plenty)
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(messages.rows()) == len(set(subjects(messages))) == 30
    assert set(swept_on(messages).values()) == {TODAY}
