"""What all commands have in common: one document on standard output, refusals and metrics on standard error, and exit
codes.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from unittest.mock import patch

import boto3
import pytest
from click.testing import CliRunner, Result

from lambda_function.bootstrap.cli import build_tools
from lambda_function.cli.command import Exit, JsonCommand, JsonGroup, Output, progress
from lambda_function.cli.program import main
from lambda_function.domain.errors import HasBookingsError, NotFoundError
from lambda_function.observability import count
from tests.architecture.source import ROOT


def ran(work: Callable[[], Output], *arguments: str) -> Result:
    return CliRunner().invoke(JsonCommand("try", callback=work), arguments)


def cli(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Starts the real program in an environment with only these variables. Its imports take two seconds, so a test that
    needs no process of its own calls `cli_here`.
    """
    command = [sys.executable, "-m", "lambda_function", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False
    )


def cli_here(*arguments: str, **environment: str) -> Result:
    """Runs the same program in this process, in an environment with only these variables."""
    only = patch.dict(os.environ, {"PATH": os.environ["PATH"], **environment}, clear=True)
    no_session = patch.object(boto3, "DEFAULT_SESSION", None)  # an earlier one may remember another environment
    with only, no_session:
        result = CliRunner().invoke(main, arguments, obj=build_tools(), prog_name="python -m lambda_function")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def seen() -> Output:
    return Output({"at": datetime(2030, 1, 7, 14, tzinfo=UTC), "name": "Muñoz"}, "One person.")


def refused() -> Output:
    raise HasBookingsError("There are visits ahead.", [4, 7])


def test_a_person_reads_text() -> None:
    result = ran(seen)
    assert (result.stdout, result.stderr, result.exit_code) == ("One person.\n", "", Exit.DONE)


def test_a_program_reads_one_document() -> None:
    result = ran(seen, "--json")
    assert (result.stdout, result.stderr) == ('{"at": "2030-01-07T14:00:00Z", "name": "Muñoz"}\n', "")


def test_a_refusal_is_a_message_on_standard_error() -> None:
    result = ran(refused)
    assert (result.stdout, result.exit_code) == ("", Exit.REFUSED)
    assert result.stderr == "Error: There are visits ahead. Appointment ids: 4, 7.\n"


def test_a_refusal_is_a_document_for_a_program() -> None:
    result = ran(refused, "--json")
    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["appointment_ids"], result.exit_code) == ("has_bookings", [4, 7], Exit.REFUSED)
    assert result.stderr


def test_a_refusal_without_appointments_names_none() -> None:
    def nobody() -> Output:
        raise NotFoundError("There is no such person.")

    assert ran(nobody).stderr == "Error: There is no such person.\n"


def test_an_output_may_say_that_something_is_different() -> None:
    assert ran(lambda: Output({}, "", Exit.DIFFERENT)).exit_code == Exit.DIFFERENT


def test_metrics_stay_out_of_the_output() -> None:
    def retried() -> Output:
        count("TransactionRetried")
        return Output({}, "")

    result = ran(retried, "--json")
    assert result.stdout == "{}\n"
    assert "TransactionRetried" in result.stderr


def test_a_group_makes_commands_and_groups_of_these_kinds() -> None:
    group = JsonGroup("all").group("some")(lambda: None)
    assert isinstance(group, JsonGroup)
    assert isinstance(group.command("one")(seen), JsonCommand)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:  # noqa: FBT001
    errors = io.StringIO()
    monkeypatch.setattr(errors, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", errors)
    with progress(range(3), "Deleting") as items:
        assert list(items) == [0, 1, 2]
    assert ("Deleting" in errors.getvalue()) is terminal


def test_the_program_explains_itself_without_an_environment() -> None:
    run = cli("--help")
    assert (run.returncode, run.stderr) == (Exit.DONE, "")
    assert "Exit codes" in run.stdout


def test_an_unknown_command_is_a_matter_of_usage() -> None:
    assert cli_here("fly").exit_code == Exit.USAGE
