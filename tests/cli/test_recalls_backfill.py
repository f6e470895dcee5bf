"""Operators open recalls for patients who were treated before their treatment had any."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from lambda_function.cli.command import Exit
from lambda_function.db.models import Appointment, Clinic, OutboxMessage, Recall, RecallEvent, Treatment, User
from lambda_function.domain.appointment import Status
from lambda_function.domain.recalls import RecallAction, RecallStatus
from lambda_function.services.operators import recall_backfill
from lambda_function.services.recalls import open_many
from tests.cli.terminal import Terminal
from tests.clock import NOW
from tests.factories import Practice

VISIT = datetime(2029, 8, 31, 15, tzinfo=UTC)
DUE = date(2030, 2, 28)


class StoppedError(Exception):
    """The command was stopped."""


@pytest.fixture(autouse=True)
def _months(practice: Practice) -> None:
    practice.session.execute(update(Treatment).where(Treatment.treatment_id == 1).values(recall_months=6))
    practice.session.commit()


def visit(practice: Practice, starts_at: datetime = VISIT, **columns: Any) -> Appointment:
    """Adds a completed visit, of a new patient unless another is given."""
    patient_id = columns.pop("patient_id", None) or practice.add_patient(clinics=(1,)).user_id
    return practice.add_appointment(starts_at, **{"patient_id": patient_id, "status": Status.COMPLETED, **columns})


def add_recall(practice: Practice, patient_id: int, **columns: Any) -> Recall:
    given = {
        "patient_id": patient_id,
        "treatment_id": 1,
        "clinic_id": 1,
        "due_on": DUE,
        "due_set_at": NOW,
        "status": RecallStatus.OPEN,
        "created_at": NOW,
        "updated_at": NOW,
        **columns,
    }
    recall = Recall(**given, open_key=1 if given["status"] is RecallStatus.OPEN else None)
    practice.add(recall)
    return recall


def backfill(terminal: Terminal, *options: str) -> Any:
    return terminal.done("recalls", "backfill", "checkup", *options)


def test_a_recall_is_opened_for_the_last_visit_with_its_clinic_and_doctor(
    terminal: Terminal, practice: Practice
) -> None:
    drsol = practice.ids["drsol"]
    first = visit(practice)
    visit(practice, VISIT + timedelta(days=1), patient_id=first.patient_id, clinic_id=2, doctor_id=drsol)
    visit(practice, VISIT + timedelta(days=2), patient_id=first.patient_id, treatment_id=2)

    assert backfill(terminal)["recalls"] == 1

    [recall] = practice.rows(Recall)
    assert (recall.patient_id, recall.treatment_id, recall.clinic_id, recall.doctor_id, recall.due_on) == (
        first.patient_id,
        1,
        2,
        drsol,
        date(2030, 3, 1),
    )
    assert (recall.status, recall.open_key, recall.due_set_at, recall.opened_by) == (RecallStatus.OPEN, 1, NOW, None)


def test_the_day_of_the_visit_is_that_of_the_clinics_calendar(terminal: Terminal, practice: Practice) -> None:
    visit(practice, datetime(2029, 9, 1, 4, 55, tzinfo=UTC))
    backfill(terminal)
    assert [recall.due_on for recall in practice.rows(Recall)] == [DUE]


def test_the_history_and_the_event_say_that_it_was_opened_by_nobody_who_is_a_user(
    terminal: Terminal, practice: Practice
) -> None:
    visit(practice)
    before = len(practice.rows(OutboxMessage))
    backfill(terminal)
    [recall], [entry] = practice.rows(Recall), practice.rows(RecallEvent)
    assert (entry.recall_id, entry.action, entry.actor_id, entry.at) == (
        recall.recall_id,
        RecallAction.OPEN,
        None,
        NOW,
    )
    [message] = practice.rows(OutboxMessage)[before:]
    assert (message.kind, message.detail["recall_id"], message.detail["due_on"]) == (
        "recall.opened",
        recall.recall_id,
        "2030-02-28",
    )
    assert "patient" not in str(message.detail)


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.BOOKED, Status.CHECKED_IN])
def test_whoever_has_a_later_visit_is_left_out(terminal: Terminal, practice: Practice, status: Status) -> None:
    first = visit(practice)
    visit(practice, NOW + timedelta(days=1), patient_id=first.patient_id, status=status)
    assert backfill(terminal)["recalls"] == 0


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NO_SHOW])
def test_a_later_visit_that_fell_through_does_not_count(terminal: Terminal, practice: Practice, status: Status) -> None:
    first = visit(practice)
    visit(practice, NOW - timedelta(days=1), patient_id=first.patient_id, status=status)
    assert backfill(terminal)["recalls"] == 1


def test_whoever_is_inactive_or_no_longer_a_patient_is_left_out(terminal: Terminal, practice: Practice) -> None:
    for columns in ({"active": False}, {"user_type": "RECEPTIONIST"}):
        patient_id = visit(practice).patient_id
        practice.session.execute(update(User).where(User.user_id == patient_id).values(**columns))
        practice.session.commit()
    assert backfill(terminal)["recalls"] == 0


def test_patients_of_a_closed_clinic_are_left_out(terminal: Terminal, practice: Practice) -> None:
    visit(practice)
    practice.session.execute(update(Clinic).where(Clinic.clinic_id == 1).values(active=False))
    practice.session.commit()
    assert backfill(terminal)["recalls"] == 0


def test_whoever_has_an_open_recall_keeps_it(terminal: Terminal, practice: Practice) -> None:
    recall = add_recall(practice, visit(practice).patient_id, clinic_id=2, due_on=date(2031, 1, 1))
    assert backfill(terminal)["recalls"] == 0
    assert [row.recall_id for row in practice.rows(Recall)] == [recall.recall_id]


@pytest.mark.parametrize(
    ("status", "closed_at", "opened"),
    [
        (RecallStatus.DISMISSED, VISIT + timedelta(days=1), 0),
        (RecallStatus.DISMISSED, VISIT - timedelta(days=1), 1),
        (RecallStatus.DONE, VISIT + timedelta(hours=1), 1),
    ],
    ids=["dismissed since", "dismissed before", "done"],
)
def test_whose_recall_was_dismissed_after_the_visit_is_not_recalled_again(
    terminal: Terminal, practice: Practice, status: RecallStatus, closed_at: datetime, opened: int
) -> None:
    add_recall(practice, visit(practice).patient_id, status=status, closed_at=closed_at)
    assert backfill(terminal)["recalls"] == opened


def test_a_clinic_whose_time_zone_nobody_knows_is_left_out_and_counted(terminal: Terminal, practice: Practice) -> None:
    visit(practice, clinic_id=practice.add_clinic("Lima Sur", "Peru/Lima").clinic_id)
    found = backfill(terminal)
    assert (found["recalls"], found["without_time_zone"]) == (0, 1)


def test_a_plan_counts_and_changes_nothing(terminal: Terminal, practice: Practice) -> None:
    """Patients are told 14 days before, 14 after and 60 after. Today is 7 January 2030."""
    visit(practice)
    visit(practice, VISIT - timedelta(days=61))
    visit(practice, VISIT - timedelta(days=400), clinic_id=2)

    found = backfill(terminal, "--plan")

    assert (found["plan"], found["recalls"], found["overdue"], found["after"]) == (True, 3, 2, None)
    assert [(row["clinic"], row["month"], row["recalls"]) for row in found["months"]] == [
        ("Lima Centro", "2030-01", 1),
        ("Lima Centro", "2030-02", 1),
        ("Santiago Norte", "2029-01", 1),
    ]
    # The first is told on 14 February and 14 March, the second, who was due on 1 January, on 15 January and 2 March.
    assert found["notices_by_week"] == [0, 1, 0, 0, 0, 1, 0, 1]
    assert found["notices_past"] == 4
    assert practice.rows(Recall) == []


def test_what_was_planned_is_what_is_done(terminal: Terminal, practice: Practice) -> None:
    for days in range(0, 300, 30):
        visit(practice, VISIT - timedelta(days=days))
    planned = backfill(terminal, "--plan")
    assert backfill(terminal) == {**planned, "plan": False}


def test_a_terminal_shows_the_plan_and_asks(terminal: Terminal, practice: Practice) -> None:
    visit(practice)
    terminal.on_terminal = True
    refused = terminal.run("recalls", "backfill", "checkup", stdin="n\n")
    assert (refused.exit_code, practice.rows(Recall)) == (1, [])
    assert "Recalls would be opened: 1, of which 0 are due already." in refused.stderr
    done = terminal.run("recalls", "backfill", "checkup", stdin="y\n")
    assert (done.exit_code, len(practice.rows(Recall))) == (Exit.DONE, 1)
    assert "Recalls opened: 1, of which 0 are due already." in done.stdout


def test_a_terminal_is_not_asked_about_nothing(terminal: Terminal) -> None:
    terminal.on_terminal = True
    result = terminal.run("recalls", "backfill", "checkup")
    assert (result.exit_code, result.stdout) == (Exit.DONE, "There is no recall to open.\n")
    assert "[y/N]" not in result.stderr
    found = backfill(terminal)
    assert (found["plan"], found["recalls"], found["months"]) == (False, 0, [])


def test_it_can_be_repeated(terminal: Terminal, practice: Practice) -> None:
    visit(practice)
    assert [backfill(terminal)["recalls"] for _ in range(2)] == [1, 0]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of three patients, and two of them in one call."""
    monkeypatch.setattr(recall_backfill, "BATCH", 3)
    monkeypatch.setattr(recall_backfill, "BATCHES", 2)


@pytest.mark.usefixtures("small")
def test_everybody_is_reached_in_batches(terminal: Terminal, practice: Practice) -> None:
    patients = {visit(practice).patient_id for _ in range(13)}
    assert backfill(terminal)["recalls"] == 13
    assert {recall.patient_id for recall in practice.rows(Recall)} == patients


@pytest.mark.usefixtures("small")
def test_what_was_stopped_in_the_middle_is_completed_by_the_same_command(
    terminal: Terminal, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    patients = {visit(practice).patient_id for _ in range(13)}
    calls = count()

    def stops(*arguments: Any) -> None:
        open_many(*arguments)
        if next(calls) == 3:
            raise StoppedError

    monkeypatch.setattr("lambda_function.services.operators.recall_backfill.open_many", stops)
    with pytest.raises(StoppedError):
        backfill(terminal)
    assert 0 < len(practice.rows(Recall)) < 13
    backfill(terminal)
    assert sorted(recall.patient_id for recall in practice.rows(Recall)) == sorted(patients)
    assert len(practice.rows(RecallEvent)) == 13


@pytest.mark.parametrize("patients", [2, 60])
def test_a_batch_takes_as_many_statements_however_many_patients_it_has(
    terminal: Terminal, practice: Practice, engine: Engine, patients: int
) -> None:
    for _ in range(patients):
        visit(practice)
    sent: list[str] = []

    def note(*call: Any) -> None:
        sent.append(call[2])

    event.listen(engine, "before_cursor_execute", note)
    assert backfill(terminal)["recalls"] == patients
    event.remove(engine, "before_cursor_execute", note)
    # The treatment; the patients, their visits, the locks, the visits again, three tables, and two reads of the new.
    assert len(sent) == 10


@pytest.mark.parametrize(("treatment", "words"), [("nothing", "There are: checkup"), ("cleaning", "recall_months")])
def test_a_treatment_without_recalls_is_refused(terminal: Terminal, treatment: str, words: str) -> None:
    error = terminal.refused("recalls", "backfill", treatment)
    assert (error["field"], words in error["detail"]) == ("treatment", True)
