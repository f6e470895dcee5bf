"""Fixtures of the pages behind links."""

import pytest

from lambda_function.db.unit_of_work import Database
from lambda_function.pages.app import Pages
from tests.api.conftest import desk
from tests.clock import Clock
from tests.factories import Practice
from tests.pages.visitor import Visitor
from tests.services.notifications.conftest import messages
from tests.services.notifications.messages import Messages

__all__ = ["desk", "messages"]


@pytest.fixture
def pages(database: Database, clock: Clock) -> Pages:
    return Pages(database, clock)


@pytest.fixture
def visitor(pages: Pages, messages: Messages, practice: Practice) -> Visitor:
    return Visitor(pages, messages)
