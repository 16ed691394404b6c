"""`Recovery`: keys with open prompts get lanes, as places are free.

Pages of keys, in the order of keys, and one look at each.  A key that somebody sends a
prompt to in the meantime has a lane already, and is brought by it.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import trio

from actors import SaturatedError
from supervision.durable._words.looks import Keys, Waiting
from supervision.durable._writing.book import Entry


class Recovery:
    """What an earlier router has left.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_after", "_asked", "_due", "_kept", "_whole", "waits")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._after = ""  # the last key that was looked at
        self._asked = False
        self._due = False  # it is about to go on
        self._whole = False  # all pages have been read
        self.waits: deque[str] = deque()
        """Keys of the page that have no lane so far."""

    def begin(self) -> None:
        """The store is open."""
        self._read()

    def without_pages(self) -> None:
        """What waits is found in another way: the store is shared."""
        self._whole = True

    def again(self, key: str) -> None:
        """A key was let go before its prompts were there."""
        others = self._kept.others
        if others is not None and others.has(key):
            others.following.soon()
            return
        self.waits.append(key)
        self.go_on()

    def once(self, key: str) -> bool:
        """Prompts of this key wait; whether that is news."""
        if key in self.waits or key in self._kept.core.lanes:
            return False
        self.waits.append(key)
        self.go_on()
        return True

    def go_on(self) -> None:
        """There may be a place for one more key; a step later it is looked for.

        Not at once: whoever says so may be making room for a key of its own.
        """
        if not self._due and self.waits:
            self._due = True
            trio.lowlevel.current_trio_token().run_sync_soon(self._go_on)

    def _go_on(self) -> None:
        self._due = False
        while self.waits and self._enter(self.waits[0]):
            self.waits.popleft()
        if not self.waits and not self._whole:
            self._read()

    def _enter(self, key: str) -> bool:
        """Make a lane for a key; False: there is no place."""
        core = self._kept.core
        if core.finishing or core.world.ending:
            return False
        others = self._kept.others
        if others is not None and others.has(key):
            return True  # it has gone meanwhile
        there = core.lanes.get(key)
        arriving = self._kept.arriving
        try:
            if there is None:
                lane = core.sessions.enter(key, None)
                arriving.forget_left(key)
                self._kept.bringing.fetch(lane)
            elif arriving.has_left(key):
                core.sessions.stay(there)
                arriving.bring_left(there)
        except SaturatedError:
            return False
        return True

    def _read(self) -> None:
        if self._asked or self._whole:
            return
        self._asked = True
        page = Waiting(self._after, self._kept.policy.page)
        self._kept.submit(Entry(page, self._came))

    def _came(self, keys: Keys) -> None:
        self._asked = False
        found = keys.keys
        self._kept.bringing.held = keys.held
        self._whole = len(found) < self._kept.policy.page
        if found:
            self._after = found[-1]
        self.waits.extend(found)
        self._go_on()
