"""`Clocks`: the clocks of a turn that somebody had to look at, with their one timer.

The sums are the watchdog's; this part sets the timer to the earliest of them and does
what it says.  A sign of life is a stamp on the turn (`signed_at`), for it comes with
every chunk; the watchdog hears of the latest one before it is told anything else.  Only
when a stall has been reported is the next sign to be told at once (`Extra.stalled`).

Clocks are judged after what came meanwhile has been read.  A timer that goes off a
moment late is looked at once more, `SOON` after, when everybody had a turn of the loop:
chunks that waited in a pipe are read by then.  One that is more than `GAP` late says
that the loop itself stood still (blocked, stopped, its container paused), and that is
not the turn's silence: see `Watchdog.forgive`.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

import trio
from trio.lowlevel import checkpoint

from actors._sessions.events import TurnStalled
from actors._sessions.outcomes import Limit, TimedOut

from .early import cut
from .family import top_of
from .looks import GAP
from .watchdog import GiveUp, Over, Probe, Stalled, Unread, Watchdog

SOON: Final = 0.05
"""Seconds to a second look."""


class Timed(Protocol):
    """A turn, as its clocks see it."""

    # Any: their rooms stand above this one
    host: Any
    turn: Any
    signed_at: float

    @property
    def open(self) -> bool:
        """Whether it may still do things."""
        ...

    def need_extra(self) -> Any:
        """What it has beside, made now if need be."""

    def publish(self, kind: Any, *args: Any) -> None:
        """Publish an event about it."""

    def heed(self, verdict: Over | Probe | GiveUp) -> None:
        """A clock has run out."""


class Clocks:
    """A watchdog and its timer.

    Args:
        run: whose they are.
        watch: the sums, from the turn's first step on.
    """

    __slots__ = ("_again", "_seen", "run", "timer", "watch")

    def __init__(self, run: Timed, watch: Watchdog) -> None:
        self.run = run
        self.watch = watch
        self.timer: Any = None
        self._again = False  # the next look is the second one
        self._seen = run.signed_at  # when the loop was known to run

    def sign(self) -> bool:
        """The watchdog hears of the latest sign; tell whether a stall had been told."""
        signed: float = self.run.signed_at
        return signed > self.watch.last_sign and self.watch.sign(signed)

    def waits(self) -> None:
        """The turn waits for its reader, whose clock runs instead."""
        self.sign()
        self.watch.waits(self.run.host.now())
        self.arm()

    def served(self, *, read: bool) -> None:
        """It does not any more; `read`: because the reader has read."""
        self.sign()
        self.watch.served(self.run.host.now(), read=read)
        if self.run.open:
            self.arm()

    def tool_begins(self, name: str, now: float) -> None:
        """A tool begins."""
        self.sign()
        self.watch.tool_begins(now, name)
        self.arm()

    def tool_ends(self, name: str, now: float) -> None:
        """A tool ends."""
        self.sign()
        self.watch.tool_ends(now, name)
        if self.run.turn is not None:
            self.arm()

    @contextmanager
    def held(self) -> Generator[None]:
        """Hold the limits in this block: what it does has a limit of its own."""
        self.sign()
        self.watch.hold(self.run.host.now())
        self.arm()
        try:
            yield
        finally:
            self.sign()
            self.watch.release(self.run.host.now())
            if self.run.open:
                self.arm()

    def arm(self) -> None:
        """Set the timer to the earliest of the clocks."""
        self.sign()
        deadline = self.watch.next()
        self.stop()
        self._seen = self.run.host.now()
        if deadline != math.inf:
            self.timer = self.run.host.at(deadline, self.look)

    def stop(self) -> None:
        """Nothing counts any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def end_within_grace(self) -> None:
        """The turn has been told to end: from now on `abort_grace` alone counts."""
        self.watch.ending(self.run.host.now())
        self.arm()

    def look(self) -> None:
        """A clock may have run out."""
        self.timer = None
        self.sign()
        if self._is_too_soon():
            return
        self._again = False
        for due in self.watch.look(self.run.host.now()):
            match due:
                case Stalled(silent):
                    self.run.need_extra().stalled = True
                    self.run.publish(TurnStalled, silent)
                case Unread():
                    unread(self.run)
                case GiveUp():
                    self.run.heed(due)
                    return
                case _:
                    self.run.heed(due)
        self.arm()

    def _is_too_soon(self) -> bool:
        """Whether to look once more before anything is judged; the timer is set."""
        now, due = self.run.host.now(), self.watch.next()
        late = now - due
        if late <= 0 or self._again:
            return False
        if late > GAP:
            alive = max(self._seen, self.watch.last_sign)
            self.watch.forgive(now, late if late < due - alive else now - alive)
            self.arm()
            if self.watch.next() > now + SOON:
                return True
        self._again = True
        self.stop()
        self.timer = self.run.host.at(now + SOON, self.look)
        return True


# Any: a turn's room stands above this one
async def hand_over(run: Any, stream: Any, chunk: Any) -> None:
    """Put a chunk into a turn's stream that had no room for it, waiting for some.

    Meanwhile the reader's clock runs instead of the turn's.  A stream of a parent that
    the turn has outlived takes nothing any more: then the chunk is dropped and counted.
    """
    try:
        run.check_thread("emit")
        while stream.reader_comes:  # it needs no clock: the loop, which is fair
            await checkpoint()
            run.calls = 0
            run.check_open("emit")
            waits = stream.reader is not None
            if stream.put_if_room(chunk):
                run.sign()
                if waits and run.extra is None:
                    stream.begin_burst(run)
                return
        clocks = run.need_clocks()
        clocks.waits()
        read = False
        try:
            await stream.put(chunk)
            read = True
        finally:
            clocks.served(read=read)
    except trio.ClosedResourceError:
        run.host.unread += 1


def hold_limits(turn: Any) -> AbstractContextManager[None]:
    """Do something in a turn that does not count in its limits, as a block.

    For what a host does on its behalf.  Other clocks, and an abort, are as ever.
    """
    clocks: Clocks = turn._run.need_clocks()
    return clocks.held()


def unread(run: Any) -> None:
    """A turn has waited for its reader for too long: as if that one had left."""
    stream = run.stream
    if stream.writers and not stream.let_go():  # if none waits, it has just read
        cut(top_of(run), TimedOut(Limit.READER))


def tool_of(run: Any) -> str | None:  # Any: its room stands above this one
    """The tool in flight of a turn, the latest if there are several."""
    clocks = run.extra.clocks if run.extra is not None else None
    return clocks.watch.tool if clocks is not None else None


def last_sign_of(run: Any) -> float:
    """When the latest sign of life of a turn came; nan: it has not begun."""
    signed: float = run.signed_at
    clocks = run.extra.clocks if run.extra is not None else None
    return signed if clocks is None else max(signed, clocks.watch.last_sign)


def tools_of(run: Any) -> tuple[tuple[str, float], ...]:
    """The tools in flight of a turn, the oldest first: `(name, when it began)`."""
    clocks = run.extra.clocks if run.extra is not None else None
    return clocks.watch.tools if clocks is not None else ()


def time_left_of(run: Any, now: float) -> dict[str, float]:
    """Seconds until each limit of a turn is over, of those that count now."""
    if not run.has_begun:
        return {}
    clocks: Clocks | None = run.extra.clocks if run.extra is not None else None
    if clocks is None:  # nobody had to look at it yet
        return Watchdog(run.policy, run.started_at, run.signed_at).left(now)
    clocks.sign()
    return clocks.watch.left(now)
