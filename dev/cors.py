"""Cross-origin requests, answered as an HTTP API with a `cors_configuration` answers them."""

import re
from dataclasses import dataclass
from typing import Final

from dev.http_event import Answer, Request

METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
REQUEST_HEADERS: Final = ("authorization", "content-type", "idempotency-key", "if-match")
ANSWER_HEADERS: Final = ("allow", "etag", "idempotency-replayed", "location", "retry-after", "x-request-id")
MAX_AGE_SECONDS: Final = 7200  # the longest that Chromium believes

# Pages that whoever develops a client serves to themselves, on any port.
_THIS_MACHINE: Final = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Cors:
    """`origins` are those whose pages may call, as browsers write them, beside every origin of this machine. No
    credentials: tokens travel in a header.
    """

    origins: frozenset[str] = frozenset()

    def shared(self, request: Request, answer: Answer) -> Answer:
        """The answer with the headers for the page that asks, and without any that the Lambda has set itself."""
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
    """Whether a browser asks if a page may send another request."""
    asks = request.header("origin") is not None and request.header("access-control-request-method") is not None
    return request.method == "OPTIONS" and asks
