"""The API, put together from the environment. Nothing connects before the first request."""

from lambda_function.api.app import Api, create_app
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.database import application_database
from lambda_function.settings import DatabaseSettings, database_settings, public_url


def build_api(settings: DatabaseSettings | None = None, clock: Clock = system_clock) -> Api:
    """Reads the environment unless settings are given."""
    return create_app(application_database(settings or database_settings(), clock), public_url())
