"""Every migration goes up and down on MariaDB, including the rows that it fills in."""

from sqlalchemy import URL, text

from tests.db.test_erased_backfill import test_whoever_was_erased_earlier_is_marked_with_the_time_of_it, url
from tests.db.test_migrations import (
    empty_url,
    test_each_revision_goes_up_and_down_and_up_again,
    test_every_table_names_its_engine_charset_and_collation,
    test_of_what_user_names_are_made_only_capitals_are_the_same,
    test_the_models_are_what_the_migrations_make,
    test_user_names_that_differ_in_capitals_stop_the_migration_before_it_changes_anything,
)
from tests.db.test_token_backfill import test_tokens_that_there_are_show_what_they_showed
from tests.servers import plain_engine

__all__ = [
    "empty_url",
    "test_each_revision_goes_up_and_down_and_up_again",
    "test_every_table_names_its_engine_charset_and_collation",
    "test_of_what_user_names_are_made_only_capitals_are_the_same",
    "test_the_models_are_what_the_migrations_make",
    "test_tokens_that_there_are_show_what_they_showed",
    "test_user_names_that_differ_in_capitals_stop_the_migration_before_it_changes_anything",
    "test_whoever_was_erased_earlier_is_marked_with_the_time_of_it",
    "url",
]


def test_these_tests_run_on_mariadb(migrated_url: URL) -> None:
    with plain_engine(migrated_url).connect() as connection:
        assert "MariaDB" in str(connection.scalar(text("SELECT VERSION()")))
