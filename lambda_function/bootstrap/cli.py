"""The command line, put together from the environment when a command needs it."""

import click
from sqlalchemy.exc import ArgumentError

from lambda_function.bootstrap.operators import build_accounts, build_database
from lambda_function.cli.action import Tools
from lambda_function.db.unit_of_work import Database
from lambda_function.settings import SettingsError


def build_tools() -> Tools:
    return Tools(database=_database, accounts=build_accounts)


def _database() -> Database:
    try:
        return build_database()
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except ArgumentError:
        raise click.UsageError("DATABASE_URL is no database URL") from None
