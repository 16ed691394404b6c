"""`TurnRun`: a turn's inner side, a child actor of its session.

The life of a turn is one line:

    waits for a slot - runs (tools, children) - drains - ends - has ended

It is a turn, with an id, from the first of these on, so it can be aborted before it has
begun.  With its slot it becomes a piece of its session's work (`begin_work`): one
activation of the engine, which is a Trio task only while it waits.  What it starts is
its own, and ends before it does, by the rule that all actors obey.

Whatever ends it early (`cut`) is recorded first, as its *verdict*, and carried out
second, by killing the actor: what its code then does cannot change the outcome, and no
flag is left over for the next turn.  The engine's last word to it (`_over`) is the only
place that gives it its outcome, and comes whatever happened; where there is something
to wait for or to say before (`stopped`), that is the engine's clean-up hook.

A turn's state is a value in its home.  `before` is what it goes back to unless the turn
completes.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from threading import get_ident
from typing import Any, ClassVar

import attrs
import trio
from trio.lowlevel import enable_ki_protection

from actors._engine.seat import Props
from actors._sessions.errors import TurnOverError
from actors._sessions.events import TurnResumed, TurnStarted
from actors._sessions.outcomes import (
    NOTHING,
    Aborted,
    Completed,
    Incomplete,
    Outcome,
    TimedOut,
)
from actors._sessions.phase import DRAINING, ENDED, RUNNING, WAITING, Phase
from actors._sessions.policies import TurnPolicy
from actors._sessions.receipt import Receipt
from actors.actor import Actor
from actors.exits import Crashed, Exit

from .careful import end_with_care, escaped, follow_on
from .clocks import Clocks
from .early import cut, cut_off, give_up
from .extra import Extra
from .family import Family
from .partial import Kept
from .probe import probe
from .verdicts import (
    PARENT_ENDED,
    completed_with,
    ended_with_session,
    with_crash,
)
from .watchdog import GiveUp, Over, Probe, Watchdog


class TurnRun(Actor[Any]):
    """One turn; `turn` is what its code sees of it.

    Args:
        id: unique in its house.
        home: its key's entry there.
        receipts: the prompts it begins with; a child's: none.
        body: what it does, `async_fn(turn)`.
        policy: its clocks.
        aside: it answers beside the session's turn.
        parent: the turn whose child it is.
    """

    __slots__ = (
        "aside",
        "before",
        "body",
        "burst",
        "calls",
        "critical",
        "extra",
        "host",
        "id",
        "lane",
        "outcome",
        "parent",
        "phase",
        "policy",
        "receipts",
        "replied",
        "returned",
        "session",
        "signed_at",
        "slot",
        "started_at",
        "stream",
        "turn",
        "verdict",
    )

    quick: ClassVar[Props]
    """What the engine knows of a turn that has nothing to do at its end."""
    careful: ClassVar[Props]
    """And of one that has: a hook to run, or critical children to wait for."""

    def __init__(
        self,
        id: int,  # noqa: A002 - its name to users
        home: Any,
        receipts: tuple[Receipt[Any], ...],
        body: Callable[[Any], Awaitable[object]],
        policy: TurnPolicy,
        *,
        aside: bool = False,
        parent: TurnRun | None = None,
    ) -> None:
        self.id = id
        self.lane = home
        self.host = home.host
        self.session: Any = home.session  # Any: its room stands above
        self.receipts = receipts
        self.body = body
        self.policy = policy
        self.aside = aside
        self.parent = parent
        self.stream: Any = None
        self.burst: Any = None  # the stream in which it has one, see there
        self.calls = 0  # of `emit`, since it has let others run
        self.slot = False  # it has one
        self.critical = False  # a child that may outlive its parent
        self.replied = False  # of a child: it has
        self.phase: Phase = WAITING
        self.verdict: Outcome | None = None
        self.returned: Outcome | None = None  # what came out of its body
        self.outcome: Outcome | None = None
        self.before: Any = None
        self.started_at = math.nan
        self.signed_at = math.nan  # the latest sign of life
        self.extra: Extra | None = None
        self.turn: Any  # the Turn around it; None once it has ended

    def is_task(self, task: trio.lowlevel.Task) -> bool:
        """Whether this task runs its body; nobody does while it waits for a slot."""
        if not self.has_begun:
            return False
        seat: Any = self._seat  # Any: a seat shows no workers
        worker = seat.worker
        return worker is not None and worker.task is task

    # ----------------------------------------------------------------- its course

    async def receive(self, message: Any) -> None:  # noqa: C901, PLR0912 - written out
        """Run, from the first step to what came out of the body."""
        del message
        home, seat = self.lane, self._seat
        if self.verdict is not None or (
            self.parent is None and self.session._seat.ending
        ):
            seat.finish_work()
            return
        host = self.host
        self.started_at = self.signed_at = now = host.now()
        self.phase = RUNNING
        if self.stream is not None:
            self.stream.begin()
        if self.parent is None:
            if self.aside:
                self.need_extra().snapshot = host.committed(home)
            else:
                self.before = home.state
            if self.policy.partial is not None:
                self.need_extra().partial = Kept(self.policy.partial)
            if TurnStarted in host.events.wanted:
                prompts = tuple(receipt.id for receipt in self.receipts)
                self.publish(TurnStarted, prompts, self.aside)
        looks, first = host.looks, self.policy.first_look
        group = looks.young.get(first)
        if group is not None and now + first >= looks._due:  # as `enter`
            group[self] = now + first
        else:
            looks.enter(self, first, now)
        rest: BaseException | None = None
        try:
            result = await self.body(self.turn)
            if self.extra is not None or self.policy.drain_window:
                await follow_on(self)
            if self.extra is None:
                self.returned = Completed(result, turn=self.id)
            else:
                self.returned = completed_with(self, self.extra, result)
        except BaseException as error:  # noqa: BLE001, ASYNC103 - split, raised below
            rest = escaped(self, error)
        seat.finish_work()
        if rest is not None:
            raise rest

    async def stopped(self, exit: Exit) -> None:  # noqa: A002 - its name in the vocabulary
        """Do what a turn does at its end that is kept by its `careful` props."""
        await end_with_care(self, exit)

    _cut_off = cut_off

    def _over(self, exit_: Exit) -> None:
        """Its actor has ended: give it its outcome."""
        if self.phase is ENDED or (self.extra is not None and self.extra.leaving):
            return
        outcome = self.outcome
        if outcome is None:
            if (
                self.returned is None
                and self.verdict is None
                and self.parent is None
                and not self.has_begun
            ):
                self.host.unbegin(self)
                return
            outcome = self.decided(exit_)
        self.conclude(outcome)

    def decided(self, exit_: Exit) -> Outcome:
        """Its outcome, as things stand: see `verdicts`."""
        outcome = self.verdict
        if outcome is None:
            outcome = self.returned
            if type(exit_) is Crashed:
                outcome = with_crash(outcome, exit_)
        if outcome is not None:
            return outcome
        seat = self.session._seat
        if self.parent is not None:
            return Aborted(PARENT_ENDED)
        if not seat.ending:  # somebody has stopped the turn by its ref
            return Aborted("the turn was stopped")
        return ended_with_session(self.lane.key, seat.reason_to_end)

    def complete(self, outcome: Outcome, *, late: bool = False) -> Outcome:
        """The outcome with what the turn knows about it."""
        if outcome.turn == self.id and not late:
            return outcome
        extra = self.extra
        notes = (extra.notes if extra is not None else None) or NOTHING
        more: dict[str, Any] = {"turn": self.id, "notes": notes, "late": late}
        kept = extra.partial if extra is not None and self.parent is None else None
        if kept is not None and isinstance(outcome, Incomplete):
            more.update(partial=kept.chunks, dropped=kept.dropped)
        return attrs.evolve(outcome, **more)

    def conclude(self, outcome: Outcome, *, late: bool = False) -> None:
        """It has ended: no step of it counts any more."""
        if self.phase is ENDED:
            return
        self.phase = ENDED
        if self.burst is not None:
            self.burst.end_burst()
        self.outcome = outcome = self.complete(outcome, late=late)
        extra = self.extra
        if extra is None or extra.clocks is None:
            group = self.host.looks.young.get(self.policy.first_look)
            if group is not None:  # as `leave`
                group.pop(self, None)
        else:
            extra.clocks.stop()
        if extra is not None and extra.ended is not None:
            extra.ended.set()
        parent = self.parent
        if parent is None:
            self.host.turn_over(self, outcome)
        else:
            parent.need_family().over(self, outcome)
        self.turn = None  # or the two of them would be garbage for the collector

    def abandon(self) -> None:
        """It never was: its prompts wait again."""
        self.phase = ENDED
        self.turn = None

    # -------------------------------------------------------------------- its parts

    def need_extra(self) -> Extra:
        """Its `Extra`, made now if need be."""
        extra = self.extra
        if extra is None:
            extra = self.extra = Extra()
            if self.burst is not None:
                self.burst.end_burst()
        return extra

    def need_clocks(self) -> Clocks:
        """Its clocks, made now as if they had run since its first step."""
        extra = self.need_extra()
        clocks = extra.clocks
        if clocks is None:
            begun = self.started_at if self.has_begun else self.host.now()
            signed = self.signed_at if self.has_begun else begun
            watch = Watchdog(self.policy, begun, signed)
            clocks = extra.clocks = Clocks(self, watch)
            self.host.looks.leave(self, self.policy.first_look)
        return clocks

    def look(self) -> None:
        """A clock may have run out."""
        self.need_clocks().look()

    def need_family(self) -> Family:
        """Its children, made now if need be."""
        extra = self.need_extra()
        if extra.family is None:
            extra.family = Family(self)
        return extra.family

    # ------------------------------------------------------------------ its children

    async def wait_ended(self) -> None:
        """Wait until it has ended.  A checkpoint."""
        if self.phase is ENDED:
            await trio.lowlevel.checkpoint()
        else:
            await self.need_extra().need_ended().wait()

    def heed(self, verdict: Over | Probe | GiveUp) -> None:
        """A clock has run out."""
        match verdict:
            case Over(limit):
                cut(self, TimedOut(limit))
            case Probe():
                probe(self)
            case GiveUp():
                give_up(self)

    # ----------------------------------------------------------------- what it knows

    @property
    def has_begun(self) -> bool:
        """Whether it has had its first step."""
        return self.started_at == self.started_at

    @property
    def open(self) -> bool:
        """Whether it may still do things."""
        return self.phase in (RUNNING, DRAINING)

    def check_thread(self, what: str) -> None:
        """Refuse a method that is called in another thread.

        Raises:
            WrongThreadError: it is.
        """
        events = self.host.events
        if get_ident() != events.thread:
            events.check_thread(f"to {what} in turn {self.id}")

    def check_open(self, what: str) -> None:
        """Refuse what a turn that has ended cannot do, or another thread.

        Raises:
            TurnOverError: it has ended.
            WrongThreadError: called in another thread than Trio's.
        """
        self.check_thread(what)
        if not self.open:
            raise TurnOverError(self.id, what)

    @property
    def interrupted(self) -> str | None:
        """The hint of a soft abort; None: nobody has asked."""
        return self.extra.interrupted if self.extra is not None else None

    # ------------------------------------------------------------------- its clocks

    def sign(self) -> None:
        """A sign of life."""
        self.signed_at = self.host.now()
        extra = self.extra
        if extra is not None and extra.stalled:
            extra.stalled = False
            if self.open:
                self.publish(TurnResumed)
                # the next stall may be due before what the timer is set to
                self.need_clocks().arm()

    def publish(self, kind: Any, *args: Any) -> None:
        """Publish an event about it, if somebody wants to know."""
        host = self.host
        if host.wants(kind):
            host.publish(kind(host.now(), host.ref, self.lane.key, self.id, *args))


# actors' hooks may be interrupted by Ctrl-C; this one is the engine's around them
enable_ki_protection(TurnRun.receive)
enable_ki_protection(TurnRun.stopped)

TurnRun.quick = attrs.evolve(
    TurnRun._props, label="turn", stopped=False, grace=math.inf
)
TurnRun.careful = attrs.evolve(TurnRun.quick, stopped=True)
