"""A turn's fields and clocks, and how it is ended early.

Whatever ends a turn early (`cut`: an abort, a clock, a spent budget) is recorded first,
as its *verdict*, and carried out second, by cancelling the nursery: what the task then
does cannot change the outcome, and no flag is left over for the next turn.

All its clocks share one timer (`arm`), set to the earliest; a sign of life touches no
timer.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import trio

from .errors import NotAliveError, TurnOverError
from .events import TurnResumed, TurnStalled
from .lane import Lane
from .outcomes import (
    Abort,
    Aborted,
    Completed,
    Failed,
    Outcome,
    TimedOut,
    Withdrawn,
)
from .policies import TurnPolicy
from .receipt import Receipt
from .watchdog import GiveUp, Over, Probe, Stalled, Watchdog


class Phase(enum.Enum):
    """Where a turn is."""

    WAITING = "waiting for a slot"
    RUNNING = "running"
    TOOL = "tool"
    """Running, with a tool in flight."""
    DRAINING = "draining"
    """`take_turn` has returned; late chunks still belong to it."""
    ENDING = "ending"
    """Its outcome is certain; clean-up."""
    ENDED = "ended"


PARENT_ENDED = "its parent has ended"

# looked up once: an enum's members cost a call each time on Python 3.11
WAITING = Phase.WAITING
RUNNING = Phase.RUNNING
DRAINING = Phase.DRAINING
ENDING = Phase.ENDING
ENDED = Phase.ENDED


class RejectTurnError(Exception):
    """Carries `Turn.reject` out of `take_turn`."""

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason


_GROUP: Any = ExceptionGroup  # Any: a checker does not know of what


def unwrapped(error: Exception) -> Exception:
    """An exception without the groups of one that nurseries put around it."""
    alone = _alone_in(error)
    while alone is not None:
        error, alone = alone, _alone_in(alone)
    return error


def _alone_in(error: Any) -> Exception | None:  # Any: perhaps a group, of anything
    inside: tuple[Any, ...] = getattr(error, "exceptions", ())
    return inside[0] if isinstance(error, _GROUP) and len(inside) == 1 else None


def completed(outcome: Outcome | None) -> bool:
    """Whether the turn's state is to be kept."""
    return isinstance(outcome, Completed)


class TurnState:
    """One turn's fields, and how it is ended early."""

    __slots__ = (
        "aside",
        "before",
        "body",
        "body_over",
        "children",
        "depth",
        "detached",
        "direct",
        "drained",
        "host",
        "id",
        "interrupted",
        "lane",
        "no_children",
        "notes",
        "nursery",
        "outcome",
        "parent",
        "phase",
        "policy",
        "probing",
        "receipts",
        "replied",
        "session",
        "slot",
        "slot_owner",
        "snapshot",
        "spent",
        "started_at",
        "steering",
        "steps_left",
        "stream",
        "timer",
        "turn",
        "verdict",
        "watch",
        "when_ended",
    )

    def __init__(
        self,
        id: int,  # noqa: A002 - its name to users
        lane: Lane,
        receipts: tuple[Receipt[Any], ...],
        body: Callable[[Any], Awaitable[object]],
        policy: TurnPolicy,
        *,
        aside: bool = False,
        parent: Any = None,  # the turn whose child it is: `family` stands above
    ) -> None:
        self.id = id
        self.lane = lane
        self.host = lane.host
        self.slot = False  # it has one
        self.slot_owner: str | None = None  # whom it is counted for
        self.session: Any = lane.session  # Any: its room stands above
        self.receipts = receipts
        self.body = body  # async_fn(turn)
        self.body_over = False  # it has returned, or raised
        self.policy = policy
        self.aside = aside
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent is not None else 0
        self.phase = WAITING
        self.verdict: Outcome | None = None
        self.outcome: Outcome | None = None
        self.interrupted: str | None = None
        self.steering: deque[Receipt[Any]] | None = None
        self.notes: dict[str, Any] | None = None
        self.stream: Any = parent.stream if parent is not None else None
        self.before: Any = None  # the state that it goes back to
        self.snapshot: Any = None  # of an aside: the state that it sees
        self.started_at = math.nan
        self.steps_left = policy.steps
        self.spent = 0.0  # by the whole family, kept at its top
        self.nursery: trio.Nursery | None = None
        self.watch: Watchdog | None = None
        self.timer: Any = None
        self.probing = False  # `alive` has been asked and has not answered
        self.drained: trio.Event | None = None
        self.children: dict[int, Any] | None = None  # {id: child turn}
        self.no_children: trio.lowlevel.ParkingLot | None = None
        self.when_ended: trio.Event | None = None  # of a child: for who waits
        self.replied = False  # of a child: it has emitted to the reader
        self.detached = False  # a child that may outlive its parent
        self.direct = False  # a child that emits to the reader
        self.turn: Any  # the Turn around it; None once it has ended

    # ------------------------------------------------------------------ ended early

    def cut(self, verdict: Outcome) -> bool:
        """End it now, with this outcome; False if something else was first."""
        if self.verdict is not None or self.phase in (ENDING, ENDED):
            return False
        self.verdict = verdict
        for child in tuple((self.children or {}).values()):
            child.cut(Aborted(f"turn {self.id} was cut"))
        if self.phase is WAITING:
            if self.parent is None:
                self.host.cut_waiting(self)
            return True
        if self.watch is not None:
            self.watch.ending(self.host.now())
            self.arm()
        if self.nursery is not None:
            self.nursery.cancel_scope.cancel()
        return True

    def abort(
        self, *, hard: bool, reason: object, hint: str | None, within: float | None
    ) -> Abort:
        """See `RouterRef.abort`."""
        if self.phase is ENDED:
            return Abort.STALE
        if self.verdict is not None or self.phase is ENDING:
            return Abort.ALREADY
        if hard or self.phase is WAITING:
            self.withdraw_steering(reason)
            self.cut(Aborted(reason))
            return Abort.ABORTING
        if self.interrupted is not None:
            return Abort.ALREADY
        self.interrupted = hint or ""
        self.withdraw_steering(reason)
        if within is not None:
            self.host.at(self.host.now() + within, lambda: self._escalate(reason))
        return Abort.ABORTING

    def _escalate(self, reason: object) -> None:
        """It was asked to end and has not."""
        if self.phase is RUNNING:
            self.cut(Aborted(reason))

    def withdraw_steering(self, reason: object = None) -> None:
        """Nobody will take the steering prompts that wait."""
        waiting, self.steering = self.steering, None
        for receipt in waiting or ():
            if receipt.ended is None:
                self.host.settle(receipt, Withdrawn(reason))

    @property
    def waiting_still(self) -> bool:
        """Whether it has not had its first step."""
        return math.isnan(self.started_at)

    def abandon(self) -> None:
        """It never was: its prompts wait again."""
        self.phase = ENDED
        self.turn = None

    @property
    def open(self) -> bool:
        """Whether it may still do things."""
        return self.phase in (RUNNING, DRAINING)

    def check_open(self, what: str) -> None:
        """Refuse what a turn that has ended cannot do.  Raises TurnOverError."""
        if not self.open:
            raise TurnOverError(self.id, what)

    # ------------------------------------------------------------------- its clocks

    def sign(self) -> None:
        """A sign of life."""
        watch = self.watch
        if watch is not None and watch.sign(self.host.now()):
            self.publish(TurnResumed)
            self.arm()  # the next stall may be due before what the timer is set to

    def publish(self, kind: Any, *args: Any) -> None:
        """Publish an event about it, if somebody wants to know."""
        host = self.host
        if host.wants(kind):
            host.publish(kind(host.now(), host.ref, self.lane.key, self.id, *args))

    def arm(self) -> None:
        """Set the one timer to the earliest of its clocks."""
        assert self.watch is not None
        deadline = self.watch.next()
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if deadline != math.inf:
            self.timer = self.host.at(deadline, self._look)

    def _look(self) -> None:
        """A clock may have run out."""
        self.timer = None
        watch = self.watch
        if watch is None or self.phase is ENDED:
            return
        for due in watch.look(self.host.now()):
            match due:
                case Over(limit):
                    self.cut(TimedOut(limit))
                case Stalled(silent):
                    self.publish(TurnStalled, silent)
                case Probe():
                    self._probe()
                case GiveUp():
                    self.last_words()
                    return
        self.arm()

    def last_words(self) -> None:
        """It does not end: give it up, after its hook."""
        self.host.give_up(self)

    def _probe(self) -> None:
        nursery = self.nursery
        session = self.session
        mine = self.parent is None and self.open
        if nursery is not None and mine and session._probes and not self.probing:
            self.probing = True
            session._seat.context.run(nursery.start_soon, self._ask_alive)

    async def _ask_alive(self) -> None:
        """Ask the session whether what is behind it lives."""
        alive = False
        with trio.move_on_after(self.policy.alive_every):
            alive = await self.session.alive()
        self.probing = False
        if not alive and self.verdict is None:
            error = NotAliveError(self.lane.key)
            self.cut(Failed(error=error))
            self.session._crash_soon(error)
