"""Answers cross-origin requests as an HTTP API with a `cors_configuration` does."""

import re
from dataclasses import dataclass
from typing import Final

from dev.http_event import Answer, Request

METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
REQUEST_HEADERS: Final = ("authorization", "content-type", "idempotency-key", "if-match", "prefer")
ANSWER_HEADERS: Final = ("allow", "etag", "idempotency-replayed", "link", "location", "retry-after", "x-request-id")
MAX_AGE_SECONDS: Final = 7200  # the longest that Chromium believes

# Pages that developers of a client serve on their own machine, on any port.
_THIS_MACHINE: Final = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Cors:
    """Pages of `origins`, spelled as browsers do, and of every origin on this machine may call the API.

    Credentials are not allowed, because tokens travel in a header.
    """

    origins: frozenset[str] = frozenset()

    def shared(self, request: Request, answer: Answer) -> Answer:
        """Returns the answer with the headers for the calling page in place of any that the Lambda has set."""
        kept = [header for header in answer.headers if not header[0].startswith("access-control-")]
        return Answer(answer.status, (*kept, *self._headers(request)), answer.body)

    def _headers(self, request: Request) -> tuple[tuple[str, str], ...]:
        origin = request.header("origin")
        if origin is None or not (origin in self.origins or _THIS_MACHINE.fullmatch(origin)):
            return ()
        headers = (("access-control-allow-origin", origin), ("vary", "origin"))
        if is_preflight(request):
            return (
                *headers,
                ("access-control-allow-methods", ",".join(METHODS)),
                ("access-control-allow-headers", ",".join(REQUEST_HEADERS)),
                ("access-control-max-age", str(MAX_AGE_SECONDS)),
            )
        return (*headers, ("access-control-expose-headers", ",".join(ANSWER_HEADERS)))


def is_preflight(request: Request) -> bool:
    """Returns whether a browser asks if a page may send the request that follows."""
    asks = request.header("origin") is not None and request.header("access-control-request-method") is not None
    return request.method == "OPTIONS" and asks
