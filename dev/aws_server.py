"""The AWS emulator as a program of its own: `python -m dev.aws_server PORT`, started by dev.aws."""

import os
import signal
import sys
from typing import Any

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.server import signal_handler
from werkzeug.serving import run_simple

from dev.children import end_with_parent
from dev.triggers import Triggers


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


def _sign_up(event: dict[str, Any], context: Any) -> Any:
    """Calls the Lambda, which is imported on the first call because its database does not exist before."""
    from lambda_function.entrypoints.cognito import handler  # noqa: PLC0415 - see above

    return handler(event, context)


def main(port: int) -> None:
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal_handler)
    os.environ.setdefault("MOTO_PORT", str(port))
    moto = DomainDispatcherApplication(create_backend_app)
    run_simple(
        "127.0.0.1",
        port,
        Triggers(moto, _attributes, _sign_up),
        threaded=True,
        request_handler=MotoRequestHandler,
    )


if __name__ == "__main__":
    end_with_parent()
    main(int(sys.argv[1]))
