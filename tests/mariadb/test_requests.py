"""A clinic's day, the calendar feed with its ETag, freed time, and searches of FHIR clients, on MariaDB."""

from tests.api.conftest import desk
from tests.api.fhir.conftest import fhir
from tests.api.fhir.test_searches import (
    test_slots_without_a_service_type_are_those_of_the_usual_treatment,
    test_the_number_alone_may_be_asked_for,
    visits,
)
from tests.api.test_calendar_feed_changes import (
    test_a_feed_that_has_not_changed_is_not_sent_again,
    test_time_that_passes_changes_the_tag_when_it_takes_a_visit_out_of_the_feed,
    test_whatever_is_written_in_an_event_changes_the_tag,
)
from tests.api.test_day_of_a_clinic import day, test_a_day_of_a_clinic
from tests.api.test_freed_time import (
    small,
    test_long_time_off_is_freed_to_its_end,
    test_the_one_chair_is_offered_once,
    waitlist,
)
from tests.api.test_waitlist_schedule import (
    busy,
    test_a_wish_that_is_over_is_written_down,
    test_an_expired_offer_passes_on,
)

__all__ = [
    "busy",
    "day",
    "desk",
    "fhir",
    "small",
    "test_a_day_of_a_clinic",
    "test_a_feed_that_has_not_changed_is_not_sent_again",
    "test_a_wish_that_is_over_is_written_down",
    "test_an_expired_offer_passes_on",
    "test_long_time_off_is_freed_to_its_end",
    "test_slots_without_a_service_type_are_those_of_the_usual_treatment",
    "test_the_number_alone_may_be_asked_for",
    "test_the_one_chair_is_offered_once",
    "test_time_that_passes_changes_the_tag_when_it_takes_a_visit_out_of_the_feed",
    "test_whatever_is_written_in_an_event_changes_the_tag",
    "visits",
    "waitlist",
]
