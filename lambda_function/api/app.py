"""The HTTP application, which answers every payload-2.0 event, whatever it holds."""

import re
from functools import partial
from http import HTTPStatus

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.api import problems
from lambda_function.api.fhir.wire import PUBLIC_URL
from lambda_function.api.middleware import as_get, transaction
from lambda_function.api.routes import (
    appointments,
    availability,
    calendar_feed,
    catalogue,
    fhir,
    fhir_appointments,
    fhir_directory,
    guardians,
    health,
    legacy,
    link_codes,
    me,
    notifications,
    recalls,
    time_off,
    users,
    waitlist,
    working_hours,
)
from lambda_function.api.strict import BODY_METHODS, check_body, check_query, find_route, json_text, strict_json
from lambda_function.api.wire_formats import format_of
from lambda_function.db.unit_of_work import Database
from lambda_function.web.edge import NoteRoute, serve
from lambda_function.web.errors import EdgeError, shown_error
from lambda_function.web.events import Event, Result, method_of

# These routes need no token; API Gateway and the local gateway put the JWT authorizer on everything else.
PUBLIC_ROUTES = frozenset({"GET /health", "GET /health/ready", "GET /calendar.ics", "GET /fhir/R4/metadata"})
# Browsers ask without a token whether a page may send a request. Without a route of its own that question would end at
# the authorizer of `$default`.
PREFLIGHT_KEY = "OPTIONS /{proxy+}"
# The keys at a gateway that need no token. HEAD needs one of its own to get past the authorizer.
PUBLIC_KEYS = PUBLIC_ROUTES | {key.replace("GET", "HEAD", 1) for key in PUBLIC_ROUTES} | {PREFLIGHT_KEY}
# Whatever no other key takes: a HEAD, an unknown path. It asks for a token, too.
DEFAULT_KEY = "$default"
_OPERATION = re.compile(r"\$[a-z-]+$")
# A browser that shows an answer loads, runs and frames nothing.
_HEADERS = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


def create_resolver() -> APIGatewayHttpResolver:
    """All routes, without a database."""
    resolver = APIGatewayHttpResolver(
        enable_validation=True,
        serializer=json_text,
        response_validation_error_http_code=500,
        json_body_deserializer=strict_json,
    )
    for module in (
        health,
        me,
        catalogue,
        working_hours,
        time_off,
        availability,
        users,
        link_codes,
        guardians,
        appointments,
        notifications,
        recalls,
        waitlist,
        calendar_feed,
        legacy,
        fhir,
        fhir_appointments,
        fhir_directory,
    ):
        resolver.include_router(module.router)
    for route in routes_of(resolver):
        # Powertools takes a path for a pattern, in which the `$` of a FHIR operation would be the end.
        route.rule = re.compile(route.rule.pattern.replace("/$", r"/\$"))
    return resolver


def routes_of(resolver: APIGatewayHttpResolver) -> list[Route]:
    """The routes in the order in which Powertools tries them; it has no public list of them."""
    return [*resolver._static_routes, *resolver._dynamic_routes]  # noqa: SLF001 - as the docstring says


def route_key(route: Route) -> str:
    """The key as API Gateway writes it: `GET /appointments/{appointment_id}`."""
    return f"{route.method} {route.openapi_path}"


def route_keys() -> tuple[str, ...]:
    """The keys of all routes, for the gateway."""
    return tuple(route_key(route) for route in routes_of(create_resolver()))


def gateway_keys() -> frozenset[str]:
    """The keys of a gateway in front of the application. API Gateway takes no `$` in a key, so a FHIR operation has a
    parameter where its name would be; the application goes by the path itself.
    """
    return frozenset(_OPERATION.sub("{operation}", key) for key in route_keys()) | PUBLIC_KEYS | {DEFAULT_KEY}


def create_app(database: Database, public_url: str | None = None) -> "Api":
    """The application over one database. `public_url` is the address that people see; without it, each request says."""
    resolver = create_resolver()
    resolver.use(middlewares=[transaction(database)])
    return Api(resolver, public_url)


class Api:
    """Callable as a Lambda handler."""

    def __init__(self, resolver: APIGatewayHttpResolver, public_url: str | None) -> None:
        self._resolver = resolver
        self._public_url = public_url
        self._routes = routes_of(resolver)

        # Registered so that Powertools answers no error itself: `_answer_error` does.
        resolver.exception_handler(Exception)(_to_the_edge)

    def __call__(self, event: Event, context: LambdaContext) -> Result:
        return serve(
            event,
            context,
            answer=partial(self._dispatch, context=context),
            answer_error=partial(_refusal, event=event),
            headers=_HEADERS,
        )

    def _dispatch(self, event: Event, note_route: NoteRoute, *, context: LambdaContext) -> Result:
        if method_of(event) == "HEAD":
            event = as_get(event)
        method, path = method_of(event), event["rawPath"]
        if method == "OPTIONS" and not event["requestContext"].get("authorizer"):
            # The gateway adds what its CORS configuration allows; the answer does not depend on the address.
            note_route(PREFLIGHT_KEY)
            return {"statusCode": HTTPStatus.NO_CONTENT.value, "headers": {}, "body": ""}
        # Authenticated first, so that anonymous callers cannot find out which routes there are.
        sub = subject(event) if f"{method} {path}" not in PUBLIC_ROUTES else None
        route = find_route(self._routes, method, path)
        note_route(route_key(route))
        event = format_of(path).prepared(event, {parameter.alias for parameter in route.dependant.query_params})
        headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        check_query(route, event.get("rawQueryString", ""))
        check_body(route, event, headers)
        self._resolver.append_context(sub=sub)
        if route.method in BODY_METHODS:
            headers["content-type"] = (
                "application/json"  # the path as it was checked; Powertools knows no other spelling
            )
        return self._resolver.resolve({**event, "headers": headers, PUBLIC_URL: self._public_url}, context)


def _to_the_edge(error: Exception) -> None:
    raise error


def subject(event: Event) -> str:
    """The `sub` of a verified access token. API Gateway checks signature, issuer, audience and time, but lets ID
    tokens pass, and hands all claims over as strings.
    """
    authorizer = event["requestContext"].get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    sub = claims.get("sub")
    if claims.get("token_use") != "access" or not isinstance(sub, str) or not sub:
        raise EdgeError("unauthenticated", "An access token is needed.", headers={"WWW-Authenticate": "Bearer"})
    return sub


def _refusal(error: Exception, request_id: str, *, event: Event) -> Result:
    if isinstance(error, RequestValidationError):
        problem = problems.from_validation(error, request_id)
    else:
        problem = problems.from_domain(shown_error(error), request_id)
    return format_of(event["rawPath"]).refusal(problem, event)
