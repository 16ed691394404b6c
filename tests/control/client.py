"""A served view and a client of it, both in Trio, so that the clock may be virtual.

The client speaks HTTP by hand: what is sent is what a test says, right or wrong.
"""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
import trio

from actors import ActorSystem, Session, Turn, open_system
from supervision import Limits, RouterRef, start_router
from supervision.control import bind_socket, serve_control
from supervision.service import View


class Chat(Session[str, str]):
    """Answers at once, but for `hang`."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        if turn.prompt == "hang":
            await trio.sleep_forever()
        return turn.prompt.upper()


@attrs.frozen
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body, parsed."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """What was wrong."""
        text: str = self.json["error"]
        return text


@attrs.frozen
class Served:
    """A system whose view is served."""

    system: ActorSystem
    router: RouterRef[str, str]
    path: str
    scope: trio.CancelScope
    """Of the server."""

    async def connect(self) -> trio.SocketStream:
        """A connection."""
        return await trio.open_unix_socket(self.path)

    async def get(self, target: str, *headers: str) -> Answer:
        """GET it."""
        return await self.ask("GET", target, *headers)

    async def post(self, target: str, body: object = b"", *headers: str) -> Answer:
        """POST it; what is no bytes goes as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        length = f"Content-Length: {len(content)}"
        return await self.ask("POST", target, length, *headers, body=content)

    async def ask(
        self, method: str, target: str, *headers: str, body: bytes = b""
    ) -> Answer:
        """One request on a connection of its own."""
        lines = (f"{method} {target} HTTP/1.1", "Host: x", "Connection: close")
        head = "\r\n".join((*lines, *headers, "", "")).encode()
        return answer_in(await self.say(head + body), method)

    async def say(self, sent: bytes) -> bytes:
        """Send it, and give all that comes until the end."""
        async with await self.connect() as stream:
            await stream.send_all(sent)
            return await rest_of(stream)


async def rest_of(stream: trio.SocketStream) -> bytes:
    """All that comes until the end, however it ends."""
    content = bytearray()
    with suppress(trio.BrokenResourceError):
        async for part in stream:
            content += part
    return bytes(content)


class _File:
    """As much of a socket as `http.client` reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, mode: str) -> io.BytesIO:
        assert mode == "rb"
        return io.BytesIO(self._content)


def answer_in(content: bytes, method: str = "GET") -> Answer:
    """Parse an answer; it must be whole."""
    file: Any = _File(content)
    response = http.client.HTTPResponse(file, method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


@asynccontextmanager
async def serving(
    folder: Path,
    view_of: Callable[[ActorSystem], View] = View,
    *,
    sessions: int = 1000,
) -> AsyncGenerator[Served]:
    """Serve a system with a router of `Chat`, `/router`."""
    async with open_system() as system:
        limits = Limits(sessions=sessions, turns=4)
        router = start_router(system, Chat, limits=limits)
        with bind_socket(folder / "control.sock") as bound:
            async with trio.open_nursery() as nursery:
                await nursery.start(serve_control, view_of(system), bound)
                yield Served(system, router, bound.path, nursery.cancel_scope)
                nursery.cancel_scope.cancel()
