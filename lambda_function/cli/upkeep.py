"""`check` and `purge`: is the database well, and not growing for nothing."""

import click

from lambda_function.cli.action import Action, Answer, Exit, Tools
from lambda_function.cli.operating import act


@click.command(cls=Action)
@click.pass_obj
def check(tools: Tools) -> Answer:
    """Prove that the database agrees with itself.

    Every appointment holds just its time, nothing refers to what is not there, everybody is what their type says, time
    zones exist, the schema is the build's. Exits with 1 when something is wrong. Changes nothing.
    """
    document = act(tools, "check")
    if document["ok"]:
        return Answer(document, "Everything agrees.")
    return Answer(document, "\n".join(map(_line, document["findings"])), Exit.REFUSED)


@click.command(cls=Action)
@click.pass_obj
def purge(tools: Tools) -> Answer:
    """Delete what is kept for a time only.

    Claims of time that passed a week ago, answers to idempotency keys after a day, messages a week after they were
    published. Small transactions: it can run
    beside the service, and be stopped.
    """
    document = act(tools, "purge")
    deleted = ", ".join(f"{rows} {name.replace('_', ' ')}" for name, rows in document["deleted"].items())
    return Answer(document, f"Deleted: {deleted}.")


def _line(finding: dict[str, object]) -> str:
    ids = " ".join(f"{name}={value}" for name, value in finding.items() if name not in {"check", "detail"})
    return f"{finding['check']}: {ids} {finding['detail']}".replace(":  ", ": ")
