"""Importing patients, on MariaDB."""

from tests.cli.conftest import terminal
from tests.cli.test_importing import (
    desk,
    test_every_problem_of_the_file_is_listed_and_nothing_is_written,
    test_the_example_of_the_documents_can_be_imported,
    test_whoever_is_imported_is_found_and_belongs_to_the_clinic,
    test_whoever_was_erased_is_not_brought_back,
)
from tests.cli.test_person import test_events_say_what_was_done_when_to_which_fields_and_by_whom

__all__ = [
    "desk",
    "terminal",
    "test_events_say_what_was_done_when_to_which_fields_and_by_whom",
    "test_every_problem_of_the_file_is_listed_and_nothing_is_written",
    "test_the_example_of_the_documents_can_be_imported",
    "test_whoever_is_imported_is_found_and_belongs_to_the_clinic",
    "test_whoever_was_erased_is_not_brought_back",
]
