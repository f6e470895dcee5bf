"""The Lambda service's runtime API, which gives awslambdaric its events and takes its answers."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

_PREFIX = "/2018-06-01/runtime"


class RuntimeApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: Queue[Any] = Queue()
        self.answers: Queue[Any] = Queue()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def invoke(self, event: Any) -> Any:
        """Returns the answer, or the runtime's report of a failure."""
        self.events.put(event)
        return self.answers.get(timeout=60)


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_GET(self) -> None:
        body = json.dumps(self.server.events.get()).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "invocation-1")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 30_000))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:api")
        self.send_header("Content-Type", "application/json")  # the runtime crashes without it
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        assert self.path.startswith(_PREFIX)
        self.server.answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Logs nothing."""


@contextmanager
def runtime(command: Sequence[str], **options: Any) -> Iterator[RuntimeApi]:
    """Runs the command as a runtime, with the address as AWS_LAMBDA_RUNTIME_API in its environment."""
    api = RuntimeApi()
    Thread(target=api.serve_forever, daemon=True).start()
    environment = {**options.pop("env"), "AWS_LAMBDA_RUNTIME_API": api.address}
    process = subprocess.Popen(command, env=environment, **options)
    try:
        yield api
    finally:
        process.kill()
        process.wait()
        api.shutdown()
        api.server_close()
