"""What comes after an incarnation: the owner decides, a new life or the end for good.

An owner is asked about a child (`child_ended`) in the owner's own turn: at once when
the owner is at rest, through its control lane when it is not; meanwhile the child is
HELD.  A restart puts a new instance into the same cell; the mailbox, the path and the
ref stay.  The end for good empties the mailbox and tells the watchers.
"""

from __future__ import annotations

from collections import deque
from typing import Any, cast

from actors.events import ActorStopped, DeadLetterReason
from actors.exits import Crashed, Decision, Exit
from actors.messages import PENDING, Terminated

from .life import HALTED, ChildEnded, ChildNews, Notice, split_crash
from .starting import Start
from .state import (
    ALIVE,
    ENDED,
    FAIL,
    HELD,
    RESUME,
    START,
    Entry,
    Own,
    Rare,
)

# looked up once: an enum's members cost a call each time on Python 3.11
RESTART = Decision.RESTART
_HOLD = Decision.HOLD
_ESCALATE = Decision.ESCALATE


class Next(Start):
    """The part of a cell that outlives its incarnations."""

    __slots__ = ()

    def _ask_owner(self, exit_: Exit) -> Decision | None:
        """What the owner decides; None: it will, in its own turn."""
        owner: Next | None = self.owner
        crashed = isinstance(exit_, Crashed)
        if self.props.work:
            return Decision.END
        if owner is None:  # the root: its crash is the system's
            if isinstance(exit_, Crashed):
                self.hub.interrupt(exit_.error)
            return Decision.END
        if owner.state != ALIVE or owner.attention & FAIL:
            # it is ending: no restart; without a hook of its own the crash is its own
            return Decision.END if owner.props.child_ended else Decision.ESCALATE
        if not owner.props.child_ended:
            return Decision.ESCALATE if crashed else Decision.END
        if owner.queue is not None:
            owner.control(ChildEnded(self, exit_))
            return None
        owner.queue = owner.new_queue()  # busy: nobody may enter it meanwhile
        try:
            return owner.consult(self, exit_)
        finally:
            owner.rest_or_ready()

    def _apply(self, decision: Decision | None) -> bool:
        """Carry the decision out.  True: a new incarnation is ready to go on."""
        if decision is RESTART and not self._retired():
            return self._restart()
        exit_ = self.pending_exit
        if decision is None or decision is _HOLD:
            self.state = HELD
            self.room = -1
            if self.queue is None:  # held is not at rest
                self.queue = self.new_queue()
            if decision is _HOLD:
                self.held()
            return False
        self._finish()
        owner = self.owner
        if self.props.work:
            return False
        if isinstance(exit_, Crashed):
            if decision is _ESCALATE and owner is not None:
                owner.fail(exit_)
            return False
        late = self.pending_exit  # it may have crashed in its last hooks
        if isinstance(late, Crashed) and owner and not owner.props.child_ended:
            owner.fail(late)
        return False

    def _retired(self) -> bool:
        """Whether somebody has asked it to stop, so that a crash brings no new life."""
        rare = self.rare
        crashed = isinstance(self.pending_exit, Crashed)
        return (crashed and self.closed) or (rare is not None and rare.retired)

    def resume(self) -> bool:
        """Carry out what the owner decided about a held cell."""
        rare = self.need_rare()
        self.attention &= ~RESUME
        decision, rare.decision = rare.decision, None
        if rare.halting:
            rare.halting = False
            decision = self._ask_owner(HALTED)
        alive = self._apply(decision)
        if alive and not self.props.started:
            self.tell_started()
        return alive

    def _restart(self) -> bool:
        hub = self.hub
        rare = self.rare
        self.need_rare().incarnation += 1
        hub.restarts += 1
        self.pending_exit = None
        self.closed = False
        self.state = ALIVE
        self.open_room()
        if rare is not None:
            rare.killed = rare.retired = rare.stillborn = rare.halting = False
            rare.unready = 0
            rare.info = rare.decision = None
            rare.errors = None
            self.unstash_all()
        props = self.props
        try:
            self.actor = actor = props.cls(*self.args)
        except BaseException as error:  # noqa: BLE001, ASYNC103 - split
            return self.stillborn(error)  # noqa: ASYNC104 - no Cancelled of a plain def
        actor._seat = cast("Any", self)  # a Cell by now
        if props.started:
            self.attention |= START
        else:
            self.publish_started()
        return True

    def stillborn(self, error: BaseException) -> bool:
        """The constructor of a new incarnation has failed."""
        self.need_rare().stillborn = True
        self.failed_plain(error, "in __init__")
        hub = self.hub
        hub.ready.append(self)  # in its turn: others go first
        if hub.asleep:
            hub.wake()
        return False

    def _finish(self) -> None:
        """The end for good."""
        exit_ = self.pending_exit
        assert exit_ is not None
        hub = self.hub
        self.closed = True
        self.room = -1
        rare = self.rare
        left: list[Any] = []
        if rare is not None and rare.stash:
            left, rare.stash = rare.stash, None
        queue = self.queue
        if queue:
            left = [*left, *queue]
            queue.clear()
        if type(queue) is deque:
            hub.recycle(queue)
        self.state = ENDED
        self.turn_away()
        if left:
            self._undelivered(left)
        exit_ = self.pending_exit or exit_
        self.attention = 0
        self.queue = None
        actor: Any = self.actor
        del self.actor
        if self.owner is not None:
            self.owner.unlink(self)
        hub.ended += 1
        if rare is not None:
            self._tell_watchers(rare, exit_)
        if ActorStopped in hub.events.wanted and not self.props.work:
            now = self.hub.now()
            hub.publish(ActorStopped(now, self, exit_, len(left)))
        if self.props.work:
            actor._over(exit_)
        elif self.owner is not None and self.owner.props.child_stopped:
            told = (self, exit_, len(left))
            self.owner.hear(ChildNews("child_stopped", told, final=True))

    def _undelivered(self, left: list[Any]) -> None:
        for raw in left:
            entry = raw if type(raw) is Entry else Entry(raw)
            if self.props.undelivered and not self._moot(entry):
                try:
                    self.actor.undelivered(entry.message)
                except BaseException as error:  # noqa: BLE001, ASYNC103 - split
                    crash, rest = split_crash(error)
                    if rest is not None:
                        self.hub.interrupt(rest)
                    if crash is not None:
                        self.hook_failed("undelivered", crash)
            if self._moot(entry):
                self.skip(entry)
            else:
                self.bury(entry, DeadLetterReason.UNDELIVERED)

    def _moot(self, entry: Entry) -> bool:
        ticket = entry.ticket
        return (
            entry.tick is not None
            or isinstance(entry.message, Own)
            or (ticket is not None and ticket.state != PENDING)
        )

    def _tell_watchers(self, rare: Rare, exit_: Exit) -> None:
        watchers, rare.watchers = rare.watchers, None
        if watchers:
            for watcher, message in watchers.items():
                notice = Terminated(self, exit_) if message is None else message
                watcher.control(Notice(self, notice))
        for event in (rare.started, rare.ended):
            if event is not None:
                event.set()
