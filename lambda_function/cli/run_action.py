"""Running one of the operators' actions for a command."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from lambda_function.cli.command import RunAction, Tools, progress
from lambda_function.services.operators.actions import Document, OperatorContext, run
from lambda_function.services.operators.invocation import messages

_Item = TypeVar("_Item")


def run_action(tools: Tools, name: str, function: str | None = None, /, **options: Any) -> Document:
    """What the action answers, from the database or from the operators' Lambda of that name. Options that are None take
    its defaults; what it does not take is a usage error.
    """
    arguments = {
        option: list(value) if isinstance(value, tuple) else value
        for option, value in options.items()
        if value is not None
    }
    if function is not None:
        return dict(tools.function(function)(name, arguments))
    try:
        return run(OperatorContext(tools.database(), tools.accounts(), _watch), name, arguments)
    except ValidationError as error:
        wrong = " ".join(f"{item['field']}: {item['message']}" for item in messages(error))
        raise click.UsageError(wrong) from None


def action_runner(tools: Tools, function: str | None) -> RunAction:
    """Returns what runs actions, many of them for one command: on the database, or in the operators' Lambda of this
    name. Accounts are left alone.
    """
    return partial(run, OperatorContext(tools.database())) if function is None else tools.function(function)


def _watch(items: Iterable[_Item], label: str) -> Iterator[_Item]:
    with progress(items, label) as shown:
        yield from shown
