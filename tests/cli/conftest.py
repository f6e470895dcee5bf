"""The command line of the tests in this folder."""

from pathlib import Path

import pytest

from lambda_function.db.unit_of_work import Database
from tests.cli.operators import Operators
from tests.factories import Practice


@pytest.fixture
def operators(database: Database, practice: Practice, tmp_path: Path) -> Operators:
    """On the demo practice."""
    return Operators(database, tmp_path)
