"""`serve_control`: HTTP on a bound socket, in the task that awaits it.

Trio accepts, hypercorn speaks HTTP with one connection at a time, the application of
`_endpoints` answers.  What strangers can make it hold is bounded: connections, the
bytes of a request, the seconds of half a one.  It has no signal handlers, threads or
log of its own, and ends at once when it is cancelled.
"""

from __future__ import annotations

import socket
from typing import Any, Final

import trio
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState

from supervision._log.safe import Log
from supervision._view.view import View

from ._endpoints.app import make_app, make_metrics_app
from .connection import Connection
from .socket import BoundSocket, SocketHeldError, SocketPathError

CONNECTIONS: Final = 64
"""How many are served at once; the next ones wait until one of them has ended."""
IDLE: Final = 5.0
"""Seconds between two requests of a connection, and for the head of one."""
LOOK: Final = 1.0
"""Seconds between two looks whether the socket's file is there."""
HEAD: Final = 16 * 1024
"""Bytes of the head of a request."""

logger = Log("supervision.control")


async def serve_control(
    view: View,
    bound: BoundSocket,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve a view on a socket until cancelled; then all connections end at once.

    If its file is removed, as by who tidies up a folder, the socket is made again
    within a second; connections that there are stay.

    Args:
        view: what is shown and done.
        bound: where; it is closed afterwards, its file is left to its owner.
        task_status: started when it accepts.
    """
    server = _Server(make_app(view))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.cut_all_when_cancelled)
        accepting: trio.CancelScope
        accepting = await nursery.start(server.accept, bound.socket, nursery)
        task_status.started()
        told = ""
        while True:
            await trio.sleep(LOOK)
            if not bound.is_lost():
                continue
            try:
                again = bound.restore()
            except (SocketHeldError, SocketPathError) as error:
                if str(error) != told:  # once, not each second
                    told = str(error)
                    text = "the control socket was removed: %s"
                    logger.error(text, error)  # noqa: TRY400 - it says all
                continue
            told = ""
            logger.warning("the control socket %s was removed: made again", bound.path)
            if again:
                accepting.cancel()
                accepting = await nursery.start(server.accept, bound.socket, nursery)


async def serve_metrics(
    view: View,
    listening: socket.socket,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `/metrics`, `/health` and `/ready` until cancelled, to whoever connects.

    Args:
        view: whose numbers are shown.
        listening: a TCP socket that listens; it is closed afterwards.
        task_status: started when it accepts.
    """
    server = _Server(make_metrics_app(view))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.cut_all_when_cancelled)
        await nursery.start(server.accept, listening, nursery)
        task_status.started()


class _Server:
    """What all connections share."""

    def __init__(self, app: Any) -> None:
        self.places = trio.Semaphore(CONNECTIONS)
        self._live: set[Connection] = set()
        self._app = app
        self._config = _config()

    async def accept(
        self,
        listening: socket.socket,
        nursery: trio.Nursery,
        *,
        task_status: trio.TaskStatus[trio.CancelScope],
    ) -> None:
        """Accept from a socket, until the scope that is given is cancelled."""
        accepted = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
        listener = _Bounded(accepted, self.places)
        with trio.CancelScope() as scope:
            async with listener:
                task_status.started(scope)
                await trio.serve_listeners(
                    self.serve, [listener], handler_nursery=nursery
                )

    async def serve(self, stream: trio.SocketStream) -> None:
        """Serve one connection; it has its place."""
        connection = Connection(stream)
        self._live.add(connection)
        try:
            with connection.scope:
                await self._speak(connection)
        finally:
            self._live.discard(connection)
            self.places.release()

    async def _speak(self, connection: Connection) -> None:
        state = ConnectionState({"cut": connection.cut, "peer": connection.peer})
        stream: Any = connection  # it has what of a stream is used
        # a context for each: a connection must not be kept by those that came before
        context = WorkerContext(None)
        app = _Application(self._app, connection)
        server = _Conversation(app, self._config, context, state, stream)
        try:
            await server.run()
        except* Exception:
            logger.debug("a connection failed", exc_info=True)

    async def cut_all_when_cancelled(self) -> None:
        """Break through the shields behind which answers are sent."""
        try:
            await trio.sleep_forever()
        finally:
            for connection in tuple(self._live):
                connection.cut()


class _Conversation(TCPServer):
    """HTTP with one client."""

    async def _read_data(self) -> None:
        """Read until the client has said its last; then wait for no more of it."""
        await super()._read_data()
        await self.idle_task.stop()


class _Application:
    """An ASGI application as hypercorn calls it; ours needs no threads."""

    def __init__(self, app: Any, connection: Connection) -> None:
        self._app = app
        self._connection = connection

    async def __call__(
        self,
        scope: Any,
        receive: Any,
        send: Any,
        sync_spawn: object,
        call_soon: object,
    ) -> None:
        del sync_spawn, call_soon
        with self._connection:
            await self._app(scope, receive, send)


class _Bounded(trio.abc.Listener[trio.SocketStream]):
    """A listener that accepts when there is a place."""

    def __init__(self, listener: trio.SocketListener, places: trio.Semaphore) -> None:
        self._listener = listener
        self._places = places

    async def accept(self) -> trio.SocketStream:
        await self._places.acquire()
        try:
            return await self._listener.accept()
        except BaseException:
            self._places.release()
            raise

    async def aclose(self) -> None:
        await self._listener.aclose()


def _config() -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.keep_alive_timeout = IDLE
    config.h11_max_incomplete_size = HEAD
    config.h2_max_concurrent_streams = 8
    config.websocket_max_message_size = HEAD
    return config
