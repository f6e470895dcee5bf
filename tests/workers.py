"""The application in eight processes, each with its own connection, like separate Lambdas. Threads would not do,
because Powertools keeps the current request in class attributes.
"""

from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from lambda_function.api.app import create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from tests.api_client import Answer, ApiClient
from tests.clock import NOW, Clock

if TYPE_CHECKING:  # generic only for the type checker
    from multiprocessing.connection import Connection

WORKERS = 8
Event = Mapping[str, Any]


def _serve(url: URL, pipe: "Connection[Any, Any]", start: Barrier) -> None:
    client = ApiClient(create_app(Database(build_engine(UrlCredentials(url), tls=None), Clock(NOW))))
    for event in iter(pipe.recv, None):
        start.wait()
        pipe.send(client.send(event))


class Workers:
    def __init__(self, url: URL) -> None:
        context = get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._start = context.Barrier(WORKERS)  # has a name in the system, which goes with the last reference
        self._pipes = []
        self._processes = []
        for _ in range(WORKERS):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(url, theirs, self._start), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def send(self, events: Sequence[Event]) -> None:
        """Sends one event to each worker. All of them begin at the same moment."""
        for pipe, event in zip(self._pipes, events, strict=True):
            pipe.send(event)

    def answers(self) -> list[Answer]:
        return [pipe.recv() for pipe in self._pipes]

    def at_once(self, events: Sequence[Event]) -> list[Answer]:
        self.send(events)
        return self.answers()

    def close(self) -> None:
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(None)
            process.join()
            pipe.close()
