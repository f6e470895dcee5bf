"""One request, one transaction: who calls, the unit of work, the retry of deadlocks, the commit."""

import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from lambda_function.db.trouble import is_contention, is_unavailable
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import ContentionError, UnavailableError
from lambda_function.observability import count
from lambda_function.services import people

Clock = Callable[[], datetime]
Middleware = Callable[[Any, NextMiddleware], Response[Any]]

RETRIES = 3
# No new try after this many seconds: with the lock waits of one more it would outlive the function.
RETRY_WINDOW = 12.0
_READS = frozenset({"GET", "HEAD"})


def work_of(router: BaseRouter) -> UnitOfWork:
    """The unit of work of the request that the router is serving."""
    work: UnitOfWork = router.context["work"]
    return work


def transaction(database: Database, clock: Clock) -> Middleware:
    """Runs the rest of the request in a unit of work and commits it, unless it only reads.

    The whole is tried again after a deadlock or a lock wait timeout, with a new session and a caller read anew;
    then it is ContentionError. Raises UnavailableError when the database is away.
    """

    def once(app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        with database.begin(clock()) as work:
            sub = app.context["sub"]
            if sub is not None:
                work.act_as(people.identify(work, sub))
            app.append_context(work=work)
            response: Response[Any] = next_middleware(app)
            if app.current_event.http_method not in _READS:
                work.commit()
            return response

    def middleware(app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        started = time.monotonic()
        for attempt in range(RETRIES + 1):
            try:
                return once(app, next_middleware)
            except Exception as error:
                if is_unavailable(error):
                    raise UnavailableError("The database is away.") from error
                if not (isinstance(error, ContentionError) or is_contention(error)):
                    raise
                count("TransactionRetried")
                if attempt == RETRIES or time.monotonic() - started > RETRY_WINDOW:
                    raise ContentionError("Others are changing the same things; try again.") from error
                # Losers of one deadlock must not meet again at the same instant.
                time.sleep(random.uniform(0.0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable: the last attempt returns or raises")

    return middleware
