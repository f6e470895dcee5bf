"""The outer edge of every request, whether it asks for JSON or for a page."""

import time
from collections.abc import Callable, Mapping

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.observability import logger
from lambda_function.web.events import Event, Result, method_of

# Those of every answer. Nothing is kept, taken for something else or told to another site.
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
}
# Takes the route of the request, once it is known.
NoteRoute = Callable[[str], None]


def serve(
    event: Event,
    context: LambdaContext,
    *,
    answer: Callable[[Event, NoteRoute], Result],
    answer_error: Callable[[Exception, str], Result],
    headers: Mapping[str, str],
) -> Result:
    """Answers a request, whatever happens: `answer_error` makes the result of an error and the request's id. The
    headers are those that every answer of this edge has besides the common ones. A HEAD gets no body.

    The log names the route and never the path, because a path may hold a secret or an id.
    """
    started = time.perf_counter()
    request_id: str = event["requestContext"]["requestId"]
    logger.append_keys(request_id=request_id, function_request_id=context.aws_request_id)
    route: list[str] = []
    try:
        result = answer(event, route.append)
    except Exception as error:  # noqa: BLE001 - the outer edge: whatever happens, the caller gets an answer
        result = answer_error(error, request_id)
    if method_of(event) == "HEAD":
        result["body"] = ""
    result["headers"] = {**result.get("headers", {}), **_HEADERS, **headers, "X-Request-Id": request_id}
    logger.info(
        "request",
        route=route[-1] if route else "none",
        status=result["statusCode"],
        duration_ms=round((time.perf_counter() - started) * 1000, 1),
    )
    return result
