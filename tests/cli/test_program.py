"""`python -m lambda_function`, and the environment that it needs. One test starts it as people do."""

import json

import pytest
from sqlalchemy import URL

from dev import demo
from lambda_function.cli.command import Exit
from lambda_function.db.models import Country
from tests.cli.test_command import cli, cli_here
from tests.factories import Practice

PLAN = ("practice", "plan", str(demo.FILE))


def test_it_works_on_the_database_of_its_environment(practice: Practice, database_url: URL) -> None:
    practice.add(*(Country(code=code) for code in demo.countries()))
    url = database_url.render_as_string(hide_password=False)
    run = cli(*PLAN, "--json", DATABASE_URL=url, DATABASE_TLS="off")
    assert (run.returncode, json.loads(run.stdout)["changes"], run.stderr) == (Exit.DONE, [], "")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "DATABASE_SECRET_ID"),
        ({}, "DATABASE_URL"),
        ({}, 'make operator ARGS="users list"'),
        ({"DATABASE_URL": "S3cret"}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql+pymysql://user:pass@of:S3cret@127.0.0.1/name"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://user:S3cret@127.0.0.1:3306/name"}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql+pymysql://user:S3cret@127.0.0.1:3306"}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql+pymysql://user@host/name", "DATABASE_CA_FILE": "/S3cret"}, "DATABASE_CA_FILE"),
        ({"DATABASE_TLS": "x"}, "DATABASE_TLS"),
        ({"DATABASE_SECRET_ID": "S3cret", "DATABASE_TLS": "off"}, "region"),
    ],
)
def test_an_environment_that_makes_no_sense_is_named(environment: dict[str, str], named: str) -> None:
    run = cli_here(*PLAN, **environment)
    assert run.exit_code == Exit.USAGE
    assert named in run.stderr
    assert "S3cret" not in run.stderr
    assert run.stdout == ""


def test_a_database_that_is_away_is_a_refusal() -> None:
    run = cli_here(
        *PLAN, "--json", DATABASE_URL="mysql+pymysql://nobody:S3cret@127.0.0.1:1/nothing", DATABASE_TLS="off"
    )
    assert (run.exit_code, json.loads(run.stdout)["error"]["code"]) == (Exit.REFUSED, "unavailable")
    assert "S3cret" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    "command", [(), ("practice",), ("practice", "plan"), ("practice", "apply"), ("practice", "export")]
)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    run = cli_here(*command, "--help")
    assert (run.exit_code, run.stderr) == (Exit.DONE, "")
    assert run.stdout.startswith("Usage: python -m lambda_function")
