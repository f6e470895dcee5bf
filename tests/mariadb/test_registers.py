"""The registers of countries on MariaDB: their migrations, their rights, processing, outcomes and checks."""

from tests.db.test_register_migrations import (
    empty_url,
    test_alembic_check_finds_nothing_to_do,
    test_each_revision_goes_up_and_down_and_up_again,
    test_the_model_is_what_the_migrations_make,
)
from tests.db.test_register_races import (
    test_in_whatever_order_and_batches_outcomes_come_the_highest_is_kept,
    test_outcomes_at_once_leave_the_one_that_outranks_the_others,
    test_workers_that_add_one_visit_at_once_all_succeed,
    test_workers_that_register_one_visit_at_once_leave_its_last_version,
    workers,
)
from tests.db.test_register_rights import (
    test_a_reader_sees_nothing_but_what_a_register_holds,
    test_a_reader_writes_nothing,
    test_the_processor_of_a_country_may_do_nothing_else_in_its_register,
)
from tests.services.registers.test_checking import (
    test_a_repair_makes_the_register_say_what_the_main_database_says,
    test_each_kind_of_difference_is_found,
    test_parts_go_on_to_the_end_of_both,
)
from tests.services.registers.test_outcomes import (
    keep,
    test_a_batch_reaches_the_server_in_one_statement,
    test_an_outcome_that_does_not_fit_its_visit_is_dropped_alone,
    test_the_outcome_that_counts_is_kept_in_whatever_order_they_come,
)
from tests.services.registers.test_processing import (
    test_a_change_is_registered_as_the_main_database_has_it_and_told,
    test_a_change_of_what_is_registered_changes_the_row,
    test_a_row_that_the_register_refuses_stops_no_other,
    test_an_erased_patient_has_no_insurance_in_the_register,
    test_the_rows_of_a_batch_reach_the_server_in_one_statement,
)

__all__ = [
    "empty_url",
    "keep",
    "test_a_batch_reaches_the_server_in_one_statement",
    "test_a_change_is_registered_as_the_main_database_has_it_and_told",
    "test_a_change_of_what_is_registered_changes_the_row",
    "test_a_reader_sees_nothing_but_what_a_register_holds",
    "test_a_reader_writes_nothing",
    "test_a_repair_makes_the_register_say_what_the_main_database_says",
    "test_a_row_that_the_register_refuses_stops_no_other",
    "test_alembic_check_finds_nothing_to_do",
    "test_an_erased_patient_has_no_insurance_in_the_register",
    "test_an_outcome_that_does_not_fit_its_visit_is_dropped_alone",
    "test_each_kind_of_difference_is_found",
    "test_each_revision_goes_up_and_down_and_up_again",
    "test_in_whatever_order_and_batches_outcomes_come_the_highest_is_kept",
    "test_outcomes_at_once_leave_the_one_that_outranks_the_others",
    "test_parts_go_on_to_the_end_of_both",
    "test_the_model_is_what_the_migrations_make",
    "test_the_outcome_that_counts_is_kept_in_whatever_order_they_come",
    "test_the_processor_of_a_country_may_do_nothing_else_in_its_register",
    "test_the_rows_of_a_batch_reach_the_server_in_one_statement",
    "test_workers_that_add_one_visit_at_once_all_succeed",
    "test_workers_that_register_one_visit_at_once_leave_its_last_version",
    "workers",
]
