"""What a mailbox is declared to be: capacity, overflow policy, stash.

A message's way: a sender appends it to the cell's queue (`Cell.tell_nowait`), a worker
takes it from the front.  The queue itself is a bare `deque` that exists only while
messages wait, made by the cell; this room has the declaration that cells read, the one
queue that is not a deque (`LatestQueue`), and the figures that a person sees.  It knows
neither cells nor Trio.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import attrs

from ._engine.checks import valid_count
from ._engine.explaining import explained


class Overflow(enum.Enum):
    """What happens to a message when the mailbox is full."""

    WAIT = "wait"
    """`tell` and `ask` wait for room, first come first served; `tell_nowait` raises."""
    REJECT = "reject"
    """All three raise `MailboxFullError` at once."""
    DROP_OLDEST = "drop oldest"
    """The oldest queued message becomes a dead letter, the new one is queued."""
    DROP_NEWEST = "drop newest"
    """The new message becomes a dead letter."""
    KEEP_LATEST = "keep latest"
    """One queued message per key: a newer one takes the place of the older, which
    becomes a dead letter, full or not.  Full with other keys: the oldest is dropped."""


@explained
@attrs.frozen
class Mailbox:
    """A mailbox's declaration: `mailbox` of an actor class, or an option of `start`.

    The control lane (stop, child ended, watched actor ended) is not part of the
    capacity: it is never full and goes first.

    Raises:
        TypeError, ValueError: a capacity that is not a whole number of at least 1, a
            policy that is none, or a `key` with or without `KEEP_LATEST`.
    """

    capacity: int = attrs.field(default=1024, validator=valid_count)
    """How many messages may wait, at least 1.  Default 1024."""
    overflow: Overflow = attrs.field(default=Overflow.WAIT, kw_only=True)
    """What happens when it is full.  Default `Overflow.WAIT`."""
    key: Callable[[Any], Hashable] | None = attrs.field(default=None, kw_only=True)
    """For `KEEP_LATEST`, and only for it: the key of a message."""
    stash: int = attrs.field(default=1024, validator=valid_count, kw_only=True)
    """How many messages `Actor.stash` may set aside, at least 1.  Default 1024."""

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.overflow, Overflow):
            msg = f"overflow must be an Overflow, got {self.overflow!r}"
            raise TypeError(msg)
        if (self.key is not None) != (self.overflow is Overflow.KEEP_LATEST):
            msg = "key= and Overflow.KEEP_LATEST go together: give both or neither"
            raise ValueError(msg)


@attrs.frozen
class MailboxStatistics:
    """A mailbox at one instant."""

    depth: int
    """Messages waiting."""
    high_water: int
    """The largest depth so far."""
    capacity: int
    """How many may wait."""
    oldest_age: float | None
    """Seconds that the oldest waiting message waits, never less than the truth and at
    most one slice of the engine more; None when nothing waits."""
    handled: int
    """Messages taken out so far, by all incarnations."""
    waiting_senders: int
    """Tasks that wait for room."""


class LatestQueue:
    """The queue of `Overflow.KEEP_LATEST`: a deque's interface over one value a key.

    A newer value takes the place of the older in the order, so a key that is told
    without end cannot starve the others.
    """

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, Any] = OrderedDict()  # {key: message}

    def swap(self, key: Hashable, message: Any) -> Any:
        """Put `message` in the place of the one with this key, which is returned."""
        old = self._values[key]
        self._values[key] = message
        return old

    def put(self, key: Hashable, message: Any) -> None:
        """Append a message whose key is not in the queue."""
        self._values[key] = message

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def popleft(self) -> Any:
        """Take the oldest.  Raises KeyError when empty."""
        return self._values.popitem(last=False)[1]

    def appendleft(self, message: Any) -> None:
        """Put a message back at the front, under a key of its own."""
        key = object()
        self._values[key] = message
        self._values.move_to_end(key, last=False)

    def clear(self) -> None:
        """Drop everything."""
        self._values.clear()

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.values())
