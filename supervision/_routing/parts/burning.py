"""`Burning`: turns that were given up and whose code goes on.

A turn that does not end when it is told to is given up: its key goes on without it, but
nothing in a process can end code that is deaf to cancellation.  It is kept here until
its session's actor has really ended, so that whoever looks sees what still burns, and
for how long.  Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from actors.hosting import TurnRun


class Burnt(NamedTuple):
    """One session that was given up, and the turn that was the reason."""

    session: Any  # Any: a session of any prompts
    run: TurnRun
    since: float
    """When it was given up."""


class Burning:
    """What burns, by its key; empty but for a catastrophe."""

    __slots__ = ("_found", "_keys")

    def __init__(self) -> None:
        # {id(session): what burns}; it is kept here, so that the id is its own
        self._found: dict[int, Burnt] = {}
        self._keys: dict[str, dict[int, Burnt]] = {}  # {key: the same}

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[str]:
        """The keys."""
        return iter(tuple(self._keys))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def add(self, session: Any, run: TurnRun, now: float) -> None:
        """A turn has been given up, and its session with it; the first counts."""
        number = id(session)
        if number not in self._found:
            burnt = self._found[number] = Burnt(session, run, now)
            self._keys.setdefault(run.lane.key, {})[number] = burnt

    def out(self, session: Any) -> None:
        """The actor of a session has ended; idempotent."""
        burnt = self._found.pop(id(session), None)
        if burnt is not None:
            of_key = self._keys[burnt.run.lane.key]
            del of_key[id(session)]
            if not of_key:
                del self._keys[burnt.run.lane.key]

    def of(self, key: str) -> tuple[Burnt, ...]:
        """What burns of this key, the oldest first."""
        return tuple(self._keys.get(key, {}).values())
