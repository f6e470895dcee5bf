"""Names that the database considers equal, in a practice file, on MariaDB."""

from tests.cli.conftest import terminal
from tests.cli.test_wrong_practice_files import test_names_that_the_database_finds_the_same_are_refused_by_the_plan

__all__ = ["terminal", "test_names_that_the_database_finds_the_same_are_refused_by_the_plan"]
