"""Watches: whom an actor watches, and who watches it.

Both ends of a watch are written down, each on its own side, so that either may end
first.  Which message is wanted is kept on both: None asks for a `Terminated`.
"""

from __future__ import annotations

from typing import Any

from actors.ref import AnyRef


class Watches:
    """One side of all watches that an actor has a part in."""

    __slots__ = ("_watchers", "_watching")

    def __init__(self) -> None:
        # {whom it watches: message}, {who watches it: message}; made when needed
        # Any: messages are anything; refs are cells, whose room stands above this one
        self._watching: dict[AnyRef, Any] | None = None
        self._watchers: dict[Any, Any] | None = None

    @property
    def watching(self) -> tuple[AnyRef, ...]:
        """Whom it watches, in the order in which it began."""
        return tuple(self._watching or ())

    def watch(self, ref: AnyRef, message: object) -> bool:
        """Begin to watch.  False: it does already, for the same message.

        Raises:
            ValueError: it does already, for another message.
        """
        if self._watching is None:
            self._watching = {}
        watching = self._watching
        if ref not in watching:
            watching[ref] = message
            return True
        if watching[ref] != message:
            msg = f"{ref.path} is watched already, with another message; unwatch it"
            raise ValueError(msg)
        return False

    def unwatch(self, ref: AnyRef) -> bool:
        """Watch no more.  False: it did not."""
        if self._watching is None or ref not in self._watching:
            return False
        del self._watching[ref]
        return True

    def add_watcher(self, watcher: AnyRef, message: object) -> None:
        """Somebody watches this actor."""
        if self._watchers is None:
            self._watchers = {}
        self._watchers[watcher] = message

    def drop_watcher(self, watcher: AnyRef) -> None:
        """Somebody does no more; idempotent."""
        if self._watchers is not None:
            self._watchers.pop(watcher, None)

    def take_watchers(self) -> dict[Any, Any]:
        """All that are to be told of its end, once: `{watcher: message}`."""
        watchers, self._watchers = self._watchers, None
        return watchers or {}
