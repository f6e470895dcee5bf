"""The API and the pages, put together from the environment. Nothing connects before the first request."""

from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.api.app import create_app
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.database import application_database
from lambda_function.pages.app import Pages
from lambda_function.settings import DatabaseSettings, database_settings, public_url
from lambda_function.web.events import Event, Result


def build_api(
    settings: DatabaseSettings | None = None, clock: Clock = system_clock
) -> Callable[[Event, LambdaContext], Result]:
    """Reads the environment unless settings are given."""
    database = application_database(settings or database_settings(), clock)
    api, pages = create_app(database, public_url()), Pages(database, clock)

    def answer(event: Event, context: LambdaContext) -> Result:
        return pages(event, context) if pages.takes(event) else api(event, context)

    return answer
