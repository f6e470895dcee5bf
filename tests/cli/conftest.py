"""The command line on a real database, with accounts in a user pool that moto emulates in this process."""

from pathlib import Path

import boto3
import pytest

from lambda_function.db.unit_of_work import Database
from tests.cli.terminal import Pool, Terminal
from tests.factories import Practice
from tests.pages.conftest import desk, family, messages, pages, visitor

__all__ = ["desk", "family", "messages", "pages", "visitor"]


@pytest.fixture
def pool(aws: pytest.MonkeyPatch) -> Pool:
    client = boto3.client("cognito-idp")
    return Pool(client, client.create_user_pool(PoolName="dentist")["UserPool"]["Id"])


@pytest.fixture
def terminal(database: Database, practice: Practice, tmp_path: Path) -> Terminal:
    """The command line on the demo practice."""
    return Terminal(database, practice, tmp_path)


@pytest.fixture
def with_pool(terminal: Terminal, pool: Pool) -> Terminal:
    terminal.accounts = pool.accounts
    return terminal
