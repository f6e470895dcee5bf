"""`check` and `purge`: is the database well, and not growing for nothing."""

import click

from lambda_function.cli.command import Exit, JsonCommand, Output, Tools
from lambda_function.cli.run_action import run_action


@click.command(cls=JsonCommand)
@click.pass_obj
def check(tools: Tools) -> Output:
    """Prove that the database agrees with itself.

    Every appointment holds just its time, nothing refers to what is not there, everybody is what their type says, time
    zones exist, the schema is the build's. Exits with 1 when something is wrong. Changes nothing.
    """
    document = run_action(tools, "check")
    if document["ok"]:
        return Output(document, "Everything agrees.")
    return Output(document, "\n".join(map(_line, document["findings"])), Exit.REFUSED)


@click.command(cls=JsonCommand)
@click.pass_obj
def purge(tools: Tools) -> Output:
    """Delete what is kept for a time only.

    Claims of time that passed a week ago, answers to idempotency keys after a day, messages a week after they were
    published. Small transactions: it can run
    beside the service, and be stopped.
    """
    document = run_action(tools, "purge")
    deleted = ", ".join(f"{rows} {name.replace('_', ' ')}" for name, rows in document["deleted"].items())
    return Output(document, f"Deleted: {deleted}.")


def _line(finding: dict[str, object]) -> str:
    ids = " ".join(f"{name}={value}" for name, value in finding.items() if name not in {"check", "detail"})
    return f"{finding['check']}: {ids} {finding['detail']}".replace(":  ", ": ")
