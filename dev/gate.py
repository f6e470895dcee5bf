"""A gate in front of a database server. Whoever uses it finds the server away while the gate is closed."""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Coroutine
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
        self._listener: asyncio.Server | None = None
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
            self._listener = await asyncio.start_server(self._connect, sock=self._bound(self.port))

    async def _close(self) -> None:
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        connection = self._loop.create_task(self._pass(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _pass(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Passes on what both sides send, until both have ended, one breaks off, or this is cancelled."""
        ends = [writer]
        try:
            from_server, to_server = await asyncio.open_connection(*await asyncio.to_thread(self._server))
            ends.append(to_server)
            await asyncio.gather(_copy(reader, to_server), _copy(from_server, writer))
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
