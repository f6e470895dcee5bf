"""Commands over the actions that the operators' Lambda has too."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from lambda_function.cli.action import Tools, progress
from lambda_function.services.operators.actions import Document, OperatorContext, run
from lambda_function.services.operators.invocation import messages

_Item = TypeVar("_Item")


def act(tools: Tools, name: str, **options: Any) -> Document:
    """The action's answer. Options that were not given are left to its defaults."""
    given = {option: list(value) if isinstance(value, tuple) else value for option, value in options.items()}
    arguments = {option: value for option, value in given.items() if value is not None}
    try:
        return run(OperatorContext(tools.database(), tools.accounts(), _watch), name, arguments)
    except ValidationError as error:
        wrong = "; ".join(f"{item['field']}: {item['message']}" for item in messages(error))
        raise click.UsageError(wrong) from None


def _watch(items: Iterable[_Item], label: str) -> Iterator[_Item]:
    with progress(items, label) as shown:
        yield from shown
