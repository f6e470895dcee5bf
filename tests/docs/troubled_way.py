"""A proxy in front of the service. It passes requests on unless the test has ordered trouble."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lambda_function.api.problems import problem

_BUSY = str(problem("contention", "Try again.", "request")["body"]).encode()
_THROTTLED = json.dumps({"message": "Too Many Requests"}).encode()


class Way(ThreadingHTTPServer):
    """Each of `troubles` hits one of the next bookings. BUSY: the service answers 503. THROTTLED: the
    gateway answers 429. TAKEN: `rival` books the same
    time first. LOST: the service books, and the connection breaks before the answer. A refusal is not a booking, so
    LOST waits for the next one. `keys` are the keys of all requests.
    """

    def __init__(self, service_port: int, rival: Callable[[bytes], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service_port = service_port
        self.rival = rival
        self.troubles: list[str] = []
        self.keys: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def trouble(self, key: str) -> str | None:
        """Returns the trouble of the booking with this key."""
        self.keys.append(key)
        return self.troubles.pop(0) if self.troubles else None


@contextmanager
def troubled_way(service_port: int, rival: Callable[[bytes], None]) -> Iterator[Way]:
    with Way(service_port, rival) as way:
        thread = threading.Thread(target=way.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield way
        finally:
            way.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Way

    def do_GET(self) -> None:
        self._answer(*self._passed_on(b""))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        trouble = self.server.trouble(self.headers["idempotency-key"]) if self.path == "/appointments" else None
        if trouble == "BUSY":
            self._answer(503, [("Retry-After", "0")], _BUSY)
            return
        if trouble == "THROTTLED":
            self._answer(429, [("Retry-After", "0")], _THROTTLED)
            return
        if trouble == "TAKEN":
            self.server.rival(body)
        answer = self._passed_on(body)
        if trouble == "LOST" and answer[0] == HTTPStatus.CREATED:
            return
        if trouble == "LOST":
            self.server.troubles.insert(0, trouble)
        self._answer(*answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Logs nothing."""

    def _passed_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection("127.0.0.1", self.server.service_port, timeout=30)
        try:
            connection.request(self.command, self.path, body or None, dict(self.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
