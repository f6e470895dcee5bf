"""The schedule of the waitlist, put together from the environment. Nothing connects before the first run."""

from collections.abc import Callable
from functools import partial

from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.database import application_database
from lambda_function.services.waitlist_schedule import keep_up
from lambda_function.settings import database_settings


def build_waitlist(clock: Clock = system_clock) -> Callable[[Callable[[], float]], int]:
    """Takes the seconds that are left, and answers how many offers and wishes have lapsed."""
    return partial(keep_up, application_database(database_settings(), clock))
