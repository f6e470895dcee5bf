"""`users …`: people as operators see, make, change and close them."""

from collections.abc import Sequence
from typing import Any

import click

from lambda_function.cli.command import JsonGroup, Output, Tools
from lambda_function.cli.merging import merge
from lambda_function.cli.plan_text import ids_text
from lambda_function.cli.run_action import run_action
from lambda_function.cli.table import table_text
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import HasBookingsError

_TYPE = click.Choice([role.lower() for role in Role], case_sensitive=False)
_clinics = click.option(
    "--clinic", "clinics", multiple=True, help="Name of a clinic. Repeat the option for several clinics."
)
_treatments = click.option(
    "--treatment",
    "treatments",
    multiple=True,
    help="Code of a treatment that the doctor offers. Repeat the option for several; the first is the default.",
)
_user_name = click.argument("user_name")
_WHAT_NEXT = "Add --cancel-visits to cancel a patient's, or --keep-visits to leave a doctor's for a reception to move."


@click.group(cls=JsonGroup)
def users() -> None:
    """List, create, change, deactivate, reactivate and merge people. Name clinics by name and treatments by code.

    If COGNITO_USER_POOL_ID is set, their accounts in that user pool are created, disabled and enabled as well.
    """


@users.command("list")
@click.option("--type", "user_type", type=_TYPE, help="List people of this type only.")
@click.option("--clinic", help="List people of the clinic with this name only.")
@click.option("--active/--inactive", default=None, help="List active people only, or inactive people only.")
@click.option(
    "-q",
    help="List people by words of their name, user name, e-mail or identifiers, or by four digits of their phone.",
)
@click.option("--after", type=int, help="Continue after this user id, which the page before names.")
@click.option("--limit", type=int, help="Page size, up to 1000. The default is 100.")
@click.pass_obj
def list_users(tools: Tools, /, **options: Any) -> Output:
    """List people in the order of their ids."""
    document = run_action(tools, "users.list", **_upper(options))
    more = document["next_after"]
    return Output(document, _table(document["items"]) + (f"\nMore: --after {more}" if more else ""))


@users.command()
@_user_name
@click.option(
    "--type",
    "user_type",
    type=_TYPE,
    required=True,
    help="Whether the person is a patient, a doctor or a receptionist.",
)
@click.option("--name", "full_name", required=True, help="Full name.")
@click.option(
    "--email", help="Address that the invitation to the account is sent to. Required for staff if there is a user pool."
)
@click.option("--phone", help="Phone number.")
@_clinics
@_treatments
@click.pass_obj
def create(tools: Tools, /, **options: Any) -> Output:
    """Create a person. If it fails half-way, run the same command again.

    A doctor works in exactly one clinic, a receptionist in at least one.
    """
    document = run_action(tools, "users.create", **_upper(options))
    done = "Created" if document["created"] else "There was already"
    how = "" if document["active"] else f", who is inactive: `users activate {document['user_name']}` lets them back in"
    return Output(document, f"{done} user {document['user_id']}{how}. Account: {document['account']}.")


@users.command("set-type")
@_user_name
@click.argument("user_type", type=_TYPE)
@_clinics
@_treatments
@click.pass_obj
def set_type(tools: Tools, /, **options: Any) -> Output:
    """Change what a person is: patient, doctor or receptionist.

    Refused while the person has visits ahead, since nobody would attend them. What the person was before stays on
    record, and is used again if they change back.
    """
    document = run_action(tools, "users.set-type", **_upper(options))
    return Output(document, f"User {document['user_id']} is a {document['user_type'].lower()} now.")


@users.command()
@_user_name
@click.option("--cancel-visits", is_flag=True, help="Cancel the visits that the patient has ahead.")
@click.option("--keep-visits", is_flag=True, help="Keep the visits that the doctor has ahead, for a reception to move.")
@click.pass_obj
def deactivate(tools: Tools, /, **options: Any) -> Output:
    """Deactivate a person, who can no longer log in.

    Refused while the person has visits ahead, unless an option says what becomes of them.
    """
    try:
        document = run_action(tools, "users.deactivate", **options)
    except HasBookingsError as error:
        raise HasBookingsError(f"{error} {_WHAT_NEXT}", error.appointment_ids) from None
    done = "deactivated" if document["deactivated"] else "was inactive already"
    ids = document["appointment_ids"]
    purpose = " for a reception to move" if options["keep_visits"] else " now cancelled"
    visits = f" {ids_text(ids, purpose)}" if ids else ""
    return Output(document, f"User {document['user_id']} {done}. Account: {document['account']}.{visits}")


@users.command()
@_user_name
@click.pass_obj
def activate(tools: Tools, /, **options: Any) -> Output:
    """Reactivate a person. Their cancelled visits stay cancelled. People who were erased cannot be reactivated."""
    document = run_action(tools, "users.activate", **options)
    done = "is active again" if document["activated"] else "was active already"
    return Output(document, f"User {document['user_id']} {done}. Account: {document['account']}.")


@users.command("rebuild-words")
@click.pass_obj
def rebuild_words(tools: Tools, /) -> Output:
    """Correct the words by which people are found.

    Run it when a release asks for it, or when `check` finds wrong words. It works in small transactions, so it can run
    beside the service, and can be stopped at any time: run it again to continue.
    """
    document = run_action(tools, "users.rebuild-words")
    return Output(document, f"Corrected the words of {document['people_changed']} people.")


users.add_command(merge)


def _upper(options: dict[str, Any]) -> dict[str, Any]:
    role = options["user_type"]
    return {**options, "user_type": role and role.upper()}


def _table(items: Sequence[dict[str, Any]]) -> str:
    rows = [("ID", "USER NAME", "TYPE", "NAME", "CLINICS", "STATE")]
    rows += [
        (
            str(item["user_id"]),
            item["user_name"],
            item["user_type"].lower(),
            item["full_name"],
            ", ".join(item["clinics"]),
            "active" if item["active"] else "inactive",
        )
        for item in items
    ]
    return table_text(rows)
