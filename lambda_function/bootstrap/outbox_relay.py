"""The relay of the outbox, put together from the environment. Nothing connects before the first run."""

from collections.abc import Callable
from functools import partial

import boto3
from botocore.config import Config

from lambda_function.aws.events import EventBridge
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.database import application_database
from lambda_function.services.relay import relay
from lambda_function.settings import database_settings, event_bus_name

# All tries of one request together are shorter than the relay's RESERVE.
_CLIENT = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


def build_relay(clock: Clock = system_clock) -> Callable[[Callable[[], float]], int]:
    """Takes the seconds that are left, and answers how many messages were published."""
    bus = EventBridge(boto3.client("events", config=_CLIENT), event_bus_name())
    return partial(relay, application_database(database_settings(), clock), bus)
