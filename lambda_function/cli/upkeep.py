"""`check` and `purge`: whether the database is consistent, and what it no longer needs."""

import click

from lambda_function.cli.command import Exit, JsonCommand, Output, Tools
from lambda_function.cli.run_action import run_action


@click.command(cls=JsonCommand)
@click.pass_obj
def check(tools: Tools) -> Output:
    """Check that the database is consistent. This changes nothing.

    Every appointment claims exactly its own time, no row refers to a missing row, every person has the profile of their
    type and the words by which a search finds them, nothing names people who were merged into others, no guardian has a
    guardian, all time zones are known, and the schema is what this build needs.
    The exit code is 1 if anything is wrong.
    """
    document = run_action(tools, "check")
    if document["ok"]:
        return Output(document, "Everything agrees.")
    return Output(document, "\n".join(map(_line, document["findings"])), Exit.REFUSED)


@click.command(cls=JsonCommand)
@click.pass_obj
def purge(tools: Tools) -> Output:
    """Delete data that is kept for a limited time.

    This deletes claims on time that passed a week ago, stored answers to idempotency keys after a day, messages a week
    after they were published, expired link codes, and counts of wrong codes. It works in small transactions, so it can
    run beside the service, and can be stopped at any time.
    """
    document = run_action(tools, "purge")
    deleted = ", ".join(f"{rows} {name.replace('_', ' ')}" for name, rows in document["deleted"].items())
    return Output(document, f"Deleted: {deleted}.")


def _line(finding: dict[str, object]) -> str:
    ids = " ".join(f"{name}={value}" for name, value in finding.items() if name not in {"check", "detail"})
    return f"{finding['check']}: {ids} {finding['detail']}".replace(":  ", ": ")
