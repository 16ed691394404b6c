"""What is wrong or doubtful, where, and what would be right.  Pure."""

from __future__ import annotations

import enum
import traceback
from pathlib import Path
from typing import Any, Final

import attrs

from supervision._words.traceback import is_hidden
from supervision.service import TreeError


class Severity(enum.Enum):
    """How bad it is."""

    WRONG = "wrong"
    """It cannot start, or ends by itself."""
    DOUBTFUL = "doubtful"
    """It starts, and does not do what it seems to say."""


@attrs.frozen
class Finding:
    """One thing that was found."""

    severity: Severity
    where: str
    """The path in the tree, the file, or `module:Tree`."""
    what: str
    """What is wrong, in a sentence."""
    right: str
    """What would be right; `""`: `what` says it."""


@attrs.define
class Found:
    """What was found, in the order of the tree."""

    findings: list[Finding] = attrs.Factory(list[Finding])
    actors: int = 0
    """How many declarations were looked at."""
    stores: list[tuple[str, Path]] = attrs.Factory(list[tuple[str, Path]])
    """The files of stores: the path of the router, and the file."""
    # Any: a user's class, and a store
    kept: list[tuple[str, Any, Any]] = attrs.Factory(list[tuple[str, Any, Any]])
    """Routers with a store in a file: path, class of the sessions, store."""
    read: list[str] = attrs.Factory(list[str])
    """What was read of stores, in words."""

    def wrong(self, where: str, what: object, right: str = "") -> None:
        """Note what cannot work."""
        self.findings.append(Finding(Severity.WRONG, where, _line(what), right))

    def doubtful(self, where: str, what: object, right: str = "") -> None:
        """Note what works otherwise than it reads."""
        self.findings.append(Finding(Severity.DOUBTFUL, where, _line(what), right))


def said_by(error: BaseException) -> str:
    """An error of a declaration, which says what would be right, or the user's own."""
    if isinstance(error, TreeError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def place_of(error: BaseException | None) -> str:
    """Where the user's code has raised it, as `" (app.py, line 3)"`; `""`: nowhere."""
    steps = traceback.extract_tb(None if error is None else error.__traceback__)
    users = [frame for frame in steps if not is_hidden(frame.filename)]
    if not users:
        return ""
    file = Path(users[-1].filename)
    here = file.is_relative_to(Path.cwd())
    shown = file.relative_to(Path.cwd()) if here else file
    return f" ({shown}, line {users[-1].lineno})"


def _line(what: object) -> str:
    return " ".join(str(what)[:_LONGEST].split())


_LONGEST: Final = 600
