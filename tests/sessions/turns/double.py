"""A house for turns that writes down what was done, and a clock moved by hand."""

from __future__ import annotations

import contextvars
import heapq
import itertools
from collections.abc import Callable
from threading import get_ident
from typing import Any

import attrs

from actors import (
    ActorStoppedError,
    ChildPolicy,
    Exit,
    Outcome,
    Receipt,
    Stopped,
    TurnPolicy,
)
from actors._sessions.phase import RUNNING
from actors.hosting import FirstLooks, TurnRun


@attrs.define(eq=False)
class HandTimer:
    """A timer of the clock below."""

    deadline: float
    call: Callable[[], object] | None

    def cancel(self) -> None:
        """Never call."""
        self.call = None


class HandClock:
    """A clock that stands still until it is moved; timers go off in their order."""

    def __init__(self) -> None:
        self.time = 0.0
        self._heap: list[tuple[float, int, HandTimer]] = []
        self._serial = itertools.count()

    def now(self) -> float:
        """What it shows."""
        return self.time

    def at(self, deadline: float, call: Callable[[], object]) -> Any:
        """Set a timer.  Any: it stands for the engine's."""
        timer = HandTimer(deadline, call)
        heapq.heappush(self._heap, (deadline, next(self._serial), timer))
        return timer

    @property
    def armed(self) -> list[float]:
        """The instants at which something is to happen."""
        return sorted(at for at, _, timer in self._heap if timer.call is not None)

    def move(self, instant: float) -> None:
        """Let time pass up to this instant, and what is due happen."""
        while self._heap and self._heap[0][0] <= instant:
            deadline, _, timer = heapq.heappop(self._heap)
            if timer.call is not None:
                self.time = max(self.time, deadline)
                timer.call()
        self.time = max(self.time, instant)

    def jump(self, instant: float) -> None:
        """Let time pass and nothing happen until it has: a loop that was blocked."""
        self.time = instant
        self.move(instant)


@attrs.define(eq=False)
class Seat:
    """The seat of a session or of a turn."""

    house: House
    name: str
    ending: bool = False
    reason_to_end: Exit | None = None
    refuses: bool = False
    context: contextvars.Context = attrs.field(factory=contextvars.copy_context)

    def kill(self) -> None:
        """Write it down."""
        self.house.log.append(f"kill {self.name}")

    def begin_work(self, work: Any, props: Any, number: int) -> None:
        """Give it a seat."""
        if self.refuses or self.ending:
            raise ActorStoppedError(self.name, Stopped())
        kind = "carefully" if props.stopped else "quickly"
        self.house.log.append(f"begin {number} in {self.name} {kind}")
        work._seat = Seat(self.house, f"turn {number}")

    def replace_props(self, props: Any) -> None:
        """Write it down."""
        self.house.log.append(f"{self.name} is careful: {props.stopped}")

    def crash(self, error: Exception, entry: Any, doing: str) -> None:
        """Write it down."""
        del entry
        self.house.log.append(f"crash {self.name} {type(error).__name__} {doing}")


class Sitter:
    """A session, as its turns see it."""

    _probes = False
    _finalises = False

    def __init__(self, house: House) -> None:
        self._seat = Seat(house, "session")
        self.child_turns = ChildPolicy(depth=2, width=2, slot_wait=5.0, time_limit=7.0)
        self.house = house

    def _orphan(self, outcome: Outcome, parent: int) -> None:
        self.house.log.append(f"orphan of {parent}: {type(outcome).__name__}")


@attrs.define(eq=False)
class Home:
    """A key's entry."""

    host: House
    session: Sitter
    key: str = "a"
    state: Any = None
    turn: Any = None

    def withdraw(self, receipt: Receipt[Any], outcome: Outcome) -> bool:
        """Nobody takes anything back here."""
        del receipt, outcome
        return False

    def check_thread(self, what: str) -> None:
        """Nobody calls from another thread here."""


@attrs.define(eq=False)
class Wishes:
    """What somebody listens to."""

    wanted: set[type[Any]] = attrs.field(factory=set[type[Any]])
    thread: int = attrs.field(factory=get_ident)

    def check_thread(self, what: str) -> None:
        """Nobody calls from another thread here."""


class House:
    """The host of turns; `log` is what was done, in order."""

    ref: Any = "/router"

    def __init__(self) -> None:
        self.clock = HandClock()
        self.now = self.clock.now
        self.log: list[str] = []
        self.events = Wishes()
        self.published: list[Any] = []
        self.looks = FirstLooks(self.clock.now, self.at)
        self.session = Sitter(self)
        self.home = Home(self, self.session)
        self._ids = itertools.count(1)

    def turn(
        self,
        policy: TurnPolicy | None = None,
        *receipts: Receipt[Any],
        begun: bool = True,
    ) -> TurnRun:
        """A turn that has had its first step just now, or waits for its slot."""
        number = self.next_turn_id()
        given = policy if policy is not None else TurnPolicy()
        run = TurnRun(number, self.home, receipts, nothing, given)
        run._seat = Seat(self, f"turn {number}")  # type: ignore[assignment] # a double
        run.turn = None
        if begun:
            self.step(run)
        return run

    def step(self, run: TurnRun) -> None:
        """Its first step, as `receive` takes it."""
        run.started_at = run.signed_at = self.now()
        run.phase = RUNNING
        self.looks.enter(run, run.policy.first_look, self.now())

    def receipt(self, number: int) -> Receipt[Any]:
        """An accepted prompt."""
        return Receipt(self.home, f"prompt {number}", number, self.now())

    # ------------------------------------------------------------------------ as a host

    def at(self, deadline: float, call: Callable[[], object]) -> Any:
        """Set a timer."""
        return self.clock.at(deadline, call)

    def wants(self, kind: type[Any]) -> bool:
        """Whether somebody listens."""
        return kind in self.events.wanted

    def publish(self, event: Any) -> None:
        """Write it down."""
        self.published.append(event)

    def next_turn_id(self) -> int:
        """Count."""
        return next(self._ids)

    def settle(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        """Give it its outcome."""
        receipt.settle(outcome)

    def cut_waiting(self, run: TurnRun) -> None:
        """Write it down."""
        self.log.append(f"cut waiting {run.id}")

    def unbegin(self, run: TurnRun) -> None:
        """Write it down."""
        self.log.append(f"unbegin {run.id}")

    def seal(self, run: TurnRun, outcome: Outcome) -> Outcome:
        """As it is."""
        del run
        return outcome

    def turn_over(self, run: TurnRun, outcome: Outcome) -> None:
        """Write it down."""
        self.log.append(f"over {run.id} {type(outcome).__name__}")

    def critical_begins(self, home: Home) -> None:
        """Write it down."""
        self.log.append(f"critical begins in {home.key}")

    def child_over(self, home: Home, session: Sitter) -> None:
        """Write it down."""
        assert session is self.session
        self.log.append(f"critical over in {home.key}")

    def give_up(self, run: TurnRun) -> None:
        """Write it down."""
        self.log.append(f"give up {run.id}")

    def last_words(self, words: Any) -> bool:
        """Write it down: nobody can have them said."""
        self.log.append(f"last words {words.number}")
        return False


async def nothing(turn: Any) -> None:
    """The body of a turn that is never run."""
