"""`person events`: what has happened to somebody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from lambda_function.cli.command import JsonGroup, Output, Tools
from lambda_function.cli.run_action import run_action
from lambda_function.cli.table import table_text


@click.group(cls=JsonGroup)
def person() -> None:
    """See what has happened to a person."""


@person.command()
@click.argument("person", metavar="NAME|ID")
@click.option("--after", type=int, help="Continue after this event, which the page before names.")
@click.option("--limit", type=int, help="Page size, up to 1000. The default is 100.")
@click.pass_obj
def events(tools: Tools, person: str, after: int | None, limit: int | None) -> Output:
    """List what has happened to a person, oldest first: when, which fields, and who did it.

    A number is an id. People who were erased or merged into another are found by it, and by `erased:17` or `merged:17`.
    Values are not stored. Nobody is named for what operators did.
    """
    named = {"user_id": int(person)} if person.isascii() and person.isdigit() else {"user_name": person}
    document = run_action(tools, "person.events", **named, after=after, limit=limit)
    more = document["next_after"]
    return Output(document, _table(document["items"]) + (f"\nMore: --after {more}" if more else ""))


def _table(items: Sequence[dict[str, Any]]) -> str:
    rows = [("TIME", "ACTION", "FIELDS", "BY")]
    rows += [(_time(item["at"]), item["action"], ", ".join(item["fields"]), _actor(item)) for item in items]
    return table_text(rows)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _actor(item: dict[str, Any]) -> str:
    return "-" if item["actor_id"] is None else f"{item['actor_name']} ({item['actor_id']})"
