"""A gate in front of a database server. Whoever uses it finds the server away while the gate is closed."""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Coroutine
from functools import partial
from threading import Thread
from typing import Any, TypeVar

_Result = TypeVar("_Result")
_CHUNK = 64 * 1024
# Nobody waits for so long: opening and closing take milliseconds.
_PATIENCE_SECONDS = 10

Address = tuple[str, int]


class Gate:
    """An open gate on a port of its own. `server` says where the database server is. It is asked at each connection,
    because the gate is there before the server.
    """

    host = "127.0.0.1"

    def __init__(self, server: Callable[[], Address]) -> None:
        self._server = server
        # This socket never listens. It keeps the port for the gate while that is closed.
        self._kept = self._bound(0)
        self.port: int = self._kept.getsockname()[1]
        self._listener: socket.socket | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"gate {self.port}", daemon=True)
        self._thread.start()
        self.open()

    @property
    def is_open(self) -> bool:
        return self._listener is not None

    def open(self) -> None:
        """Lets connections pass again."""
        self._run(self._open())

    def close(self) -> None:
        """Refuses new connections, and cuts those that there are before it returns."""
        self._run(self._close())

    def end(self) -> None:
        """Closes it for good, and gives its port back."""
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_SECONDS)
        self._loop.close()
        self._kept.close()

    def _bound(self, port: int) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((self.host, port))
        return bound

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_SECONDS)

    async def _open(self) -> None:
        if self._listener is None:
            self._listener = self._bound(self.port)
            self._listener.setblocking(False)
            self._listener.listen()
            self._loop.add_reader(self._listener, self._accept, self._listener)

    async def _close(self) -> None:
        if self._listener is None:
            return
        self._loop.remove_reader(self._listener)
        self._listener.close()
        self._listener = None
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        """Accepts a connection in one step, and so never while the gate closes, as a server of asyncio can."""
        try:
            client, _ = listener.accept()
        except OSError:
            return  # the client has gone already
        client.setblocking(False)
        connection = self._loop.create_task(self._pass(client))
        self._connections.add(connection)
        connection.add_done_callback(partial(self._forget, client))

    def _forget(self, client: socket.socket, connection: asyncio.Task[None]) -> None:
        self._connections.discard(connection)
        client.close()  # here, because a task that is cancelled before it begins closes nothing

    async def _pass(self, client: socket.socket) -> None:
        """Passes on what both sides send, until both have ended, one breaks off, or this is cancelled."""
        ends: list[StreamWriter] = []
        try:
            from_client, to_client = await asyncio.open_connection(sock=client)
            ends.append(to_client)
            from_server, to_server = await asyncio.open_connection(*await asyncio.to_thread(self._server))
            ends.append(to_server)
            await asyncio.gather(_copy(from_client, to_server), _copy(from_server, to_client))
        except OSError:
            pass  # whoever is still there sees that the connection is cut
        finally:
            for end in ends:
                end.transport.abort()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    while sent := await reader.read(_CHUNK):
        writer.write(sent)
        await writer.drain()
    writer.write_eof()
