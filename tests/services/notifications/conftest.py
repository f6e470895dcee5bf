"""Fixtures of the messages to people."""

import pytest

from lambda_function.db.unit_of_work import Database
from tests.clock import Clock
from tests.factories import Practice
from tests.services.notifications.messages import Messages


@pytest.fixture
def messages(database: Database, practice: Practice, clock: Clock) -> Messages:
    return Messages(database, practice, clock)
