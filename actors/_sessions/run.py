"""`TurnRun`: a turn's course: its one way to an outcome.

The life of a turn is one line:

    waits for a slot - runs (tools, children) - drains - ends - has ended

It is a turn, with an id, from the first of these on, so it can be aborted before it has
begun.  From its slot on it is a child task of its session's actor, with a nursery of
its own.

`_finish` is the only place that makes an outcome.  It runs after everything that the
turn has started is over, and it runs whatever happened.

A turn's state is a value in the lane.  `before` is what it goes back to unless the turn
completes.
"""

from __future__ import annotations

import contextlib
from typing import cast

import attrs
import trio
from trio.lowlevel import enable_ki_protection

from actors._engine.crashes import split_crash
from actors.errors import ActorStoppedError
from actors.exits import Crashed

from .errors import SessionCrashedError
from .events import TurnStarted
from .outcomes import NOTHING, Aborted, Completed, Failed, Outcome, Rejected
from .state import (
    DRAINING,
    ENDED,
    ENDING,
    PARENT_ENDED,
    RUNNING,
    RejectTurnError,
    TurnState,
    completed,
    unwrapped,
)
from .watchdog import Watchdog

SHUT_DOWN = "the session was stopped"


class TurnRun(TurnState):
    """One turn; `turn` is what its code sees of it."""

    __slots__ = ()

    @enable_ki_protection
    async def run(self) -> None:
        """Run as a child task of its session's actor."""
        if self.verdict is None and self.parent is None and self.session.ending:
            self.host.unbegin(self)  # the prompts are for the session that comes next
            return
        rest: BaseException | None = None
        returned: Outcome | None = None
        if self.verdict is None:
            self._begin()
            try:
                returned = await self._run_body()
            except BaseException as error:  # noqa: BLE001, ASYNC103 - split, raised below
                crash, interrupt = split_crash(error)
                if isinstance(error, trio.Cancelled):
                    crash = interrupt = None
                rest = interrupt or _cancelled_in(error)
                returned = self._ended_by(crash, interrupt)
        if self.children and not (self.verdict is None and completed(returned)):
            await self._end_children()
        failure = await self._finish(returned)
        for escaped in (failure, rest):
            if escaped is not None:
                raise escaped

    def _begin(self) -> None:
        now = self.host.now()
        self.phase = RUNNING
        self.started_at = now
        if self.parent is None and not self.aside:
            self.before = self.lane.state
        elif self.aside:
            self.snapshot = self.host.committed(self.lane)
        self.watch = Watchdog(self.policy, now)
        self.arm()
        if self.parent is None:
            prompts = tuple(receipt.id for receipt in self.receipts)
            self.publish(TurnStarted, prompts, self.aside)

    async def _run_body(self) -> Outcome:
        result: object = None
        async with trio.open_nursery() as nursery:
            self.nursery = nursery
            if self.verdict is not None:
                nursery.cancel_scope.cancel()
            try:
                result = await self.body(self.turn)
            finally:
                self.body_over = True
            if self.children:
                for child in tuple(self.children.values()):
                    if not child.detached:
                        child.cut(Aborted(PARENT_ENDED))
            if self.policy.drain_window and self.parent is None:
                await self._drain()
        notes = self.notes or NOTHING
        return Completed(
            result, interrupted=self.interrupted, turn=self.id, notes=notes
        )

    async def _end_children(self) -> None:
        """Cut those that may outlive it, and wait for them: it ends in disorder."""
        for child in tuple((self.children or {}).values()):
            child.cut(Aborted(PARENT_ENDED))
        if self.no_children is None:
            self.no_children = trio.lowlevel.ParkingLot()
        with trio.CancelScope(shield=True):
            while self.children:
                await self.no_children.park()

    async def _drain(self) -> None:
        """Wait for late chunks."""
        if self.phase is not RUNNING:
            return
        self.phase = DRAINING
        if self.drained is None:
            self.drained = trio.Event()
        with trio.move_on_after(self.policy.drain_window):
            await self.drained.wait()

    def _ended_by(
        self, crash: Exception | None, interrupt: BaseException | None
    ) -> Outcome:
        """What becomes of it, as something has left its body."""
        if crash is not None:
            crash = unwrapped(crash)
            if isinstance(crash, RejectTurnError):
                return Rejected(crash.reason)
            return Failed(error=crash)
        if interrupt is not None:
            return Failed(error=interrupt)
        if self.parent is not None:
            return Aborted(PARENT_ENDED)
        exit_ = self.session._seat.reason_to_end
        if isinstance(exit_, Crashed):
            error = SessionCrashedError(self.lane.key)
            error.__cause__ = exit_.error
            return Failed(error=error)
        return Aborted(SHUT_DOWN)

    async def _finish(self, returned: Outcome | None) -> BaseException | None:
        """Give it its outcome, after its hook; whatever happened, once.

        Returns what the hook has raised: the session's crash.
        """
        if self.phase in (ENDING, ENDED):  # it has been given up
            return None
        outcome = self.verdict or returned
        assert outcome is not None
        self.phase = ENDING
        self.outcome = outcome = self.complete(outcome)
        if self.parent is not None or not self.session._finalises:
            self.conclude(outcome)
            return None
        now = self.host.now()
        if self.watch is None:
            self.watch = Watchdog(self.policy, now)
        self.watch.ending(now)
        self.arm()
        failure = await self._run_hook(outcome)
        self.conclude(outcome)
        return failure

    async def _run_hook(self, outcome: Outcome) -> BaseException | None:
        """Run `turn_ended`; returns what it has raised."""
        deadline = self.host.now() + self.policy.cleanup_within
        try:
            with trio.CancelScope(shield=True, deadline=deadline):
                await self.session.turn_ended(self.turn, outcome)
        except BaseException as error:  # noqa: BLE001, ASYNC103 - raised by others
            return error  # noqa: ASYNC104
        return None

    def last_words(self) -> None:
        """It does not end: give it up, after its hook, which another task runs."""
        session = self.session
        parent = self.parent
        if parent is not None and parent.phase is not ENDED:
            # it is the parent that its caller waits for: its own clock runs from here
            parent.cut(Aborted(f"its child, turn {self.id}, does not end"))
            return
        if self.phase is not ENDING and session._finalises and parent is None:
            with contextlib.suppress(ActorStoppedError):
                session._seat.context.run(session.start_soon, self._run_last_words)
                self.phase = ENDING
                later = self.host.now() + 2 * self.policy.cleanup_within
                self.timer = self.host.at(later, self._give_up)
                return
        self._give_up()

    async def _run_last_words(self) -> None:
        outcome = self.verdict
        assert outcome is not None
        self.outcome = self.complete(outcome, late=True)
        failure = await self._run_hook(self.outcome)
        self._give_up()
        if failure is not None:
            raise failure

    def _give_up(self) -> None:
        if self.phase is not ENDED:
            self.host.give_up(self)

    def complete(self, outcome: Outcome, *, late: bool = False) -> Outcome:
        """The outcome with what the turn knows about it."""
        if outcome.turn == self.id and not late:
            return outcome
        notes = self.notes or NOTHING
        return attrs.evolve(outcome, turn=self.id, notes=notes, late=late)

    def conclude(self, outcome: Outcome) -> None:
        """It has ended: no step of it counts any more."""
        if self.phase is ENDED:
            return
        self.phase = ENDED
        self.outcome = outcome
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.nursery = None
        if self.when_ended is not None:
            self.when_ended.set()
        if self.parent is None:
            self.host.turn_over(self, outcome)
        else:
            self.parent.child_over(self, outcome)
        self.turn = None  # or the two of them would be garbage for the collector


def _cancelled_in(error: BaseException) -> BaseException | None:
    """The cancellation in it, which must go on; None: there is none."""
    if isinstance(error, trio.Cancelled):
        return error
    if not isinstance(error, BaseExceptionGroup):
        return None
    group = cast("BaseExceptionGroup[BaseException]", error)
    return group.split(trio.Cancelled)[0]
