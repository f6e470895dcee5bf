"""Messages to people, planned, claimed, settled and taken back on MariaDB."""

from tests.services.notifications.conftest import messages
from tests.services.notifications.test_bounces import (
    sent,
    test_a_permanent_bounce_or_a_complaint_ends_the_message_and_the_address,
)
from tests.services.notifications.test_claimed_for_whom import (
    TestGuardians,
    TestReminders,
    test_a_patient_who_was_merged_is_told_at_the_address_of_the_person_who_remains,
)
from tests.services.notifications.test_claiming import (
    test_a_message_is_complete,
    test_an_offer_is_sent_without_a_file,
    test_what_no_longer_holds_or_may_not_be_said_is_suppressed_with_the_reason,
)
from tests.services.notifications.test_consuming import (
    TestToWhom,
    test_an_event_that_comes_again_after_it_was_told_changes_nothing,
    test_an_event_that_comes_again_is_told_once,
)
from tests.services.notifications.test_settling import (
    message,
    test_an_old_lease_changes_nothing,
    test_what_may_succeed_later_is_tried_again_after_a_pause,
    test_what_was_sent_has_the_providers_id_and_is_done,
)

__all__ = [
    "TestGuardians",
    "TestReminders",
    "TestToWhom",
    "message",
    "messages",
    "sent",
    "test_a_message_is_complete",
    "test_a_patient_who_was_merged_is_told_at_the_address_of_the_person_who_remains",
    "test_a_permanent_bounce_or_a_complaint_ends_the_message_and_the_address",
    "test_an_event_that_comes_again_after_it_was_told_changes_nothing",
    "test_an_event_that_comes_again_is_told_once",
    "test_an_offer_is_sent_without_a_file",
    "test_an_old_lease_changes_nothing",
    "test_what_may_succeed_later_is_tried_again_after_a_pause",
    "test_what_no_longer_holds_or_may_not_be_said_is_suppressed_with_the_reason",
    "test_what_was_sent_has_the_providers_id_and_is_done",
]
