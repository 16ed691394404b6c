"""`Client`: what a control socket is asked, as plain blocking calls.

Each call is one HTTP request on a connection of its own, over the standard library's
`http.client` on a Unix socket; nothing is tried twice.  What comes back is checked
against the shapes of `supervision._view`, so that callers have typed dictionaries.

It does not know how anything is shown, nor where sockets are.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from supervision._view.shapes import (
    ActorDetailShape,
    ActorShape,
    AllLimitsShape,
    ErrorShape,
    ResultShape,
    ServiceShape,
    SessionShape,
    SessionsShape,
    StackShape,
    StatisticsShape,
    TopShape,
)

from .answers import ShapeError, checked
from .connection import Connection, EventLines
from .failures import (
    ClientError,
    NobodyThereError,
    RefusedRequestError,
    SilentServiceError,
    StrangeAnswerError,
)

__all__ = (
    "Client",
    "ClientError",
    "NobodyThereError",
    "RefusedRequestError",
    "SilentServiceError",
    "StrangeAnswerError",
)

T = TypeVar("T")
Query: TypeAlias = "str | float | bool | Sequence[str] | None"
_FINE = range(200, 300)


class Client:
    """Asks the service behind a control socket.

    Every method raises a `ClientError`: `NobodyThereError`, `StrangeAnswerError` or
    `RefusedRequestError`.

    Args:
        path: the socket.
        timeout: seconds without a word from the service after which a call gives up.
            Default 10.  `stop_actor`, `restart_actor` and `events` wait for as long
            as it takes.

    Example:
        >>> Client("/run/user/1000/trio-actors/chat.sock").service()["state"]
        'ready'
    """

    def __init__(self, path: Path | str, *, timeout: float = 10.0) -> None:
        self.path = Path(path)
        """The socket."""
        self.timeout = timeout
        """Seconds."""

    def __repr__(self) -> str:
        return f"<Client of {self.path}>"

    def service(self) -> ServiceShape:
        """What the service says of itself."""
        return self._checked(self.get("/"), ServiceShape)

    def statistics(self) -> StatisticsShape:
        """Everything that is counted."""
        return self._checked(self.get("/statistics"), StatisticsShape)

    def tree(
        self, path: str = "/", *, depth: int | None = None, width: int | None = None
    ) -> ActorShape:
        """An actor and those below it: `depth` levels, `width` children each."""
        found = self.get("/tree", path=path, depth=depth, width=width)
        return self._checked(found, ActorShape)

    def actor(self, path: str) -> ActorDetailShape:
        """All about one actor."""
        return self._checked(self.get(_actor(path)), ActorDetailShape)

    def sessions(
        self,
        *,
        router: str | None = None,
        phase: str | None = None,
        match: str | None = None,
        order: str | None = None,
        limit: int | None = None,
    ) -> SessionsShape:
        """A list of sessions; `order`: worst, key, age, idle or queued."""
        found = self.get(
            "/sessions",
            router=router,
            phase=phase,
            match=match,
            order=order,
            limit=limit,
        )
        return self._checked(found, SessionsShape)

    def session(self, key: str, *, router: str | None = None) -> SessionShape:
        """One session; `router` may be left out if only one knows the key."""
        return self._checked(self.get(_session(key), router=router), SessionShape)

    def top(self, *, rows: int = 20, sessions: int = 20) -> TopShape:
        """One frame of the live view: so many actors, so many sessions at most."""
        return self._checked(self.get("/top", rows=rows, sessions=sessions), TopShape)

    def stop_service(self, *, within: float | None = None) -> ResultShape:
        """Ask the service to drain and stop, in `within` seconds instead of its own."""
        return self._checked(self.post("/stop", within=within), ResultShape)

    def stop_actor(self, path: str) -> ResultShape:
        """Stop an actor; returns when it has ended, however long it takes."""
        found = self.post(_actor(path) + "/stop", _timeout=None)
        return self._checked(found, ResultShape)

    def limits(self, router: str | None = None) -> AllLimitsShape:
        """The limits of one router, or of all."""
        return self._checked(self.get("/limits", router=router), AllLimitsShape)

    def configure(
        self, changes: Mapping[str, str], *, router: str | None = None
    ) -> ResultShape:
        """Change limits of a router, by their names; they outlive its restart."""
        found = self.post("/limits", _timeout=self.timeout, router=router, **changes)
        return self._checked(found, ResultShape)

    def session_stack(self, key: str, *, router: str | None = None) -> StackShape:
        """Where a session stands: its turns, their tasks, what waits."""
        found = self.get("/stack", key=key, router=router)
        return self._checked(found, StackShape)

    def actor_stack(self, path: str) -> StackShape:
        """Where an actor stands: the hook that it waits in, and its tasks."""
        return self._checked(self.get("/stack", path=path), StackShape)

    def restart_actor(self, path: str) -> ResultShape:
        """Restart a supervisor's child; returns when it runs, however long it takes."""
        found = self.post(_actor(path) + "/restart", _timeout=None)
        return self._checked(found, ResultShape)

    def session_verb(
        self,
        key: str,
        verb: str,
        *,
        router: str | None = None,
        reason: str | None = None,
    ) -> ResultShape:
        """Say `cancel`, `cancel_all`, `reset` or `close` to a session."""
        found = self.post(f"{_session(key)}/{verb}", router=router, reason=reason)
        return self._checked(found, ResultShape)

    def abort_turn(
        self,
        turn: int,
        *,
        router: str | None = None,
        hard: bool = True,
        hint: str | None = None,
        reason: str | None = None,
        short: bool = False,
    ) -> ResultShape:
        """Abort a turn by its id: that one, and not the next of its session.

        Args:
            turn: the id; with `short` also as it is shown to people.
            router: path of its router, if several have a turn of that id.
            hard: False asks it to end, with `hint`.
            hint: for `Turn.interrupted`.
            reason: for the outcome of a hard abort.
            short: what is shown of an id is enough.
        """
        found = self.post(
            f"/turns/{turn}/abort",
            router=router,
            hard=None if hard else False,
            hint=hint,
            reason=reason,
            short=True if short else None,
        )
        return self._checked(found, ResultShape)

    def get(self, path: str, /, **query: Query) -> object:
        """Ask for a path; what is None is left out.  Returns the parsed JSON."""
        with self._asked("GET", path, query, None, self.timeout) as response:
            return self._read(response)

    def post(
        self, path: str, /, *, _timeout: float | None = -1.0, **body: Query
    ) -> object:
        """Have something done; what is None is left out.  Returns the parsed JSON."""
        timeout = self.timeout if _timeout == -1.0 else _timeout
        said = {name: value for name, value in body.items() if value is not None}
        with self._asked("POST", path, {}, said, timeout) as response:
            return self._read(response)

    @contextlib.contextmanager
    def events(self, kinds: Sequence[str] = ()) -> Generator[EventLines]:
        """Follow what happens: a block with an iterator of events, as they come.

        The iterator ends when the service does, or by its `cut`.

        Args:
            kinds: names of the classes of events; default: those of actors' lives and
                of sessions, not single messages.

        Example:
            >>> with client.events() as events:
            ...     for event in events:
            ...         print(event["event"], event["actor"])
        """
        query: dict[str, Query] = {"kind": list(kinds)}
        with self._asked("GET", "/events", query, None, None, _LINES) as response:
            yield EventLines(self._lines(response), response)

    def pid(self) -> int | None:
        """Id of the process behind the socket, from the kernel; None: it cannot say.

        Only connects: a service answers this also when it is busy.
        """
        with contextlib.closing(Connection(self.path, self.timeout)) as connection:
            self._connect(connection)
            if not hasattr(socket, "SO_PEERCRED"):
                return None
            packed = connection.sock.getsockopt(
                socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
            )
        (pid, _, _) = struct.unpack("3i", packed)
        return int(pid) or None

    @contextlib.contextmanager
    def _asked(
        self,
        method: str,
        path: str,
        query: dict[str, Query],
        body: Mapping[str, Query] | None,
        timeout: float | None,
        accept: str = "application/json",
    ) -> Generator[http.client.HTTPResponse]:
        """Send a request, and have the response; it was not refused."""
        headers = {"Accept": accept, "Connection": "close"}
        text = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            text = json.dumps(body).encode()
        said = {name: value for name, value in query.items() if value is not None}
        target = path + ("?" + urlencode(said, doseq=True) if said else "")
        with contextlib.closing(Connection(self.path, timeout)) as connection:
            self._connect(connection)
            with self._listening(timeout):
                connection.request(method, target, text, headers)
                response = connection.getresponse()
            with response:
                if response.status not in _FINE:
                    raise self._refused(response)
                yield response

    def _connect(self, connection: Connection) -> None:
        try:
            connection.connect()
        except FileNotFoundError as error:
            raise NobodyThereError(self.path, "there is no such socket") from error
        except ConnectionRefusedError as error:
            why = "the service that made this socket is gone, or it is no socket"
            raise NobodyThereError(self.path, why) from error
        except PermissionError as error:
            why = "it belongs to another user"
            raise NobodyThereError(self.path, why) from error
        except BlockingIOError as error:
            why = "the service does not accept connections"
            raise SilentServiceError(self.path, why) from error
        except OSError as error:  # such as a path that is too long
            raise NobodyThereError(self.path, error.strerror or str(error)) from error

    @contextlib.contextmanager
    def _listening(self, timeout: float | None) -> Generator[None]:
        """Say in our words what goes wrong on the line."""
        try:
            yield
        except TimeoutError as error:
            why = f"the service said nothing for {timeout:g} s"
            raise SilentServiceError(self.path, why) from error
        except (ConnectionError, http.client.IncompleteRead) as error:
            why = "the service went away before it had answered"
            raise NobodyThereError(self.path, why) from error
        except (http.client.HTTPException, ValueError) as error:
            raise StrangeAnswerError(self.path, "it does not speak HTTP") from error
        except OSError as error:
            raise NobodyThereError(self.path, error.strerror or str(error)) from error

    def _read(self, response: http.client.HTTPResponse) -> object:
        with self._listening(self.timeout):
            content = response.read()
        return self._parsed(content)

    def _parsed(self, content: bytes) -> object:
        try:
            found: object = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise StrangeAnswerError(self.path, "it does not speak JSON") from error
        return found

    def _refused(self, response: http.client.HTTPResponse) -> ClientError:
        try:
            text = self._checked(self._read(response), ErrorShape)["error"]
        except StrangeAnswerError:
            why = f"it answers {response.status} {response.reason}"
            return StrangeAnswerError(self.path, why)
        return RefusedRequestError(response.status, text)

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
        while True:
            try:
                with self._listening(None):
                    line = response.readline()
            except NobodyThereError:  # that is how a stream ends when a service is cut
                return
            if not line:
                return
            if line.strip():
                event = self._parsed(line)
                if not isinstance(event, dict):
                    raise StrangeAnswerError(self.path, "an event is not an object")
                yield event

    def _checked(self, found: object, shape: type[T]) -> T:
        try:
            return checked(found, shape)
        except ShapeError as error:
            raise StrangeAnswerError(self.path, str(error)) from error
        except RecursionError as error:
            why = "its tree is too deep to be taken apart; ask for fewer levels"
            raise StrangeAnswerError(self.path, why) from error


_LINES = "application/x-ndjson"


def _actor(path: str) -> str:
    return "/actors/" + _quoted(path.strip("/"), safe="/")


def _session(key: str) -> str:
    return "/sessions/" + _quoted(key, safe="")


def _quoted(text: str, safe: str) -> str:
    """Write a key or a path as a part of an address."""
    # what is not Unicode goes as it came: the service says that it knows no such key
    return quote(text, safe=safe, errors="surrogateescape")
