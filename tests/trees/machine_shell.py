"""A shell for the machines of supervision that has no Trio: cells are plain objects.

`World` carries out the commands of a `Machine` on a model of cells, and
`DynamicWorld` those of a `DynamicMachine`.  Both tell the machine what would be told by
actors, check that each command fits the cell it is for, and write down in `log` what
was done: `"start a"`, `"resume a"`, `"halt a"`, `"stop a"`, `"release a"`,
`"arm a 1.5"`, `"disarm a"`, `"ready"`, `"complete"`, `"give up"`.

What takes time in a real cell is a pending step here (`pending`, `step`): a halt, a
stop, a `started` hook, a resumption.  With `quick` the steps are done at once.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from actors import (
    Actor,
    ActorRef,
    Crashed,
    Decision,
    DuplicateNameError,
    Exit,
    Finished,
    Killed,
    Stopped,
)
from supervision import (
    AutoShutdown,
    ChildInfo,
    ChildSpec,
    ChildState,
    RestartLimit,
    Strategy,
)
from supervision._trees.pure.child import (
    Answer,
    Arm,
    Child,
    Complete,
    Disarm,
    GiveUp,
    Halt,
    Ready,
    Refuse,
    Release,
    Resume,
    Start,
    Stop,
)
from supervision._trees.pure.dynamic import DynamicMachine, StartNew
from supervision._trees.pure.machine import Machine

USUAL = RestartLimit(3, within=5.0)
HALTED = Stopped("halted by its owner")


class Slow(Actor[object]):
    """It has a `started` hook: it is ready only later."""

    def started(self) -> None:
        """Stand for something that takes time."""

    def receive(self, message: object) -> None:
        """Take anything."""


class Instant(Actor[object]):
    """It has no `started` hook: it is ready when it is made."""

    def receive(self, message: object) -> None:
        """Take anything."""


def spec(id_: str, *, instant: bool = False, **options: Any) -> ChildSpec[object]:
    """A spec with this id."""
    return ChildSpec(Instant if instant else Slow, id=id_, **options)


def specs(ids: str, **options: Any) -> list[ChildSpec[object]]:
    """A spec for each of the ids, which are separated by spaces."""
    return [spec(id_, **options) for id_ in ids.split()]


class BangError(Exception):
    """What children crash with."""


def bang() -> Crashed:
    """A new crash."""
    return Crashed(BangError("bang"))


@attrs.define(eq=False)
class Ref:
    """Stands for the ref of an actor."""

    path: str
    number: int  # of all refs of a world
    exit: Exit | None = None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    def __repr__(self) -> str:
        return f"<{self.path} {self.number}>"


ActorRef.register(Ref)  # so that `isinstance` takes it for one


@attrs.define(eq=False)
class Cell:
    """Stands for the cell of an actor, and for what runs in it.

    Phases: "starting" and "alive"; "ending" while its `stopped` hook runs; "asked"
    while its owner has not yet been asked; "held"; "stillborn" when the constructor of
    a restart has failed; "ended", and "told" when the owner knows.
    """

    name: str  # in the log
    spec: ChildSpec[Any]
    ref: Any  # a Ref; Any: to the machine it is an ActorRef
    phase: str
    incarnation: int = 1
    closed: bool = False  # asked to stop: a crash brings no new life
    retired: bool = False  # asked to stop when it was no longer alive
    halting: bool = False
    decided: Decision | None = None
    exit: Exit | None = None

    @property
    def alive(self) -> bool:
        """Whether it is ready, and not ending."""
        return self.phase == "alive"

    @property
    def living(self) -> bool:
        """As far as its owner knows."""
        return self.phase in ("starting", "alive", "ending", "asked", "stillborn")


@attrs.frozen
class Failure:
    """What a caller got instead of an answer."""

    error: Exception


class GivenUpError(Exception):
    """What leaves the hook of a supervisor that has given up."""


class Cells(ABC):
    """Cells, timers and callers; what both kinds of machine have in common."""

    def __init__(self, *, quick: bool) -> None:
        self.now = 0.0
        self.quick = quick
        self.log: list[str] = []
        self.cells: list[Cell] = []  # all that have not been told as ended
        self.timers: dict[Child, float] = {}
        self.answers: dict[int, Any] = {}  # {caller: value or Failure}
        self.waiting: set[int] = set()  # callers that have no answer yet
        self.fail_made: Counter[str] = Counter()  # {name: constructors yet to fail}
        self.occupied: set[str] = set()  # names that somebody else has
        self.hung: set[str] = set()  # names whose `started` never comes to its end
        self.slow: set[str] = set()  # names whose ends are done by `let_end` only
        self.given_up: GiveUp | None = None
        self.over = False  # it has given up or is complete: nothing may begin any more
        self.numbers = itertools.count(1)

    # -------------------------------------------------- what differs between machines

    @property
    @abstractmethod
    def machine(self) -> Any:
        """The machine that is driven; Any: there are two kinds."""

    @abstractmethod
    def ask_ended(self, cell: Cell, exit_: Exit) -> Decision:
        """Ask what is to become of it."""

    @abstractmethod
    def tell_gone(self, cell: Cell) -> None:
        """Tell that it has ended for good."""

    @abstractmethod
    def tell_started(self, cell: Cell, info: object) -> None:
        """Tell that it is ready."""

    # ------------------------------------------------------------------ looking at it

    def take(self) -> list[str]:
        """The log since the last time."""
        log, self.log = self.log, []
        return log

    def caller(self) -> int:
        """Somebody who is to get one answer."""
        caller = next(self.numbers)
        self.waiting.add(caller)
        return caller

    def failure(self, caller: int) -> Exception:
        """The error that the caller got."""
        failure = self.answers[caller]
        assert isinstance(failure, Failure), failure
        return failure.error

    # ---------------------------------------------------------- what happens to a cell

    def make(self, name: str, of: ChildSpec[Any]) -> Cell | Exception:
        """A new cell, unless its constructor fails."""
        if name in self.occupied:
            return DuplicateNameError(f"/s/{name}")
        if self.fails(name):
            return BangError("in the constructor")
        phase = "alive" if of.ready_at_once else "starting"
        cell = Cell(name, of, Ref(f"/s/{name}", next(self.numbers)), phase)
        self.cells.append(cell)
        return cell

    def fails(self, name: str) -> bool:
        """Whether this constructor fails."""
        fails = self.fail_made[name] > 0
        self.fail_made[name] -= fails
        return fails

    def end(self, cell: Cell, exit_: Exit) -> None:
        """Its incarnation ends by itself, and the owner is asked at once."""
        assert cell.phase in ("starting", "alive"), cell
        cell.exit = exit_
        self.ask(cell)
        self.settle_if_quick()

    def stop_from_outside(self, cell: Cell, *, kill: bool = False) -> None:
        """Somebody who is not the owner calls `stop` or `kill` of its ref."""
        self.request_stop(cell, kill=kill)
        if kill and cell.phase in ("starting", "alive"):
            cell.exit = Killed()
            self.ask(cell)
        self.settle_if_quick()

    def request_stop(self, cell: Cell, *, kill: bool = False) -> None:
        """What a cell does when it is asked to stop."""
        if cell.phase in ("held", "asked", "stillborn"):
            cell.closed = cell.retired = True
            if cell.decided is None and cell.phase != "stillborn":
                cell.decided = Decision.END
                cell.phase = "held"
        elif cell.phase == "ending":
            cell.retired = cell.retired or kill or not cell.closed
            cell.closed = True
        elif cell.phase in ("starting", "alive"):
            cell.closed = True

    def ask(self, cell: Cell) -> None:
        """The incarnation has ended: ask the owner, and do what it decides."""
        exit_ = cell.exit
        assert exit_ is not None
        cell.halting = False
        if self.over:
            self.finish(cell)
            return
        cell.phase = "asked"
        decision = self.ask_ended(cell, exit_)
        self.carry_out()
        if cell.phase == "asked":
            self.apply(cell, decision)

    def apply(self, cell: Cell, decision: Decision) -> None:
        """Carry out what the owner has decided."""
        crashed = isinstance(cell.exit, Crashed)
        stays_dead = cell.retired or (crashed and cell.closed)
        if decision is Decision.HOLD:
            cell.phase = "held"
        elif decision is Decision.RESTART and not stays_dead:
            cell.incarnation += 1
            cell.closed = cell.retired = False
            if self.fails(cell.name):
                cell.phase = "stillborn"
                cell.exit = Crashed(BangError("in the constructor"))
            else:
                cell.phase = "alive" if cell.spec.ready_at_once else "starting"
                cell.exit = None
        else:
            self.finish(cell)

    def begin_end(self, cell: Cell, exit_: Exit) -> None:
        """Its incarnation ends by itself, but its `stopped` hook takes time."""
        assert cell.phase in ("starting", "alive"), cell
        cell.exit = exit_
        cell.closed = cell.closed or not isinstance(exit_, Crashed)
        cell.phase = "ending"

    def finish(self, cell: Cell, *, tell: bool = True) -> None:
        """It has ended for good."""
        cell.phase = "ended"
        cell.ref.exit = cell.exit
        if tell:
            self.told(cell)

    def told(self, cell: Cell) -> None:
        """The owner is told that it has ended for good."""
        cell.phase = "told"
        self.cells.remove(cell)
        self.tell_gone(cell)
        self.carry_out()

    # ----------------------------------------------------------------- pending steps

    def pending(self) -> list[Cell]:
        """The cells that have something to do by themselves."""
        return [cell for cell in self.cells if self.has_step(cell)]

    def has_step(self, cell: Cell) -> bool:
        """Whether `step` does something for it."""
        if cell.phase in ("ending", "asked", "stillborn", "ended"):
            return True
        if cell.phase == "held":
            return cell.decided is not None
        if cell.name in self.slow and (cell.halting or cell.closed):
            return False
        starts = cell.phase == "starting" and cell.name not in self.hung
        return cell.halting or cell.closed or starts

    def step(self, cell: Cell) -> None:
        """Do the next thing that the cell does by itself."""
        match cell.phase:
            case "ending" | "asked" | "stillborn":
                self.ask(cell)
            case "ended":
                self.told(cell)
            case "held":
                decided, cell.decided = cell.decided, None
                assert decided is not None
                self.apply(cell, decided)
                if cell.alive:  # no hook: it is ready, and says so
                    self.tell_started(cell, None)
                    self.carry_out()
            case _ if cell.halting or cell.closed:
                cell.exit = HALTED if cell.halting else Stopped()
                self.ask(cell)
            case _:
                self.become_ready(cell)

    def become_ready(self, cell: Cell, info: object = None) -> None:
        """Its `started` hook is done."""
        assert cell.phase == "starting", cell
        cell.phase = "alive"
        self.tell_started(cell, info)
        self.carry_out()

    def let_end(self, cell: Cell, exit_: Exit | None = None) -> None:
        """A halt or a stop of a slow cell is done, with this exit instead."""
        assert cell.halting or cell.closed, cell
        cell.exit = exit_ or (HALTED if cell.halting else Stopped())
        self.ask(cell)
        self.settle_if_quick()

    def settle(self) -> None:
        """Do all pending steps, the oldest cell first."""
        while pending := self.pending():
            self.step(pending[0])

    def settle_if_quick(self) -> None:
        """Do all pending steps if there are to be none."""
        if self.quick:
            self.settle()

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due is said at its time."""
        until = self.now + seconds
        while due := [c for c, at in self.timers.items() if at <= until]:
            child = min(due, key=self.timers.__getitem__)
            self.now = max(self.now, self.timers.pop(child))
            self.machine.due(child)
            self.carry_out()
            self.settle_if_quick()
        self.now = until

    # ------------------------------------------------------------------- the commands

    def carry_out(self) -> None:
        """Do what the machine says."""
        commands = self.machine.commands
        while commands:
            self.do(commands.popleft())

    def cell_of(self, child: Child) -> Cell:
        """The cell that a command is for; it may have ended without the news."""
        found = [cell for cell in self.cells if cell.ref is child.ref]
        assert len(found) == 1, f"{child.spec.id} has {len(found)} cells"
        return found[0]

    def do(self, command: Any) -> None:  # noqa: C901, PLR0912, PLR0915 - a table
        """Carry out one command; Any: of either machine."""
        match command:
            case Resume(child):
                assert not self.over
                cell = self.cell_of(child)
                self.log.append(f"resume {cell.name}")
                assert cell.phase in ("held", "asked", "ended"), cell
                if cell.phase != "ended" and cell.decided is None:
                    cell.decided = Decision.RESTART
            case Release(child):
                cell = self.cell_of(child)
                self.log.append(f"release {cell.name}")
                assert cell.phase in ("held", "ended"), cell
                if cell.phase != "ended":
                    cell.decided = Decision.END
            case Halt(child):
                cell = self.cell_of(child)
                self.log.append(f"halt {cell.name}")
                resumed = cell.phase == "held" and cell.decided is Decision.RESTART
                assert cell.living or resumed or cell.phase == "ended", cell
                alive = cell.phase in ("starting", "alive") and not cell.closed
                cell.halting = resumed or alive  # as soon as it has begun
            case Stop(child):
                cell = self.cell_of(child)
                self.log.append(f"stop {cell.name}")
                resumed = cell.phase == "held" and cell.decided is not None
                assert cell.living or resumed or cell.phase == "ended", cell
                self.request_stop(cell)
            case Arm(child, seconds):
                self.log.append(f"arm {child.spec.id} {seconds:g}")
                self.timers[child] = self.now + seconds
            case Disarm(child):
                self.log.append(f"disarm {child.spec.id}")
                self.timers.pop(child, None)
            case Answer(caller, value):
                self.reply(caller, value)
            case Refuse(caller, error):
                assert isinstance(error, Exception)
                self.reply(caller, Failure(error))
            case Ready():
                assert self.log.count("ready") == 0
                self.log.append("ready")
            case Complete():
                assert not self.over
                self.log.append("complete")
                self.over = True
            case GiveUp():
                assert not self.over
                self.log.append("give up")
                self.over = True
                self.given_up = command
            case _:
                raise AssertionError(command)

    def reply(self, caller: int, value: object) -> None:
        """A caller gets its one answer."""
        assert caller in self.waiting, f"{caller} has got {self.answers.get(caller)}"
        self.waiting.remove(caller)
        self.answers[caller] = value


class World(Cells):
    """A static supervisor without Trio."""

    def __init__(
        self,
        children: Sequence[ChildSpec[Any]],
        *,
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        limit: RestartLimit | None = USUAL,
        auto_shutdown: AutoShutdown = AutoShutdown.NEVER,
        random: Callable[[], float] = lambda: 0.0,
        quick: bool = True,
        **faults: set[str],
    ) -> None:
        super().__init__(quick=quick)
        self.slow |= faults.get("slow", set())
        self.hung |= faults.get("hung", set())
        self.occupied |= faults.get("occupied", set())
        self.fail_made.update(faults.get("fail_made", set()))
        self._machine = Machine(
            "/s",
            strategy=strategy,
            limit=limit,
            auto_shutdown=auto_shutdown,
            random=random,
        )
        self.stop_order: list[Cell] = []  # from the oldest to the youngest
        self._machine.open(children)
        self.carry_out()
        self.settle_if_quick()

    @property
    def machine(self) -> Machine:
        """The machine that is driven."""
        return self._machine

    def __getitem__(self, id_: str) -> Cell:
        """The cell of the child with this id."""
        return self.cell_of(self.machine.children[id_])

    def ask_ended(self, cell: Cell, exit_: Exit) -> Decision:
        """Ask what is to become of it."""
        child = self.machine.find(cell.ref)
        assert child is not None
        return self.machine.ended(child, exit_, self.now)

    def tell_gone(self, cell: Cell) -> None:
        """Tell that it has ended for good."""
        child = self.machine.find(cell.ref)
        assert child is not None
        assert cell.exit is not None
        self.stop_order.remove(cell)
        self.machine.gone(child, cell.exit, 0)

    def tell_started(self, cell: Cell, info: object) -> None:
        """Tell that it is ready."""
        child = self.machine.find(cell.ref)
        assert child is not None
        self.machine.started(child, info)

    def do(self, command: Any) -> None:
        """Carry out one command; Any: as in `Cells`."""
        if isinstance(command, Start):
            self.start_cell(command)
        else:
            super().do(command)

    def start_cell(self, command: Start) -> None:
        """Make the actor of a child."""
        child = command.child
        name = child.spec.id
        assert not self.over
        assert child.ref is None
        assert all(cell.name != name or cell.phase == "told" for cell in self.cells)
        self.log.append(f"start {name}")
        made = self.make(name, child.spec)
        if isinstance(made, DuplicateNameError):
            self.machine.occupied(child, made)
        elif isinstance(made, Exception):
            self.machine.failed(child, Crashed(made), self.now)
        else:
            where = len(self.stop_order)
            if command.before is not None:
                refs: list[object] = [cell.ref for cell in self.stop_order]
                where = refs.index(command.before)
            self.stop_order.insert(where, made)
            self.machine.begun(child, made.ref, ready=child.spec.ready_at_once)

    # ------------------------------------------------------------- what happens to it

    def crash(self, id_: str) -> None:
        """The child crashes."""
        self.end(self[id_], bang())

    def finish_by_itself(self, id_: str) -> None:
        """The child calls `finish`."""
        self.end(self[id_], Finished())

    def stop(self, id_: str) -> None:
        """Somebody stops the child."""
        self.stop_from_outside(self[id_])

    def kill(self, id_: str) -> None:
        """Somebody kills the child."""
        self.stop_from_outside(self[id_], kill=True)

    def ready(self, id_: str, info: object = None) -> None:
        """Its `started` hook, which hung, is done."""
        self.hung.discard(id_)
        self.become_ready(self[id_], info)
        self.settle_if_quick()

    # -------------------------------------------------------------- what it is asked

    def ask_start(self, of: ChildSpec[Any]) -> int:
        """`start_child`; returns the caller."""
        return self._asked(lambda caller: self.machine.ask_start(of, caller))

    def ask_stop(self, key: object) -> int:
        """`stop_child`; returns the caller."""
        return self._asked(lambda caller: self.machine.ask_stop(key, caller))

    def ask_restart(self, id_: str) -> int:
        """`restart_child`; returns the caller."""
        return self._asked(lambda caller: self.machine.ask_restart(id_, caller))

    def ask_delete(self, id_: str) -> int:
        """`delete_child`; returns the caller."""
        return self._asked(lambda caller: self.machine.ask_delete(id_, caller))

    def _asked(self, request: Callable[[int], None]) -> int:
        caller = self.caller()
        request(caller)
        self.carry_out()
        self.settle_if_quick()
        return caller

    # ------------------------------------------------------------------ looking at it

    def states(self) -> dict[str, ChildState]:
        """`{id: state}`, in the order of start."""
        return {id_: child.state for id_, child in self.machine.children.items()}

    def lives(self) -> dict[str, tuple[object, int]]:
        """`{id: (ref, incarnation)}` of all that have a cell, in the order of start."""
        return {
            id_: (cell.ref, cell.incarnation)
            for id_, child in self.machine.children.items()
            for cell in self.cells
            if cell.ref is child.ref
        }

    def info(self, id_: str) -> ChildInfo:
        """What a person sees of the child."""
        return self.machine.children[id_].info()


class DynamicWorld(Cells):
    """A dynamic supervisor without Trio."""

    def __init__(
        self,
        template: ChildSpec[Any],
        *,
        limit: RestartLimit | None = USUAL,
        max_children: int | None = None,
        random: Callable[[], float] = lambda: 0.0,
        quick: bool = True,
    ) -> None:
        super().__init__(quick=quick)
        self._machine = DynamicMachine(
            "/s", template, limit=limit, max_children=max_children, random=random
        )
        self.names = itertools.count(1)

    @property
    def machine(self) -> DynamicMachine:
        """The machine that is driven."""
        return self._machine

    def ask_ended(self, cell: Cell, exit_: Exit) -> Decision:
        """Ask what is to become of it."""
        return self.machine.ended(cell.ref, exit_, self.now)

    def tell_gone(self, cell: Cell) -> None:
        """Tell that it has ended for good."""
        assert cell.exit is not None
        self.machine.gone(cell.ref, cell.exit, 0)

    def tell_started(self, cell: Cell, info: object) -> None:
        """Tell that it is ready."""
        self.machine.started(cell.ref, info)

    def do(self, command: Any) -> None:
        """Carry out one command; Any: as in `Cells`."""
        if not isinstance(command, StartNew):
            super().do(command)
            return
        assert not self.over
        name = f"w{next(self.names)}"
        self.log.append(f"start {name}")
        template = self.machine.template
        made = self.make(name, template)
        if isinstance(made, Exception):
            self.machine.failed(command.caller, Crashed(made))
            return
        ready = template.ready_at_once
        self.machine.begun(made.ref, command.caller, ready=ready)

    def start(self, *args: object) -> int:
        """`start_child`; returns the caller."""
        caller = self.caller()
        self.machine.ask_start(args, caller)
        self.carry_out()
        self.settle_if_quick()
        return caller

    def ask_stop(self, ref: Ref, *, owned: bool | None = None) -> int:
        """`stop_child`; returns the caller."""
        caller = self.caller()
        of: Any = ref  # Any: it only stands for one
        if owned is None:
            owned = any(c.ref is ref and c.phase != "ended" for c in self.cells)
        self.machine.ask_stop(of, caller, owned=owned)
        self.carry_out()
        self.settle_if_quick()
        return caller

    def __getitem__(self, name: str) -> Cell:
        """The cell with this name."""
        return next(cell for cell in self.cells if cell.name == name)
