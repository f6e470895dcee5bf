"""Searches have two routes each: GET of the type, and POST with the parameters in a form."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from lambda_function.api.fhir.parameters import BY_FORM
from lambda_function.api.fhir.wire import BASE

_Search = TypeVar("_Search", bound=Callable[..., Response[str]])


def search_routes(router: Router, kind: str, summary: str) -> Callable[[_Search], _Search]:
    """Gives a search both of its routes. They have the same parameters, and differ in the id of their operation."""

    def register(search: _Search) -> _Search:
        @wraps(search)
        def by_form(**parameters: Any) -> Response[str]:
            return search(**parameters)

        by_form.__name__ = f"{search.__name__}_by_form"
        router.get(f"{BASE}/{kind}", tags=["fhir"], summary=summary)(search)
        router.post(f"{BASE}/{kind}{BY_FORM}", tags=["fhir"], summary=f"{summary} by a form")(by_form)
        return search

    return register
