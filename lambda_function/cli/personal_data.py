"""`export-person` and `erase-person`."""

import json
from typing import Any

import click

from lambda_function.cli.command import JsonCommand, Output, Tools
from lambda_function.cli.run_action import run_action


@click.command("export-person", cls=JsonCommand)
@click.argument("user_name")
@click.pass_obj
def export_person(tools: Tools, user_name: str) -> Output:
    """Print everything that is known about a person, as JSON even without --json.

    For staff this includes what they did, but not what was written about their patients. The output is personal data:
    take care where you store it.
    """
    document = run_action(tools, "export-person", user_name=user_name)
    return Output(document, json.dumps(document, default=str, ensure_ascii=False, indent=2))


@click.command("erase-person", cls=JsonCommand)
@click.argument("user_name")
@click.option(
    "--cancel-visits",
    is_flag=True,
    help="Cancel the visits that the patient has ahead. Without it, such visits refuse the command.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def erase_person(tools: Tools, *, user_name: str, cancel_visits: bool, yes: bool) -> Output:
    """Erase a patient's personal data permanently.

    This deletes names, contact data, notes, reasons, texts in the history, waitlist entries, calendar access, stored
    answers and the account. The visits keep their time, clinic and treatment, and a number in place of the person.
    Staff cannot be erased, since patient records name them.
    """
    if not yes:
        click.confirm("This cannot be undone. Erase this person?", abort=True, err=True)
    document: dict[str, Any] = run_action(tools, "erase-person", user_name=user_name, cancel_visits=cancel_visits)
    return Output(document, f"User {document['user_id']} is erased. Account: {document['account']}.")
