"""Operators' work in batches, on MariaDB."""

from tests.cli.conftest import pool, terminal
from tests.cli.test_erasing import (
    desk,
    small_batches,
    test_a_copy_is_the_same_in_however_many_batches,
    test_answers_of_a_release_that_did_not_say_whom_they_are_about_go_too,
    test_no_transaction_is_about_more_than_a_batch,
    test_texts_and_kept_answers_go_before_the_account_and_the_name_last,
)

__all__ = [
    "desk",
    "pool",
    "small_batches",
    "terminal",
    "test_a_copy_is_the_same_in_however_many_batches",
    "test_answers_of_a_release_that_did_not_say_whom_they_are_about_go_too",
    "test_no_transaction_is_about_more_than_a_batch",
    "test_texts_and_kept_answers_go_before_the_account_and_the_name_last",
]
