"""How incarnations begin.

A start is a constructor's call and a link to the owner; no task is made.  An actor
without a `started` hook is ready when it is made; with one, when the hook is done, or
later, when it says so itself (`report_ready`).
"""

from __future__ import annotations

from typing import Any, Final

import trio
from trio.lowlevel import enable_ki_protection

from actors.actor import check_class
from actors.errors import DuplicateNameError
from actors.events import ActorStarted
from actors.exits import Finished

from .life import ChildNews
from .owning import Owner
from .seat import Props, check_name, with_options
from .state import ALIVE, ENDED, FAIL, GO, START

FINISHED: Final = Finished()

# Rare.unready
POSTPONED: Final = 1  # the `started` hook runs, and is not to be the last word
BEGUN: Final = 2  # it is done


class Start(Owner):
    """The part of a cell that begins."""

    __slots__ = ()

    @enable_ki_protection
    def start(
        self,
        make: Any,
        args: tuple[Any, ...],
        name: str | None,
        mailbox: Any,
        grace: float | None,
    ) -> Any:
        """Start a child cell; see `Actor.start`."""
        props: Props | None = getattr(make, "props", None)
        if props is None or props.cls is not make:
            props = check_class(make)
        if self.state != ALIVE or self.attention & FAIL or self.root_closed:
            raise self.stopped_error()
        if mailbox is not None or grace is not None:
            props = with_options(props, mailbox, grace)
        if name is not None:
            check_name(name)
            taken = self.rare.names if self.rare is not None else None
            if taken is not None and name in taken:
                raise DuplicateNameError(taken[name].path)
        context = self.context.copy()
        actor = context.run(make, *args)
        cell = type(self)(self.hub, self, props, args, name, context)
        cell.actor = actor
        actor._seat = cell
        self.link(cell)
        if props.started:
            cell.attend_to(START)
        elif ActorStarted in self.hub.events.wanted:
            cell.publish_started()
        return cell

    def begin_work(self, actor: Any, props: Props, number: int) -> Any:
        """Start a piece of this actor's work: an actor that has been made.

        It is told `GO` at once, so that a worker comes to it.  Its life is not told as
        an actor's: whoever begins work has events of its own for it.

        Raises:
            ActorStoppedError: this actor is ending.
        """
        if self.closed or self.state != ALIVE or self.attention & FAIL:
            raise self.stopped_error()
        hub = self.hub
        cell = type(self)(hub, self, props, (), number, self.context.copy())
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
            self.pending_exit = FINISHED

    def replace_props(self, props: Props) -> None:
        """Have the engine know something else of it from now on."""
        self.props = props

    def publish_started(self) -> None:
        """The incarnation is ready."""
        rare = self.rare
        if rare is not None and rare.started is not None:
            rare.started.set()
        hub = self.hub
        if ActorStarted in hub.events.wanted:
            hub.publish(ActorStarted(self.hub.now(), self, self.incarnation))

    def begun(self) -> None:
        """The `started` hook is done."""
        rare = self.rare
        if rare is not None and rare.unready:
            rare.unready = BEGUN
        else:
            self.publish_started()
            self.tell_started()

    def tell_started(self) -> None:
        """Have the owner told that this child is ready."""
        owner = self.owner
        if owner is None or not owner.props.child_started:
            return
        if self.closed and type(self.pending_exit) is Finished:
            return  # it has finished itself while it started
        info = self.rare.info if self.rare is not None else None
        owner.hear(ChildNews("child_started", (self, info), final=False))

    @enable_ki_protection
    def postpone_ready(self) -> None:
        """See `Actor.postpone_ready`."""
        worker = self.worker
        if worker is None or worker.phase != "started":
            msg = "postpone_ready() is for the started hook"
            raise RuntimeError(msg)
        self.need_rare().unready = POSTPONED

    @enable_ki_protection
    def report_ready(self, info: object) -> None:
        """See `Actor.report_ready`."""
        rare = self.need_rare()
        over = rare.unready == BEGUN
        rare.unready = 0
        rare.info = info
        if over and self.state == ALIVE and not self.attention & FAIL:
            self.publish_started()
            self.tell_started()

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
        rare = self.rare
        return (
            bool(self.attention & START)
            or (worker is not None and worker.suspended and worker.phase == "started")
            or (rare is not None and rare.unready > 0)
        )
