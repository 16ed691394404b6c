"""`Exchange`: requests to a control socket, one at a time, and what comes back.

It does not know what is asked.
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
from urllib.parse import urlencode

from supervision._view.shapes import ErrorShape

from .answers import ShapeError, checked
from .connection import Connection, EventLines
from .failures import (
    ClientError,
    NobodyThereError,
    RefusedRequestError,
    SilentServiceError,
    StrangeAnswerError,
)

T = TypeVar("T")
Query: TypeAlias = "str | float | bool | Sequence[str] | None"
_FINE = range(200, 300)


class Exchange:
    """Speaks with the service behind a socket.

    Args:
        path: the socket.
        timeout: seconds without a word from the service after which a call gives up.
    """

    def __init__(self, path: Path | str, *, timeout: float = 10.0) -> None:
        self.path = Path(path)
        """The socket."""
        self.timeout = timeout
        """Seconds."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.path}>"

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
