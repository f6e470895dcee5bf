"""The command line on a real database, with the accounts in a user pool that moto plays in this process."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from lambda_function.db.unit_of_work import Database
from tests.cli.operators import Operators
from tests.cli.terminal import Pool, Terminal
from tests.factories import Practice


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("cognito-idp", region_name="us-east-1")
        yield Pool(client, client.create_user_pool(PoolName="dentist")["UserPool"]["Id"])


@pytest.fixture
def terminal(database: Database, practice: Practice) -> Terminal:
    return Terminal(database, practice)


@pytest.fixture
def with_pool(terminal: Terminal, pool: Pool) -> Terminal:
    terminal.accounts = pool.accounts
    return terminal


@pytest.fixture
def operators(database: Database, practice: Practice, tmp_path: Path) -> Operators:
    """On the demo practice."""
    return Operators(database, tmp_path)
