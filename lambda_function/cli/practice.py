"""`practice plan FILE`, `practice apply FILE` and `practice export`."""

from pathlib import Path
from typing import Any

import click

from lambda_function.cli.command import Exit, JsonGroup, Output, Tools, refusal
from lambda_function.cli.plan_text import plan_text
from lambda_function.cli.run_action import run_action
from lambda_function.cli.yaml_file import YamlError, YamlFile
from lambda_function.cli.yaml_text import yaml_text
from lambda_function.services.operators.actions import Document
from lambda_function.services.practice.apply import PracticeConflictsError
from lambda_function.services.practice.plan_document import plan_document
from lambda_function.services.practice.read_declaration import DeclarationError, path_text

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group(cls=JsonGroup)
def practice() -> None:
    """Declare clinics, chairs, treatments, staff, hours and closures in one YAML file.

    Treatments are identified by code, staff by user name, clinics by name, and chairs by name within their clinic. It
    also names the countries that have a register of visits. What the file leaves out stays as it is. docs/practice.md
    describes the file.
    """


@practice.command("plan")
@_file
@click.pass_obj
def plan_command(tools: Tools, file: Path) -> Output:
    """Show what `apply` would change, without changing it.

    Exit code 0: there is no difference; 3: apply would change something; 1: the file is wrong, or apply would refuse.
    """
    return _run(tools, "practice.plan", file)


@practice.command("apply")
@_file
@click.option(
    "--accept-conflicts",
    is_flag=True,
    help="Close days although there are appointments on them. They stay booked until the reception moves them.",
)
@click.pass_obj
def apply_command(tools: Tools, file: Path, accept_conflicts: bool) -> Output:  # noqa: FBT001 - click passes it by name
    """Change the practice to what FILE says: all of it or nothing.

    Refused if an appointment ahead would lose its doctor, chair, clinic or treatment.
    """
    return _run(tools, "practice.apply", file, accept_conflicts=accept_conflicts)


@practice.command("export")
@click.pass_obj
def export_command(tools: Tools) -> Output:
    """Print the whole practice as a practice file, for which `plan` finds no difference.

    It holds everything that a file can say, in use or not, and the contact data of staff. Write it to a file with
    `practice export > practice.yaml`.
    """
    document = run_action(tools, "practice.export")
    return Output(document, yaml_text(document))


def _run(tools: Tools, action: str, path: Path, **options: bool) -> Output:
    try:
        file = YamlFile(path)
    except YamlError as error:
        return _wrong_file([{"path": None, "line": None, "message": str(error)}], [f"{path}: {error}"])
    try:
        return _planned(run_action(tools, action, practice=file.data, **options))
    except PracticeConflictsError as error:
        document = plan_document(error.plan, applied=False)
        return Output(document, plan_text(document), Exit.REFUSED, refusal(error))
    except DeclarationError as error:
        problems = [
            {"path": path_text(place), "line": file.line_of(place), "message": message}
            for place, message in error.problems
        ]
        lines = [f"{path}:{each['line'] or 1}: {each['path']}: {each['message']}" for each in problems]
        return _wrong_file(problems, lines, error.code)


def _planned(document: Document) -> Output:
    if document["applied"]:
        return Output(document, plan_text(document))
    if document["conflicts"]:
        return Output(document, plan_text(document), Exit.REFUSED, "`practice apply` would refuse this file.")
    return Output(document, plan_text(document), Exit.DIFFERENT if document["changes"] else Exit.DONE)


def _wrong_file(problems: list[dict[str, Any]], lines: list[str], code: str = DeclarationError.code) -> Output:
    error = {"code": code, "detail": "The file is wrong.", "problems": problems}
    return Output({"error": error}, "", Exit.REFUSED, "\n".join(lines))
