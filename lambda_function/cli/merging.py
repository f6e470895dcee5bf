"""`users merge`."""

from typing import Any

import click

from lambda_function.cli.command import JsonCommand, Output, Tools
from lambda_function.cli.run_action import run_action

_ACCOUNTS = {
    "none": "FROM has no account.",
    "moved": "FROM's account becomes INTO's.",
    "closed": "FROM's account is deleted.",
}
# What else may be in fields_different is often different for one person too.
_WARNINGS = {
    "birth_date": "The birth dates differ: make sure that they are one person.",
    "identifiers": "Both have an identifier of the same kind, and the two differ: make sure that they are one person.",
}


@click.command(cls=JsonCommand)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="INTO")
@click.option("--close-account", is_flag=True, help="If both have an account, delete the one of FROM.")
@click.option("--plan", is_flag=True, help="Show what would happen, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def merge(tools: Tools, *, source: str, target: str, close_account: bool, plan: bool, yes: bool) -> Output:
    """Merge two rows of one patient: everything of FROM becomes INTO's.

    FROM and INTO are user names or ids. `id:7` is an id, `name:7` a user name; digits alone are either, as long as only
    one person is meant. What INTO lacks of contact data, birth date, language and wishes about messages is filled in
    from FROM, of which only a number is left. This cannot be undone. If it is stopped half-way, run it again.

    It asks for confirmation on a terminal only.
    """
    options = {"source": source, "target": target, "close_account": close_account}
    if plan or (tools.on_terminal() and not yes):
        planned = run_action(tools, "users.merge", **options, plan=True)
        if plan:
            return Output(planned, _text(planned))
        click.echo(_text(planned), err=True)
        click.confirm("This cannot be undone. Merge these two?", abort=True, err=True)
    document = run_action(tools, "users.merge", **options)
    return Output(document, _text(document) if document["merged"] else _repeated(document))


def _repeated(document: dict[str, Any]) -> str:
    return f"User {document['source']['user_id']} had been merged into another already; nothing of it is left."


def _text(document: dict[str, Any]) -> str:
    done = document["merged"]
    different, ahead = document["fields_different"], document["visits_ahead"]
    lines = [
        f"FROM: {_person(document['source'])}",
        f"INTO: {_person(document['target'])}",
        *(warning for field, warning in _WARNINGS.items() if field in different and not done),
        "FROM was merged into INTO." if done else "FROM would be merged into INTO.",
        f"Visits: {document['visits']}, of which {ahead} {'is' if ahead == 1 else 'are'} ahead.",
        f"Open wishes of the waitlist: {document['wishes']} move, {document['wishes_ended']} of both end.",
        f"Identifiers: {document['identifiers']}.",
        f"Guardians and dependants: {document['guardians']}.",
        f"Further clinics: {document['clinics']}.",
        f"Filled in: {_names(document['fields_filled'])}. Different, and left: {_names(different)}.",
        _ACCOUNTS[document["account"]],
        "FROM's calendar address and link code end.",
    ]
    return "\n".join(lines)


def _person(person: dict[str, Any]) -> str:
    return f"user {person['user_id']}, {person['user_name']}, {person['full_name']}"


def _names(fields: list[str]) -> str:
    return ", ".join(fields) or "nothing"
