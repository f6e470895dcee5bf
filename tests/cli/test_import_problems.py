"""What an import tells people about the problems of a file."""

import json
from typing import Any

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.models import PatientImport
from tests.cli.terminal import Terminal
from tests.patient_files import text_of

ANA = {"key": "1", "full_name": "Ana Ríos"}


def refused(terminal: Terminal, *rows: dict[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Returns the problems of a file, and the lines that people read about it."""
    file = terminal.folder / "patients.csv"
    file.write_text(text_of(*rows), encoding="utf-8", newline="")
    result = terminal.run("import", "patients", str(file), "--clinic", "Lima Centro", "--json")
    assert result.exit_code == Exit.REFUSED, result.output
    lines = [line.rsplit("patients.csv", 1)[-1] for line in result.stderr.splitlines()]
    return json.loads(result.stdout)["error"]["problems"], lines


@pytest.mark.parametrize("column", ["key", "national_id", "insurance", "chart"])
@pytest.mark.parametrize("leftover", ["#REF!", "#N/A", "==B2", "=A1", "+1", "@A", "1,00E+05", "4.5678901e+07"])
def test_what_broken_formulas_and_rounded_numbers_leave_is_no_key_and_no_identifier(
    terminal: Terminal, column: str, leftover: str
) -> None:
    rows = [{"key": str(number), "full_name": "Ana", column: leftover} for number in (1, 2)]
    found, _ = refused(terminal, *rows)
    assert [(each["line"], each["column"], each["code"]) for each in found] == [
        (2, column, "malformed"),
        (3, column, "malformed"),
    ]
    assert {each["message"] for each in found} == {
        "This looks like a broken formula or a rounded number. Format the column as text and save the file again."
    }
    assert terminal.practice.rows(PatientImport) == []


def test_numbers_with_letters_stay_what_they_are(terminal: Terminal) -> None:
    file = terminal.folder / "patients.csv"
    file.write_text(text_of({"key": "-E1", "full_name": "Ana", "national_id": "12345678E", "chart": "12E5"}))
    assert terminal.done("import", "patients", str(file), "--clinic", "Lima Centro")["imported"] == 1


@pytest.mark.parametrize("written", ["31/12/1980", "12.03.1984", "29298", "1984-3-9"])
def test_a_birth_date_in_another_form_is_told_by_its_form(terminal: Terminal, written: str) -> None:
    [problem], _ = refused(terminal, {**ANA, "birth_date": written})
    assert (problem["code"], problem["message"]) == (
        "not_a_birth_date",
        "Write the birth date as year-month-day, such as 1980-12-31.",
    )


@pytest.mark.parametrize("day", ["1899-12-31", "2030-01-08"])
def test_a_birth_date_out_of_range_is_told_once_with_the_range(terminal: Terminal, day: str) -> None:
    [problem], _ = refused(terminal, {**ANA, "birth_date": day})
    assert "from 1900-01-01" in problem["message"]


def test_of_many_problems_people_read_the_first_and_how_many_there_are_of_each_kind(terminal: Terminal) -> None:
    rows = [{"key": "=A1", "full_name": "Ana", "birth_date": "1.1.1980", "chart": "7"} for _ in range(80)]
    found, lines = refused(terminal, *rows)
    assert len(found) == 80 + 80 + 79
    assert lines[99].startswith(":")
    assert lines[100:] == [
        "… and 139 more. In all, there are:",
        f"80 times: key: {found[0]['message']}",
        "80 times: birth_date: Write the birth date as year-month-day, such as 1980-12-31.",
        "79 times: chart: Line 2 has the same. Each may come once.",
        "239 problems. Nothing was written.",
    ]
