"""Random lives of the pure machines keep what is promised of all of them.

Hypothesis draws a supervisor and a list of things that happen: crashes, ends, stops and
kills by strangers, requests, waits, and single steps of what cells do by themselves, so
that anything may come between a command and its effect.  `World` checks each command
against the cell it is for; the invariants below are checked after each thing, and at
the end, when all that can be done has been done, the rest.
"""

from __future__ import annotations

import math
from typing import Any

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import Decision, Exit, Finished, Killed, Stopped
from supervision import (
    AutoShutdown,
    Backoff,
    ChildSpec,
    ChildState,
    Restart,
    RestartLimit,
    RestartLimitError,
    Strategy,
    UnknownChildError,
)
from supervision._trees.pure.child import Child, GiveUp, Halt
from tests.trees.machine_shell import Cell, DynamicWorld, Ref, World, bang, spec

STARTING, RUNNING = ChildState.STARTING, ChildState.RUNNING
STOPPED, QUARANTINED = ChildState.STOPPED, ChildState.QUARANTINED
RESTARTING, HALTING = ChildState.RESTARTING, ChildState.HALTING
IDLE = (STOPPED, QUARANTINED)
NAMES = ("a", "b", "c", "d", "e", "f")
TIMES = (0.0, 0.25, 0.5, 1.0, 3.0)
ENDS: tuple[Exit, ...] = (Finished(), Stopped("by itself"), Killed())
LIMITS = st.sampled_from(
    [
        None,
        RestartLimit(0, within=1.0),
        RestartLimit(1, within=0.5),
        RestartLimit(2, within=1.0),
        RestartLimit(3, within=math.inf),
        RestartLimit(20, within=1.0),
    ]
)
ACTS = [
    *["step"] * 8,
    *["crash"] * 4,
    *["end", "outside-stop", "outside-kill", "begin-end", "begin-crash", "hear-late"],
    *["ask-late", "ask-late-crash"],
    *["start", "stop", "restart", "delete"] * 2,
    *["wait", "wait", "fail-made", "crash-starting", "hang", "unhang"],
]
REQUESTS = ("start", "stop", "restart", "delete", "wait")
PROPERTY = settings(
    max_examples=400,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@attrs.frozen
class Act:
    """One thing that happens."""

    what: str
    which: int  # of those to whom it may happen
    seconds: float = 0.0


@attrs.frozen
class Plan:
    """One example."""

    strategy: Strategy
    limit: RestartLimit | None
    mode: AutoShutdown
    children: list[ChildSpec[object]]
    late: list[ChildSpec[object]]  # for start_child
    hung: set[str]
    acts: list[Act]


@st.composite
def child_specs(draw: st.DrawFn, id_: str, mode: AutoShutdown) -> ChildSpec[object]:
    """A spec that goes with the supervisor's mode."""
    restart = draw(st.sampled_from(list(Restart)))
    may = mode is not AutoShutdown.NEVER and restart is not Restart.PERMANENT
    return spec(
        id_,
        instant=draw(st.booleans()),
        restart=restart,
        significant=may and draw(st.booleans()),
        limit=draw(st.none() | LIMITS),
        backoff=draw(st.none() | st.just(Backoff(0.25, 1.0, jitter=0))),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A supervisor and what happens to it."""
    mode = draw(st.sampled_from([AutoShutdown.NEVER, *AutoShutdown]))
    count = draw(st.integers(0, 4))
    made = [draw(child_specs(id_, mode)) for id_ in NAMES]
    act = st.builds(
        Act, st.sampled_from(ACTS), st.integers(0, 9), st.sampled_from(TIMES)
    )
    return Plan(
        strategy=draw(st.sampled_from(Strategy)),
        limit=draw(LIMITS),
        mode=mode,
        children=made[:count],
        late=made[count:],
        hung=draw(st.sets(st.sampled_from(NAMES), max_size=1)),
        acts=draw(st.lists(act, max_size=40)),
    )


class Window:
    """The naive model of a limit: every stamp is kept, every time all are counted."""

    def __init__(self, limit: RestartLimit | None) -> None:
        self.limit = limit
        self.stamps: list[float] = []

    def count(self, now: float) -> int:
        """How many restarts belong to the window that ends now."""
        assert self.limit is not None
        return sum(now - at <= self.limit.within for at in self.stamps)

    def full(self, now: float) -> bool:
        """Whether one more would be one too many."""
        return self.limit is not None and self.count(now) >= self.limit.restarts

    def over(self, now: float) -> bool:
        """Whether there has been one too many."""
        return self.limit is not None and self.count(now) > self.limit.restarts


class Watched(World):
    """A world that checks what a machine does while it does it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.window = Window(plan.limit)
        self.own: dict[int, Window] = {}  # {id() of a child: of its own limit}
        self.asked: set[str] = set()  # ids that somebody has asked to start
        self.seen: dict[int, tuple[Child, int]] = {}  # {id(): (child, restarts)}
        super().__init__(
            plan.children,
            strategy=plan.strategy,
            limit=plan.limit,
            auto_shutdown=plan.mode,
            quick=False,
            hung=set(plan.hung),
        )

    def ask_ended(self, cell: Cell, exit_: Exit) -> Decision:
        """Check that a restart is charged, and that what is not is not restarted."""
        machine = self.machine
        child = machine.find(cell.ref)
        assert child is not None
        state, charged = child.state, child.past.restarts
        group = machine.group
        down = group is not None and group.takes_down(child)
        others = {
            other.spec.id: other.state
            for other in machine.children.values()
            if other is not child
        }
        decision = super().ask_ended(cell, exit_)
        free = state is HALTING or down
        if decision is Decision.RESTART or (decision is Decision.HOLD and not free):
            assert child.past.restarts == charged + 1
            assert child.spec.restart.wants(exit_)
        else:
            assert child.past.restarts == charged
        if state is ChildState.STOPPING:
            assert decision is Decision.END
        if self.plan.strategy is Strategy.ONE_FOR_ONE:  # nobody else is touched
            for other in machine.children.values():
                if other is not child and other.state is not STARTING:
                    assert others[other.spec.id] is other.state
        return decision

    def do(self, command: Any) -> None:
        """Check the books, and that takedowns go one at a time."""
        if isinstance(command, Halt):
            assert self.plan.strategy is not Strategy.ONE_FOR_ONE
            assert command.child.spec.restart is not Restart.TEMPORARY
            states = self.states()
            halted = list(states).index(command.child.spec.id)
            for id_, state in list(states.items())[halted + 1 :]:
                # the youngest goes first; who came back by request is an exception
                assert state not in (RUNNING, STARTING, HALTING) or id_ in self.asked
        if isinstance(command, GiveUp) and isinstance(command.error, RestartLimitError):
            assert self.plan.limit is not None
            assert self.window.full(self.now), "it has given up too early"
            assert len(command.error.history) == self.window.count(self.now) + 1
        super().do(command)
        self.check_books()

    def carry_out(self) -> None:
        """Check the books after each thing that the machine was told."""
        self.check_books()
        super().carry_out()

    def ask_start(self, of: ChildSpec[Any]) -> int:
        """Remember the request."""
        self.asked.add(of.id)
        return super().ask_start(of)

    def ask_restart(self, id_: str) -> int:
        """Remember the request; its own limit starts anew."""
        self.asked.add(id_)
        child = self.machine.children.get(id_)
        if child is not None and child.state in IDLE:
            self.own[id(child)].stamps.clear()
        return super().ask_restart(id_)

    def check_books(self) -> None:
        """Compare the restarts with the naive windows."""
        for child in self.machine.children.values():
            _, known = self.seen.get(id(child), (child, 0))
            assert child.past.restarts in (known, known + 1)
            own = self.own.setdefault(id(child), Window(child.spec.limit))
            if child.past.restarts > known:
                self.window.stamps.append(self.now)
                own.stamps.append(self.now)
                assert not self.window.over(self.now), "it should have given up"
                assert not own.over(self.now), "it should be in quarantine"
            self.seen[id(child)] = (child, child.past.restarts)


def check_always(world: World) -> None:
    """What holds at any time."""
    names = [cell.name for cell in world.cells if cell.phase != "ended"]
    assert len(names) == len(set(names)), "two lives of one child"
    assert not world.machine.commands
    for child in world.machine.children.values():
        alive = any(cell.ref is child.ref for cell in world.cells)
        assert alive == (child.ref is not None)
        if child.state in (*IDLE, ChildState.WAITING):
            assert child.ref is None
        if child.state in (RUNNING, HALTING, ChildState.STOPPING):
            assert child.ref is not None
    # cells are stopped, the youngest first, in the order of the children
    order = [cell.name for cell in world.stop_order if cell.name in world.states()]
    assert order == [id_ for id_ in world.states() if id_ in order]


def check_at_rest(world: World) -> None:
    """What holds when all that goes on by itself has been done."""
    if world.over:
        return  # what becomes of children and callers is for the engine
    machine = world.machine
    hangs = {cell.name for cell in world.cells if cell.phase == "starting"}
    for id_, child in machine.children.items():
        assert child.state in (RUNNING, *IDLE) or id_ in hangs or hangs, world.states()
        if id_ in hangs:
            assert child.state is STARTING
        elif child.state not in (RUNNING, *IDLE):
            # it waits for its turn behind one that hangs
            assert child.state in (RESTARTING, ChildState.WAITING)
            assert machine.group is not None
        if child.state is RUNNING:
            assert world[id_].phase == "alive"
    if not hangs:
        assert machine.group is None
        assert machine.ready
    assert not world.timers
    # those whose end may complete the supervisor are those that have not ended
    assert machine._significant == {
        id_
        for id_, child in machine.children.items()
        if child.spec.significant and child.state not in IDLE
    }
    starters = {child.starter for child in machine.children.values()} - {None}
    assert world.waiting == starters
    assert len(world.waiting) <= len(hangs)


def act(world: World, late: list[ChildSpec[object]], one: Act) -> None:  # noqa: C901, PLR0912, PLR0915 - a table
    """Have one thing happen, if it can."""

    def pick(cells: list[Cell]) -> Cell | None:
        return cells[one.which % len(cells)] if cells else None

    living = [cell for cell in world.cells if cell.phase in ("starting", "alive")]
    ids = [*world.machine.children, "nobody"]
    id_ = ids[one.which % len(ids)]
    match one.what:
        case "step":
            if cell := pick(world.pending()):
                world.step(cell)
        case "crash":
            if cell := pick(living):
                world.end(cell, bang())
        case "crash-starting":
            if cell := pick([cell for cell in living if cell.phase == "starting"]):
                world.end(cell, bang())
        case "end":
            if cell := pick(living):
                world.end(cell, ENDS[one.which % len(ENDS)])
        case "begin-end" | "begin-crash":  # its hook `stopped` takes its time
            if cell := pick(living):
                crashes = one.what == "begin-crash"
                world.begin_end(cell, bang() if crashes else Finished())
        case "ask-late" | "ask-late-crash":  # its owner is busy: the question waits
            if cell := pick(living):
                cell.exit = bang() if one.what == "ask-late-crash" else Killed()
                cell.phase = "asked"
        case "hear-late":  # its owner is busy: the news of its end have to wait
            held = [cell for cell in world.cells if cell.phase == "held"]
            if cell := pick([cell for cell in held if cell.decided is None]):
                world.finish(cell, tell=False)
        case "outside-stop" | "outside-kill":
            if cell := pick(world.cells):
                world.stop_from_outside(cell, kill=one.what == "outside-kill")
        case "wait":
            world.advance(one.seconds)
        case "fail-made":
            world.fail_made[NAMES[one.which % len(NAMES)]] += 1
        case "hang":
            world.hung.add(NAMES[one.which % len(NAMES)])
        case "unhang":
            world.hung.discard(NAMES[one.which % len(NAMES)])
        case "start":
            if late:
                world.ask_start(late[one.which % len(late)])
        case "stop":
            world.ask_stop(id_)
        case "restart":
            world.ask_restart(id_)
        case "delete":
            world.ask_delete(id_)
        case _:
            raise AssertionError(one)


def run(plan: Plan) -> Watched:
    """Carry out a plan, then let everything come to rest."""
    world = Watched(plan)
    check_always(world)
    for one in plan.acts:
        if world.over and one.what not in REQUESTS:
            continue  # it still answers what is in its mailbox, and that is all
        act(world, plan.late, one)
        check_always(world)
    for _ in range(1000):
        if world.over or not (world.pending() or world.timers):
            break
        world.settle()
        world.advance(10.0)
        check_always(world)
    else:
        raise AssertionError("it never comes to rest")
    check_at_rest(world)
    return world


@PROPERTY
@given(plan=plans())
def test_a_random_static_supervisor_keeps_its_promises(plan: Plan) -> None:
    """Whoever crashes, is stopped, or asks, and whenever."""
    run(plan)


# ------------------------------------------------------------------ many of one kind

CROWD_ACTS = [
    *["step"] * 8,
    *["crash"] * 4,
    *["start"] * 4,
    *["stop", "stop", "stop-ended", "stop-foreign", "wait", "fail-made", "hang"],
    *["end", "outside-stop", "outside-kill", "begin-end", "begin-crash", "hear-late"],
    *["ask-late", "ask-late-crash"],
]


@attrs.frozen
class CrowdPlan:
    """One example."""

    template: ChildSpec[object]
    limit: RestartLimit | None
    max_children: int | None
    acts: list[Act]


@st.composite
def crowd_plans(draw: st.DrawFn) -> CrowdPlan:
    """A dynamic supervisor and what happens to it."""
    act = st.builds(
        Act, st.sampled_from(CROWD_ACTS), st.integers(0, 9), st.sampled_from(TIMES)
    )
    return CrowdPlan(
        template=draw(child_specs("any", AutoShutdown.NEVER)),
        limit=draw(LIMITS),
        max_children=draw(st.none() | st.integers(1, 3)),
        acts=draw(st.lists(act, max_size=40)),
    )


class WatchedCrowd(DynamicWorld):
    """A world that checks what a machine does while it does it."""

    def __init__(self, plan: CrowdPlan) -> None:
        super().__init__(
            plan.template,
            limit=plan.limit,
            max_children=plan.max_children,
            quick=False,
        )
        self.window = Window(plan.limit)
        self.own: dict[Ref, Window] = {}
        self.gone: list[Ref] = []

    def ask_ended(self, cell: Cell, exit_: Exit) -> Decision:
        """Compare what is decided with naive windows."""
        machine = self.machine
        template = machine.template
        known = machine.known(cell.ref)
        restarts = known.past.restarts if known is not None else 0
        decision = super().ask_ended(cell, exit_)
        after = machine.known(cell.ref)
        charged = after is not None and after.past.restarts > restarts
        assert charged == (decision is not Decision.END)
        own = self.own.setdefault(cell.ref, Window(template.limit))
        quarantined = after is not None and after.then is QUARANTINED
        if quarantined:
            assert own.full(self.now)
        if charged:
            assert template.restart.wants(exit_)
            assert not own.full(self.now)
            assert not self.window.full(self.now)
            own.stamps.append(self.now)
            self.window.stamps.append(self.now)
        for command in machine.commands:
            if isinstance(command, GiveUp):
                assert isinstance(command.error, RestartLimitError)
                assert self.window.full(self.now)
                assert not own.full(self.now) or template.limit is None
        return decision

    def tell_gone(self, cell: Cell) -> None:
        """Remember it."""
        self.gone.append(cell.ref)
        super().tell_gone(cell)


def check_crowd(world: WatchedCrowd, most: int | None) -> None:
    """What holds at any time."""
    machine = world.machine
    assert not machine.commands
    assert machine.total == len(world.cells)
    assert most is None or machine.total <= most
    waiting = {child.ref for child in world.timers}
    held = {cell.ref for cell in world.cells if cell.phase in ("held", "ended")}
    counts = machine.ask_counts()
    if not world.over:
        assert waiting <= held
        assert counts.active == len(world.cells) - len(waiting)
    assert counts.workers == len(world.cells)


def crowd_act(world: WatchedCrowd, one: Act) -> None:  # noqa: C901, PLR0912, PLR0915 - a table
    """Have one thing happen, if it can."""

    def pick(cells: list[Cell]) -> Cell | None:
        return cells[one.which % len(cells)] if cells else None

    living = [cell for cell in world.cells if cell.phase in ("starting", "alive")]
    match one.what:
        case "start":
            full = world.machine.ask_counts().workers
            caller = world.start()
            if full == world.machine.ask_counts().workers:
                assert caller in world.answers  # refused, or its constructor failed
        case "stop":
            if cell := pick([c for c in world.cells if c.phase != "ended"]):
                world.ask_stop(cell.ref)
        case "stop-ended":
            if world.gone:
                caller = world.ask_stop(world.gone[one.which % len(world.gone)])
                assert world.answers[caller] is None
        case "stop-foreign":
            caller = world.ask_stop(Ref("/elsewhere", 0))
            assert isinstance(world.failure(caller), UnknownChildError)
        case "step":
            if cell := pick(world.pending()):
                world.step(cell)
        case "crash":
            if cell := pick(living):
                world.end(cell, bang())
        case "end":
            if cell := pick(living):
                world.end(cell, ENDS[one.which % len(ENDS)])
        case "begin-end" | "begin-crash":
            if cell := pick(living):
                crashes = one.what == "begin-crash"
                world.begin_end(cell, bang() if crashes else Finished())
        case "ask-late" | "ask-late-crash":  # its owner is busy: the question waits
            if cell := pick(living):
                cell.exit = bang() if one.what == "ask-late-crash" else Killed()
                cell.phase = "asked"
        case "hear-late":
            held = [cell for cell in world.cells if cell.phase == "held"]
            if cell := pick([cell for cell in held if cell.decided is None]):
                world.finish(cell, tell=False)
        case "outside-stop" | "outside-kill":
            if cell := pick(world.cells):
                world.stop_from_outside(cell, kill=one.what == "outside-kill")
        case "wait":
            world.advance(one.seconds)
        case "fail-made":
            world.fail_made[f"w{one.which + 1}"] += 1
        case "hang":
            world.hung.add(f"w{one.which + 1}")
        case _:
            raise AssertionError(one)


@PROPERTY
@given(plan=crowd_plans())
def test_a_random_dynamic_supervisor_keeps_its_promises(plan: CrowdPlan) -> None:
    """Whoever crashes, is stopped, or asks, and whenever."""
    world = WatchedCrowd(plan)
    for one in plan.acts:
        if world.over:
            break
        crowd_act(world, one)
        check_crowd(world, plan.max_children)
    for _ in range(1000):
        if world.over or not (world.pending() or world.timers):
            break
        world.settle()
        world.advance(10.0)
        check_crowd(world, plan.max_children)
    else:
        raise AssertionError("it never comes to rest")

    if world.over:
        return  # what becomes of children and callers is for the engine
    hangs = {cell.ref for cell in world.cells if cell.phase == "starting"}
    for cell in world.cells:
        state = world.machine.info(cell.ref).state
        assert state is (STARTING if cell.ref in hangs else RUNNING)
    assert len(world.waiting) <= len(hangs)
