"""What middleware around the emulated AWS needs: to read a request before it is answered, and to see the answer."""

import io
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

Environ = dict[str, Any]
# WSGI's own callable, which takes further arguments that nobody here sends.
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Answer(NamedTuple):
    """An answer that has not been sent yet. `started` are the arguments of `start_response`."""

    started: tuple[Any, ...]
    body: bytes

    @property
    def is_ok(self) -> bool:
        return str(self.started[0]).startswith(str(HTTPStatus.OK.value))

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        start_response(*self.started)
        return [self.body]


def body_of(environ: Environ) -> bytes:
    """Returns the body of a request, which the next application can read again."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def answer_of(application: Application, environ: Environ) -> Answer:
    started: list[tuple[Any, ...]] = []
    body = b"".join(application(environ, lambda *arguments: started.append(arguments)))
    return Answer(started[0], body)
