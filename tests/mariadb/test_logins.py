"""The database's users on MariaDB, which denies some names with another error than MySQL does."""

from tests.db.test_engine import good, test_a_user_who_is_gone_is_a_refusal_whatever_the_name
from tests.db.test_logins import test_users_who_do_not_exist_cannot_log_in_whatever_their_names
from tests.dev.test_database import administrator, test_everybody_has_the_rights_of_production_and_no_older_ones

__all__ = [
    "administrator",
    "good",
    "test_a_user_who_is_gone_is_a_refusal_whatever_the_name",
    "test_everybody_has_the_rights_of_production_and_no_older_ones",
    "test_users_who_do_not_exist_cannot_log_in_whatever_their_names",
]
