"""Cross-origin requests, answered as an HTTP API with a `cors_configuration` answers them."""

from dataclasses import dataclass

from dev.http_event import Answer, Request

_METHODS = "GET,HEAD,POST,PUT,PATCH,DELETE"
_REQUEST_HEADERS = "authorization,content-type,idempotency-key,if-match"
_ANSWER_HEADERS = "allow,etag,idempotency-replayed,location,retry-after,x-request-id"
_MAX_AGE = "300"


@dataclass(frozen=True, slots=True)
class Cors:
    """`origins` are those whose pages may call, as browsers write them. No credentials: tokens travel in a header."""

    origins: frozenset[str]

    def preflight(self, request: Request) -> Answer | None:
        """The gateway's own answer, which needs neither a token nor the Lambda; None for other requests."""
        if request.method != "OPTIONS" or request.header("access-control-request-method") is None:
            return None
        allowed = (
            ("access-control-allow-methods", _METHODS),
            ("access-control-allow-headers", _REQUEST_HEADERS),
            ("access-control-max-age", _MAX_AGE),
        )
        origin = self._origin(request)
        return Answer(204, (*origin, *allowed) if origin else (), b"")

    def shared(self, request: Request, answer: Answer) -> Answer:
        """The answer with the headers for the page that asks, and without any that the Lambda has set itself."""
        kept = [header for header in answer.headers if not header[0].startswith("access-control-")]
        origin = self._origin(request)
        exposed = (("access-control-expose-headers", _ANSWER_HEADERS),) if origin else ()
        return Answer(answer.status, (*kept, *origin, *exposed), answer.body)

    def _origin(self, request: Request) -> tuple[tuple[str, str], ...]:
        origin = request.header("origin")
        return (("access-control-allow-origin", origin), ("vary", "origin")) if origin in self.origins else ()
