"""`Router`: the root actor of all sessions.

It owns `{key: session}`.  Nobody asks it anything by mail: its handle (`RouterRef`)
calls it, each call one step, so routing a prompt is a look-up and an append, and no
slow session, turn or start can hold up another.  What it hears by mail are the ends of
its sessions.  The layers are listed in `core`.
"""

from __future__ import annotations

import inspect
import math
from typing import Any, ClassVar

import trio

from actors import CloseReason, Crashed, Exit, Lost, Session
from actors.hosting import Lane

from .census import enter, leave
from .limits import DrainReport, Limits
from .tokens import MemoryTokens, Tokens
from .verbs import Verbs

DRAINING = "shutting down"
_SHARE = 0.8  # of a drain's time, for what runs to end by itself


class Router(Verbs):
    """The actor that owns sessions: `{key: session}`.

    Start it with `start_router`, or declare it in a supervised tree:
    `ChildSpec(Router, Chat, (database,), Limits(sessions=1000), id="router")`; then
    `router_ref(ref, Chat)` gives the handle.

    When it ends, its sessions are stopped all at once, each within its grace; turns
    that run are `Aborted`, prompts that wait are `Lost`.  When it crashes, so do they.

    Args:
        make: the class of its sessions.
        args: for the constructor of each.
        limits: what it may have at once.
        tokens: where what sessions `bind` is kept; default: in memory.
    """

    __slots__ = ()

    stop_at_once: ClassVar[bool] = True
    grace: ClassVar[float] = math.inf
    """Its sessions have graces of their own."""

    def __init__(
        self,
        make: type[Session[Any, Any]],
        args: tuple[Any, ...] = (),
        limits: Limits | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        given: object = make
        if not (isinstance(given, type) and issubclass(given, Session)):
            msg = f"a router takes a subclass of Session, got {make!r}"
            raise TypeError(msg)
        if inspect.isabstract(make):
            msg = f"{make.__name__} cannot be a session: it has no take_turn"
            raise TypeError(msg)
        for name in ("load", "save"):
            if tokens is not None and not callable(getattr(tokens, name, None)):
                msg = f"tokens must be Tokens, with load and save, got {tokens!r}"
                raise TypeError(msg)
        if limits is not None and not isinstance(limits, Limits):
            msg = f"limits must be Limits, got {limits!r}"
            raise TypeError(msg)
        store = tokens if tokens is not None else MemoryTokens()
        super().__init__(make, args, limits if limits is not None else Limits(), store)
        enter(self)

    def receive(self, message: Any) -> None:
        """Nobody tells it anything."""
        msg = f"a router takes no messages, got {message!r}: use its RouterRef"
        raise TypeError(msg)

    def stopped(self, exit: Exit) -> None:  # noqa: A002 - its name in the vocabulary
        """Give every prompt that is left its outcome; nothing runs any more."""
        self.stop_admission()
        if self.reaper is not None:
            self.reaper.cancel()
        why = "the router has ended"
        if isinstance(exit, Crashed):
            why = "the router has crashed"
        for lane in tuple(self.lanes.values()):
            if lane.extra is not None and lane.extra.timer is not None:
                lane.extra.timer.cancel()
            asides = (lane.extra.asides if lane.extra is not None else None) or {}
            for run in (lane.turn, *tuple(asides.values())):
                if run is not None:  # it never had its first step
                    run.conclude(run.complete(run.verdict or Lost(why)))
            self._lose(lane, why)
            if lane.session is not None:
                lane.session = None
                self.say_closed(lane, CloseReason.STOPPED)
            self.forget(lane)
        leave(self)

    def _lose(self, lane: Lane, why: str) -> list[Any]:
        lost = lane.empty()
        for receipt in lost:
            self.settle(receipt, Lost(why))
        return lost

    def _lose_all(self) -> list[Any]:
        lost: list[Any] = []
        for lane in tuple(self.lanes.values()):
            lost += self._lose(lane, DRAINING)
        return lost

    def stop_admission(self) -> None:
        """See `RouterRef.stop_admission`."""
        self.open = False
        for lane in tuple(self.lanes.values()):
            lane.room = 0
            self.admit_parked(lane)
        self.admit_crowd()

    async def drain(self, within: float) -> DrainReport:
        """See `RouterRef.drain`."""
        begun = self.now()
        deadline = begun + within
        before = dict(self.outcomes)
        self.stop_admission()
        with trio.CancelScope(deadline=begun + within * _SHARE):
            await self._until(lambda: not self.unsettled)
        self.finishing = True
        aborted: list[int] = []
        lost = self._lose_all()
        for run in tuple(self.turns.values()):
            if run.waiting_still:  # in line for a slot
                if run.cut(Lost(DRAINING)):
                    lost += run.receipts
                continue
            run.abort(hard=True, reason=DRAINING, hint=None, within=None)
            aborted.append(run.id)
        with trio.CancelScope(deadline=deadline):
            await self._until(lambda: not self.turns)
            lost += self._lose_all()  # steering prompts that came too late
            for lane in tuple(self.lanes.values()):
                self.close_lane(lane, CloseReason.STOPPED)
            await self._until(lambda: not self.lanes)
        for run in tuple(self.turns.values()):
            if self.turns.get(run.id) is run:
                self.give_up(run)
        lost += self._lose_all()
        for lane in tuple(self.lanes.values()):
            if lane.session is not None:
                lane.session.ref.kill()
        outcomes = {
            name: number - before.get(name, 0)
            for name, number in self.outcomes.items()
            if number > before.get(name, 0)
        }
        lost.sort(key=lambda receipt: receipt.id)
        return DrainReport(self.now() - begun, outcomes, tuple(aborted), tuple(lost))

    async def _until(self, done: Any) -> None:
        """Wait until `done()`; a checkpoint."""
        await trio.lowlevel.checkpoint()
        while not done():
            if self.changed is None:
                self.changed = trio.Event()
            await self.changed.wait()
