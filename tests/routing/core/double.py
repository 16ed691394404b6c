"""A world for a router's core, moved by hand: it writes down what was done.

Sessions are plain objects; a turn is the real one, stepped by hand: `step` takes its
first step, and its body waits until `finish`, `fail` or `die` ends it.  `log` has what
the core wanted: `"start a"`, `"ready a"`, `"begin a 1"`, `"end a"`, `"kill a"`,
`"suspend a"`.  What takes time in the real world is done by calling `started`, `gone`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import SimpleNamespace
from typing import Any, ClassVar

import attrs
import trio

from actors import (
    ActorStoppedError,
    ChildPolicy,
    DuplicateNameError,
    Exit,
    Finished,
    Killed,
    Outcome,
    PromptKind,
    PromptPolicy,
    Receipt,
    RefusedError,
    Stopped,
    TurnPolicy,
    WhileBusy,
)
from actors.hosting import PROMPT, READY, More, TurnRun
from supervision import Limits, MemoryTokens, RouterRef
from supervision._routing.core.core import Core
from supervision._routing.core.keeping import Straight
from supervision._routing.core.waiting import Line
from supervision._routing.parts.admission import Offer
from supervision._routing.parts.lane import UNSET, Lane
from supervision._routing.tokens import TokenBook
from tests.sessions.turns.double import HandClock, Wishes

WIDE = Limits(sessions=100, turns=100)


class Door(Awaitable[Any]):
    """Where the body of a turn waits for the test."""

    def __await__(self) -> Generator[None, Any, Any]:
        return (yield)


@attrs.define(eq=False)
class Seat:
    """The seat of a session or of a turn."""

    kill: Callable[[], None]
    ending: bool = False
    reason_to_end: Exit | None = None

    def finish_work(self) -> None:
        """The body is over."""


class Plain:
    """A session without a `started` hook: it is ready when it is made."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=3, steering_capacity=2)
    turns: ClassVar[TurnPolicy] = TurnPolicy(abort_grace=10.0)
    child_turns: ClassVar[ChildPolicy] = ChildPolicy()
    initial_state: ClassVar[Any] = ()

    def new_state(self) -> object:
        """The state of a new conversation."""
        return self.initial_state

    has_started: ClassVar[bool] = False
    _suspends: ClassVar[bool] = False
    _finalises: ClassVar[bool] = False
    _probes: ClassVar[bool] = False

    def __init__(self, world: World, lane: Lane) -> None:
        self._lane = lane
        self._seat = Seat(lambda: None)
        self._props = SimpleNamespace(started=self.has_started)
        self.ref = SimpleNamespace(stop=lambda: world.note(f"stop {lane.key}"))

    async def take_turn(self, turn: Any) -> Any:
        """Add the prompts to the state, and wait for the test."""
        turn.state = (*turn.state, *turn.prompts)
        return await Door()

    async def answer_aside(self, turn: Any) -> Any:
        """Wait for the test."""
        del turn
        return await Door()


class Slow(Plain):
    """One that has a `started` hook."""

    has_started = True


class World:
    """What a core does, written down."""

    ref: Any = "/router"

    def __init__(self, make: type[Plain] = Plain) -> None:
        self.failures: list[str] = []  # what was written down
        self.make: Any = make
        self.clock = HandClock()
        self.now = self.clock.now
        self.events = Wishes()
        self.published: list[Any] = []
        self.ending = False
        self.quick = True  # a session that is to end ends on the spot
        self.unborn: Exception | None = None  # what constructors raise
        self.deaf: Exception | None = None  # what telling a session raises
        self.log: list[str] = []
        self.core: Core
        self.names: dict[str, Plain] = {}  # of sessions that have not ended
        self.begun: dict[int, TurnRun] = {}
        self.bodies: dict[int, Coroutine[Any, Any, Any]] = {}

    def note(self, what: str) -> None:
        """Write it down."""
        self.log.append(what)

    def said(self) -> list[str]:
        """What has been written since this was called last."""
        said, self.log = self.log, []
        return said

    # ----------------------------------------------------------------------- as a world

    def publish(self, event: Any) -> None:
        """Write it down elsewhere."""
        self.published.append(event)

    def at(self, deadline: float, call: Callable[[], object]) -> Any:
        """Set a timer."""
        return self.clock.at(deadline, call)

    def random(self) -> float:
        """Never random."""
        return 0.0

    def start_session(self, lane: Lane, name: str) -> Any:
        """Make one."""
        if self.ending:
            raise ActorStoppedError(name, Stopped())
        if self.unborn is not None:
            raise self.unborn
        if name in self.names:
            raise DuplicateNameError(name)
        self.note(f"start {name}")
        session = self.make(self, lane)
        self.names[name] = session
        return session

    def tell_session(self, session: Any, message: object) -> None:
        """Write it down."""
        if self.deaf is not None:
            raise self.deaf
        what = "ready" if message is READY else "suspend"
        self.note(f"{what} {session._lane.key}")

    def begin_turn(self, run: TurnRun) -> None:
        """Give it a seat; its first step is the test's."""
        key = run.lane.key
        if run.session._seat.ending:
            raise ActorStoppedError(key, Stopped())
        self.note(f"begin {key} {run.id}")
        seat: Any = Seat(lambda: self.note(f"kill {key} {run.id}"))
        run._seat = seat
        self.begun[run.id] = run

    def begin_work(self, work: Any, props: Any) -> bool:
        """Nobody has it done."""
        del work, props
        return False

    def end_session(self, session: Any) -> bool:
        """End it, on the spot or later."""
        self.note(f"end {session._lane.key}")
        session._seat.ending = True
        if self.quick:
            self._forget(session)
        return self.quick

    def kill_session(self, session: Any) -> None:
        """Write it down."""
        self.note(f"kill {session._lane.key}")
        session._seat.ending = True

    def log_unborn(self, key: str, error: BaseException) -> None:
        """Write it down."""
        self.note(f"unborn {key} {type(error).__name__}")

    def log_failure(self, level: int, key: str, text: str, **more: Any) -> None:
        """Keep it, apart from what is done."""
        del level, more
        self.failures.append(f"{key} {text}")

    # -------------------------------------------------------------- what the test does

    def started(self, key: str) -> None:
        """The session's `started` is done."""
        lane = self.core.lanes[key]
        self.core.session_ready(lane, lane.session)

    def gone(self, session: Any, exit_: Exit | None = None) -> None:
        """A session's actor has ended; its turns have before."""
        exit_ = exit_ if exit_ is not None else Stopped()
        session._seat.ending = True
        session._seat.reason_to_end = exit_
        for run in tuple(self.begun.values()):
            if run.session is session:
                self.die(run.id)
        self._forget(session)
        self.core.leaving.ended(session._lane, session, exit_)

    def _forget(self, session: Any) -> None:
        self.names = {n: each for n, each in self.names.items() if each is not session}

    def step(self, *turns: int) -> None:
        """Let turns that have begun take their first step; default all."""
        for number in turns or tuple(self.begun):
            run = self.begun.get(number)
            if run is None or number in self.bodies:
                continue
            self.bodies[number] = run.receive(None)
            self._go_on(number, None)

    def finish(self, turn: int, result: object = None) -> None:
        """Have the body of a turn return."""
        self.step(turn)
        if turn in self.bodies:
            self._go_on(turn, result)

    def fail(self, turn: int, error: Exception) -> None:
        """Have the body of a turn raise."""
        self.step(turn)
        try:
            self.bodies[turn].throw(error)
        except StopIteration:
            self._over(turn, Finished())

    def die(self, turn: int) -> None:
        """A turn that was killed has ended."""
        run = self.begun[turn]
        body = self.bodies.get(turn)
        if body is not None:
            body.close()
            run.returned = None
        self._over(turn, Killed())

    def _go_on(self, turn: int, value: object) -> None:
        try:
            self.bodies[turn].send(value)
        except StopIteration:
            self._over(turn, Finished())

    def _over(self, turn: int, exit_: Exit) -> None:
        self.bodies.pop(turn, None)
        self.begun.pop(turn)._over(exit_)


def made(
    limits: Limits = WIDE, make: type[Plain] = Plain, keeping: Any = None
) -> tuple[Core, World]:
    """A core and its world."""
    world = World(make)
    kept = keeping if keeping is not None else Straight(1)
    core = Core(world, kept, limits, TokenBook(MemoryTokens()), 0)
    world.core = core
    return core, world


def handle(core: Core) -> RouterRef[Any, Any]:
    """What users would hold of it."""
    actor = SimpleNamespace(_core=core, _house=lambda: core)
    ref: Any = SimpleNamespace(actor=actor, path="/router", hub=Wishes())
    return RouterRef(ref)


def send(
    core: Core,
    key: str,
    prompt: object = "",
    *,
    tenant: str | None = None,
    kind: PromptKind = PROMPT,
    steer: bool = False,
    attempts: int = 1,
    stream: Any = None,
    busy: WhileBusy | None = None,
) -> Receipt[Any]:
    """Offer a prompt, the long way."""
    more = More()
    more.kind = kind
    more.attempts = attempts
    more.stream = stream
    return core.accepting.offer(Offer(key, prompt, more, tenant, steer, busy))


class Later:
    """A store that takes its time: each `go` is called when the test says so."""

    plain = False
    epoch = 1
    left = ()
    store = None
    others = None

    def __init__(self, *late: str) -> None:
        self.late = set(late)  # the hooks that take their time
        self.waiting: list[tuple[str, Callable[[], None]]] = []
        self.log: list[str] = []

    def release(self, what: str) -> None:
        """Call the first `go` of this hook."""
        for each in self.waiting:
            if each[0] == what:
                self.waiting.remove(each)
                each[1]()
                return
        msg = f"no {what} waits"
        raise AssertionError(msg)

    def release_all(self) -> None:
        """Call all that wait, and those that come of it, in their order."""
        while self.waiting:
            self.waiting.pop(0)[1]()

    def _later(self, what: str, go: Callable[..., None], *args: Any) -> None:
        if what in self.late:
            self.waiting.append((what, lambda: go(*args)))
        else:
            go(*args)

    def offered(self, offer: Offer) -> None:
        """There is always room."""

    def line_for(self, error: RefusedError) -> Line | None:
        """Nor does anybody wait for it."""

    def unbegun(self, run: TurnRun) -> None:
        """Write it down."""
        self.log.append(f"unbegun {run.id}")

    def forgotten_unseen(self, key: str, reason: object) -> bool:
        """Nothing was known."""
        del key, reason
        return False

    def history_of(self, lane: Lane) -> Any:
        """Nobody asks."""
        raise NotImplementedError(lane.key)

    def left_by(self, lane: Lane) -> Any:
        """Nothing is kept."""
        del lane
        return UNSET

    async def find(self, key: str, id: str) -> Receipt[Any] | None:  # noqa: A002
        """Nothing is known."""
        del key, id
        await trio.lowlevel.checkpoint()
        return None

    def quarantined(self, lane: Lane, term: float, crash: BaseException) -> None:
        """Write it down."""
        del crash
        self.log.append(f"quarantined {lane.key} {term:g}")

    def take_back(self, receipt: Receipt[Any]) -> None:
        """Nobody waits."""

    def room(self) -> None:
        """Nobody waits for that either."""

    def leave(self) -> None:
        """Nothing is held."""

    def accepted(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """Write it down."""
        self.log.append(f"accepted {lane.key} {receipt.id}")

    def bring(self, lane: Lane, go: Callable[[Lane], None]) -> None:
        """Bring a key, later."""
        self._later("bring", go, lane)

    def begins(self, run: TurnRun, go: Callable[[TurnRun], None]) -> None:
        """Store the mark, later."""
        self._later("begins", go, run)

    def seal(self, run: TurnRun, outcome: Outcome) -> Outcome:
        """As it is."""
        self.log.append(f"seal {run.id}")
        return outcome

    def ended(
        self, run: TurnRun, outcome: Outcome, go: Callable[[TurnRun, Outcome], None]
    ) -> None:
        """Commit, later."""
        self._later("ended", go, run, outcome)

    def settled(
        self,
        receipt: Receipt[Any],
        outcome: Outcome,
        go: Callable[[Receipt[Any], Outcome], None],
    ) -> None:
        """Commit, later."""
        self.log.append(f"settled {receipt.id} {type(outcome).__name__}")
        self._later("settled", go, receipt, outcome)

    def bound(self, key: str, token: object) -> None:
        """Write it down."""
        self.log.append(f"bound {key} {token}")

    def forgotten(self, lane: Lane, reason: object) -> None:
        """Write it down."""
        del reason
        self.log.append(f"forgotten {lane.key}")

    def kept(self, receipt: Receipt[Any]) -> bool:
        """Nothing is."""
        del receipt
        return False


def check(core: Core, world: World) -> None:
    """What must hold between any two steps."""
    running = core.turns.running
    with_slot = [run for run in running.values() if run.slot]
    assert core.slots.running == len(with_slot)
    assert core.slots.waiting == len(running) - len(with_slot)
    lively = [n for n in world.bodies if world.begun[n].outcome is None]  # not given up
    assert len(lively) <= len(with_slot)
    assert core.slots._tenants == _counted(
        run.extra.slot_tenant for run in with_slot if run.extra is not None
    )
    lanes = core.lanes
    assert core.places.used + core.places.waiting == len(lanes)
    assert core.places.leaving == sum(map(core.places.is_leaving, lanes.values()))
    staying = [each for each in lanes.values() if not core.places.is_leaving(each)]
    assert core.admission._tenants == _counted(each.tenant for each in staying)
    idle = [each for each in lanes.values() if each in core.idle]
    assert len(core.idle) == len(idle)
    assert not any(each.busy for each in idle)
    limit = core.limits.sessions_per_tenant
    for tenant in {each.tenant for each in lanes.values() if each.tenant is not None}:
        own = [each for each in idle if each.tenant == tenant]
        assert core.idle.count_of(tenant) == len(own)
        least = min((each.since for each in own), default=None)
        oldest = core.idle.oldest_of(tenant)
        assert (oldest.since if oldest is not None else None) == least
        assert limit is None or not own or core.admission.owns(tenant) <= limit
    for key, lane in lanes.items():
        assert key == lane.key
        assert lane.waiting == sum(1 for _ in lane.live())
        assert lane.turn is None or running.get(lane.turn.id) is lane.turn
    asides = sum(
        len((each.extra and each.extra.asides) or ()) for each in lanes.values()
    )
    assert len(running) == asides + sum(
        each.turn is not None for each in lanes.values()
    )


def _counted(names: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        if name is not None:
            counts[name] = counts.get(name, 0) + 1
    return counts
