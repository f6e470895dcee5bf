"""The notifications function, put together from the environment. Nothing connects before the first call."""

from collections.abc import Callable, Sequence
from functools import partial

from lambda_function.aws.notifications import Notifications
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.database import application_database
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.message_rules import LEASE
from lambda_function.services.notifications.claiming import claim, report_oldest_due
from lambda_function.services.notifications.consuming import consume
from lambda_function.services.notifications.messages import ComposedMessage
from lambda_function.services.notifications.recalling import sweep_recalls
from lambda_function.services.notifications.settling import settle
from lambda_function.services.notifications.sweeping import sweep
from lambda_function.settings import database_settings, required_public_url


def build_notifications(clock: Clock = system_clock) -> Notifications:
    database = application_database(database_settings(), clock)
    return Notifications(
        consume=partial(consume, database),
        sweep=partial(_sweep, database),
        claim=partial(_claim, database, public_url=required_public_url()),
        settle=partial(settle, database),
        lease_seconds=int(LEASE.total_seconds()),
    )


def _sweep(database: Database, seconds_left: Callable[[], float]) -> int:
    report_oldest_due(database)
    try:
        planned = sweep(database, seconds_left)
    finally:
        # A clinic without reminders still tells who is due.
        recalled = sweep_recalls(database, seconds_left)
    return planned + recalled


def _claim(database: Database, limit: int, *, public_url: str) -> Sequence[ComposedMessage]:
    messages = claim(database, limit, public_url)
    report_oldest_due(database)
    return messages
