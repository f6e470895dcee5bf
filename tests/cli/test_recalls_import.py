"""Operators import from a file when patients are due again."""

import json
import re
from collections.abc import Mapping
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine, event, insert, update

from lambda_function.cli.command import Exit, RunAction
from lambda_function.cli.run_action import action_runner
from lambda_function.db.models import (
    ClinicPatient,
    OutboxMessage,
    Patient,
    PatientIdentifier,
    Recall,
    RecallEvent,
    User,
)
from lambda_function.domain.actor import Role
from lambda_function.domain.recalls import RecallAction, RecallStatus
from lambda_function.services.recalls import open_many
from tests.cli.terminal import Terminal
from tests.clock import NOW
from tests.factories import Practice
from tests.patient_files import text_of

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
LOU = {"system": "national_id", "value": "1234-5678", "treatment": "checkup", "due_on": "2030-02-28"}


class StoppedError(Exception):
    """The command was stopped."""


@pytest.fixture(autouse=True)
def _identifier(practice: Practice) -> None:
    practice.add_identifier(practice.add_patient("lou", clinics=(1,)).user_id, "national_id", "PE", "12345678")


def run(terminal: Terminal, text: str, *options: str, clinic: str = "Lima Centro") -> Result:
    file = terminal.folder / "recalls.csv"
    file.write_text(text, encoding="utf-8", newline="")
    return terminal.run("import", "recalls", str(file), "--clinic", clinic, *options)


def done(terminal: Terminal, text: str, *options: str, clinic: str = "Lima Centro") -> Any:
    result = run(terminal, text, *options, "--json", clinic=clinic)
    assert result.exit_code == Exit.DONE, result.output
    return json.loads(result.stdout)


def problems(terminal: Terminal, *rows: Mapping[str, str]) -> list[tuple[int, str | None, str]]:
    """Returns what is wrong, after checking that nothing was written."""
    result = run(terminal, text_of(*rows), "--json")
    assert result.exit_code == Exit.REFUSED, result.output
    found = json.loads(result.stdout)["error"]["problems"]
    assert terminal.practice.rows(Recall) == []
    return [(each["line"], each["column"], each["code"]) for each in found]


def add_patients(practice: Practice, number: int) -> list[int]:
    """Adds patients of the clinic with chart numbers from 0 on."""
    names = [f"p{each}" for each in range(number)]
    given = {"user_type": Role.PATIENT, "created_at": NOW, "updated_at": NOW}
    practice.session.execute(insert(User), [{"user_name": name, "full_name": name, **given} for name in names])
    practice.session.commit()
    ids = [practice.ids[name] for name in names]
    practice.session.execute(insert(Patient), [{"user_id": each} for each in ids])
    practice.session.execute(
        insert(ClinicPatient), [{"clinic_id": 1, "patient_id": each, "created_at": NOW} for each in ids]
    )
    practice.session.execute(
        insert(PatientIdentifier),
        [
            {"system": "chart", "scope": "1", "value": f"C{each}", "user_id": user_id}
            for each, user_id in enumerate(ids)
        ],
    )
    practice.session.commit()
    return ids


def charts(number: int) -> str:
    return text_of(*({**LOU, "system": "chart", "value": f"c-{each}"} for each in range(number)))


def test_a_row_opens_a_recall(terminal: Terminal, practice: Practice) -> None:
    row = {**LOU, "doctor": "DrJay", "note": "Prefers mornings"}
    result = run(terminal, text_of(row))
    assert (result.exit_code, result.stdout) == (Exit.DONE, "Imported 1 recall.\n")
    [recall] = practice.rows(Recall)
    ids = practice.ids
    assert (recall.patient_id, recall.treatment_id, recall.clinic_id, recall.doctor_id, recall.due_on, recall.note) == (
        ids["lou"],
        1,
        1,
        ids["drjay"],
        date(2030, 2, 28),
        "Prefers mornings",
    )
    assert (recall.status, recall.open_key, recall.due_set_at) == (RecallStatus.OPEN, 1, NOW)


def test_the_example_of_the_documents_can_be_imported_after_that_of_patients(terminal: Terminal) -> None:
    for what, imported in (("patients", 4), ("recalls", 3)):
        file = str(EXAMPLES / f"{what}.csv")
        assert terminal.done("import", what, file, "--clinic", "Lima Centro")["imported"] == imported


def test_the_history_and_the_event_name_nobody(terminal: Terminal, practice: Practice) -> None:
    before = len(practice.rows(OutboxMessage))
    done(terminal, text_of({**LOU, "note": "S3cret"}))
    [recall], [entry] = practice.rows(Recall), practice.rows(RecallEvent)
    assert (entry.recall_id, entry.action, entry.actor_id) == (recall.recall_id, RecallAction.OPEN, None)
    [message] = practice.rows(OutboxMessage)[before:]
    assert (message.kind, message.detail["recall_id"], message.detail["due_on"]) == (
        "recall.opened",
        recall.recall_id,
        "2030-02-28",
    )
    assert "S3cret" not in str(message.detail)


def test_a_row_may_name_another_clinic_of_the_patient(terminal: Terminal, practice: Practice) -> None:
    practice.add(ClinicPatient(clinic_id=2, patient_id=practice.ids["lou"], created_at=NOW))
    done(terminal, text_of({**LOU, "clinic": "Santiago Norte", "doctor": "drsol"}))
    assert [recall.clinic_id for recall in practice.rows(Recall)] == [2]


def test_identifiers_are_those_of_the_clinic_and_its_country(terminal: Terminal, practice: Practice) -> None:
    practice.add_identifier(practice.ids["lou"], "chart", 1, "A7")
    result = run(terminal, text_of(LOU), "--json", clinic="Santiago Norte")
    assert [each["column"] for each in json.loads(result.stdout)["error"]["problems"]] == ["value"]
    assert done(terminal, text_of({**LOU, "system": "chart", "value": "a-7"}))["imported"] == 1


def test_a_dry_run_writes_nothing(terminal: Terminal, practice: Practice) -> None:
    result = run(terminal, text_of(LOU), "--dry-run")
    assert (result.exit_code, result.stdout) == (Exit.DONE, "Nothing is wrong. 1 recall to import.\n")
    assert practice.rows(Recall) == []


def test_a_patient_with_an_open_recall_is_passed_over(terminal: Terminal, practice: Practice) -> None:
    done(terminal, text_of(LOU))
    again = text_of({**LOU, "due_on": "2031-01-31"})
    assert done(terminal, again, "--dry-run") == {"dry_run": True, "to_import": 0, "already_imported": 1}
    assert run(terminal, again).stdout == "Imported 0 recalls; 1 recall imported before.\n"
    assert [recall.due_on for recall in practice.rows(Recall)] == [date(2030, 2, 28)]


@pytest.mark.parametrize("status", [RecallStatus.DONE, RecallStatus.DISMISSED])
def test_a_recall_that_has_ended_is_not_opened_again_by_the_same_file(
    terminal: Terminal, practice: Practice, status: RecallStatus
) -> None:
    done(terminal, text_of(LOU))
    practice.session.execute(update(Recall).values(status=status, open_key=None, closed_at=NOW))
    practice.session.commit()
    assert done(terminal, text_of(LOU)) == {"dry_run": False, "imported": 0, "already_imported": 1}
    assert done(terminal, text_of({**LOU, "due_on": "2030-08-31"}))["imported"] == 1


def test_two_identifiers_of_one_patient_are_one_patient(terminal: Terminal, practice: Practice) -> None:
    practice.add_identifier(practice.ids["lou"], "chart", 1, "A7")
    found = done(terminal, text_of(LOU, {**LOU, "system": "chart", "value": "A7"}))
    assert found == {"dry_run": False, "imported": 1, "already_imported": 1}
    assert len(practice.rows(Recall)) == 1


def test_treatments_are_recalled_on_their_own(terminal: Terminal, practice: Practice) -> None:
    assert done(terminal, text_of(LOU, {**LOU, "treatment": "cleaning"}))["imported"] == 2


@pytest.mark.parametrize(
    ("values", "column", "code"),
    [
        ({"system": "passport"}, "system", "not_a_choice"),
        ({"value": "-"}, "value", "not_an_identifier"),
        ({"value": "1.2E+7"}, "value", "malformed"),
        ({"value": "999"}, "value", "not_found"),
        ({"treatment": "nothing"}, "treatment", "not_found"),
        ({"due_on": "31/01/2030"}, "due_on", "not_a_day"),
        ({"due_on": ""}, "due_on", "required"),
        ({"clinic": "Nowhere"}, "clinic", "not_found"),
        ({"clinic": "Santiago Norte"}, "clinic", "inconsistent"),
        ({"doctor": "nobody"}, "doctor", "not_found"),
        ({"doctor": "rita"}, "doctor", "not_found"),
        ({"doctor": "drsol"}, "doctor", "inconsistent"),
        ({"note": "A\x01"}, "note", "control_characters"),
        ({"note": "A" * 2001}, "note", "too_long"),
    ],
    ids=str,
)
def test_each_problem_names_its_line_and_column_and_nothing_is_written(
    terminal: Terminal, values: dict[str, str], column: str, code: str
) -> None:
    fine = {**LOU, "treatment": "implant", "clinic": "", "doctor": "", "note": ""}
    assert problems(terminal, fine, {**fine, "treatment": "checkup", **values}) == [(3, column, code)]


def test_a_patient_who_is_inactive_is_a_problem(terminal: Terminal, practice: Practice) -> None:
    practice.session.execute(update(User).where(User.user_name == "lou").values(active=False))
    practice.session.commit()
    assert problems(terminal, LOU) == [(2, "value", "inactive")]


@pytest.mark.parametrize("batch", [1, 500])
def test_a_patient_and_treatment_come_once_in_a_file(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("lambda_function.cli.importing.MOST_ROWS", batch)
    again = {**LOU, "value": "12 345 678", "due_on": "2031-01-01"}
    assert problems(terminal, LOU, again) == [(3, "value", "duplicate")]


def test_people_read_the_file_the_line_and_the_column_and_no_value(terminal: Terminal) -> None:
    result = run(terminal, text_of({**LOU, "value": "S3cret"}))
    first, summary = result.stderr.splitlines()
    assert first.endswith(
        "recalls.csv:2: value: No patient has this identifier. Import the patient first, or leave out the row."
    )
    assert summary == "1 problem. Nothing was written."
    assert "S3cret" not in result.output


def test_an_unknown_clinic_refuses(terminal: Terminal) -> None:
    result = run(terminal, text_of(LOU), "--json", clinic="Lima Sur")
    assert (result.exit_code, json.loads(result.stdout)["error"]["field"]) == (Exit.REFUSED, "clinic")


def test_an_import_that_was_stopped_in_the_middle_is_completed_by_the_same_command(
    terminal: Terminal, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add_patients(practice, 100)
    monkeypatch.setattr("lambda_function.cli.importing.MOST_ROWS", 20)
    calls = count()

    def stops(*arguments: Any) -> None:
        open_many(*arguments)
        if next(calls) == 2:
            raise StoppedError

    monkeypatch.setattr("lambda_function.services.operators.recall_import.open_many", stops)
    with pytest.raises(StoppedError):
        run(terminal, charts(100))
    assert len(practice.rows(Recall)) == 40
    assert done(terminal, charts(100)) == {"dry_run": False, "imported": 60, "already_imported": 40}
    assert sorted(recall.patient_id for recall in practice.rows(Recall)) == sorted(ids)
    assert len(practice.rows(RecallEvent)) == 100


@pytest.mark.parametrize("rows", [2, 500, 1000])
def test_a_batch_takes_as_many_statements_however_many_rows_it_has(
    terminal: Terminal, practice: Practice, engine: Engine, rows: int
) -> None:
    add_patients(practice, rows)
    sent: list[str] = []

    def note(*call: Any) -> None:
        sent.append(call[2])

    event.listen(engine, "before_cursor_execute", note)
    assert done(terminal, charts(rows))["imported"] == rows
    event.remove(engine, "before_cursor_execute", note)
    batches = (rows + 499) // 500
    inserts = sorted(re.split(r"\W+", statement)[2] for statement in sent if statement.startswith("INSERT"))
    assert inserts == sorted(["outbox", "recall", "recall_event"] * batches)
    # To check: clinic, identifiers, activity, clinics of patients, treatments, clinics, doctors, what is known.
    assert len(sent) == (8 + 8 + 2 + len({"recall", "ids", "event", "told", "outbox"})) * batches


def test_the_rows_reach_a_database_that_only_the_operators_function_reaches(
    terminal: Terminal, practice: Practice
) -> None:
    local = action_runner(terminal.tools(), None)
    events: list[tuple[str, int]] = []

    def function(name: str) -> RunAction:
        def runs(action: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
            events.append((action, len(arguments["rows"])))
            return local(action, json.loads(json.dumps(arguments)))

        return runs

    terminal.function = function
    assert done(terminal, text_of(LOU), "--function", "any")["imported"] == 1
    assert events == [("recalls.import", 1)] * 2
    assert len(practice.rows(Recall)) == 1
