"""How asking a control socket fails.  Pure vocabulary; every text is for the user."""

from __future__ import annotations

from pathlib import Path

from actors.hosting import Whole
from supervision.service import ExitCode


class ClientError(Whole, Exception):
    """Asking a control socket has failed; the text is for the user.

    Base of these.  Whose act it is, and what to do, says each class below it.
    """

    exit_code = ExitCode.SOCKET
    """What a command that meets it ends with."""


class NobodyThereError(ClientError):
    """Nobody answers at that path: no socket, no service behind it, or it went away.

    The operator's act: the service does not run, has another path, or is another
    user's.  Start it, or name its path.  `__cause__` is the system's error.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        """The socket."""
        self.why = why
        """In words."""

    def __str__(self) -> str:
        return f"nobody answers at {self.path}: {self.why}"


class SilentServiceError(NobodyThereError):
    """Somebody has the socket, but has not answered in time: it is busy or hangs.

    The service's act.  Wait longer, or look at its log and its process.  `__cause__` is
    the system's error.
    """


class StrangeAnswerError(ClientError):
    """Somebody answered, but not as a service of ours would.

    The act of who gave the path, or of two releases that differ: name the socket of a
    service, and use the release that it runs.  `__cause__` is what could not be read,
    if that is it.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        """The socket."""
        self.why = why
        """In words."""

    def __str__(self) -> str:
        return f"{self.path} is not the control socket of a service: {self.why}"


class RefusedRequestError(ClientError):
    """The service answered that it cannot do that, and why.

    The caller's act, but for status 503: too many follow its events.  `text` says what
    would be right; 404 is what is not there, 409 what cannot be done with it.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        """Of HTTP: 400, 404, 405, 409 or 503."""
        self.text = text
        """What was wrong, and what would be right."""

    def __str__(self) -> str:
        return self.text
