"""`Readers`: who reads which answers, and the answers that may be read again.  Pure.

An answer that is sent with `Replay` is in the book from its acceptance until its time
is over: so many seconds after its end, or when more have ended since than may be kept,
or when its session is reset or closed.  It is found by the id of its prompt, and by the
message's own, if it has one.

Whoever reads is in the book as long as the block is open, so that nothing reaches a
reader of what is being forgotten.  Time is a number; `at` sets a timer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from actors import Receipt, Replay
from actors.hosting import ChunkLog, Timer


class Reader(Protocol):
    """Something that is read."""

    def cut(self) -> None:
        """Nothing reaches the reader any more, who gets the end."""


class Kept:
    """An answer that may be read again."""

    __slots__ = ("ids", "log", "receipt", "timer")

    def __init__(
        self, receipt: Receipt[Any], log: ChunkLog[Any], ids: tuple[str | int, ...]
    ) -> None:
        self.receipt = receipt
        self.log = log
        self.ids = ids
        self.timer: Timer | None = None  # from its end on


class Readers:
    """The book.

    Args:
        now: seconds on some clock.
        at: `at(deadline, call)` sets a timer of that clock.
        limit: how many answers that have ended are kept.
    """

    __slots__ = ("_at", "_ended", "_kept", "_now", "_open", "limit")

    def __init__(
        self,
        now: Callable[[], float],
        at: Callable[[float, Callable[[], object]], Timer],
        limit: int,
    ) -> None:
        self._now = now
        self._at = at
        self.limit = limit
        self._open: dict[str, dict[Reader, None]] = {}  # {key: who reads}
        self._kept: dict[str, dict[str | int, Kept]] = {}  # {key: {id: answer}}
        self._ended: dict[Kept, None] = {}  # of these, in the order of their ends

    # --------------------------------------------------------------------- who reads

    def enter(self, key: str, reader: Reader) -> None:
        """Somebody reads an answer of this key."""
        mine = self._open.get(key)
        if mine is None:
            self._open[key] = {reader: None}
        else:
            mine[reader] = None

    def leave(self, key: str, reader: Reader) -> None:
        """Somebody does not any more.  Idempotent."""
        mine = self._open.get(key)
        if mine is not None:
            mine.pop(reader, None)
            if not mine:
                del self._open[key]

    def of(self, key: str) -> int:
        """How many read answers of this key."""
        return len(self._open.get(key, ()))

    # ----------------------------------------------------------- what may be read again

    def keep(
        self, receipt: Receipt[Any], log: ChunkLog[Any], message_id: str | None
    ) -> None:
        """Keep an answer, from its acceptance on."""
        ids: tuple[str | int, ...] = (receipt.id,)
        if message_id is not None:
            ids = (receipt.id, message_id)
        kept = Kept(receipt, log, ids)
        mine = self._kept.setdefault(receipt.key, {})
        for each in ids:
            mine[each] = kept
        if log.closed:  # it has ended already: its session could not be started, say
            self._over(kept)
        else:
            log.ended = partial(self._over, kept)

    def let_go(self, receipt: Receipt[Any]) -> None:
        """Keep the answer to this prompt no more: another one's is read for it."""
        kept = self.find(receipt.key, receipt.id)
        if kept is not None:
            kept.log.ended = None
            self._drop(kept)

    def find(self, key: str, id: str | int) -> Kept | None:  # noqa: A002 - as its callers
        """The answer to the latest prompt with this id; None: it is not kept."""
        mine = self._kept.get(key)
        return mine.get(id) if mine is not None else None

    def forget(self, key: str) -> None:
        """Forget all answers of this key: nothing of them reaches anybody any more."""
        for reader in tuple(self._open.get(key, ())):
            reader.cut()
        for kept in set(self._kept.get(key, {}).values()):
            kept.log.cut()
            kept.log.ended = None
            self._drop(kept)

    def configure(self, limit: int) -> None:
        """Another limit is in force."""
        self.limit = limit
        self._shrink()

    def close(self) -> None:
        """The house has ended: forget all; who reads may read on."""
        for mine in tuple(self._kept.values()):
            for kept in set(mine.values()):
                kept.log.ended = None
                self._drop(kept)

    # ---------------------------------------------------------------------------------

    def _over(self, kept: Kept) -> None:
        """Its turn has ended, or it never had one."""
        policy = kept.log.policy  # of a Journal: the store has it
        deadline = self._now() + (policy.keep if isinstance(policy, Replay) else 0)
        kept.timer = self._at(deadline, partial(self._drop, kept))
        self._ended[kept] = None
        self._shrink()

    def _shrink(self) -> None:
        while len(self._ended) > self.limit:
            self._drop(next(iter(self._ended)))

    def _drop(self, kept: Kept) -> None:
        """It is found no more."""
        if kept.timer is not None:
            kept.timer.cancel()
            kept.timer = None
        self._ended.pop(kept, None)
        key = kept.receipt.key
        mine = self._kept[key]
        for each in kept.ids:
            if mine.get(each) is kept:  # else: another was sent with this id since
                del mine[each]
        if not mine:
            del self._kept[key]
