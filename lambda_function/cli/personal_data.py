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
    """Print all that is known about a person, as JSON with or without --json.

    Of staff it holds what they did, not what was written about their patients. The output is personal data: mind where
    it goes.
    """
    document = run_action(tools, "export-person", user_name=user_name)
    return Output(document, json.dumps(document, default=str, ensure_ascii=False, indent=2))


@click.command("erase-person", cls=JsonCommand)
@click.argument("user_name")
@click.option("--cancel-visits", is_flag=True, help="Cancel what the patient has ahead; refused otherwise.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase_person(tools: Tools, *, user_name: str, cancel_visits: bool, yes: bool) -> Output:
    """Forget a patient, for good.

    Names, contact, notes, reasons, history texts, waitlist, calendar access, kept answers and the account go. Of the
    visits stays when, where and which treatment, and a number for the person. Staff are not erased: who treated a
    patient belongs to the patient's record.
    """
    if not yes:
        click.confirm("This cannot be undone. Erase this person?", abort=True, err=True)
    document: dict[str, Any] = run_action(tools, "erase-person", user_name=user_name, cancel_visits=cancel_visits)
    return Output(document, f"User {document['user_id']} is erased. Account: {document['account']}.")
