"""Entering, finding and showing people with their identifiers, on MariaDB."""

from tests.api.conftest import desk
from tests.api.test_identifier_search import (
    known,
    test_a_reception_finds_people_by_what_they_are_known_by,
    test_the_scopes_are_those_of_the_callers_clinics,
    test_those_who_left_are_found_by_their_identifiers_of_the_callers_clinics,
)
from tests.api.test_person_fields import (
    test_a_chart_number_is_shown_in_its_clinic_and_to_the_patient_only,
    test_a_reception_changes_all_of_a_patient,
    test_the_language_of_a_patient_by_default_is_that_of_their_first_clinic,
)
from tests.api.test_registration import (
    test_a_patient_of_other_clinics_joins_and_nothing_of_the_body_is_written,
    test_at_most_twenty_duplicates_are_named,
    test_whoever_may_be_there_already_is_shown_first,
)

__all__ = [
    "desk",
    "known",
    "test_a_chart_number_is_shown_in_its_clinic_and_to_the_patient_only",
    "test_a_patient_of_other_clinics_joins_and_nothing_of_the_body_is_written",
    "test_a_reception_changes_all_of_a_patient",
    "test_a_reception_finds_people_by_what_they_are_known_by",
    "test_at_most_twenty_duplicates_are_named",
    "test_the_language_of_a_patient_by_default_is_that_of_their_first_clinic",
    "test_the_scopes_are_those_of_the_callers_clinics",
    "test_those_who_left_are_found_by_their_identifiers_of_the_callers_clinics",
    "test_whoever_may_be_there_already_is_shown_first",
]
