"""Merging two patients, on MariaDB."""

from tests.cli.conftest import pool, terminal
from tests.cli.test_merging import (
    desk,
    test_guardians_and_dependants_move,
    test_identifiers_and_clinics_move,
    test_of_the_one_person_only_a_number_is_left,
    test_the_account_is_the_other_person_and_sees_all_visits,
    test_wishes_move_and_those_for_the_same_end,
)
from tests.cli.test_merging_in_batches import (
    small_batches,
    test_after_whatever_transaction_it_dies_the_same_command_finishes,
)
from tests.cli.test_merging_refusals import test_visits_at_the_same_time_refuse_it_with_their_ids

__all__ = [
    "desk",
    "pool",
    "small_batches",
    "terminal",
    "test_after_whatever_transaction_it_dies_the_same_command_finishes",
    "test_guardians_and_dependants_move",
    "test_identifiers_and_clinics_move",
    "test_of_the_one_person_only_a_number_is_left",
    "test_the_account_is_the_other_person_and_sees_all_visits",
    "test_visits_at_the_same_time_refuse_it_with_their_ids",
    "test_wishes_move_and_those_for_the_same_end",
]
