"""`links end`: ends the links of messages that lead to a visit."""

import click

from lambda_function.cli.command import JsonGroup, Output, Tools
from lambda_function.cli.run_action import run_action


@click.group(cls=JsonGroup)
def links() -> None:
    """End links of messages that others have got hold of."""


@links.command()
@click.option("--visit", type=int, required=True, help="The id of the visit (appointment_id) that a message is about.")
@click.pass_obj
def end(tools: Tools, visit: int) -> Output:
    """End all links that lead to a visit, whatever message they are in and whoever got it.

    If the visit was booked by a link in place of a cancelled one, or another one in place of it, they all share their
    links, and all of these end. Messages that are sent later have links that work, so correct the address first
    (PATCH /users/{user_id}) if somebody else reads what goes there.
    """
    document = run_action(tools, "links.end", appointment_id=visit)
    number = document["ended"]
    links_ended = "1 link" if number == 1 else f"{number} links"
    return Output(document, f"Ended {links_ended} that led to visit {document['appointment_id']}.")
