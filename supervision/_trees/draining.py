"""A system that drains: what its supervisors do not undo, and what they let go.

While a service finishes what it has accepted, whoever still brings new work is turned
away, and may crash of it, again and again.  That is no reason to take down those who
finish: from `begin_drain` on a supervisor restarts nobody but the one that crashed, not
even that one if it was turned away or is over a limit, and does not give up or end
because of its children.  Who was let go is in the notes.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from actors import ActorSystem
from actors.hosting import hub_of

_KEY: Final = "draining"
_MOST: Final = 100


@attrs.frozen
class LetGo:
    """A child that crashed while its service drained, and was not restarted."""

    path: str
    """Where it was."""
    error: BaseException
    """What it crashed with."""


class DrainNotes:
    """What the supervisors of one system have let go since its drain began."""

    def __init__(self) -> None:
        self.let_go: list[LetGo] = []
        """The first 100."""
        self.total = 0
        """How many there are in all."""

    def add(self, path: str, error: BaseException) -> None:
        """One more."""
        self.total += 1
        if len(self.let_go) < _MOST:
            self.let_go.append(LetGo(path, error))


def begin_drain(system: ActorSystem) -> DrainNotes:
    """From now on the system's supervisors know that it drains."""
    notes: DrainNotes = hub_of(system).notes.setdefault(_KEY, DrainNotes())
    return notes


def notes_of(hub: Any) -> DrainNotes | None:  # Any: the engine's
    """The notes, if the system of this hub drains."""
    notes: DrainNotes | None = hub.notes.get(_KEY)
    return notes
