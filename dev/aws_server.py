"""The AWS emulator as a program of its own: `python -m dev.aws_server PORT`, started by dev.aws."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.server import signal_handler
from werkzeug.serving import run_simple

from dev import messaging
from dev.children import end_with_parent
from dev.clock import stack_clock
from dev.countries import Countries
from dev.functions import Functions, Handler
from dev.gate import Address, Gate
from dev.lambda_context import LambdaContext, drop_metrics
from dev.mailbox import Mailbox
from dev.triggers import Triggers

# A Lambda of ours: takes an event, and what says how many seconds are left.
Called = Callable[[Any, Callable[[], float]], dict[str, Any]]


def _attributes(request: dict[str, Any], verified: bool) -> dict[str, str]:  # noqa: FBT001 - as dev.triggers calls it
    """Returns the attributes of the account that a confirmation names, by its pool or by a client of the pool."""
    backend = get_backend("cognito-idp")[DEFAULT_ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]]
    pool = next(
        pool
        for pool in backend.user_pools.values()
        if pool.id == request.get("UserPoolId") or request.get("ClientId") in pool.clients
    )
    user = backend.admin_get_user(pool.id, request["Username"])
    if verified and "email" in user.attribute_lookup:
        user.update_attributes([{"Name": "email_verified", "Value": "true"}])
    return dict(user.attribute_lookup)


# The Lambdas are imported and built on the first call, because their database does not exist before.
@cache
def _sign_up() -> Callable[[dict[str, Any]], dict[str, Any]]:
    from lambda_function.bootstrap.cognito import build_post_confirmation  # noqa: PLC0415 - see above

    return build_post_confirmation(stack_clock())


@cache
def _notifications() -> Called:
    from lambda_function.bootstrap.notifications import build_notifications  # noqa: PLC0415 - see above

    return build_notifications(stack_clock())


@cache
def _registration() -> Called:
    from lambda_function.bootstrap.registration import build_registration  # noqa: PLC0415 - see above

    return build_registration(stack_clock())


@cache
def _country_processor(country: str) -> Called:
    from dev import database  # noqa: PLC0415 - see above
    from lambda_function.bootstrap.country_processor import build_country_processor  # noqa: PLC0415 - see above
    from lambda_function.settings import country_settings  # noqa: PLC0415 - see above

    own = database.register_environment(country) | {
        "COUNTRY": country,
        "EVENT_BUS_NAME": messaging.BUS,
        "MAX_RECEIVES": str(messaging.COUNTRY_MAX_RECEIVES),
    }
    return build_country_processor(country_settings(own), stack_clock())


def _functions(countries: Iterable[str]) -> dict[str, Handler]:
    builders: dict[str, Callable[[], Called]] = {
        messaging.FUNCTION: _notifications,
        messaging.REGISTRATION_FUNCTION: _registration,
    }
    builders |= {messaging.country_function(each): partial(_country_processor, each) for each in countries}
    return {name: partial(_call, build) for name, build in builders.items()}


def _call(build: Callable[[], Called], event: Any, context: LambdaContext) -> Any:
    return build()(event, context.seconds_left)


@cache
def _register_server(country: str) -> Address:
    """Returns the address of the server with the country's database: the one that its migrator uses."""
    from dev import database  # noqa: PLC0415 - see above
    from lambda_function.bootstrap.database import secret_versions  # noqa: PLC0415 - see above

    return database.register_server(secret_versions(), country)


def main(port: int) -> None:
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal_handler)
    drop_metrics()
    os.environ.setdefault("MOTO_PORT", str(port))
    # Several requests a second come from the pumps; only what goes wrong is worth a line.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    moto = DomainDispatcherApplication(create_backend_app)
    pool = Triggers(moto, _attributes, lambda event, _: _sign_up()(event))
    mailbox = Mailbox(pool, stack_clock(), os.environ["LOCAL_API_URL"])
    countries = os.environ["LOCAL_COUNTRIES"].split()
    gates = {country: Gate(partial(_register_server, country)) for country in countries}
    run_simple(
        "127.0.0.1",
        port,
        Functions(Countries(mailbox, gates), _functions(countries)),
        threaded=True,
        request_handler=MotoRequestHandler,
    )


if __name__ == "__main__":
    end_with_parent()
    main(int(sys.argv[1]))
