"""`users …`: people as operators see, make, change and close them."""

from collections.abc import Sequence
from typing import Any

import click

from lambda_function.cli.command import JsonGroup, Output, Tools
from lambda_function.cli.run_action import run_action
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import HasBookingsError

_TYPE = click.Choice([role.lower() for role in Role], case_sensitive=False)
_clinics = click.option("--clinic", "clinics", multiple=True, help="Name of a clinic. May be given several times.")
_treatments = click.option(
    "--treatment",
    "treatments",
    multiple=True,
    help="Code of a treatment that a doctor offers; the first is the default. May be given several times.",
)
_user_name = click.argument("user_name")
_WHAT_NEXT = "Give --cancel-visits to cancel a patient's, or --keep-visits to leave a doctor's for a reception to move."


@click.group(cls=JsonGroup)
def users() -> None:
    """List, create, change, deactivate and reactivate people. Clinics are named, treatments go by their codes.

    With COGNITO_USER_POOL_ID set, accounts in that pool are made and disabled too.
    """


@users.command("list")
@click.option("--type", "user_type", type=_TYPE, help="Only patients, doctors or receptionists.")
@click.option("--clinic", help="Only those of the clinic of this name.")
@click.option("--active/--inactive", default=None, help="Only those who are, or are not, active.")
@click.option("-q", help="Only those whose name, user name, e-mail or phone starts like this.")
@click.option("--after", type=int, help="Go on after this user id.")
@click.option("--limit", type=int, help="At most so many, up to 1000.  [default: 100]")
@click.pass_obj
def list_users(tools: Tools, /, **options: Any) -> Output:
    """Show people in the order of their ids."""
    document = run_action(tools, "users.list", **_upper(options))
    more = document["next_after"]
    return Output(document, _table(document["items"]) + (f"\nMore: --after {more}" if more else ""))


@users.command()
@_user_name
@click.option("--type", "user_type", type=_TYPE, required=True, help="What the person is.")
@click.option("--name", "full_name", required=True, help="Full name.")
@click.option("--email", help="Where the account's invitation goes: needed for staff when there is a pool.")
@click.option("--phone")
@_clinics
@_treatments
@click.pass_obj
def create(tools: Tools, /, **options: Any) -> Output:
    """Create a person. Doing it again finishes what is missing.

    A doctor works in one clinic, a receptionist in at least one.
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
    """Make a person a patient, doctor or receptionist.

    Refused while visits are ahead that nobody would attend. What the person was before stays on record, and holds again
    when they come back to it.
    """
    document = run_action(tools, "users.set-type", **_upper(options))
    return Output(document, f"User {document['user_id']} is a {document['user_type'].lower()} now.")


@users.command()
@_user_name
@click.option("--cancel-visits", is_flag=True, help="Cancel the visits that a patient has ahead.")
@click.option("--keep-visits", is_flag=True, help="Leave the visits that a doctor has ahead for a reception to move.")
@click.pass_obj
def deactivate(tools: Tools, /, **options: Any) -> Output:
    """Close a person's access. Refused while visits are ahead, unless told what becomes of them."""
    try:
        document = run_action(tools, "users.deactivate", **options)
    except HasBookingsError as error:
        raise HasBookingsError(f"{error} {_WHAT_NEXT}", error.appointment_ids) from None
    done = "deactivated" if document["deactivated"] else "was inactive already"
    ids = ", ".join(map(str, document["appointment_ids"]))
    what = "Left for a reception to move" if options["keep_visits"] else "Cancelled"
    visits = f" {what}: {ids}." if ids else ""
    return Output(document, f"User {document['user_id']} {done}. Account: {document['account']}.{visits}")


@users.command()
@_user_name
@click.pass_obj
def activate(tools: Tools, /, **options: Any) -> Output:
    """Let a deactivated person back in. Cancelled visits stay cancelled; whoever was erased does not come back."""
    document = run_action(tools, "users.activate", **options)
    done = "is active again" if document["activated"] else "was active already"
    return Output(document, f"User {document['user_id']} {done}. Account: {document['account']}.")


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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
