"""The API, put together from the environment. Nothing connects before the first request."""

from datetime import UTC, datetime
from zoneinfo import reset_tzpath

from lambda_function.api.app import Api, create_app
from lambda_function.bootstrap.database import credential_source, tls_context
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.settings import DatabaseSettings, database_settings, public_url


def build_api(settings: DatabaseSettings | None = None) -> Api:
    """Reads the environment unless settings are given."""
    settings = settings or database_settings()
    # Time zones come from the tzdata package, not from whatever the host has.
    reset_tzpath(to=())
    engine = build_engine(credential_source(settings.secret_id, settings.host), tls_context(settings.tls))
    return create_app(Database(engine, lambda: datetime.now(UTC)), public_url())
