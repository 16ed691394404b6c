"""`Cell`: the seat of an actor, all of it in one class, and the short cuts.

What must be quick is written out here, each way next to the others; every one does what
a long way does, for the commonest case and without its calls, and leaves to it whatever
is not that case.  `tests/engine/test_short_and_long.py` holds each to its long way:

    tell_nowait, tell, ask      `inbox.put`, `asking.ask_by_mail`
    request_stop                the table of `parts.life`, by `moves.happen`
    begin_end, vanish           `ending.begin_end`, `succession.finish`
    begin_work, finish_work     `beginning.start`, `moves.happen`

Two more stand beside what they shorten: `ending.recover` (a crash with nothing to look
after) and `workers.sweep` (the one message of a cell at rest).  The rest is a table of
contents: the long ways, under the names by which actors, senders and workers know them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine
from threading import get_ident
from typing import TYPE_CHECKING, Any

from trio.lowlevel import checkpoint, checkpoint_if_cancelled, enable_ki_protection

from actors._engine.checks import checked_seconds
from actors._engine.crashes import refuse_result
from actors._engine.hub import SCHEDULE_EVERY
from actors._engine.parts.life import ALIVE, ENDED, HELD
from actors._engine.seat import GO, Props
from actors.events import ActorStopped, IncarnationEnded
from actors.exits import Crashed, Exit, Finished, Stopped
from actors.messages import (
    ANSWERED,
    PENDING,
    Request,
    Ticket,
    set_ticket,
    unaskable,
)

from . import beginning, moves, reach, succession
from . import ending as ends
from . import owner as owning
from . import shown as pictures
from .asking import ask_by_mail, forward, inline_escaped, wait_for_room
from .fields import FAIL, Fields
from .inbox import full_error, hold_ticket, put, stopped_error, turn_away

_REQUEST: Any = Request  # Any: a checker would lose R in isinstance


class Cell(Fields):
    """The seat of one actor; its `ActorRef`."""

    __slots__ = ()

    if not TYPE_CHECKING:  # else every name would be an attribute to checkers

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(pictures.not_there(name))

    # Any throughout: messages are anything

    # ------------------------------------------------------------------ tell and ask

    @enable_ki_protection
    def tell_nowait(self, message: Any) -> None:
        queue = self.queue
        if queue is not None:
            if len(queue) < self.room:
                queue.append(message)
                return
        elif self.room > 0:
            # as leave_rest, without the calls
            hub = self.hub
            if hub.asleep:
                hub.wake()  # first: in another thread it raises
            lists = hub.lists
            if lists:
                queue = self.queue = lists.pop()
                queue.append(message)
            else:
                self.queue = [message]
            hub.ready.append(self)
            self.since = hub.tick
            return
        if not put(self, message):
            raise full_error(self)

    @enable_ki_protection
    async def tell(self, message: Any) -> None:
        hub = self.hub
        sends = hub.sends = hub.sends + 1
        try:
            if sends & SCHEDULE_EVERY:
                await checkpoint_if_cancelled()
            else:
                await checkpoint()
        except RuntimeError:  # Trio's: not in its thread
            hub.check_thread("tell()")
            raise
        queue = self.queue
        if queue is not None:
            if len(queue) < self.room:
                queue.append(message)
                return
        elif self.room > 0:
            # as leave_rest, without the calls
            if hub.asleep:
                hub.wake()
            lists = hub.lists
            if lists:
                queue = self.queue = lists.pop()
                queue.append(message)
            else:
                self.queue = [message]
            hub.ready.append(self)
            self.since = hub.tick
            return
        if not put(self, message):
            await wait_for_room(self, message)

    @enable_ki_protection
    async def ask(  # noqa: C901, PLR0912, PLR0915 - the inline way is written out
        self, request: Any, *, within: float | None = None
    ) -> Any:
        if within is not None:
            checked_seconds("within", within)
        try:
            fresh = request._ticket is None
        except AttributeError:  # not a request, or one that attrs has not made
            fresh = isinstance(request, _REQUEST)
        if not fresh:
            raise unaskable(request)
        ticket = Ticket(self)
        set_ticket(request, ticket)
        sent = False
        try:
            if self.queue is None and self.room > 0 and self.props.plain:
                hub = self.hub
                hub.sends += 1
                if hub.sends & SCHEDULE_EVERY:
                    await checkpoint_if_cancelled()
                else:
                    await hub.give_way()
                # no checkpoint from this test to the end of the answer
                if self.queue is None and self.room > 0:
                    sent = True
                    self.queue = []  # busy: senders append, nobody else enters
                    self.handled += 1
                    hub.handled += 1
                    try:
                        result: object = self.context.run(self.actor.receive, request)
                        if result is not None:
                            refuse_result(result, "a plain receive")
                    except BaseException as error:  # noqa: BLE001, ASYNC103 - split
                        inline_escaped(self, error, request, ticket)
                    else:
                        if ticket.state == PENDING:
                            hold_ticket(self, ticket, request)
                    finally:
                        if self.queue or self.attention or self.closed:
                            self.rest_or_ready()
                        else:
                            self.queue = None
            if ticket.state == PENDING:
                mail = ask_by_mail(self, request, ticket, within, sent=sent)
                request = None  # who drops it is to be the last: see `hold_ticket`
                await mail
        except RuntimeError:  # nothing was done: not in Trio's thread
            if request is not None:
                set_ticket(request, None)
            self.hub.check_thread("ask()")
            raise
        except BaseException:
            ticket.abandon()
            raise
        if ticket.state == ANSWERED:
            return ticket.value
        try:
            raise ticket.value
        finally:
            del ticket, request  # no cycle through the traceback

    # ---------------------------------------------------------------- stop and vanish

    @enable_ki_protection
    def stop(self, reason: object = None) -> None:
        if get_ident() != self.hub.thread:
            self.hub.check_thread("stop()")
        self.request_stop(moves.STOPPED if reason is None else Stopped(reason))

    @enable_ki_protection
    def finish(self) -> None:
        """See `Actor.finish`."""
        if get_ident() != self.hub.thread:
            self.hub.check_thread("finish()")
        self.request_stop(Finished())

    def request_stop(self, exit_: Exit) -> None:
        """Close the mailbox and see that the cell ends when it is empty."""
        if self.closed and self.state != HELD:
            return  # it has been asked already, or has ended
        if self.props.work:
            self.kill()
        elif self.state == ALIVE and not self.attention & FAIL:
            queue = self.queue
            at_rest = queue is None and self.rare is None and self.youngest is None
            if at_rest and self.vanish(exit_):
                return
            # what the table says of "open" and "stop"
            self.closed = True
            self.room = -1
            if self.rare is not None:
                turn_away(self)
            self.pending_exit = exit_
            if queue is None:
                self.leave_rest()
            elif self.worker is not None and self.worker.suspended:
                moves.arm_grace(self)
        else:
            moves.happen(self, "stop", exit_)

    def vanish(  # noqa: C901 - the hot way is written out
        self, exit_: Exit, *, untold: bool = False
    ) -> bool:
        """End now if nothing is left to do.

        The caller has seen that it has no `Rare`, no child, no message, and has not
        crashed.  `untold`: also if the owner would want to be told, because it knows.
        """
        owner: Fields | None = self.owner
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
        actor: Any = self.actor  # Any: only work has `_over`
        del self.actor
        if type(self.given) is str:
            owning.let_go(owner, self)
        else:
            # as `children.unlink`
            older, younger = self.previous, self.next
            if younger is None:
                owner.youngest = older
            else:
                younger.previous = older
            if older is not None:
                older.next = younger
            self.previous = self.next = None
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

    def begin_end(self) -> bool | Coroutine[Any, Any, bool]:
        """End the incarnation: see `ending`, unless there is nothing to it."""
        exit_ = self.pending_exit
        assert exit_ is not None
        if (
            self.rare is None
            and self.youngest is None
            and not self.queue
            and type(exit_) is not Crashed
            and self.vanish(exit_)
        ):
            return False
        return ends.begin_end(self)

    # ------------------------------------------------------------------ pieces of work

    def begin_work(self, actor: Any, props: Props, number: int) -> Any:
        """Start a piece of this actor's work: an actor that has been made.

        It is told `GO` at once, so that a worker comes to it.  Its life is not told as
        an actor's: whoever begins work has events of its own for it.

        Raises:
            ActorStoppedError: this actor is ending.
        """
        if self.closed or self.state != ALIVE or self.attention & FAIL:
            raise stopped_error(self)
        hub = self.hub
        cell = Cell(hub, self, props, (), number, self.context.copy())
        cell.actor = actor
        actor._seat = cell
        cell.previous = older = self.youngest
        cell.next = None
        if older is not None:
            older.next = cell
        self.youngest = cell
        cell.queue = [GO]
        cell.since = hub.tick
        hub.ready.append(cell)
        if hub.asleep:
            hub.wake()
        return cell

    def finish_work(self) -> None:
        """A piece of work is done: its own last words, in its own step."""
        self.closed = True
        self.room = -1
        if self.pending_exit is None:
            self.pending_exit = moves.FINISHED

    def replace_props(self, props: Props) -> None:
        """Have the engine know something else of it from now on."""
        self.props = props

    # ----------------------------------------------------------- what its actor calls

    @property
    def ref(self) -> Cell:
        """The actor's ref is the cell seen from outside."""
        return self

    @property
    def ending(self) -> bool:
        """See `Actor.ending`."""
        return self.closed or self.state != ALIVE or bool(self.attention & FAIL)

    @property
    def reason_to_end(self) -> Exit | None:
        """Why the incarnation is to end, also if only its tasks know yet."""
        return moves.reason_to_end(self)

    start = beginning.start
    postpone_ready = beginning.postpone_ready
    report_ready = beginning.report_ready
    timer = reach.timer
    cancel_timer = reach.cancel_timer
    watch = reach.watch
    unwatch = reach.unwatch
    stash = reach.stash
    unstash_all = enable_ki_protection(succession.unstash_all)
    start_task = reach.start_task
    join_tasks = reach.join_tasks
    owns = owning.owns
    resume_child = owning.resume_child
    end_child = owning.end_child
    halt_child = owning.halt_child
    release_args = owning.release_args
    revive_child = owning.revive_child
    place_child = owning.place_child
    crash = moves.crash

    # ---------------------------------------------------------------- what others call

    def forward(self, request: Any) -> None:
        forward(self, request)

    def tell_from_thread(self, message: Any) -> None:
        reach.tell_from_thread(self, message)

    def kill(self) -> None:
        self.hub.check_thread("kill()")
        moves.kill(self)

    async def wait_started(self) -> None:
        self.hub.check_thread("wait_started()")
        await beginning.wait_started(self)

    async def wait_stopped(self) -> Exit:
        self.hub.check_thread("wait_stopped()")
        return await succession.wait_stopped(self)

    tell_or_bury = reach.tell_or_bury
    ended_event = succession.ended_event
    revive = succession.revive
    cut_short = moves.cut_short
    recover = ends.recover
    mailbox_statistics = pictures.mailbox_statistics
    snapshot = pictures.snapshot
    picture = pictures.picture
    _state_name = pictures.state_name
