"""The schedule of the waitlist, put together from the environment. Nothing connects before the first run."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import reset_tzpath

from lambda_function.bootstrap.database import credential_source, tls_context
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.services.waitlist_schedule import keep_up
from lambda_function.settings import database_settings


def build_waitlist() -> Callable[[Callable[[], float]], int]:
    """Takes the seconds that are left, and answers how many offers and wishes have lapsed."""
    settings = database_settings()
    # Time zones come from the tzdata package, not from whatever the host has.
    reset_tzpath(to=())
    engine = build_engine(credential_source(settings.secret_id, settings.host), tls_context(settings.tls))
    return partial(keep_up, Database(engine, lambda: datetime.now(UTC)))
