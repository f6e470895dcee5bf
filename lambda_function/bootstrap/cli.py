"""The command line, put together from the environment when a command needs it."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import click
from botocore.exceptions import BotoCoreError

from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.countries import build_dead_letters, build_register
from lambda_function.bootstrap.operator_context import build_accounts, build_function, operators_database
from lambda_function.cli.command import Tools
from lambda_function.settings import NoDatabaseError, SettingsError

_Built = TypeVar("_Built")
_LOCALLY = 'For the stack that `make run` has started, write: make operator ARGS="users list"'


def build_tools(clock: Clock = system_clock) -> Tools:
    return Tools(
        database=lambda: _built(partial(operators_database, clock=clock)),
        accounts=lambda: _built(build_accounts),
        function=lambda name: _built(partial(build_function, name)),
        dead_letters=lambda country: _built(partial(build_dead_letters, country)),
        register=lambda country: _built(partial(build_register, country)),
    )


def _built(build: Callable[[], _Built]) -> _Built:
    """Turns a wrong environment, ours or AWS's (such as a missing region), into a usage error."""
    try:
        return build()
    except NoDatabaseError as error:
        raise click.UsageError(f"{error}\n{_LOCALLY}") from None
    except (SettingsError, BotoCoreError) as error:
        raise click.UsageError(str(error)) from None
