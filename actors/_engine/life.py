"""How an incarnation is asked to end.

Every request to end (stop, kill, halt, a crash of the actor, of a task or of a child)
is recorded here in one step, in `closed`, `pending_exit` and the attention flags;
carrying it out is for the worker that looks next (`ending`).

A halt ends the incarnation and not the cell: the message in hand may be finished, what
is queued waits for the next incarnation.  It is a FAIL that does not cancel at once.
"""

from __future__ import annotations

import logging
import math
from abc import abstractmethod
from collections import deque
from typing import Any, cast

import attrs
import trio
from trio.lowlevel import enable_ki_protection

from actors.errors import ActorCrashedError, ActorStoppedError
from actors.events import ActorCrashed, ActorLate, DeadLetterReason, MessageEnd
from actors.exits import Crashed, Decision, Exit, Finished, Killed, Stopped
from actors.messages import open_ticket
from actors.snapshot import Late

from .inbox import Inbox
from .state import ALIVE, CONTROL, ENDED, ENDING, FAIL, HELD, RESUME, Entry

STOPPED = Stopped()
HALTED = Stopped("halted by its owner")
CRASHED = DeadLetterReason.CRASHED
_KILLED = DeadLetterReason.KILLED

_logger = logging.getLogger("actors")


@attrs.frozen
class ChildEnded:
    """In the control lane of an owner: decide about this child."""

    child: Any
    exit: Exit


@attrs.frozen
class ChildNews:
    """In the control lane of an owner: have a hook told something about a child."""

    hook: str
    args: tuple[Any, ...]
    final: bool  # told also while the owner is ending


@attrs.define(eq=False)
class Notice:
    """In the control lane of a watcher: somebody it watches has ended."""

    ref: Any
    message: Any


def split_crash(error: BaseException) -> tuple[Exception | None, BaseException | None]:
    """What of `error` is a crash, and what must go on to the top.

    KeyboardInterrupt and SystemExit are never swallowed; mixed groups are split.
    """
    if isinstance(error, Exception):
        return error, None
    if isinstance(error, trio.Cancelled):
        crash = RuntimeError("a trio.Cancelled escaped that nobody here had caused")
        crash.__cause__ = error
        return crash, None
    if isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error)
        crashes, others = error.split(Exception)
        rest: BaseException | None = others
        if others is not None:
            rest = others.split(trio.Cancelled)[1]
        return crashes, rest
    return None, error


def shown(message: object) -> str:
    """A message for a person; its `repr` is a stranger's code and may fail."""
    try:
        return f"{message!r:.200}"
    except Exception as error:  # noqa: BLE001 - it must not hide the crash
        return f"a {type(message).__name__} whose repr() fails: {error!r:.100}"


class Life(Inbox):
    """The part of a cell that is asked to end."""

    __slots__ = ()

    # ------------------------------------------------------------- asked to end

    @abstractmethod
    def vanish(self, exit_: Exit, *, untold: bool = False) -> bool:
        """End here and now if nobody looks and nothing is left to do (`ending`)."""

    @enable_ki_protection
    def stop(self, reason: object = None) -> None:
        self.request_stop(STOPPED if reason is None else Stopped(reason))

    @enable_ki_protection
    def finish(self) -> None:
        """See `Actor.finish`."""
        self.request_stop(Finished())

    def request_stop(self, exit_: Exit) -> None:
        """Close the mailbox and see that the cell ends when it is empty."""
        if self.state == HELD:
            self._retire()
            return
        if self.closed or self.state == ENDED:
            return
        if self.props.work:
            self.kill()
            return
        at_rest = self.queue is None and self.rare is None and self.youngest is None
        if at_rest and self.vanish(exit_):
            return
        self.closed = True
        self.room = -1
        self.turn_away()
        if self.state == ENDING:
            self.need_rare().retired = True
            return
        if not self.attention & FAIL:
            self.pending_exit = exit_
        if self.queue is None:
            self.leave_rest()
        elif self.worker is not None and self.worker.suspended:
            self.arm_grace()

    def _retire(self) -> None:
        """End a held cell, whatever its owner has decided or will."""
        self.closed = True
        self.room = -1
        self.turn_away()
        self.need_rare().retired = True
        self.decide(Decision.END)

    def halt(self) -> None:
        """End the incarnation in order, and leave the mailbox open for the next one.

        Of a held cell whose restart has been decided: take that back, ask again.
        """
        if self.state == HELD and self.need_rare().decision is Decision.RESTART:
            self.need_rare().halting = True
            return
        if self.state != ALIVE or self.attention & FAIL or self.closed:
            return  # it ends already
        self.pending_exit = HALTED
        self.need_rare().halting = True
        self.attend_to(FAIL)
        if self.worker is not None and self.worker.suspended:
            self.arm_grace()

    def arm_grace(self) -> None:
        """Start the clock of a stop that is not done at once."""
        rare = self.need_rare()
        if rare.grace_timer is None and self.props.grace != math.inf:
            deadline = self.hub.now() + self.props.grace
            rare.grace_timer = self.hub.timers.at(deadline, self._overdue)

    def _overdue(self) -> None:
        if self.state != ALIVE:
            return
        self.late()
        if self.closed:
            self.kill()
        else:
            self.fail(Killed())  # it was halted: the mailbox stays open

    @property
    def reason_to_end(self) -> Exit | None:
        """Why the incarnation is to end, also if only its tasks know yet."""
        host = self.rare.host if self.rare is not None else None
        if host is not None and host.crash is not None:
            return Crashed(host.crash)
        return self.pending_exit

    def late(self, phase: str | None = None) -> None:
        """Record that this actor had to be cut off."""
        hub = self.hub
        if phase is None:
            worker = self.worker
            phase = worker.phase if worker is not None else "queue"
        _logger.warning("%s was late to stop, in %s", self.path, phase)
        if hub.late is not None:
            hub.late.append(Late(self.path, phase))
        if ActorLate in hub.events.wanted:
            hub.publish(ActorLate(self.hub.now(), self, phase))

    @enable_ki_protection
    def kill(self) -> None:
        match self.state:
            case state if state == ENDED:
                return
            case state if state == HELD:
                self._retire()
            case state if state == ENDING:
                rare = self.need_rare()
                rare.killed = rare.retired = True
                youngest = self.youngest
                if youngest is not None and self.props.stop_at_once:
                    for child in tuple(self.children()):
                        child.kill()
                elif youngest is not None:
                    youngest.kill()
            case _:
                self.closed = True
                self.room = -1
                self.turn_away()
                self.fail(Killed())

    def fail(self, exit_: Exit) -> None:
        """End the incarnation now: it crashed, a task or child of it did, or a kill."""
        halting = self.rare is not None and self.rare.halting
        if self.state != ALIVE or (self.attention & FAIL and not halting):
            if isinstance(exit_, Crashed) and self.state in (ALIVE, ENDING):
                rare = self.need_rare()
                rare.errors = [*(rare.errors or ()), exit_.error]
            return
        if halting:
            self.need_rare().halting = False
        self.pending_exit = exit_
        self.attend_to(FAIL)
        worker = self.worker
        if worker is not None and worker.suspended:
            worker.cancel()

    def cut_short(self) -> None:
        """The system's total deadline is over: kill, and cut the `stopped` hook too."""
        rare = self.rare
        scope = rare.hook_scope if rare is not None else None
        handling = self.state == ALIVE and (self.worker is not None or self.closed)
        busy = handling or (rare is not None and rare.host is not None)
        self.kill()
        if scope is not None:
            scope.cancel()  # the hook reports itself late
        elif busy and self.owner is not None:
            self.late("tasks" if self.state == ENDING else None)

    def crash(self, error: Exception, entry: Entry | None, doing: str) -> None:
        """An exception escaped: the message is gone, the incarnation is to end.

        `doing` goes into the note of the error, with the message in `entry` behind it.
        """
        hub = self.hub
        hub.crashes += not self.props.work
        incarnation = self.need_rare().incarnation
        exit_ = Crashed(error)
        if entry is None:
            self.note(error, doing)
        else:
            self.note(error, f"{doing} {shown(entry.message)}")
            self.lose(entry, exit_)
        if ActorCrashed in hub.events.wanted and not self.props.work:
            hub.publish(ActorCrashed(hub.now(), self, incarnation, error))
        self.fail(exit_)

    def note(self, error: Exception, doing: str) -> None:
        """Say in the error where it comes from."""
        incarnation = self.need_rare().incarnation
        error.add_note(f"in actor {self.path} (incarnation {incarnation}), {doing}")

    def lose(self, entry: Entry, exit_: Exit) -> None:
        """The message in hand is lost with the incarnation."""
        message = entry.message
        if self.set_aside(message):
            self.trace_end(entry.number, MessageEnd.HANDLED)
            return
        ticket = open_ticket(message)
        if ticket is not None and ticket.holder is self:
            ticket.fail(self._answer_error(exit_, message))
        self.bury(entry, CRASHED if isinstance(exit_, Crashed) else _KILLED)

    def _answer_error(self, exit_: Exit, request: object) -> Exception:
        if isinstance(exit_, Crashed):
            crashed = ActorCrashedError(self.path, request)
            crashed.__cause__ = exit_.error
            return crashed
        return ActorStoppedError(self.path, exit_)

    def decide(self, decision: Decision) -> None:
        """The owner has decided about this held cell: have a worker carry it out."""
        if decision is Decision.HOLD:
            return
        rare = self.need_rare()
        if self.hub.asked is self:
            rare.decision = decision  # the answer is on its way, and looks here
        elif self.state == HELD and rare.decision is None:
            rare.decision = decision
            self.carry_on()

    def answered(self, decision: Decision) -> None:
        """The owner has been asked about this held cell, and this is its answer."""
        rare = self.need_rare()
        if decision is not Decision.HOLD:
            rare.decision = decision
        self.held()

    def held(self) -> None:
        """The owner has been asked about this cell, which is held."""
        rare = self.need_rare()
        if rare.decision is not None:
            self.carry_on()
        elif not rare.retired:
            self.closed = False  # the next incarnation's mailbox collects

    def carry_on(self) -> None:
        """Have a worker carry out what has been decided about this held cell."""
        self.attention |= RESUME
        self.hub.ready.append(self)
        if self.hub.asleep:
            self.hub.wake()

    def ended_event(self) -> trio.Event:
        """Set when the cell has ended for good."""
        rare = self.need_rare()
        if rare.ended is None:
            rare.ended = trio.Event()
            if self.state == ENDED:
                rare.ended.set()
        return rare.ended

    async def wait_stopped(self) -> Exit:
        if self.state == ENDED:
            await trio.lowlevel.checkpoint()
        else:
            await self.ended_event().wait()
        assert self.pending_exit is not None
        return self.pending_exit

    def control(self, item: Any) -> None:
        """Put something into the control lane: never full, goes first."""
        if self.state == ENDED:
            return
        rare = self.need_rare()
        if rare.control is None:
            rare.control = deque()
        rare.control.append(item)
        self.attend_to(CONTROL)

    @enable_ki_protection
    def unwatch(self, ref: Any) -> None:
        """See `Actor.unwatch`."""
        rare = self.rare
        if rare is None or rare.watching is None or ref not in rare.watching:
            return
        del rare.watching[ref]
        theirs = ref.rare
        if theirs is not None and theirs.watchers is not None:
            theirs.watchers.pop(self, None)
        control = rare.control
        if control:
            kept = [i for i in control if not (type(i) is Notice and i.ref is ref)]
            control.clear()
            control.extend(kept)
            if not control:
                self.attention &= ~CONTROL
