"""A provider on this machine that never answers, drops the connection, or answers as a test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Behaviour(NamedTuple):
    """`status` None means that no answer comes: the connection hangs, or is dropped once the request has arrived."""

    status: int | None
    body: bytes = b""
    code: str = ""
    hangs: bool = False


class Provider(NamedTuple):
    url: str
    requests: list[bytes]


@contextmanager
def provider(behaviour: Behaviour) -> Iterator[Provider]:
    over = threading.Event()
    requests: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(self.rfile.read(int(self.headers["Content-Length"])))
            if behaviour.hangs:
                over.wait()
            if behaviour.status is None:
                self.close_connection = True
                return
            self.send_response(behaviour.status)
            self.send_header("Content-Length", str(len(behaviour.body)))
            if behaviour.code:
                self.send_header("x-amzn-ErrorType", behaviour.code)
            self.end_headers()
            self.wfile.write(behaviour.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Provider(f"http://127.0.0.1:{server.server_port}", requests)
        finally:
            over.set()
            server.shutdown()
            thread.join()
