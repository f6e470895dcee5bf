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
    Clinic,
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


def test_a_row_that_was_imported_before_changes_nothing(terminal: Terminal, practice: Practice) -> None:
    done(terminal, text_of(LOU))
    assert done(terminal, text_of(LOU), "--dry-run") == {
        "dry_run": True,
        "to_import": 0,
        "already_imported": 1,
        "open_already": [],
    }
    again = run(terminal, text_of(LOU))
    assert (again.stdout, again.stderr) == ("Imported 0 recalls; 1 recall imported before.\n", "")
    assert len(practice.rows(Recall)) == 1


@pytest.mark.parametrize("closed", [False, True], ids=["open clinic", "closed clinic"])
def test_a_row_whose_patient_has_an_open_recall_for_another_day_is_passed_over_and_shown(
    terminal: Terminal, practice: Practice, *, closed: bool
) -> None:
    practice.add(ClinicPatient(clinic_id=2, patient_id=practice.ids["lou"], created_at=NOW))
    done(terminal, text_of({**LOU, "clinic": "Santiago Norte"}))
    if closed:
        practice.session.execute(update(Clinic).where(Clinic.clinic_id == 2).values(active=False))
        practice.session.commit()
    other = text_of({**LOU, "treatment": "cleaning"}, {**LOU, "due_on": "2031-01-31"})
    result = run(terminal, other, "--dry-run")
    assert (result.exit_code, result.stdout) == (
        Exit.DONE,
        "Nothing is wrong. 1 recall to import; 1 row passed over.\n",
    )
    [line] = result.stderr.splitlines()
    assert line.endswith(
        "recalls.csv:3: The patient has an open recall for this treatment, due on another day, so this row changes "
        "nothing. If this day is right, change that recall."
    )
    assert done(terminal, other) == {"dry_run": False, "imported": 1, "already_imported": 0, "open_already": [3]}
    again = run(terminal, other)
    assert again.stdout == "Imported 0 recalls; 1 recall imported before; 1 row passed over.\n"
    assert {(each.treatment_id, each.due_on) for each in practice.rows(Recall)} == {
        (1, date(2030, 2, 28)),
        (2, date(2030, 2, 28)),
    }


def test_people_read_the_first_hundred_rows_that_were_passed_over_and_programs_all_of_them(
    terminal: Terminal, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_function.cli.importing.MOST_ROWS", 50)
    add_patients(practice, 120)
    done(terminal, charts(120))
    result = run(terminal, charts(120).replace("2030-02-28", "2031-01-31"), "--json")
    assert json.loads(result.stdout)["open_already"] == list(range(2, 122))
    lines = result.stderr.splitlines()
    assert "recalls.csv:101: " in lines[99]
    assert lines[100:] == ["… and 20 more. --json names all of them."]


@pytest.mark.parametrize("status", [RecallStatus.DONE, RecallStatus.DISMISSED])
def test_a_recall_that_has_ended_is_not_opened_again_by_the_same_file(
    terminal: Terminal, practice: Practice, status: RecallStatus
) -> None:
    done(terminal, text_of(LOU))
    practice.session.execute(update(Recall).values(status=status, open_key=None, closed_at=NOW))
    practice.session.commit()
    found = done(terminal, text_of(LOU))
    assert (found["imported"], found["already_imported"], found["open_already"]) == (0, 1, [])
    assert done(terminal, text_of({**LOU, "due_on": "2030-08-31"}))["imported"] == 1


@pytest.mark.parametrize("day", ["1000-01-01", "1999-12-31", "2040-01-08", "2999-12-31"])
@pytest.mark.parametrize("options", [[], ["--dry-run"]], ids=["import", "dry run"])
def test_a_day_that_the_api_refuses_is_a_problem(
    terminal: Terminal, practice: Practice, day: str, options: list[str]
) -> None:
    result = run(terminal, text_of({**LOU, "due_on": day}), *options, "--json")
    assert result.exit_code == Exit.REFUSED
    [problem] = json.loads(result.stdout)["error"]["problems"]
    words = "from 2000-01-01 on" if day < "2000" else "at most 10 years ahead"
    assert (problem["line"], problem["column"], problem["code"]) == (2, "due_on", "not_in_range")
    assert words in problem["message"]
    assert practice.rows(Recall) == []


def test_a_day_out_of_range_is_told_together_with_what_else_is_wrong_in_the_row(terminal: Terminal) -> None:
    found = problems(terminal, {**LOU, "system": "passport", "due_on": "2062-03-01"})
    assert found == [(2, "system", "not_a_choice"), (2, "due_on", "not_in_range")]


@pytest.mark.parametrize("day", ["2000-01-01", "2040-01-07"])
def test_a_day_that_the_api_takes_is_imported(terminal: Terminal, day: str) -> None:
    assert done(terminal, text_of({**LOU, "due_on": day}))["imported"] == 1


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


def test_a_clinic_that_nobody_knows_is_told_with_the_active_ones(terminal: Terminal, practice: Practice) -> None:
    practice.add_clinic("Lima Sur", "America/Lima")
    practice.session.execute(update(Clinic).where(Clinic.name == "Lima Sur").values(active=False))
    practice.session.commit()
    for written in ("Lima Centr", "Lima Sur"):
        result = run(terminal, text_of({**LOU, "clinic": written}))
        assert result.stderr.splitlines()[0].endswith(
            ":2: clinic: No active clinic has this name. There are: Lima Centro, Santiago Norte."
        )


def test_a_closed_clinic_recalls_nobody(terminal: Terminal, practice: Practice) -> None:
    practice.add(ClinicPatient(clinic_id=2, patient_id=practice.ids["lou"], created_at=NOW))
    practice.session.execute(update(Clinic).where(Clinic.clinic_id == 1).values(active=False))
    practice.session.commit()
    assert problems(terminal, {**LOU, "clinic": ""}) == [(2, "clinic", "inactive")]
    # Its identifiers are still there.
    practice.add_identifier(practice.ids["lou"], "chart", 1, "A7")
    row = {**LOU, "system": "chart", "value": "A7", "clinic": "Santiago Norte"}
    assert done(terminal, text_of(row))["imported"] == 1


@pytest.mark.parametrize("batch", [1, 500])
@pytest.mark.parametrize("again", [{"value": "12 345 678"}, {"system": "chart", "value": "A7"}], ids=["same", "other"])
def test_a_patient_and_treatment_come_once_in_a_file_whatever_the_identifier(
    terminal: Terminal, practice: Practice, monkeypatch: pytest.MonkeyPatch, batch: int, again: dict[str, str]
) -> None:
    monkeypatch.setattr("lambda_function.cli.importing.MOST_ROWS", batch)
    practice.add_identifier(practice.ids["lou"], "chart", 1, "A7")
    rows = [LOU, {**LOU, **again, "due_on": "2031-01-01"}]
    assert problems(terminal, *rows) == [(3, "value", "duplicate")]
    result = run(terminal, text_of(*rows))
    assert result.stderr.splitlines()[0].endswith(
        "recalls.csv:3: value: Line 2 is about the same patient and treatment. Keep one of the two."
    )


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
    found = done(terminal, charts(100))
    assert (found["imported"], found["already_imported"], found["open_already"]) == (60, 40, [])
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
