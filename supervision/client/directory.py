"""Where control sockets are: the runtime directory, and which one is meant.

The directory is `$ACTORS_RUNTIME_DIR`, or `$XDG_RUNTIME_DIR/trio-actors`, or
`/tmp/trio-actors-<uid>`; it is ours alone.  A service has its socket there under its
name, unless it is told otherwise.  A command means the socket that it is told by
`--socket` or `$ACTORS_SOCKET`, by its path or by the name of its service, or the only
live one.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from actors.hosting import Whole
from supervision.service import ExitCode

from .asking import Client
from .connection import HAS_SOCKETS, NO_SOCKETS
from .failures import NobodyThereError


class CommandError(Whole, Exception):
    """A command cannot do what it was told; the text is for the user."""

    def __init__(self, text: str, exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(text)
        self.exit_code = exit_code
        """What the command ends with."""


def runtime_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Say where sockets are by default; it need not exist."""
    if own := environment.get("ACTORS_RUNTIME_DIR"):
        return Path(own).absolute()
    if desktop := environment.get("XDG_RUNTIME_DIR"):
        return Path(desktop).absolute() / "trio-actors"
    if not hasattr(os, "geteuid"):  # pragma: no cover - Windows: a folder of each user
        return Path(tempfile.gettempdir(), "trio-actors")
    return Path(f"/tmp/trio-actors-{os.geteuid()}")  # noqa: S108 - checked when made


def default_socket(name: str, directory: Path) -> Path:
    """Say where the socket of a service of that name is by default."""
    safe = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII).lstrip(".") or "service"
    return directory / f"{safe[:_LONGEST]}.sock"


def make_directory(directory: Path) -> None:
    """Make the runtime directory, for us alone; fine if it is there and ours.

    Raises:
        CommandError: it cannot be made, or somebody else could put sockets there.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        why = error.strerror or str(error)
        text = f"the directory for sockets, {directory}, cannot be made: {why}"
        raise CommandError(f"{text}; {_INSTEAD}") from error
    text = f"the directory for sockets, {directory}, is not safe: "
    if not stat.S_ISDIR(found.st_mode):
        raise CommandError(f"{text}it is not a directory; {_INSTEAD}")
    if found.st_uid != os.geteuid():
        raise CommandError(f"{text}it belongs to user {found.st_uid}; {_INSTEAD}")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CommandError(f"{text}others may write there; say chmod 700 {directory}")


def live_services(directory: Path) -> list[Client]:
    """List those in a directory that answer, by the names of their sockets.

    Raises:
        CommandError: this system has no such sockets.
    """
    if not HAS_SOCKETS:  # pragma: no cover - on Windows
        raise CommandError(NO_SOCKETS, ExitCode.SOCKET)
    found: list[Client] = []
    for path in sorted(directory.glob("*.sock")):
        client = Client(path, timeout=_KNOCK)
        try:
            client.pid()
        except NobodyThereError:
            continue  # what a killed process has left
        found.append(Client(path))
    return found


def named_client(
    path: str | None, environment: Mapping[str, str] = os.environ
) -> Client | None:
    """Give the service that is named, whether it answers or not; None: none is.

    Args:
        path: as of `choose_client`.
        environment: where variables are looked up.
    """
    if path is None:
        path = environment.get("ACTORS_SOCKET") or None
    if path is None:
        return None
    socket = default_socket(path, runtime_directory(environment))
    # what has that name here is often the folder of the service's own code
    is_name = "/" not in path and not Path(path).is_socket() and socket.exists()
    return Client(socket if is_name else Path(path))


def choose_client(
    path: str | None, environment: Mapping[str, str] = os.environ
) -> Client:
    """Find the service that is meant: named by a path, or the only live one.

    Args:
        path: of its socket, or the name of a service that has its socket in the
            runtime directory; None: as `$ACTORS_SOCKET` says, or the only live one.
        environment: where variables are looked up.

    Raises:
        CommandError: there is none, or there are several; or this system has no such
            sockets.
    """
    if not HAS_SOCKETS:  # pragma: no cover - on Windows
        raise CommandError(NO_SOCKETS, ExitCode.SOCKET)
    named = named_client(path, environment)
    if named is not None:
        return named
    directory = runtime_directory(environment)
    match live_services(directory):
        case [client]:
            return client
        case []:
            text = f"no service runs here (no live socket in {directory}); start one "
            text += "with 'actors run module:Tree', or say --socket PATH"
            raise CommandError(text, ExitCode.SOCKET)
        case several:
            text = f"{len(several)} services run here; say which one with --socket: "
            text += ", ".join(str(each.path) for each in several)
            raise CommandError(text)


_INSTEAD = "say --socket PATH, or set ACTORS_RUNTIME_DIR"
_KNOCK = 2.0  # seconds for a service that does not even accept
_LONGEST = 60  # characters of a name: the path of a socket has 107 bytes
