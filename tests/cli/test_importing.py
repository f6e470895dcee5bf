"""Operators import a clinic's patients from a file."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine, event

from lambda_function.cli.command import Exit, RunAction
from lambda_function.cli.run_action import action_runner
from lambda_function.db.models import ClinicPatient, PatientIdentifier, PatientImport, User
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.services.value_messages import CODES
from tests.api.desk import Desk
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal
from tests.patient_files import patient, text_of
from tests.traces import everywhere

EXAMPLE = Path(__file__).parents[2] / "docs/examples/patients.csv"
ANA = {"key": "1", "full_name": "Ana Ríos"}


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    return Desk(client, terminal.practice)


def run(terminal: Terminal, text: str, *options: str, clinic: str = "Lima Centro") -> Result:
    file = terminal.folder / "patients.csv"
    file.write_text(text, encoding="utf-8", newline="")
    return terminal.run("import", "patients", str(file), "--clinic", clinic, *options)


def done(terminal: Terminal, text: str, *options: str, clinic: str = "Lima Centro") -> Any:
    result = run(terminal, text, *options, "--json", clinic=clinic)
    assert result.exit_code == Exit.DONE, result.output
    return json.loads(result.stdout)


def problems(terminal: Terminal, text: str, *options: str) -> list[tuple[int, str | None, str]]:
    result = run(terminal, text, *options, "--json")
    assert result.exit_code == Exit.REFUSED, result.output
    found = json.loads(result.stdout)["error"]["problems"]
    return [(each["line"], each["column"], each["code"]) for each in found]


def imported(terminal: Terminal) -> list[User]:
    """The people who are not of the demo, by name."""
    users = {user.user_id: user for user in terminal.practice.rows(User)}
    rows = [row.user_id for row in terminal.practice.rows(PatientImport)]
    return sorted((users[user_id] for user_id in rows if user_id is not None), key=lambda user: user.full_name)


def test_the_example_of_the_documents_can_be_imported(terminal: Terminal) -> None:
    result = terminal.run("import", "patients", str(EXAMPLE), "--clinic", "Lima Centro")
    assert (result.exit_code, result.stdout) == (Exit.DONE, "Imported 4 patients.\n")
    juan, jose, sile, ming = imported(terminal)[2], *imported(terminal)[:2], imported(terminal)[3]
    assert [user.full_name for user in (jose, sile, juan, ming)] == [
        "María José Núñez Ortega",
        "O'Brien, Síle",
        'Quispe "Chino" Mamani, Juan',
        "王小明",
    ]
    assert (jose.email, jose.phone, jose.birth_date) == ("mj.nunez@example.org", "+51 999 111 222", date(1984, 3, 9))
    assert [(user.language, user.contact_by, user.recalls) for user in (jose, sile, juan, ming)] == [
        ("es", "EMAIL", True),
        ("en", None, None),
        ("es", "SMS", False),
        (None, None, None),
    ]
    assert {(row.system, row.scope, row.value) for row in terminal.practice.rows(PatientIdentifier)} == {
        (IdentifierSystem.NATIONAL_ID, "PE", "456789012"),
        (IdentifierSystem.NATIONAL_ID, "PE", "71234567"),
        (IdentifierSystem.INSURANCE, "PE", "RIM204417"),
        (IdentifierSystem.CHART, "1", "HC1001"),
        (IdentifierSystem.CHART, "1", "HC1002"),
        (IdentifierSystem.CHART, "1", "HC1003"),
    }
    assert terminal.done("check") == {"ok": True, "findings": []}


def test_whoever_is_imported_is_found_and_belongs_to_the_clinic(terminal: Terminal, desk: Desk) -> None:
    done(terminal, text_of(patient(1234)))
    [user] = imported(terminal)
    for q in ("sanchez luis", "001 234", "sanchez.flores1234"):
        assert [each["user_id"] for each in desk.client.get("rita", "/users", q=q).json["items"]] == [user.user_id]
        assert desk.client.get("rosa", "/users", q=q).json["items"] == []
    [member] = [row for row in terminal.practice.rows(ClinicPatient) if row.patient_id == user.user_id]
    assert member.clinic_id == 1


def test_what_was_entered_is_written_down_without_an_actor(terminal: Terminal) -> None:
    done(terminal, text_of({**ANA, "birth_date": "1990-01-31", "chart": "7", "phone": ""}))
    [user] = imported(terminal)
    assert [
        (item["action"], item["fields"], item["actor_id"])
        for item in terminal.done("person", "events", user.user_name)["items"]
    ] == [("CREATE", ["birth_date", "full_name", "identifiers", "user_name"], None)]


def test_an_address_counts_as_entered_at_registration(terminal: Terminal) -> None:
    done(terminal, text_of({**ANA, "email": "ana@example.org"}, {"key": "2", "full_name": "Eva Paz", "email": ""}))
    assert [user.email_trusted for user in imported(terminal)] == [True, False]


def test_a_row_that_was_imported_before_is_passed_over_even_if_it_is_different_now(terminal: Terminal) -> None:
    assert done(terminal, text_of(ANA)) == {"dry_run": False, "imported": 1, "already_imported": 0}
    different = {**ANA, "full_name": "Ana Paz", "phone": "+51 999 111"}
    changed = text_of(different, {"key": "2", "full_name": "Eva", "phone": ""})
    assert done(terminal, changed, "--dry-run") == {"dry_run": True, "to_import": 1, "already_imported": 1}
    assert done(terminal, changed) == {"dry_run": False, "imported": 1, "already_imported": 1}
    assert [(user.full_name, user.phone) for user in imported(terminal)] == [("Ana Ríos", None), ("Eva", None)]


def test_a_dry_run_writes_nothing(terminal: Terminal) -> None:
    result = run(terminal, text_of(patient(1), patient(2)), "--dry-run")
    assert (result.exit_code, result.stdout) == (Exit.DONE, "Nothing is wrong. 2 patients to import.\n")
    assert imported(terminal) == []


def test_two_clinics_have_keys_of_their_own(terminal: Terminal) -> None:
    done(terminal, text_of(ANA))
    assert done(terminal, text_of(ANA), clinic="Santiago Norte")["imported"] == 1
    assert len(imported(terminal)) == 2


def test_whoever_was_erased_is_not_brought_back(terminal: Terminal) -> None:
    row = {**ANA, "national_id": "12345678"}
    done(terminal, text_of(row))
    terminal.done("erase-person", imported(terminal)[0].user_name, "--yes")
    assert done(terminal, text_of(row)) == {"dry_run": False, "imported": 0, "already_imported": 1}
    assert imported(terminal) == []
    assert everywhere(terminal.practice.url, ("Ana Ríos", "12345678")) == set()


def test_a_copy_says_that_somebody_was_imported(terminal: Terminal) -> None:
    done(terminal, text_of(ANA))
    [row] = terminal.done("export-person", imported(terminal)[0].user_name)["imports"]
    assert (row["clinic_name"], "key_hash" in row) == ("Lima Centro", False)


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_every_problem_of_the_file_is_listed_and_nothing_is_written(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("lambda_function.cli.importing.MOST_ROWS", batch)
    done(terminal, text_of({"key": "0", "full_name": "Held", "national_id": "777", "chart": "C7"}))
    head = "key,full_name,birth_date,email,national_id,chart,recalls\n"
    rows = [
        "1,Ana,1990-01-31,ana@example.org,1,C1,TRUE",
        "1,Eva,31/01/1990,eva,01,C2,",
        ",,2031-01-01,,,,yes",
        '3,"O\nK",,,,,',
        "4,=HYPERLINK(),,,7.7-7,c 7,",
        "5,Ida,,,1,C3,,,more",
        "6,Rosa,,,,C 1,false",
    ]
    found = problems(terminal, head + "\n".join(rows))
    assert sorted(found, key=str) == sorted(
        [
            (3, "key", "duplicate"),
            (3, "birth_date", "not_a_birth_date"),
            (3, "email", "not_an_email"),
            (4, "key", "required"),
            (4, "full_name", "required"),
            (4, "recalls", "not_a_choice"),
            (4, "birth_date", "not_a_birth_date"),
            (5, "full_name", "not_a_name"),
            (7, "full_name", "not_a_name"),
            (7, "chart", "identifier_taken"),
            (7, "national_id", "identifier_taken"),
            (8, None, "too_long"),
            (9, "chart", "duplicate"),
        ],
        key=str,
    )
    assert [line for line, *_ in found] == sorted(line for line, *_ in found)
    assert len(imported(terminal)) == 1


def test_people_read_the_file_the_line_and_the_column_and_no_value(terminal: Terminal) -> None:
    result = run(terminal, "key,full_name,email\n1,Ana,S3cret\n2,Eva,eva@example.org,S3cret\n")
    assert result.exit_code == Exit.REFUSED
    first, second, summary = result.stderr.splitlines()
    assert first.endswith("patients.csv:2: email: Give an e-mail address such as ana@example.org.")
    assert second.rsplit("patients.csv", 1)[1].startswith(":3: This row has more values than there are columns.")
    assert summary == "2 problems. Nothing was written."
    assert "S3cret" not in result.output


def test_an_identifier_that_another_patient_has_is_a_problem_however_it_is_written(terminal: Terminal) -> None:
    done(terminal, text_of({**ANA, "national_id": "12.345.678-k", "chart": "HC 1", "insurance": "A1"}))
    others = text_of(
        {"key": "2", "full_name": "Eva", "national_id": "12345678K", "chart": "", "insurance": ""},
        {"key": "3", "full_name": "Ida", "national_id": "", "chart": "hc-1", "insurance": "a 1"},
        {"key": "4", "full_name": "Uma", "national_id": "HC1", "chart": "A1", "insurance": "12345678K"},
    )
    assert sorted(problems(terminal, others)) == [
        (2, "national_id", "identifier_taken"),
        (3, "chart", "identifier_taken"),
        (3, "insurance", "identifier_taken"),
    ]


def test_identifiers_of_another_country_and_charts_of_another_clinic_are_others(terminal: Terminal) -> None:
    row = {**ANA, "national_id": "12345678", "chart": "1"}
    done(terminal, text_of(row))
    assert done(terminal, text_of(row), clinic="Santiago Norte")["imported"] == 1


def test_a_birth_date_after_today_is_a_problem(terminal: Terminal) -> None:
    rows = [{**ANA, "birth_date": "2030-01-08"}, {"key": "2", "full_name": "Eva", "birth_date": "2030-01-07"}]
    assert problems(terminal, text_of(*rows)) == [(2, "birth_date", "not_a_birth_date")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", "123"),
        ("full_name", "A" * 201),
        ("full_name", "A\x01"),
        ("full_name", "\u200b"),
        ("email", "ana@example"),
        ("email", f"{'a' * 250}@example.org"),
        ("phone", "12"),
        ("phone", "5.19991E+10"),
        ("phone", "1" * 33),
    ],
    ids=ascii,
)
def test_the_rules_and_messages_are_those_of_the_api(terminal: Terminal, desk: Desk, field: str, value: str) -> None:
    told = desk.client.post("rita", "/users", {"user_name": "new", "full_name": "New", field: value})
    assert told.status == 422
    result = json.loads(run(terminal, text_of({**ANA, field: value}), "--json").stdout)
    [problem] = result["error"]["problems"]
    [error] = told.json["errors"]
    assert problem == {"line": 2, "column": field, "code": error["code"], "message": error["message"]}


@pytest.mark.parametrize("name", ["=1+A", "+Ana", "@Ana", "-Ana", "#NAME?"])
def test_what_a_broken_formula_leaves_is_no_name(terminal: Terminal, name: str) -> None:
    assert problems(terminal, text_of({**ANA, "full_name": name})) == [(2, "full_name", "not_a_name")]


def test_every_code_is_one_that_the_api_documents(terminal: Terminal) -> None:
    rows = {"birth_date": "x", "national_id": ".", "language": "de", "contact_by": "sms", "recalls": "1"}
    found = problems(terminal, text_of({**ANA, **rows}))
    assert {column for _, column, _ in found} == set(rows)
    assert {code for _, _, code in found} <= set(CODES)


def test_an_unknown_clinic_refuses(terminal: Terminal) -> None:
    result = run(terminal, text_of(ANA), "--json", clinic="Lima Sur")
    assert (result.exit_code, json.loads(result.stdout)["error"]["field"]) == (Exit.REFUSED, "clinic")


def test_a_file_is_cut_into_batches_by_size_too(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambda_function.cli.importing.BATCH_BYTES", 200)
    sizes: list[int] = []
    local = action_runner(terminal.tools(), None)

    def function(name: str) -> RunAction:
        def runs(action: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
            sizes.append(len(arguments["rows"]))
            return local(action, arguments)

        return runs

    terminal.function = function
    done(terminal, text_of(*(patient(number) for number in range(7))), "--function", "any")
    assert sizes == [1, 2, 2, 2] * 2 or max(sizes) <= 2
    assert len(imported(terminal)) == 7


@pytest.mark.parametrize("rows", [2, 300])
def test_a_batch_takes_as_many_statements_however_many_rows_it_has(
    terminal: Terminal, engine: Engine, rows: int
) -> None:
    sent: list[str] = []

    def note(*call: Any) -> None:
        sent.append(call[2])

    event.listen(engine, "before_cursor_execute", note)
    done(terminal, text_of(*(patient(number) for number in range(rows))))
    event.remove(engine, "before_cursor_execute", note)
    tables = [re.split(r"\W+", statement)[2] for statement in sent if statement.startswith("INSERT")]
    assert sorted(tables) == [
        "clinic_patient",
        "patient",
        "patient_identifier",
        "patient_import",
        "person_event",
        "person_word",
        "user",
    ]
    # The clinic, the keys and the identifiers in both passes; the lock; and the new ids.
    assert len(sent) - len(tables) == 8


def test_what_comes_up_after_the_check_stops_the_import_and_is_told(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody is given an identifier of the file between the check and the third batch."""
    monkeypatch.setattr("lambda_function.cli.importing.MOST_ROWS", 2)
    local = action_runner(terminal.tools(), None)
    kim = terminal.practice.ids["kim"]
    taken = PatientIdentifier(system=IdentifierSystem.NATIONAL_ID, scope="PE", value="00000004", user_id=kim)

    def function(name: str) -> RunAction:
        def runs(action: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
            if not arguments["dry_run"] and arguments["rows"][0]["line"] == 6:
                terminal.practice.add(taken)
            return local(action, arguments)

        return runs

    terminal.function = function
    rows = text_of(*(patient(number) for number in range(7)))
    result = run(terminal, rows, "--function", "any")
    assert result.exit_code == Exit.REFUSED
    assert f":6: national_id: Patient {kim} has this." in result.stderr
    assert result.stderr.endswith("1 problem. 4 patients were written before. Correct the file and repeat.\n")
    assert len(imported(terminal)) == 4

    corrected = text_of(*({**patient(number), "national_id": f"A{number}"} for number in range(7)))
    assert done(terminal, corrected) == {"dry_run": False, "imported": 3, "already_imported": 4}
