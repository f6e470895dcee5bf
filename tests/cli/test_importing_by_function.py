"""Operators import patients beside a database that only the operators' Lambda reaches. The Lambda is the real one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from dev.lambda_context import LambdaContext
from lambda_function.cli.command import Exit
from lambda_function.db.models import PatientImport
from lambda_function.services.operators.arguments import MOST_ROWS
from tests.aws import load_handler, store_secret
from tests.cli.terminal import Terminal
from tests.deployments import Answer, answer_invocations, fails, works
from tests.factories import Practice
from tests.patient_files import patient, text_of, write_patients

NAME = "dentist-test-operator"
# What Lambda takes and answers.
MOST_BYTES = 6_000_000

Handler = Callable[[Any, Any], Any]


@pytest.fixture
def handler(lambda_environment: pytest.MonkeyPatch, practice: Practice, app_url: URL) -> Handler:
    store_secret(app_url)
    loaded: Handler = load_handler("lambda_function.entrypoints.operator")
    return loaded


@pytest.fixture
def terminal(practice: Practice, tmp_path: Path, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The command line without a database. It sends 50 rows at a time."""
    monkeypatch.setattr("lambda_function.cli.importing.MOST_ROWS", 50)
    return Terminal(None, practice, tmp_path)  # type: ignore[arg-type] # the command never asks for it


@pytest.fixture
def sizes(handler: Handler) -> list[int]:
    """The bytes of the events and answers of the Lambda, which answers from now on."""
    sizes: list[int] = []

    def answer(name: str, event: bytes) -> Answer:
        assert name == NAME
        told = handler(json.loads(event), LambdaContext(name, 60))
        sizes.extend((len(event), len(json.dumps(told))))
        return works(told)

    answer_invocations(answer)
    return sizes


def _import(terminal: Terminal, file: Path, *options: str) -> Any:
    return terminal.run("import", "patients", str(file), "--clinic", "Lima Centro", "--function", NAME, *options)


def _keys(terminal: Terminal) -> list[str]:
    return [row.key_hash for row in terminal.practice.rows(PatientImport)]


def test_the_rows_reach_the_database_in_events(terminal: Terminal, sizes: list[int]) -> None:
    file = write_patients(terminal.folder / "patients.csv", range(120))
    assert _import(terminal, file, "--dry-run").stdout == "Nothing is wrong. 120 patients to import.\n"
    assert _import(terminal, file).stdout == "Imported 120 patients.\n"
    assert _import(terminal, file).stdout == "Imported 0 patients; 120 patients imported before.\n"
    assert len(_keys(terminal)) == 120


def test_problems_come_back_with_their_lines(terminal: Terminal, sizes: list[int], log_text: Callable[[], str]) -> None:
    file = terminal.folder / "patients.csv"
    rows = [patient(number) for number in range(60)]
    rows[51] |= {"email": "S3cret"}
    rows[55] |= {"chart": rows[3]["chart"]}
    file.write_text(text_of(*rows))
    result = _import(terminal, file)
    assert result.exit_code == Exit.REFUSED
    assert [line.rsplit("patients.csv", 1)[1] for line in result.stderr.splitlines()[:-1]] == [
        ":53: email: Give an e-mail address such as ana@example.org.",
        ":57: chart: Line 5 has the same. Each may come once.",
    ]
    assert _keys(terminal) == []
    assert "S3cret" not in log_text() + result.output


def test_a_refusal_of_the_function_refuses_the_command(terminal: Terminal, sizes: list[int]) -> None:
    file = write_patients(terminal.folder / "patients.csv", range(1))
    result = terminal.run("import", "patients", str(file), "--clinic", "Nowhere", "--function", NAME, "--json")
    detail = "There is no such clinic. There are: Lima Centro, Santiago Norte."
    assert (result.exit_code, json.loads(result.stdout)["error"]["detail"]) == (1, detail)


def test_an_answer_that_is_lost_costs_nothing_but_a_repetition(terminal: Terminal, handler: Handler) -> None:
    file = write_patients(terminal.folder / "patients.csv", range(120))
    written = []

    def answer(name: str, event: bytes) -> Answer:
        told = handler(json.loads(event), LambdaContext(name, 60))
        if not json.loads(event)["arguments"]["dry_run"]:
            written.append(told)
        return fails("Sandbox.Timedout") if len(written) == 2 else works(told)

    answer_invocations(answer)
    result = _import(terminal, file)
    assert (result.exit_code, len(_keys(terminal))) == (Exit.REFUSED, 100)

    written += [None]
    assert _import(terminal, file).stdout == "Imported 20 patients; 100 patients imported before.\n"
    assert len(_keys(terminal)) == 120


@pytest.mark.parametrize("text", ['"' * 300, "\U0001f9b7" * 200, "x" * 30_000], ids=["quotes", "emoji", "long"])
def test_events_and_answers_stay_within_lambdas_limits(
    terminal: Terminal, sizes: list[int], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("lambda_function.cli.importing.MOST_ROWS", MOST_ROWS)
    file = terminal.folder / "patients.csv"
    file.write_text(text_of(*({"key": str(number), "full_name": text, "email": text} for number in range(MOST_ROWS))))
    assert _import(terminal, file).exit_code == Exit.REFUSED
    assert max(sizes) < MOST_BYTES / 2
