"""How incarnations begin and end.

The end of an incarnation is one path, whatever caused it (`pending_exit` says what):

    timers and watches end - child tasks are cancelled and joined - children are stopped,
    the youngest first, each to its very end - `stopped` runs, shielded, bounded -
    requests in hand fail - the owner decides - restart, or the end for good

When there is nothing to wait for, the whole path is plain calls in the worker that found
the end (`begin_end`): a restart in place costs no task switch.  Otherwise it is one
coroutine (`_end`) that the worker drives like a `receive`.

An owner is asked about a child (`child_ended`) in the owner's own turn: at once when the
owner is at rest, through its control lane when it is not; meanwhile the child is HELD.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs
import trio
from trio.lowlevel import enable_ki_protection

from ._actor import Options, props_for, seat_of
from ._cell_inbox import Inbox
from ._cell_state import (
    ALIVE,
    CONTROL,
    ENDED,
    ENDING,
    FAIL,
    HELD,
    RESUME,
    START,
    STOP,
    Entry,
    Rare,
)
from ._errors import ActorCrashedError, ActorStoppedError, DuplicateNameError
from ._events import (
    ActorCrashed,
    ActorLate,
    ActorStarted,
    ActorStopped,
    DeadLetterReason,
    HookFailed,
    IncarnationEnded,
)
from ._exits import Crashed, Decision, Exit, Finished, Killed, Stopped

from ._messages import PENDING, Request, Terminated, ticket_of
from ._snapshot import Late


@attrs.frozen
class ChildEnded:
    """In the control lane of an owner: decide about this child."""

    child: Any
    exit: Exit


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
        crashes, rest = error.split(Exception)
        if rest is not None:
            rest = rest.split(trio.Cancelled)[1]
        return crashes, rest
    return None, error


class Life(Inbox):
    """The part of a cell that begins and ends."""

    __slots__ = ()

    # ---------------------------------------------------------------- beginning

    @enable_ki_protection
    def start(self, make: Any, args: tuple[Any, ...], options: Options) -> Any:
        """Start a child cell; see `Actor.start`."""
        props = props_for(make, options)
        root_closed = self.owner is None and self.closed
        if self.state != ALIVE or self.attention & FAIL or root_closed:
            raise self.stopped_error()
        name = options.name
        rare = self.rare
        if (
            name is not None
            and rare is not None
            and rare.names is not None
            and name in rare.names
        ):
            raise DuplicateNameError(rare.names[name].path)
        cell = type(self)(self.hub, self, props, args, name, self.context.copy())
        cell.actor = actor = cell.context.run(props.cls, *args)
        seat_of(actor, cell)
        self.link(cell)
        if props.started:
            cell.attend_to(START)
        elif ActorStarted in self.hub.events.wanted:
            cell.publish_started()
        return cell

    def publish_started(self) -> None:
        """The incarnation is ready."""
        rare = self.rare
        if rare is not None and rare.started is not None:
            rare.started.set()
        hub = self.hub
        if ActorStarted in hub.events.wanted:
            hub.publish(ActorStarted(trio.current_time(), self, self.incarnation))

    async def wait_started(self) -> None:
        starting = self.state == ALIVE and not self.attention & FAIL
        if starting and not self._is_starting():
            await trio.lowlevel.checkpoint()
            return
        if self.state != ENDED:
            rare = self.need_rare()
            if rare.started is None or rare.started.is_set():
                rare.started = trio.Event()
            await rare.started.wait()
        else:
            await trio.lowlevel.checkpoint()
        if self.state == ENDED:
            raise self.stopped_error()

    def _is_starting(self) -> bool:
        worker = self.worker
        return bool(self.attention & START) or (
            worker is not None and worker.suspended and worker.phase == "started"
        )

    # ------------------------------------------------------------- asked to end

    @enable_ki_protection
    def stop(self, reason: object = None) -> None:
        self.request_stop(Stopped(reason))

    @enable_ki_protection
    def finish(self) -> None:
        """See `Actor.finish`."""
        self.request_stop(Finished())

    def request_stop(self, exit_: Exit) -> None:
        """Close the mailbox and see that the cell ends when it is empty."""
        if self.state == HELD:
            self.decide(Decision.END)
        if self.closed or self.state == ENDED:
            return
        self.closed = True
        self.room = -1
        self.turn_away()
        if self.state == ENDING:
            self.need_rare().retired = True
            return
        if not self.attention & FAIL:
            self.pending_exit = exit_
        self.attend_to(STOP)
        if self.worker is not None and self.worker.suspended:
            self.arm_grace()

    def arm_grace(self) -> None:
        """Start the clock of a stop that is not done at once."""
        rare = self.need_rare()
        if rare.grace_timer is None:
            deadline = trio.current_time() + self.props.grace
            rare.grace_timer = self.hub.timers.at(deadline, self._overdue)

    def _overdue(self) -> None:
        if self.state == ALIVE:
            self.late()
            self.kill()

    def late(self, phase: str | None = None) -> None:
        """Record that this actor had to be cut off."""
        hub = self.hub
        if phase is None:
            worker = self.worker
            phase = worker.phase if worker is not None else "queue"
        hub.late.append(Late(self.path, phase))
        if ActorLate in hub.events.wanted:
            hub.publish(ActorLate(trio.current_time(), self, phase))

    @enable_ki_protection
    def kill(self) -> None:
        match self.state:
            case state if state == ENDED:
                return
            case state if state == HELD:
                self.decide(Decision.END)
            case state if state == ENDING:
                rare = self.need_rare()
                rare.killed = rare.retired = True
                if rare.last_child is not None:
                    rare.last_child.kill()
            case _:
                self.closed = True
                self.room = -1
                self.turn_away()
                self.fail(Killed())

    def fail(self, exit_: Exit) -> None:
        """End the incarnation now: it crashed, a task or child of it did, or a kill."""
        if self.state != ALIVE or self.attention & FAIL:
            if isinstance(exit_, Crashed) and self.state in (ALIVE, ENDING):
                rare = self.need_rare()
                rare.errors = [*(rare.errors or ()), exit_.error]
            return
        self.pending_exit = exit_
        self.attend_to(FAIL)
        worker = self.worker
        if worker is not None and worker.suspended:
            worker.cancel()

    def cut_short(self) -> bool:
        """The system's total deadline is over: kill, and cut the `stopped` hook too.

        True if this cell itself, not only its children, was not done.
        """
        rare = self.rare
        scope = rare.hook_scope if rare is not None else None
        self.kill()
        if scope is not None:
            scope.cancel()
            return False  # the hook reports itself late
        busy = self.state == ALIVE or (rare is not None and rare.host is not None)
        if busy and self.owner is not None:
            self.late("tasks" if self.state == ENDING else None)
        return busy

    # ------------------------------------------------------------------- ending

    def begin_end(self) -> Any:
        """End the incarnation: True or False as `_conclude`, or a coroutine for it."""
        self.attention &= ~FAIL
        self.state = ENDING
        rare = self.rare
        if rare is not None:
            if rare.timers:
                for tick in tuple(rare.timers.values()):
                    tick.cancel()
            if rare.watching:
                for watched in tuple(rare.watching):
                    self.unwatch(watched)
            if rare.last_child is not None or rare.host is not None or rare.errors:
                return self._end(rare)
        if self.props.stopped:
            return self._end(self.need_rare())
        return self._conclude()

    def unwatch(self, ref: Any) -> None:
        """See `Cell.unwatch`."""
        raise NotImplementedError  # pragma: no cover - see Cell

    async def _end(self, rare: Rare) -> bool:
        host = rare.host
        if host is not None:
            host.scope.cancel()
            await host.done.wait()
        while (child := rare.last_child) is not None:
            if rare.killed or isinstance(self.pending_exit, Killed):
                child.kill()
            else:
                child.request_stop(Stopped())
            await child.ended_event().wait()
        if rare.errors:
            self._add_errors(rare.errors)
            rare.errors = None
        if self.props.stopped:
            await self._run_stopped(rare)
        return self._conclude()

    def _add_errors(self, errors: list[BaseException]) -> None:
        """Crashes of tasks and children while ending are this actor's crash too."""
        if isinstance(self.pending_exit, Crashed):
            errors = [self.pending_exit.error, *errors]
        if len(errors) == 1:
            self.pending_exit = Crashed(errors[0])
        else:
            text = f"several crashes ended {self.path}"
            self.pending_exit = Crashed(BaseExceptionGroup(text, errors))

    async def _run_stopped(self, rare: Rare) -> None:
        exit_ = self.pending_exit
        assert exit_ is not None
        deadline = trio.current_time() + self.props.grace
        try:
            result = self.actor.stopped(exit_)
            if result is not None:
                with trio.CancelScope(deadline=deadline) as rare.hook_scope:
                    await result
                if rare.hook_scope.cancelled_caught:
                    self.late("stopped")
        except BaseException as error:  # noqa: BLE001 - split below, nothing swallowed
            crash, rest = split_crash(error)
            if rest is not None:
                self.hub.interrupt(rest)
            if crash is not None:
                self._hook_failed("stopped", crash)
        finally:
            rare.hook_scope = None

    def _hook_failed(self, hook: str, crash: Exception) -> None:
        hub = self.hub
        crash.add_note(f"in {hook} of actor {self.path}")
        hub.crashes += 1
        if isinstance(self.pending_exit, Crashed):
            if HookFailed in hub.events.wanted:
                hub.publish(HookFailed(trio.current_time(), self, hook, crash))
            crash.__context__ = self.pending_exit.error
        self._add_errors([crash])

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
        if IncarnationEnded in hub.events.wanted:
            now = trio.current_time()
            hub.publish(IncarnationEnded(now, self, self.incarnation, exit_))
        return self._apply(self._ask_owner(exit_))

    def _answer_error(self, exit_: Exit, request: object) -> Exception:
        if isinstance(exit_, Crashed):
            crashed = ActorCrashedError(self.path, request)
            crashed.__cause__ = exit_.error
            return crashed
        return ActorStoppedError(self.path, exit_)

    def crash(self, error: Exception, entry: Entry | None, doing: str) -> None:
        """An exception escaped: the message is gone, the incarnation is to end."""
        self.hub.crashes += 1
        error.add_note(f"in actor {self.path} (incarnation {self.incarnation}), {doing}")
        if entry is not None:
            ticket = entry.ticket
            if ticket is None and isinstance(entry.message, Request):
                ticket = ticket_of(entry.message)
            if ticket is not None and ticket.state == PENDING:
                ticket.fail(self._answer_error(Crashed(error), entry.message))
            self.bury(entry, DeadLetterReason.CRASHED)
        if ActorCrashed in self.hub.events.wanted:
            now = trio.current_time()
            self.hub.publish(ActorCrashed(now, self, self.incarnation, error))
        self.fail(Crashed(error))

    # --------------------------------------------------------------- what is next

    def _ask_owner(self, exit_: Exit) -> Decision:
        owner = self.owner
        rare = self.rare
        crashed = isinstance(exit_, Crashed)
        if owner is None:  # the root: its crash is the system's
            if crashed:
                self.hub.interrupt(exit_.error)  # type: ignore[union-attr]
            return Decision.END
        if owner.state != ALIVE or owner.attention & FAIL:
            # it is ending: no restart; without a hook of its own the crash is its own
            return Decision.END if owner.props.child_ended else Decision.ESCALATE
        if rare is not None and rare.retired and not crashed:
            return Decision.END
        if not owner.props.child_ended:
            return Decision.ESCALATE if crashed else Decision.END
        if owner.queue is not None:
            owner.control(ChildEnded(self, exit_))
            return Decision.HOLD
        owner.queue = owner.new_queue()  # busy: nobody may enter it meanwhile
        try:
            return owner.consult(self, exit_)
        finally:
            owner.rest_or_ready()

    def consult(self, child: Life, exit_: Exit, *, inside: bool = False) -> Decision:
        """Run the actor's `child_ended`; its crash is this actor's crash.

        `inside`: the cell's context has been entered already.
        """
        hook = self.actor.child_ended
        try:
            decision: object
            if inside:
                decision = hook(child, exit_)
            else:
                decision = self.context.run(hook, child, exit_)
            if not isinstance(decision, Decision):
                msg = f"child_ended must return a Decision, got {decision!r}"
                raise TypeError(msg)  # noqa: TRY301 - as if the hook had raised it
        except Exception as error:  # noqa: BLE001 - becomes the crash
            self.crash(error, None, "in child_ended")
            return Decision.END
        rare = child.rare
        if decision is Decision.RESTART and rare is not None and rare.retired:
            return Decision.END
        return decision

    def rest_or_ready(self) -> None:
        """After a turn outside of a worker: to rest, or to the ready queue."""
        queue = self.queue
        hub = self.hub
        if not queue and not self.attention:
            self.queue = None
            return
        hub.ready.append(self)
        if hub.asleep:
            hub.wake()

    def decide(self, decision: Decision) -> None:
        """The owner has decided about this held cell: have a worker carry it out."""
        if self.state == HELD and decision is not Decision.HOLD:
            rare = self.need_rare()
            if rare.decision is None:
                rare.decision = decision
                self.attention |= RESUME
                self.hub.ready.append(self)
                if self.hub.asleep:
                    self.hub.wake()

    def _apply(self, decision: Decision) -> bool:
        """Carry the decision out.  True: a new incarnation is ready to go on."""
        match decision:
            case Decision.RESTART:
                return self._restart()
            case Decision.HOLD:
                self.state = HELD
                self.room = -1
                if self.queue is None:  # held is not at rest
                    self.queue = self.new_queue()
                return False
            case Decision.ESCALATE if isinstance(self.pending_exit, Crashed):
                exit_ = self.pending_exit
                self._finish()
                if self.owner is not None:
                    self.owner.fail(exit_)
                return False
            case _:
                crashed = isinstance(self.pending_exit, Crashed)
                self._finish()
                owner = self.owner
                late_crash = isinstance(self.final_exit, Crashed) and not crashed
                if late_crash and owner is not None and not owner.props.child_ended:
                    owner.fail(self.final_exit)
                return False

    def resume(self) -> bool:
        """Carry out what the owner decided about a held cell."""
        rare = self.need_rare()
        self.attention &= ~RESUME
        decision, rare.decision = rare.decision, None
        return self._apply(decision)

    def _restart(self) -> bool:
        hub = self.hub
        rare = self.rare
        self.incarnation += 1
        hub.restarts += 1
        self.pending_exit = None
        self.closed = False
        self.attention &= ~STOP
        self.state = ALIVE
        self.open_room()
        if rare is not None:
            rare.killed = rare.retired = False
            rare.errors = None
            self.unstash_all()
        props = self.props
        try:
            self.actor = actor = props.cls(*self.args)
        except Exception as error:  # noqa: BLE001 - becomes the crash
            self.crash(error, None, "in __init__")
            hub.ready.append(self)  # in its turn: others go first
            return False
        seat_of(actor, self)
        if props.started:
            self.attention |= START
        else:
            self.publish_started()
        return True

    def unstash_all(self) -> int:
        """See `Cell.unstash_all`."""
        raise NotImplementedError  # pragma: no cover - see Cell

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
        if queue is not None and self.props.mailbox.key is None:
            hub.recycle(queue)
        self.final_exit = exit_
        self.state = ENDED
        self.turn_away()
        if left:
            self._undelivered(left)
        exit_ = self.final_exit = self.pending_exit or exit_
        self.attention = 0
        self.queue = None
        del self.actor
        if self.owner is not None:
            self.owner.unlink(self)
        hub.ended += 1
        if rare is not None:
            self._tell_watchers(rare, exit_)
        if ActorStopped in hub.events.wanted:
            now = trio.current_time()
            hub.publish(ActorStopped(now, self, exit_, len(left)))

    def _undelivered(self, left: list[Any]) -> None:
        for raw in left:
            entry = raw if type(raw) is Entry else Entry(raw)
            if self.props.undelivered and not self._moot(entry):
                try:
                    self.actor.undelivered(entry.message)
                except Exception as error:  # noqa: BLE001 - becomes the crash
                    self._hook_failed("undelivered", error)
            if self._moot(entry):
                self.skip(entry)
            else:
                self.bury(entry, DeadLetterReason.UNDELIVERED)

    def _moot(self, entry: Entry) -> bool:
        ticket = entry.ticket
        return entry.tick is not None or (
            ticket is not None and ticket.state != PENDING
        )

    def skip(self, entry: Entry) -> None:
        """Drop an entry that nobody waits for: see `Cell.skip`."""
        raise NotImplementedError  # pragma: no cover - see Cell

    def _tell_watchers(self, rare: Rare, exit_: Exit) -> None:
        watchers, rare.watchers = rare.watchers, None
        if watchers:
            for watcher, message in watchers.items():
                notice = Terminated(self, exit_) if message is None else message
                watcher.control(Notice(self, notice))
        for event in (rare.started, rare.ended):
            if event is not None:
                event.set()

    def ended_event(self) -> trio.Event:
        """Set when the cell has ended for good."""
        rare = self.need_rare()
        if rare.ended is None:
            rare.ended = trio.Event()
            if self.state == ENDED:
                rare.ended.set()
        return rare.ended

    async def wait_stopped(self) -> Exit:
        await self.ended_event().wait()
        assert self.final_exit is not None
        return self.final_exit

    def control(self, item: Any) -> None:
        """Put something into the control lane: never full, goes first."""
        if self.state == ENDED:
            return
        rare = self.need_rare()
        if rare.control is None:
            rare.control = deque()
        rare.control.append(item)
        self.attend_to(CONTROL)



