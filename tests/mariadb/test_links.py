"""Ending links on MariaDB: its statements with recursion."""

from tests.api.conftest import desk
from tests.cli.conftest import terminal
from tests.cli.test_links import (
    test_links_of_an_offer_end_when_another_visit_was_booked_in_place_of_its_own,
    test_links_of_visits_in_place_of_which_it_was_booked_end,
    visit,
)
from tests.pages.conftest import family, messages, pages, visitor

__all__ = [
    "desk",
    "family",
    "messages",
    "pages",
    "terminal",
    "test_links_of_an_offer_end_when_another_visit_was_booked_in_place_of_its_own",
    "test_links_of_visits_in_place_of_which_it_was_booked_end",
    "visit",
    "visitor",
]
