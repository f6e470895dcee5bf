"""The API of a test over HTTP, at the time of the test's clock. `Bearer pat` is pat."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from lambda_function.api.app import Api
from tests.docs.inbox import Inbox
from tests.wsgi import wsgi


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Logs nothing."""


@contextmanager
def served(api: Api, inbox: Inbox | None = None) -> Iterator[int]:
    """Serves the API, one request at a time, and yields its port. An inbox adds what only the local stack serves."""
    application = wsgi(api) if inbox is None else inbox.beside(wsgi(api))
    with make_server("127.0.0.1", 0, application, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
