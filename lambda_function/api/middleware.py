"""One request, one transaction: who calls, the unit of work, the commit; then what follows from it."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from lambda_function.api.idempotency import answer_once, keyed_request
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.services import offers, people
from lambda_function.web.events import Event

Middleware = Callable[[Any, NextMiddleware], Response[Any]]

_READS = frozenset({"GET", "HEAD"})


_HEAD = "isHead"


_work: ContextVar[UnitOfWork] = ContextVar("work")


def current_work() -> UnitOfWork:
    """The unit of work of the request that is being served."""
    return _work.get()


def as_get(event: Event) -> Event:
    """Turns a HEAD into the GET that it stands for, with a note of what it was."""
    context = event["requestContext"]
    return {**event, "requestContext": {**context, "http": {**context["http"], "method": "GET"}}, _HEAD: True}


def is_head(event: BaseProxyEvent) -> bool:
    """Whether the route may leave the body out, since the client does not get it."""
    return _HEAD in event.raw_event


def transaction(database: Database) -> Middleware:
    """Runs the rest of the request, up to the built response, in a unit of work as the caller. The caller is read anew
    for every try: a token outlives a demotion. With an Idempotency-Key the rest runs once, see api/idempotency.py.
    Reads write nothing. What a request has freed is offered before it is answered, in transactions of their own.
    """

    def middleware(app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        event = app.current_event
        request = keyed_request(event)

        def run(work: UnitOfWork) -> Response[Any]:
            sub = app.context["sub"]
            if sub is not None:
                work.act_as(people.identify(work, sub))
            token = _work.set(work)
            try:
                return answer_once(work, request, partial(next_middleware, app)) if request else next_middleware(app)
            finally:
                _work.reset(token)

        return offers.transact_and_offer(database, run, commit=event.http_method not in _READS)

    return middleware
