"""A service that is only a story: its shapes, and a server on a Unix socket.

The server answers what it was told to, and writes down what it was asked.
"""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

from supervision.service import (
    ActorShape,
    RouterShape,
    ServiceShape,
    SessionShape,
    SessionsShape,
    StatisticsShape,
    StoreShape,
    SystemShape,
    TopShape,
)


def actor(path: str, *children: ActorShape, **fields: Any) -> ActorShape:
    """Make an actor; `fields` instead of what is usual."""
    told: dict[str, Any] = {
        "path": path,
        "name": path.rpartition("/")[2],
        "cls": "Worker",
        "kind": "actor",
        "state": "idle",
        "incarnation": 1,
        "depth": 0,
        "capacity": 1024,
        "in_hand": None,
        "in_hand_age": None,
        "tasks": 0,
        "owns": len(children),
        "children": list(children),
        "hidden": 0,
        **fields,
    }
    return told  # type: ignore[return-value]


def tree() -> ActorShape:
    """Make a small tree, in which `/chat/tools/search` is in trouble."""
    return actor(
        "/",
        actor(
            "/chat",
            actor("/chat/router", kind="router", cls="Router", owns=40, hidden=40),
            actor(
                "/chat/tools",
                actor(
                    "/chat/tools/search",
                    state="waiting",
                    depth=1000,
                    in_hand="Lookup",
                    in_hand_age=75.0,
                    incarnation=4,
                ),
                actor("/chat/tools/mail"),
                kind="supervisor",
                cls="Tools",
            ),
            kind="supervisor",
            cls="Chat",
        ),
        cls="ActorSystem",
    )


def session(key: str, **fields: Any) -> SessionShape:
    """Make a session; `fields` instead of what is usual."""
    told: dict[str, Any] = {
        "router": "/chat/router",
        "key": key,
        "tenant": None,
        "generation": 1,
        "phase": "running",
        "turn": 17,
        "tool": None,
        "queued": 0,
        "steering": 0,
        "children": 0,
        "asides": 0,
        "readers": 0,
        "age": 30.0,
        "idle": None,
        "last_activity": 2.0,
        "given_up": 0,
        "burning": None,
        "quarantined": None,
        "held": None,
        "entries": 0,
        "node": None,
        **fields,
    }
    return told  # type: ignore[return-value]


def router(path: str = "/chat/router", **fields: Any) -> RouterShape:
    """Make what a router counts; `fields` instead of what is usual."""
    told: dict[str, Any] = {
        "path": path,
        "alive": True,
        "sessions": 40,
        "idle": 30,
        "turns_running": 6,
        "turns_waiting": 0,
        "slots": 8,
        "queued": 3,
        "answering": 6,
        "accepted": 100,
        "outcomes": {"Completed": 80, "Aborted": 10},
        "refused": {"QueueFullError": 5},
        "repeated": 0,
        "opened": 50,
        "closed": {"closed": 10},
        "suspended": 0,
        "given_up": 0,
        "chunks": 1000,
        "unread": 0,
        "out_of_turn": 0,
        "kept": 0,
        "wait_seconds": 1.5,
        "wait_longest": 0.5,
        "turn_seconds": {"Completed": 40.0},
        "turns": {"Completed": 80},
        "store": None,
        **fields,
    }
    return told  # type: ignore[return-value]


def store(**fields: Any) -> StoreShape:
    """Make what a store counts; `fields` instead of what is usual."""
    told: dict[str, Any] = {
        "path": "/srv/chat.db",
        "size": 84 * 1024 * 1024,
        "log": 4 * 1024 * 1024,
        "opened": 3,
        "age": 100.0,
        "unwritten": 12,
        "unwritten_bytes": 4096,
        "batches": 2000,
        "operations": 9000,
        "seconds": 8.0,
        "held": 0,
        "down": None,
        "why": None,
        "node": None,
        "partitions": 0,
        "following": 0,
        "sent_on": 0,
        "moved": 0,
        "fenced": 0,
        **fields,
    }
    return told  # type: ignore[return-value]


def service(**fields: Any) -> ServiceShape:
    """Make what a service says of itself; `fields` instead of what is usual."""
    told: dict[str, Any] = {
        "name": "chat",
        "pid": 4242,
        "state": "ready",
        "why": None,
        "uptime": 100.0,
        "budget": 25.0,
        "left": None,
        "socket": "/run/chat.sock",
        "python": "3.13.0",
        "version": "0.1.0",
        **fields,
    }
    return told  # type: ignore[return-value]


def system(**fields: Any) -> SystemShape:
    """Make what the system counts; `fields` instead of what is usual."""
    told: dict[str, Any] = {
        "actors": 46,
        "started": 60,
        "ended": 14,
        "restarts": 3,
        "crashes": 3,
        "handled": 5000,
        "ready": 1,
        "workers": 2,
        "spare_workers": 1,
        "timers": 4,
        "late_replies": 0,
        "dead_letters": {"crashed": 2},
        **fields,
    }
    return told  # type: ignore[return-value]


def statistics(*routers: RouterShape, **fields: Any) -> StatisticsShape:
    """Make what is counted; `fields` are the service's."""
    return {
        "service": service(**fields),
        "process": {"cpu": 10.0, "rss": 84 * 1024 * 1024, "files": 12},
        "system": system(),
        "routers": list(routers),
    }


def sessions(*found: SessionShape, matching: int | None = None) -> SessionsShape:
    """Make a list of sessions."""
    count = len(found) if matching is None else matching
    return {"sessions": list(found), "matching": count}


def top(*routers: RouterShape, **fields: Any) -> TopShape:
    """Make a frame; `fields` are the service's."""
    return {
        "statistics": statistics(*(routers or (router(),)), **fields),
        "tree": tree(),
        "sessions": sessions(
            session("alice"),
            session("bob", phase="tool", tool="search", turn=18),
            session("carol", phase="idle", turn=None, idle=5.0),
            matching=40,
        ),
    }


Answer = Any  # JSON; or (status, JSON); or bytes as they are; or a function of these


class StoryServer:
    """A control socket that tells a story.

    Args:
        path: of the socket.
        answers: `{"GET /tree": answer}`; a function is called with the whole target
            and the body, in a thread of the server.
    """

    def __init__(self, path: Path, answers: Mapping[str, Answer]) -> None:
        self.path = path
        self.answers = dict(answers)
        self.asked: list[str] = []
        """`METHOD target body` of each request."""
        story = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.close_connection = True
                self.raw_requestline = self.rfile.readline()
                if self.raw_requestline and self.parse_request():
                    story._answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing: a client may go away."""

        self._server = Server(str(path), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop, as a service does: the socket goes too."""
        if self.path.exists():
            self.path.unlink()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def _answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length).decode()
        self.asked.append(f"{handler.command} {handler.path} {body}".strip())
        name = f"{handler.command} {urlsplit(handler.path).path}"
        answer = self.answers.get(name, (404, {"error": f"no route {name}"}))
        if callable(answer):
            answer = answer(handler.path, body)
        if isinstance(answer, bytes):
            handler.wfile.write(answer)
            return
        status, said = _with_status(answer)
        content = said if isinstance(said, str) else json.dumps(said)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content.encode())))
        handler.end_headers()
        handler.wfile.write(content.encode())


def _with_status(answer: Any) -> tuple[int, Any]:
    if isinstance(answer, tuple):
        return cast("tuple[int, Any]", answer)
    return 200, answer
