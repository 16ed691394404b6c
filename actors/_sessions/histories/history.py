"""`History`: a conversation's entries, as one turn sees them.

What the turn has appended is its draft; the rest is in its key's log.  Reading may
wait, as the log may be in a file.  Meanwhile another task of the turn may put something
in place of the first entries, or, beside an aside, the turn that runs.  Then a window
is read again; a walk through all of it ends with an error, as a walk through a dict
does: nobody sees a part of the old and a part of the new.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

from trio.lowlevel import checkpoint, checkpoint_if_cancelled

from actors._engine.checks import whole

from .draft import Draft
from .log import Log

E = TypeVar("E")

PAGE = 100
"""Entries that are read at once."""


class History(Generic[E]):
    """What has been said in a conversation, entry by entry; see `Turn.history`.

    Entries of type E: whatever `Session.entry_type` says.  They are numbered by nobody
    but their order, the oldest first; `len(history)` is how many there are.

    What a turn appends is part of it if and only if the turn completes, or up to its
    last `keep_state()`, as with its state.  The turn itself sees it at once.  An aside
    sees what is kept at each call, and changes nothing.
    """

    __slots__ = ("_run",)

    def __init__(self, run: Any) -> None:  # Any: a turn's room stands above this one
        self._run = run

    def __repr__(self) -> str:
        return f"<History of {self._run.lane.key!r}: {len(self)} entries>"

    def __len__(self) -> int:
        """Count its entries.  Nothing is read."""
        place = self._draft or self._log
        return place.end - place.first

    # ----------------------------------------------------------------- it is written

    def append(self, entry: E) -> None:
        """Put an entry at the end.  Not a checkpoint.

        Raises:
            TypeError: with a store: it would not come back as it is, or is not of the
                declared type.
            ValueError: with a store: it is larger than `StorePolicy.entry_bytes`.
            TurnOverError: the turn has ended.
            RuntimeError: in an aside.
        """
        self._check("append to the history")
        packed = self._log.pack(entry)
        self._need_draft().append(packed)

    def replace(self, first: int, *entries: E) -> None:
        """Put these in place of the first so many entries: a summary, or nothing.

        For the session's own code, which compacts: `RouterRef.run_exclusive` runs it
        in the session's order.  Kept in one step when the turn completes: whoever reads
        sees the old entries or the new ones.  Not a checkpoint.

        Args:
            first: how many go; at least 1.
            entries: what comes in their place, the oldest first; not more than go.

        Raises:
            TypeError, ValueError: `first` is not what it should be, or `entries` are
                too many; of an entry as `append` says.
            TurnOverError: the turn has ended.
            RuntimeError: in an aside.
        """
        self._check("replace entries of the history")
        whole("first", first, least=1)
        if first > len(self):
            msg = f"the history has {len(self)} entries, {first} cannot be replaced"
            raise ValueError(msg)
        if len(entries) > first:
            msg = f"{len(entries)} entries cannot stand in place of {first}"
            raise ValueError(msg)
        packed = tuple(map(self._log.pack, entries))
        self._need_draft().replace(first, packed)

    # --------------------------------------------------------------------- it is read

    async def window(self, most: int) -> tuple[E, ...]:
        """Read the newest entries, the oldest of them first.  A checkpoint.

        With a store they are read from it; what is written meanwhile is not waited for.

        Args:
            most: how many; all, if there are fewer.

        Raises:
            TypeError, ValueError: `most` is not a whole number of at least 0.
            CodecError: with a store: an entry cannot be read.
        """
        whole("most", most, least=0)
        self._run.check_thread("read the history")
        await checkpoint()
        while True:
            walk = Walk[E](self, most, PAGE)
            found: list[E] = []
            while not walk.over:
                found += await walk.page()
                if walk.is_stale:
                    break
            else:
                return tuple(found)

    def all(self, *, page: int = PAGE) -> AsyncIterator[E]:
        """Walk through all entries, the oldest first: `async for entry in ...`.

        Those that there are when it is called; `page` of them, or fewer where they are
        large, are in memory at once.  Each step is a cancellation point, each page a
        checkpoint.

        Raises:
            TypeError, ValueError: at the call: `page` is not what it should be.
            RuntimeError: in a step: entries have been replaced, or the key was reset,
                since it began.
            CodecError: in a step, with a store: an entry cannot be read.
        """
        whole("page", page, least=1)
        self._run.check_thread("read the history")
        return Walk(self, len(self), page)

    # ---------------------------------------------------------------------- its parts

    @property
    def _log(self) -> Log:
        log: Log = self._run.host.history_of(self._run.lane)
        return log

    @property
    def _draft(self) -> Draft | None:
        extra = self._run.extra
        draft: Draft | None = extra.history if extra is not None else None
        return draft

    def _need_draft(self) -> Draft:
        draft = self._draft
        if draft is None:
            log = self._log
            draft = self._run.need_extra().history = Draft(log.first, log.end)
        return draft

    def _check(self, what: str) -> None:
        run = self._run
        run.check_open(what)
        if run.aside:
            msg = f"turn {run.id} answers a side question: it cannot {what}"
            raise RuntimeError(msg)


class Walk(Generic[E]):
    """On its way through the newest entries of a history, page by page.

    Args:
        history: whose.
        most: how many of the newest.
        page: how many at once.
    """

    __slots__ = ("_came", "_changes", "_end", "_history", "_next", "_page")

    def __init__(self, history: History[E], most: int, page: int) -> None:
        self._history = history
        place = history._draft or history._log
        self._next = max(place.first, place.end - most)
        self._end = place.end
        self._page = page
        self._changes = self._counted()
        self._came: deque[E] = deque()  # read, and not given out

    def __aiter__(self) -> AsyncIterator[E]:
        return self

    async def __anext__(self) -> E:
        if self._came:
            await checkpoint_if_cancelled()
            return self._came.popleft()
        await checkpoint()
        if self.is_stale:
            self._refuse()
        if self.over:
            raise StopAsyncIteration
        self._came.extend(await self.page())
        if self.is_stale:
            self._refuse()
        return self._came.popleft()

    def _refuse(self) -> None:
        self._came.clear()
        msg = f"the history of {self._history._run.lane.key!r} was changed while it was"
        raise RuntimeError(f"{msg} walked through: begin again")

    @property
    def over(self) -> bool:
        """Whether all has been read."""
        return self._next >= self._end

    @property
    def is_stale(self) -> bool:
        """Whether something else than an append was done since it began."""
        return self._counted() != self._changes

    def _counted(self) -> tuple[int, int]:
        draft = self._history._draft
        return self._history._log.changes, draft.changes if draft is not None else 0

    async def page(self) -> list[E]:
        """Read some entries; of no use if it `is_stale` then.  A checkpoint, or quick.

        Raises:
            Exception: an entry cannot be read.
        """
        log, draft = self._history._log, self._history._draft
        first, end = self._next, min(self._next + self._page, self._end)
        rows: list[tuple[int, Any]] = []
        begin, stop = draft.in_log(first, end) if draft is not None else (first, end)
        if begin == first and stop > begin:
            rows = list(await log.read(begin, stop))
        elif draft is not None:  # up to what stands in the log
            stop = end if stop == begin else begin
            rows = [(each, draft.row(each)) for each in range(first, stop)]
        if self.is_stale:
            return []
        if [number for number, _ in rows] != [*range(first, first + len(rows))]:
            rows = []
        if not rows:
            msg = f"the history of {self._history._run.lane.key!r} has no entry {first}"
            raise RuntimeError(msg)
        entries = [log.unpack(packed) for _, packed in rows]
        self._next = first + len(rows)
        return entries
