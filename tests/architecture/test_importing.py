"""Importing a module has no effects. Each is imported in a new process without network, clients, engines or
environment.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, modules

GUARD = """
import importlib, json, os, socket, sys
import boto3, sqlalchemy, sqlalchemy.engine

def refused(name):
    def fail(*arguments, **options):
        raise AssertionError(f"importing called {name}")
    return fail

for owner, name in (
    (socket, "socket"), (socket, "create_connection"), (socket, "getaddrinfo"),
    (boto3, "client"), (boto3, "resource"), (boto3.session.Session, "client"), (boto3.session.Session, "resource"),
    (sqlalchemy, "create_engine"), (sqlalchemy.engine, "create_engine"),
):
    setattr(owner, name, refused(name))
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


@cache
def importing(*names: str, place: Path = ROOT, guard: str = GUARD) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", guard, json.dumps(names)],
        cwd=place,
        env={"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def quiet_modules() -> list[str]:
    """Returns all modules except the entrypoints, which have effects on purpose."""
    paths = [module.path for module in modules("lambda_function") if not module.lies_in("lambda_function/entrypoints/")]
    return [path.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in paths]


def test_importing_opens_nothing_and_creates_nothing() -> None:
    run = importing(*quiet_modules())
    assert run.returncode == 0, run.stderr


def test_the_api_imports_no_migrations_and_no_mail() -> None:
    run = importing("lambda_function.bootstrap.api")
    assert run.returncode == 0, run.stderr
    assert not {"alembic", "smtplib", "lambda_function.cli"} & set(json.loads(run.stdout))


@pytest.mark.parametrize("name", ["outbox_relay", "waitlist", "messenger"])
def test_only_what_writes_messages_or_pages_imports_what_it_takes_to_write_them(name: str) -> None:
    run = importing(f"lambda_function.bootstrap.{name}")
    assert run.returncode == 0, run.stderr
    assert not {"babel", "jinja2"} & set(json.loads(run.stdout))


def test_what_serves_requests_imports_nothing_that_writes_openapi_json() -> None:
    run = importing("lambda_function.bootstrap.api")
    assert run.returncode == 0, run.stderr
    assert [name for name in json.loads(run.stdout) if name.startswith("lambda_function.api.openapi")] == []


def test_the_operators_lambda_imports_nothing_of_the_command_line() -> None:
    run = importing("lambda_function.bootstrap.operator")
    assert run.returncode == 0, run.stderr
    assert not {"alembic", "click", "yaml", "lambda_function.cli"} & set(json.loads(run.stdout))


def test_the_messenger_imports_neither_a_database_nor_templates() -> None:
    guard = GUARD.replace("import boto3, sqlalchemy, sqlalchemy.engine", "import boto3").replace(
        '    (sqlalchemy, "create_engine"), (sqlalchemy.engine, "create_engine"),\n', ""
    )
    run = importing("lambda_function.bootstrap.messenger", guard=guard)
    assert run.returncode == 0, run.stderr
    imported = set(json.loads(run.stdout))
    assert "lambda_function.aws.mail" in imported
    assert not {"sqlalchemy", "pymysql", "jinja2", "babel", "lambda_function.db"} & imported


@pytest.mark.parametrize(
    "line",
    [
        "import socket; socket.socket()",
        "import boto3; boto3.client('secretsmanager', region_name='us-east-1')",
        "import boto3; boto3.session.Session().client('secretsmanager', region_name='us-east-1')",
        "from sqlalchemy import create_engine; create_engine('sqlite://')",
    ],
)
def test_a_module_that_does_something_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "busy.py").write_text(line)
    assert "importing called" in importing("busy", place=tmp_path).stderr
