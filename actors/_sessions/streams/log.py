"""`ChunkLog`: the stream of a turn whose readers may come back.

Chunks are numbered from 1 on, from the acceptance of the prompt, and kept when they
have been read: the newest `Replay.chunks` of them.  Any number of readers, each with a
`Place` of its own, sees the same chunks in the same order.

A writer waits while the log is full and its oldest chunk is unread by a reader that is
*attached*; so an attached reader misses nothing, and the slowest one rules.  With
nobody attached the log goes on, and drops its oldest chunk for a new one.  A reader
that does not read for too long is let go: it keeps its place and holds up nobody.
When it reads again it goes on and is attached again, if what it wants is still there.

What is missing is told, once: `StreamGapError` if chunks were dropped,
`StreamRestartedError` if the turn was tried again after a crash.  Whoever reads on
after that reads what there is.  Numbers go on over the tries of a turn, so that no
number ever means two chunks.

With a *keeper* nothing is dropped: every chunk is kept by it as well, and who is behind
what is in memory reads there.  So no reader holds up anybody; a writer waits while too
much is on its way to the keeper.  Cancelled means not put, and not taken.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

import trio
from trio.lowlevel import Task, enable_ki_protection

from actors._sessions.policies import Journal, Replay

from . import burst, first
from . import keeper as keeping
from .keeper import ChunkKeeper, KeptQueue
from .place import Place, place_of
from .sleeper import Sleepers
from .writers import SCHEDULE_EVERY, Writers, pass_by

C = TypeVar("C")


class ChunkLog(Generic[C]):
    """A stream for any number of writers and of readers.

    Args:
        policy: how many chunks it keeps.
        stays: whether the turn goes on when the one who opened it has left.
        keeper: keeps them all; None: what is dropped is gone.
    """

    __slots__ = (
        "__weakref__",
        "_calls",
        "_floor",
        "_sleepers",
        "attempt",
        "base",
        "beginning",
        "begun",
        "closed",
        "counted",
        "dropped",
        "ended",
        "furthest",
        "is_cut",
        "is_whole",
        "keeper",
        "kept_in",
        "limit",
        "owner",
        "places",
        "policy",
        "queue",
        "reader",
        "reader_comes",
        "room",
        "stamped",
        "stays",
        "uncertain",
        "unread",
        "writers",
    )

    begin_burst, end_burst = keeping.begin_burst, keeping.end_burst
    begin, wait_begun = first.begin, first.wait_begun
    takes_next: ClassVar = False  # as in `Chunks`: here the slowest reader rules

    def __init__(
        self,
        policy: Replay | Journal,
        *,
        stays: bool = True,
        keeper: ChunkKeeper | None = None,
    ) -> None:
        self.policy = policy
        self.stays = stays
        self.keeper = keeper
        self.owner: Place[C] | None = None  # of who opened the turn, as long as it has
        self.ended: Callable[[], object] | None = None  # called when it is closed
        self.kept_in: KeptQueue[C] | None = None if keeper is None else KeptQueue(self)
        # a list once it is closed, unless there is a keeper
        self.queue: Any = deque() if self.kept_in is None else self.kept_in
        self.dropped = 0
        """Number of the chunk before the first that is kept."""
        self.base = 0
        """Number of the chunk before the first of the latest try."""
        self.attempt = 1
        """Which try that is, from 1 on."""
        self.room = policy.chunks if keeper is None or keeper.has_room else 0
        """Of `queue`, for who puts something in without asking; 0: everybody asks."""
        # with a keeper: each waits with (chunk, the same as it is to be kept)
        self.writers: Writers[Any] = Writers()
        self.places: dict[Place[C], None] = {}  # the readers that are attached
        self._floor = math.inf  # none of them is behind this number
        self._sleepers = Sleepers()  # who waits for a chunk
        self.reader: object = None  # None: nobody does
        self.reader_comes = False  # somebody who waited has been woken, and not run
        self.stamped: Any = None  # the turn that has a burst here, see there
        self.limit, self.counted = 0.0, 0  # of it
        self.closed = self.is_cut = self.is_whole = False
        self.uncertain = False
        """More may have been read than is known here, in another process."""
        self.begun = False
        self.beginning: trio.Event | None = None  # for who waits until it has begun
        self._calls = 0
        self.furthest = 0
        """Number of the newest chunk that somebody has read who is not attached."""
        self.unread = 0
        """How many were dropped before anybody had read them."""

    @property
    def last(self) -> int:
        """Number of the newest chunk; 0: there was none."""
        return self.dropped + len(self.queue)

    @property
    def attached(self) -> int:
        """How many readers there are."""
        return len(self.places)

    @property
    def waiting_writers(self) -> int:
        """How many calls of `put` wait for room."""
        return len(self.writers)

    # ----------------------------------------------------------------- what goes in

    @enable_ki_protection
    def put_if_room(self, chunk: C) -> bool:
        """Take a chunk in if there is room, or if there can be; False: there is none.

        Raises:
            trio.ClosedResourceError: the stream was closed.
        """
        burst.stop(self)
        if self.is_cut:
            self.unread += 1
            return True
        if self.closed or self.is_whole:
            raise trio.ClosedResourceError
        if self.keeper is not None:
            if not self.room:  # too much is on its way, or others wait
                self.keeper.pack(chunk)  # what cannot be kept does not wait
                return False
            if len(self.queue) >= self.policy.chunks:
                self._forget_kept(SCHEDULE_EVERY + 1)  # room for a burst
        elif self.writers or not self._has_room():
            return False
        self.queue.append(chunk)
        if self.reader is not None:
            self.wake_reader()
        return True

    @enable_ki_protection
    async def put(self, chunk: C) -> None:
        """Take a chunk in, waiting for room if need be.

        Raises:
            trio.ClosedResourceError: the stream was closed, before or meanwhile.
        """
        self._calls += 1
        await pass_by(self._calls)
        if not self.put_if_room(chunk):
            waits = (chunk, self.keeper.pack(chunk)) if self.keeper else chunk
            for place in self.places:
                place.unready()
            await self.writers.wait(waits)

    @enable_ki_protection
    def put_nowait(self, chunk: C) -> None:
        """Take a chunk in if there is room.

        Raises:
            trio.WouldBlock: there is none, or others wait for it.
            trio.ClosedResourceError: the stream was closed.
        """
        if not self.put_if_room(chunk):
            raise trio.WouldBlock

    @enable_ki_protection
    def restart(self, attempt: int, base: int = 0) -> None:
        """The turn is tried again: what it has said so far does not count.

        Args:
            attempt: which try it is.
            base: the numbers of its chunks are above this, at least.
        """
        self.attempt, self.is_whole = attempt, False
        self._drop_all()
        self.base = self.dropped = max(base, self.dropped)
        if self.keeper is not None:
            self.keeper.restart(self.base)
        self._open_or_full()
        self.wake_reader()

    @enable_ki_protection
    def finish(self) -> None:
        """Let no more chunks in: its turn has ended, and that is being kept."""
        burst.stop(self)
        self.is_whole, self.room = True, 0
        self.writers.refuse()

    @enable_ki_protection
    def close(self) -> None:
        """Let no more chunks in.  Idempotent.

        Readers get what is there, and then the end; writers that wait have put nothing.
        """
        if self.closed:
            return
        burst.stop(self)
        self.closed, self.room, self.owner = True, 0, None
        self.begin()
        self.writers.refuse()
        self._forget_kept()
        self.wake_reader()
        if self.kept_in is None:  # it may be there for long: in no more than it needs
            self.queue = list(self.queue)
            self._sleepers.clear()
        if self.ended is not None:
            ended, self.ended = self.ended, None
            ended()

    @enable_ki_protection
    def cut(self) -> None:
        """Nothing reaches a reader any more: each gets the end.  Idempotent.

        What is kept and what comes is dropped; writers are not told.
        """
        self.is_cut = True
        self.room = 0
        self.unread += self.writers.release()
        self._drop_all()
        if self.keeper is not None:
            self.keeper.cut()
        self.wake_reader()

    @enable_ki_protection
    def kept(self) -> None:
        """The keeper has more than before: there may be room."""
        self._forget_kept()
        if not (self.is_whole or self.closed):
            self.make_room()

    # ----------------------------------------------------------------- who reads it

    def open(self, after: int = 0) -> Place[C]:
        """Attach a reader, behind the chunk with this number; 0: at the beginning.

        Raises:
            StreamGapError: what comes after it is not there (any more).
            StreamRestartedError: it is of a try that does not count.
        """
        plain = not after and self.base >= self.dropped
        place: Place[C] = Place(self, self.base if plain else place_of(self, after))
        self.attach(place)
        return place

    def attach(self, place: Place[C]) -> None:
        """Wait for this reader from now on."""
        self.places[place] = None
        self._floor = min(self._floor, place.at)

    def let_go(self) -> bool:
        """Attached readers have not read for too long: nobody waits for them any more.

        False: the turn is to end, as when the one who opened it leaves; nothing was
        done.
        """
        if self.keeper is not None:
            return True  # nobody waits for them anyway
        late = [place for place in self.places if place.at <= self.dropped]
        if not self.stays and self.owner in late:
            return False
        for place in late:
            self.leave(place)
        return True

    def leave(self, place: Place[C]) -> None:
        """Nobody waits for this reader any more."""
        place.unready()
        self.places.pop(place, None)
        if not self.places:
            self.places.clear()  # what it has needed is free then
        self.furthest = max(self.furthest, place.at)
        self._forget_kept()
        if self.writers:
            self.make_room()

    @enable_ki_protection
    def hand_over(self, other: ChunkLog[C]) -> None:
        """Whoever reads here reads the other one from now on."""
        for place in tuple(self.places):
            del self.places[place]
            place.move(other)
        self.wake_reader()

    @enable_ki_protection
    def make_room(self) -> None:
        """Somebody has read, or left: take in from those who wait what fits now."""
        burst.stop(self)
        keeper = self.keeper
        while self.writers and (
            self._has_room() if keeper is None else keeper.has_room
        ):
            if self.kept_in is None:
                self.queue.append(self.writers.take())
            else:
                self.kept_in.append_packed(*self.writers.take())
            self.wake_reader()
        self._open_or_full()

    def wake_reader(self) -> None:
        """There is something for whoever waits to read."""
        self.reader = None
        if self._sleepers:
            self._sleepers.wake()
            self.reader_comes = True

    async def sleep(self) -> None:
        """Wait until there is something to read."""
        self.reader = sleepers = self._sleepers
        if self.stamped is not None:
            burst.has_run(self)
        await sleepers.wait(self)
        if self.stamped is not None:
            burst.has_run(self)
        self.reader_comes = False

    def forget(self, task: Task) -> None:
        """One that waited has been cancelled; it wakes, but not to read."""
        del self._sleepers[task]
        self.reader = self._sleepers or None

    # ------------------------------------------------------------------- the inside

    def _open_or_full(self) -> None:
        """Find out whether there is room for who does not ask."""
        keeper = self.keeper
        full = self.writers or (keeper is not None and not keeper.has_room)
        ended = self.closed or self.is_whole or self.is_cut
        self.room = 0 if full or ended else self.policy.chunks

    def _has_room(self) -> bool:
        """Whether one more may go in; if need be, the oldest one is dropped for it."""
        if len(self.queue) < self.policy.chunks:
            return True
        oldest = self.dropped
        if self._floor <= oldest:
            self._floor = min((each.at for each in self.places), default=math.inf)
            if self._floor <= oldest:
                return False
        self.queue.popleft()
        self.dropped += 1
        if not self.places and self.dropped > self.furthest:
            self.unread += 1
        return True

    def _forget_kept(self, spare: int = 0) -> None:
        """Have room for so many more; at the end nothing that nobody reads."""
        kept = self.kept_in
        if kept is not None:
            most = self.policy.chunks if self.places or not self.closed else 0
            most -= min(spare, most // 2)
            if len(kept) > most:
                burst.stop(self)
                self.dropped += kept.forget(self, most)

    def _drop_all(self) -> None:
        """Keep no chunk that there was; nobody is attached any more."""
        burst.stop(self)
        for place in tuple(self.places):
            self.leave(place)
        if self.keeper is None:
            self.unread += max(0, self.last - max(self.furthest, self.dropped))
        self.dropped = self.last
        self.queue.clear()
