"""The relay of the outbox, put together from the environment. Nothing connects before the first run."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import boto3
from botocore.config import Config

from lambda_function.aws.events import EventBridge
from lambda_function.bootstrap.database import credential_source, tls_context
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.services.relay import relay
from lambda_function.settings import database_settings, event_bus_name

# With all tries of one request shorter than the relay's RESERVE.
_CLIENT = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


def build_relay() -> Callable[[Callable[[], float]], int]:
    """Takes the seconds that are left, and answers how many messages were published."""
    settings, bus_name = database_settings(), event_bus_name()
    engine = build_engine(credential_source(settings.secret_id, settings.host), tls_context(settings.tls))
    bus = EventBridge(boto3.client("events", config=_CLIENT), bus_name)
    return partial(relay, Database(engine, lambda: datetime.now(UTC)), bus)
