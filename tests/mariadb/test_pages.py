"""The page behind a link on MariaDB: its statements with recursion, and each action."""

from tests.api.conftest import desk
from tests.pages.conftest import family, messages, pages, visitor
from tests.pages.test_actions import (
    path,
    test_a_cancelled_visit_is_booked_again,
    test_a_visit_is_cancelled_with_a_reason_or_without,
    test_a_visit_is_confirmed,
    test_a_visit_is_moved_and_keeps_its_link,
)
from tests.pages.test_persons import test_links_stay_with_whoever_remains_after_a_merge
from tests.pages.test_repeats import (
    test_after_each_round_all_links_lead_to_the_last_visit_and_nothing_is_booked_twice,
    test_an_offer_that_was_accepted_leads_to_its_visit_by_both_links_and_after_more_rounds,
    visit,
)

__all__ = [
    "desk",
    "family",
    "messages",
    "pages",
    "path",
    "test_a_cancelled_visit_is_booked_again",
    "test_a_visit_is_cancelled_with_a_reason_or_without",
    "test_a_visit_is_confirmed",
    "test_a_visit_is_moved_and_keeps_its_link",
    "test_after_each_round_all_links_lead_to_the_last_visit_and_nothing_is_booked_twice",
    "test_an_offer_that_was_accepted_leads_to_its_visit_by_both_links_and_after_more_rounds",
    "test_links_stay_with_whoever_remains_after_a_merge",
    "visit",
    "visitor",
]
