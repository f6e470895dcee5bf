"""The API behind its gateway as a program of its own: `python -m dev.api_server PORT`, started by dev.run."""

import os
import sys
from functools import cache

import uvicorn

from dev.children import end_with_parent
from dev.clock import stack_clock
from dev.cors import Cors
from dev.gateway import Gateway, create_gateway
from dev.local_pages import local_pages
from dev.stack import Addresses

# A worker serves one request at a time. More of them than cores would only make the start slower.
_WORKERS = max(2, min(4, os.cpu_count() or 2))


def application() -> Gateway:
    """One worker's gateway, with the settings that dev.run has put into the environment.

    The Lambda is imported and built here, because the workers' supervisor does not need it.
    """
    from dev import docs_examples  # noqa: PLC0415 - see above
    from lambda_function.api.app import PUBLIC_KEYS, gateway_keys  # noqa: PLC0415 - see above
    from lambda_function.api.openapi import document  # noqa: PLC0415 - see above
    from lambda_function.bootstrap.api import build_api  # noqa: PLC0415 - see above
    from lambda_function.pages.app import PAGE_KEYS  # noqa: PLC0415 - see above

    clock = stack_clock()
    written = cache(document.document)
    origins = os.environ.get("LOCAL_CORS_ORIGINS")
    return create_gateway(
        handler=build_api(clock=clock),
        routes=gateway_keys() | PAGE_KEYS,
        public=PUBLIC_KEYS | PAGE_KEYS,
        issuer=os.environ["LOCAL_JWT_ISSUER"],
        jwks_url=os.environ["LOCAL_JWKS_URL"],
        client_id=os.environ["LOCAL_CLIENT_ID"],
        openapi=lambda: docs_examples.served(written(), _addresses(), clock()),
        local=local_pages(os.environ["AWS_ENDPOINT_URL"], clock),
        cors=Cors(frozenset(origins.split(",")) if origins else frozenset()),
    )


def _addresses() -> Addresses:
    return Addresses(
        api=os.environ["LOCAL_API_URL"],
        aws=os.environ["AWS_ENDPOINT_URL"],
        pool_id=os.environ["LOCAL_POOL_ID"],
        client_id=os.environ["LOCAL_CLIENT_ID"],
    )


def main(port: int) -> None:
    uvicorn.run(
        "dev.api_server:application",
        factory=True,
        host="127.0.0.1",
        port=port,
        workers=_WORKERS,
        http="h11",
        ws="none",
        # The gateway reads x-forwarded-for itself and never takes the source address from it.
        proxy_headers=False,
        server_header=False,
        # An access log would hold query strings with names and phone numbers; the Lambda writes its own log.
        access_log=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    end_with_parent()
    main(int(sys.argv[1]))
