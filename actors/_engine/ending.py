"""How an incarnation ends.

The end of an incarnation is one path, whatever caused it (`pending_exit` says what):

    timers and watches end - child tasks are cancelled and joined - children are
    stopped, the youngest first, each to its very end - `stopped` runs, shielded,
    bounded - requests in hand fail - the owner decides - restart, or the end for good

When there is nothing to wait for, the whole path is plain calls in the worker that
found the end (`begin_end`): a restart in place costs no task switch.  Otherwise it is
one coroutine (`_end`) that the worker drives like a `receive`.

What the owner decides and what follows from it is `following`.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import trio

from actors.events import ActorStopped, IncarnationEnded
from actors.exits import Crashed, Exit, Killed
from actors.messages import Request

from .following import RESTART, Next
from .life import CRASHED, STOPPED, shown, split_crash
from .state import ALIVE, ENDED, ENDING, FAIL, Rare

_REQUEST: Any = Request  # Any: a checker would lose R in isinstance
AT_ONCE = 1000  # children that may end without a wait before others have their turn


class End(Next):
    """The part of a cell that ends."""

    __slots__ = ()

    def begin_end(self) -> Any:
        """End the incarnation: True or False as `_conclude`, or a coroutine for it."""
        rare = self.rare
        exit_ = self.pending_exit
        assert exit_ is not None
        plain = rare is None and not self.queue and type(exit_) is not Crashed
        if plain and self.youngest is None and self.vanish(exit_):
            return False
        self.attention &= ~FAIL
        self.state = ENDING
        if rare is not None:
            rare.halting = False
            if rare.control:
                self.flush_news(rare)
            if rare.timers:
                for tick in tuple(rare.timers.values()):
                    tick.cancel()
            if rare.watching:
                for watched in tuple(rare.watching):
                    self.unwatch(watched)
            if rare.host is not None or rare.errors:
                return self._end(rare)
        if self.youngest is not None:
            return self._end(self.need_rare())
        if self.props.stopped and not (rare is not None and rare.stillborn):
            return self._end(self.need_rare())
        return self._conclude()

    def recover(self, message: Any, error: BaseException) -> bool | None:
        """Crash and have the owner decide, if there is nothing else to do.

        What `crash`, `begin_end` and `_conclude` come to, at half the price, for a
        plain message of an actor that nobody listens to, with nothing to look after.
        None: not such a case, nothing has been done; else as `_apply`.
        """
        hub = self.hub
        owner = self.owner
        rare = self.need_rare()
        if (
            not isinstance(error, Exception)
            or self.attention
            or self.closed
            or self.props.stopped
            or hub.events.wanted
            or isinstance(message, _REQUEST)
            or self.youngest is not None
            or self.props.work
            or rare.stashed is not None
            or rare.timers
            or rare.watching
            or rare.held
            or rare.host is not None
            or owner.queue is not None
            or owner.state != ALIVE
            or not owner.props.child_ended
        ):
            return None
        hub.crashes += 1
        where = f"in actor {rare.path or self.path} (incarnation {rare.incarnation})"
        error.add_note(f"{where}, handling {shown(message)}")
        hub.dead_letters.add(hub.now(), self, message, CRASHED)
        self.state = ENDING
        exit_ = self.pending_exit = Crashed(error)
        owner.queue = owner.new_queue()  # busy: nobody may enter it meanwhile
        try:
            decision = owner.consult(self, exit_)
        finally:
            owner.rest_or_ready()
        if (
            decision is not RESTART
            or self.closed  # asked to end while the owner was asked
            or rare.retired
            or rare.decision is not None
            or rare.stash
            or rare.unready
            or rare.info is not None
            or self.props.started
        ):
            return self._apply(decision)
        # what `_restart` comes to when there is nothing to undo
        rare.incarnation += 1
        hub.restarts += 1
        self.pending_exit = None
        self.state = ALIVE
        try:
            self.actor = actor = self.props.cls(*self.args)
        except BaseException as failure:  # noqa: BLE001, ASYNC103 - split
            return self.stillborn(failure)  # noqa: ASYNC104
        actor._seat = self
        if rare.started is not None:
            rare.started.set()
        return True

    def vanish(self, exit_: Exit, *, untold: bool = False) -> bool:
        """End now if nothing is left to do.

        The caller has seen that it has no `Rare`, no child, no message, and has not
        crashed.
        What `_conclude` and `_finish` come to in the commonest case, at a tenth of the
        price; a `stop` of an actor at rest does it on the spot.  `untold`: also if the
        owner would want to be told, because it knows.
        """
        owner = self.owner
        hub = self.hub
        if owner is None or self.props.stopped:
            return False
        props = self.props
        if owner.props.consulted and not untold and not props.work:
            return False
        queue = self.queue
        if type(queue) is deque:
            hub.recycle(queue)
        self.queue = self.worker = None
        self.state = ENDED
        self.pending_exit = exit_
        self.closed = True
        self.room = -1
        self.attention = 0
        actor: Any = self.actor
        del self.actor
        owner.unlink(self)
        hub.ended += 1
        wanted = hub.events.wanted
        if wanted and not props.work:
            now = hub.now()
            if IncarnationEnded in wanted:
                hub.publish(IncarnationEnded(now, self, 1, exit_))
            if ActorStopped in wanted:
                hub.publish(ActorStopped(now, self, exit_, 0))
        if props.work:
            actor._over(exit_)
        return True

    async def _end(self, rare: Rare) -> bool:
        for child in tuple(self.children()):
            if child.props.work:
                child.kill()
        host = rare.host
        if host is not None:
            host.cancel()
            await host.done.wait()
        at_once = 0
        if self.props.stop_at_once:
            await self._stop_at_once(rare)
        while (child := self.youngest) is not None:
            if rare.killed or isinstance(self.pending_exit, Killed):
                child.kill()
            else:
                child.request_stop(STOPPED)
            if child.state != ENDED:
                await child.ended_event().wait()
            else:
                at_once += 1
                if not at_once % AT_ONCE:
                    await trio.lowlevel.checkpoint()
        if rare.errors:
            self.add_errors(rare.errors)
            rare.errors = None
        if self.props.stopped and not rare.stillborn:
            await self._run_stopped(rare)
        if self.worker is not None:
            self.worker.suspended = False  # nothing is awaited from here on
        return self._conclude()

    async def _stop_at_once(self, rare: Rare) -> None:
        """Ask all children to stop; their graces run side by side."""
        for asked, child in enumerate(tuple(self.children())):
            if rare.killed or isinstance(self.pending_exit, Killed):
                child.kill()
            else:
                child.request_stop(STOPPED)
            if not (asked + 1) % AT_ONCE:
                await trio.lowlevel.checkpoint()

    async def _run_stopped(self, rare: Rare) -> None:
        exit_ = self.pending_exit
        assert exit_ is not None
        deadline = self.hub.now() + self.props.grace
        try:
            result = self.actor.stopped(exit_)
            if result is not None:
                with trio.CancelScope(deadline=deadline) as rare.hook_scope:
                    if self.hub.cut:  # the system's deadline is over already
                        rare.hook_scope.cancel()
                    await result
                if rare.hook_scope.cancelled_caught:
                    self.late("stopped")
        except BaseException as error:  # noqa: BLE001, ASYNC103 - split below, nothing swallowed
            crash, rest = split_crash(error)
            if rest is not None:
                self.hub.interrupt(rest)
            if crash is not None:
                self.hook_failed("stopped", crash)
        finally:
            rare.hook_scope = None

    def _conclude(self) -> bool:
        """The incarnation is over.  True: a new one is in the cell, go on with it."""
        rare = self.rare
        exit_ = self.pending_exit
        assert exit_ is not None
        hub = self.hub
        if rare is not None:
            if rare.grace_timer is not None:
                rare.grace_timer.cancel()
                rare.grace_timer = None
            if rare.held:
                for ticket in tuple(rare.held):
                    ticket.fail(self._answer_error(exit_, None))
        if IncarnationEnded in hub.events.wanted and not self.props.work:
            now = self.hub.now()
            hub.publish(IncarnationEnded(now, self, self.incarnation, exit_))
        return self._apply(self._ask_owner(exit_))
