"""The command line of operators: every group of commands."""

import click

from lambda_function.cli.command import JsonGroup
from lambda_function.cli.countries import countries
from lambda_function.cli.importing import import_group
from lambda_function.cli.links import links
from lambda_function.cli.person import person
from lambda_function.cli.personal_data import erase_person, export_person
from lambda_function.cli.practice import practice
from lambda_function.cli.recalls import recalls
from lambda_function.cli.upkeep import check, purge
from lambda_function.cli.users import users

_EPILOG = """\b
Exit codes: 0 success, or no differences; 1 refused, or something is wrong;
2 invalid arguments or environment; 3 there are differences (practice plan)."""


@click.group(cls=JsonGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Operate the dentist-appointment service.

    DATABASE_URL names the database, or DATABASE_SECRET_ID names the secret with its credentials; see
    lambda_function/settings.py.
    """


for command in (
    practice,
    users,
    person,
    links,
    import_group,
    recalls,
    countries,
    check,
    purge,
    export_person,
    erase_person,
):
    main.add_command(command)
