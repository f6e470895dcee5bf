"""Fixtures of the pages behind links."""

import pytest

from lambda_function.db.unit_of_work import Database
from lambda_function.pages.app import Pages
from tests.api.conftest import desk, fingerprint, statements
from tests.api.desk import Desk
from tests.clock import Clock
from tests.factories import Practice
from tests.pages.family import Family
from tests.pages.visitor import Visitor
from tests.services.notifications.conftest import messages
from tests.services.notifications.messages import Messages

__all__ = ["desk", "fingerprint", "messages", "statements"]


@pytest.fixture
def pages(database: Database, clock: Clock) -> Pages:
    return Pages(database, clock)


@pytest.fixture
def visitor(pages: Pages, messages: Messages, practice: Practice) -> Visitor:
    return Visitor(pages, messages)


@pytest.fixture
def family(visitor: Visitor, desk: Desk) -> Family:
    """A child without contact data, whose mother and father get the messages."""
    return Family.of(visitor, desk)
