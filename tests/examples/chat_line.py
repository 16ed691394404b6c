"""A browser's side of the chat page, by hand: what is said and heard on the wire."""

from __future__ import annotations

import http.client
import json
import socket
import uuid
from collections.abc import Callable
from contextlib import closing
from typing import Any, Self

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    RejectConnection,
    Request,
    TextMessage,
)

from examples.chat_page_picture import LIMIT, Stage


class Line:
    """A connection to a session's room, as the page's script makes it."""

    def __init__(self, stage: Stage, name: str, origin: str | None = None) -> None:
        host, port = address(stage)
        self.socket = socket.create_connection((host, port), timeout=LIMIT)
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.pieces = ""  # of a message that has not ended
        self.events: list[dict[str, Any]] = []  # Any: JSON
        self.status = 0  # of the answer to the handshake
        self.code: int | None = None  # it was closed with
        headers = [(b"origin", origin.encode())] if origin is not None else []
        asked = Request(f"{host}:{port}", f"/talk/{name}", extra_headers=headers)
        self.socket.sendall(self.protocol.send(asked))
        self.read(lambda: self.status != 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, message: TextMessage | BytesMessage) -> None:
        """Send a frame."""
        self.socket.sendall(self.protocol.send(message))

    def say(self, text: str, id: str | None = None) -> None:  # noqa: A002 - its name
        """Send a prompt, with an id as the page gives it one, or a stop."""
        name = id if id is not None else str(uuid.uuid4())
        self.send(TextMessage(f"{name} {text}" if text else ""))

    def read(self, until: Callable[[], object]) -> None:
        """Read until something holds, or the connection is closed."""
        while self.code is None and not until():
            data = self.socket.recv(65536)
            self.protocol.receive_data(data or None)
            for event in self.protocol.events():
                match event:
                    case AcceptConnection():
                        self.status = 101
                    case RejectConnection(status_code=status):
                        self.status, self.code = status, 0
                    case TextMessage(data=text):
                        self.pieces += text
                        if event.message_finished:
                            self.events += json.loads(self.pieces)
                            self.pieces = ""
                    case CloseConnection(code=code):
                        self.code = code
                    case _:
                        pass

    def of(self, kind: str) -> list[Any]:
        """All that was told of a kind: said, word, steered, outcome."""
        return [event[kind] for event in self.events if kind in event]

    def hear(self, kind: str, count: int = 1) -> list[Any]:
        """Read until so many of a kind were told."""
        self.read(lambda: len(self.of(kind)) >= count)
        assert len(self.of(kind)) >= count, self.events
        return self.of(kind)


def address(stage: Stage) -> tuple[str, int]:
    """Host and port of the page."""
    host, _, port = stage.url.removeprefix("http://").partition(":")
    return host, int(port)


def get(stage: Stage, path: str, host: str | None = None) -> tuple[int, str]:
    """Status and body of a GET."""
    with closing(http.client.HTTPConnection(*address(stage), timeout=LIMIT)) as asked:
        asked.request("GET", path, headers={"host": host} if host else {})
        answer = asked.getresponse()
        return answer.status, answer.read().decode()
