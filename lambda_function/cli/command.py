"""What all commands have in common: `--json`, where things are printed, refusals, exit codes, progress.

A command is a function that returns its Output; raising a DomainError refuses. Nothing else reaches standard output.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, TypeVar

import click

from lambda_function.cli.plan_text import ids_text
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import DomainError
from lambda_function.services.operators.accounts import Accounts
from lambda_function.services.operators.countries import DeadLetters, Register

_AS_JSON = "as_json"
_Item = TypeVar("_Item")
# Runs an action by its name, with its arguments.
RunAction = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


class Exit(IntEnum):
    """USAGE is click's own: arguments or environment that make no sense."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    DIFFERENT = 3


@dataclass(frozen=True, slots=True)
class Tools:
    """What commands work with. Each is made when a command asks for it, so that `--help` needs no environment."""

    database: Callable[[], Database]
    accounts: Callable[[], Accounts | None]
    # The operators' Lambda of a name.
    function: Callable[[str], RunAction]
    # Those of a country, by its code.
    dead_letters: Callable[[str], DeadLetters]
    register: Callable[[str], Register]
    on_terminal: Callable[[], bool] = sys.stdin.isatty


@dataclass(frozen=True, slots=True)
class Output:
    """What a command prints: `document` with `--json`, else `text`, and `message` on standard error."""

    document: Mapping[str, Any]
    text: str
    code: Exit = Exit.DONE
    message: str = ""


class JsonCommand(click.Command):
    """A command with the option `--json`. Anything printed while it runs, such as metrics, goes to standard error."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params.append(click.Option(["--json", _AS_JSON], is_flag=True, help="Print one JSON document."))

    def invoke(self, ctx: click.Context) -> None:
        as_json = ctx.params.pop(_AS_JSON)
        with redirect_stdout(sys.stderr):
            output = self._output(ctx)
        if as_json:
            _print(json.dumps(output.document, default=_plain, ensure_ascii=False))
        elif output.text:
            _print(output.text)
        if output.message:
            click.echo(output.message, err=True)
        ctx.exit(output.code)

    def _output(self, ctx: click.Context) -> Output:
        try:
            output: Output = super().invoke(ctx)
        except DomainError as error:
            return Output({"error": {"code": error.code, **vars(error)}}, "", Exit.REFUSED, refusal(error))
        return output


class JsonGroup(click.Group):
    """A group whose commands and groups have `--json` too."""

    command_class = JsonCommand
    group_class = type


def refusal(error: DomainError) -> str:
    """What a person reads about an error, with the appointments that stand in the way."""
    ids = getattr(error, "appointment_ids", [])
    return f"Error: {error.detail} {ids_text(ids)}" if ids else f"Error: {error.detail}"


def progress(items: Iterable[_Item], label: str, length: int | None = None) -> "click._termui_impl.ProgressBar[_Item]":
    """The items, with a bar on a terminal's standard error and nothing elsewhere. A context manager."""
    return click.progressbar(items, label=label, length=length, file=sys.stderr, hidden=not sys.stderr.isatty())


def _print(text: str) -> None:
    """Prints a text. What goes into a file or another program is UTF-8, whatever the machine's own encoding is."""
    click.echo(text if sys.stdout.isatty() else text.encode())


def progress_of(length: int, label: str) -> "click._termui_impl.ProgressBar[None]":
    """A bar like that of `progress`, which the caller updates."""
    return progress((), label, length)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
