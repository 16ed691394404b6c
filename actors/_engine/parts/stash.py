"""The stash: messages that an actor has set aside until it wants them again."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import Entry


class Stash:
    """What is set aside, and which message was the latest."""

    __slots__ = ("_entries", "_latest")

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        # in which turn, and the id of what: it is in hand when somebody asks
        self._latest: tuple[int, int] = (-1, 0)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def add(self, entry: Entry, turn: int) -> None:
        """Set a message aside, in the actor's `turn`th turn."""
        self._entries.append(entry)
        self._latest = (turn, id(entry.message))

    def take(self) -> list[Entry]:
        """All of it, in its order; nothing is left."""
        entries, self._entries = self._entries, []
        return entries

    def holds(self, message: object, turn: int) -> bool:
        """Whether this very message has been set aside in this turn.

        Also if it has been taken out again meanwhile: it is queued then, not lost.
        """
        return self._latest == (turn, id(message))
