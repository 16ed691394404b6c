"""`Readers`: who reads which answers, and the answers that may be read again.  Pure.

An answer that is sent with `Replay` is in the book from its acceptance until its time
is over: so many seconds after its end, or when more have ended since than may be kept,
or when its session is reset or closed.  It is found by the id of its prompt, and by the
message's own, if it has one.

Whoever reads is in the book as long as the block is open, so that nothing reaches a
reader of what is being forgotten.  Time is a number; `at` sets a timer.
"""

from __future__ import annotations

import math
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

    __slots__ = ("deadline", "keep", "log", "message_id", "receipt")

    def __init__(
        self, receipt: Receipt[Any], log: ChunkLog[Any], message_id: str | None
    ) -> None:
        self.receipt = receipt
        self.log = log
        self.message_id = message_id  # the prompt's own; None: it has none
        # of a Journal: the store has it
        self.keep: float = log.policy.keep if isinstance(log.policy, Replay) else 0.0
        self.deadline = math.inf  # from its end on: when its time is over


class Readers:
    """The book.

    Args:
        now: seconds on some clock.
        at: `at(deadline, call)` sets a timer of that clock.
        limit: how many answers that have ended are kept.
    """

    __slots__ = ("_at", "_ended", "_ending", "_kept", "_now", "_open", "limit")

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
        # {seconds for which they are kept: those of them, whose time is over in their
        # order, and who is to look when that of the first is}
        self._ending: dict[float, tuple[dict[Kept, None], Timer]] = {}

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
        kept = Kept(receipt, log, message_id)
        key = receipt.key
        mine = self._kept.get(key)
        if mine is None:
            mine = self._kept[key] = {}
        mine[receipt.id] = kept
        if message_id is not None:
            mine[message_id] = kept
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
        if not kept.keep:
            self._drop(kept)
            return
        kept.deadline = deadline = self._now() + kept.keep
        ending = self._ending.get(kept.keep)
        if ending is None:
            timer = self._at(deadline, partial(self._look, kept.keep))
            self._ending[kept.keep] = ({kept: None}, timer)
        else:
            ending[0][kept] = None
        self._ended[kept] = None
        if len(self._ended) > self.limit:
            self._shrink()

    def _look(self, keep: float) -> None:
        """The time of one of these may be over."""
        ending, _ = self._ending.pop(keep)
        now = self._now()
        for kept in tuple(ending):
            if kept.deadline > now:
                timer = self._at(kept.deadline, partial(self._look, keep))
                self._ending[keep] = (ending, timer)
                return
            del ending[kept]
            self._drop(kept)

    def _shrink(self) -> None:
        while len(self._ended) > self.limit:
            self._drop(next(iter(self._ended)))

    def _drop(self, kept: Kept) -> None:
        """It is found no more."""
        self._ended.pop(kept, None)
        ending = self._ending.get(kept.keep)
        if ending is not None:
            ending[0].pop(kept, None)
            if not ending[0]:
                del self._ending[kept.keep]
                ending[1].cancel()
        key = kept.receipt.key
        mine = self._kept[key]
        for each in (kept.receipt.id, kept.message_id):
            # if not: another was sent with this id since
            if each is not None and mine.get(each) is kept:
                del mine[each]
        if not mine:
            del self._kept[key]
