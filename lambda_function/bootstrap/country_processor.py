"""The processor of a country, put together from the environment or given settings. Nothing connects before the first
call.
"""

from functools import partial

import boto3
from botocore.config import Config

from lambda_function.aws.country_processor import CountryProcessor
from lambda_function.aws.events import EventBridge
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.database import application_database
from lambda_function.services.registers.checking import check
from lambda_function.services.registers.processing import Processor
from lambda_function.services.registers.registering import Country
from lambda_function.settings import CountrySettings, country_settings

# All tries of one request together are shorter than RESERVE of services/queue.py.
_CLIENT = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


def build_country_processor(settings: CountrySettings | None = None, clock: Clock = system_clock) -> CountryProcessor:
    settings = settings or country_settings()
    country = Country(
        settings.country,
        main=application_database(settings.main, clock, "The main database"),
        register=application_database(settings.register, clock, f"The register of {settings.country}"),
    )
    bus = EventBridge(boto3.client("events", config=_CLIENT), settings.event_bus_name)
    processor = Processor(country, bus, settings.max_receives, clock)
    return CountryProcessor(process=processor.process, check=partial(check, country, bus))
