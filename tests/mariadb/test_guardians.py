"""Guardians and what they do for their dependants, on MariaDB."""

from tests.api.conftest import desk
from tests.api.test_calendar_feed_of_a_family import (
    test_a_feed_changes_on_the_day_on_which_a_dependant_comes_of_age,
)
from tests.api.test_dependants import (
    family,
    fhir,
    test_a_guardian_acts_in_fhir_too,
    test_a_guardian_books_for_a_dependant_who_becomes_a_patient_of_the_clinic,
    test_a_guardian_reads_moves_notes_and_cancels,
    test_a_guardian_waits_for_a_dependant_and_accepts_the_offer,
    test_a_guardian_withdraws_a_wish,
    test_pages_hold_each_visit_once,
    test_the_limit_of_open_visits_is_each_patients_own,
    test_when_it_is_over_nothing_works_any_more,
)
from tests.db.conftest import clients
from tests.db.test_guardian_races import test_what_a_guardian_has_begun_is_refused_once_it_is_over

__all__ = [
    "clients",
    "desk",
    "family",
    "fhir",
    "test_a_feed_changes_on_the_day_on_which_a_dependant_comes_of_age",
    "test_a_guardian_acts_in_fhir_too",
    "test_a_guardian_books_for_a_dependant_who_becomes_a_patient_of_the_clinic",
    "test_a_guardian_reads_moves_notes_and_cancels",
    "test_a_guardian_waits_for_a_dependant_and_accepts_the_offer",
    "test_a_guardian_withdraws_a_wish",
    "test_pages_hold_each_visit_once",
    "test_the_limit_of_open_visits_is_each_patients_own",
    "test_what_a_guardian_has_begun_is_refused_once_it_is_over",
    "test_when_it_is_over_nothing_works_any_more",
]
