"""The scripted model as a server on loopback: one port for all dialects.

It answers one request per connection after another, and logs each as data.  Who goes
away in the middle of an answer is noted: that is how a cancelled turn looks from here.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import h11
import trio

from .dialects import aside, dialect_of
from .openai import Json, Piece
from .script import reply

CHUNK = 65_536


@attrs.define
class Request:
    """What was asked, and what came of it."""

    method: str
    path: str
    dialect: str = ""
    """Which API; nothing: none of the four."""
    verb: str = ""
    told: list[str] = attrs.field(factory=list[str])
    """All that the user has told the model to say, as far as the agent repeats it."""
    tools: list[str] = attrs.field(factory=list[str])
    """The names of the tools that were offered."""
    called: str = ""
    """The tool that we have called."""
    status: int = 200
    left: bool = False
    """Whoever asked has gone before the answer's end."""
    body: Json = attrs.field(factory=dict[str, Any], repr=False)


class Model:
    """The server; `requests` is its log."""

    def __init__(self, port: int, pace: float = 1.0) -> None:
        self._pace = pace
        self.url = f"http://127.0.0.1:{port}"
        """Where it is, without a path."""
        self.requests: list[Request] = []
        """All that was asked, in order."""

    async def serve(self, stream: trio.abc.Stream) -> None:
        """Serve a connection to its end."""
        connection = h11.Connection(h11.SERVER)
        try:
            while await self._one(connection, stream):
                connection.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        except h11.RemoteProtocolError:
            pass  # not HTTP, or not any more: it is told nothing, and let go
        finally:
            await trio.aclose_forcefully(stream)

    async def _one(self, connection: h11.Connection, stream: trio.abc.Stream) -> bool:
        """Answer a request; whether there may be another."""
        asked: h11.Request | None = None
        data = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    go = h11.InformationalResponse(status_code=100, headers=[])
                    await stream.send_all(connection.send(go))
                connection.receive_data(bytes(await stream.receive_some(CHUNK)))
            elif isinstance(event, h11.Request):
                asked = event
            elif isinstance(event, h11.Data):
                data += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return False
        assert asked is not None
        request = Request(asked.method.decode(), asked.target.decode())
        self.requests.append(request)
        packed = dict(asked.headers).get(b"content-encoding") == b"gzip"
        await self._answer(
            connection, stream, request, gzip.decompress(data) if packed else data
        )
        return connection.our_state is connection.their_state is h11.DONE

    async def _answer(
        self,
        connection: h11.Connection,
        stream: trio.abc.Stream,
        request: Request,
        data: bytes | bytearray,
    ) -> None:
        dialect = dialect_of(request.path) if request.method == "POST" else None
        if dialect is None:
            found = aside(request.path)
            request.status = 404 if found is None else 200
            body = {"error": {"message": "not here"}} if found is None else found
            await self._whole(connection, stream, request.status, body)
            return
        request.dialect = dialect.name
        request.body = json.loads(data)
        asked = dialect.read(request.body)
        made = reply(asked)
        request.verb, request.told = asked.verb()[0], asked.told()
        request.tools = [tool.name for tool in asked.tools]
        request.called = made.call.name if made.call else ""
        request.status = made.status
        number = len(self.requests)
        if made.status != 200:
            body = dialect.error(made.status)
            await self._whole(connection, stream, made.status, body)
        elif asked.stream or ":stream" in request.path:
            pieces = dialect.stream(made, number)
            await self._pieces(connection, stream, request, pieces)
        else:
            await trio.sleep(self._pace * made.pause * len(made.words))
            await self._whole(connection, stream, 200, dialect.whole(made, number))

    async def _whole(
        self,
        connection: h11.Connection,
        stream: trio.abc.Stream,
        status: int,
        body: Json,
    ) -> None:
        data = json.dumps(body).encode()
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(data))),
        ]
        head = connection.send(h11.Response(status_code=status, headers=headers))
        tail = connection.send(h11.Data(data=data)) or b""
        last = connection.send(h11.EndOfMessage()) or b""
        await stream.send_all((head or b"") + tail + last)

    async def _pieces(
        self,
        connection: h11.Connection,
        stream: trio.abc.Stream,
        request: Request,
        pieces: Iterator[Piece],
    ) -> None:
        headers = [
            ("content-type", "text/event-stream"),
            ("transfer-encoding", "chunked"),
        ]
        head = connection.send(h11.Response(status_code=200, headers=headers))
        try:
            await stream.send_all(head or b"")
            for pause, piece in pieces:
                await trio.sleep(self._pace * pause)
                await stream.send_all(connection.send(h11.Data(data=piece)) or b"")
            await stream.send_all(connection.send(h11.EndOfMessage()) or b"")
        except trio.BrokenResourceError:
            request.left = True
            raise


@asynccontextmanager
async def open_model(pace: float = 1.0) -> AsyncGenerator[Model]:
    """Serve a model on loopback for as long as the block lasts.

    Args:
        pace: what the pauses of its answers are multiplied by.
    """
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    model = Model(listeners[0].socket.getsockname()[1], pace)
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, model.serve, listeners)
        yield model
        nursery.cancel_scope.cancel()
