"""Names that the database considers equal, in a practice file, and exports, on MariaDB."""

from tests.cli.conftest import terminal
from tests.cli.test_wrong_practice_files import test_names_that_the_database_finds_the_same_are_refused_by_the_plan
from tests.db.test_practice_export import (
    test_an_export_holds_no_lock_and_leaves_the_connection_as_it_was,
    test_what_is_applied_during_an_export_is_not_in_it,
)

__all__ = [
    "terminal",
    "test_an_export_holds_no_lock_and_leaves_the_connection_as_it_was",
    "test_names_that_the_database_finds_the_same_are_refused_by_the_plan",
    "test_what_is_applied_during_an_export_is_not_in_it",
]
