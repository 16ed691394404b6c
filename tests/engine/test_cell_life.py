"""The life of a cell: the table, row by row, on cells that no worker ever sees."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable
from itertools import product
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from actors import Actor, Crashed, Decision, Exit, Killed, Stopped
from actors._engine.cell import moves
from actors._engine.cell.cell import Cell
from actors._engine.cell.fields import FAIL, RESUME
from actors._engine.cell.moves import phase_of
from actors._engine.parts.life import (
    ENDED,
    ENDING,
    HELD,
    ROWS,
    Effect,
    Event,
    Phase,
    Row,
    after,
)

PHASES: tuple[Phase, ...] = get_args(Phase)
ASKED: tuple[Event, ...] = ("stop", "kill", "halt", "crash", "cut off", "decide")
"""What others do to a cell; the rest is what a worker does."""
TABLE = {(row.phase, row.event): row for row in ROWS}
BOOM = ValueError("boom")
EXITS: dict[Event, Exit] = {
    "stop": Stopped("enough"),
    "kill": Killed(),
    "halt": moves.HALTED,
    "crash": Crashed(BOOM),
    "cut off": Killed(),
}
BEFORE = Stopped("before")


class Idle(Actor[int]):
    """Does nothing."""

    def receive(self, message: int) -> None:
        del message


class FakeTimer:
    """Remembers whether it was cancelled."""

    def cancel(self) -> None:
        """Nothing waits for it."""


class FakeWorker:
    """Holds a cell that awaits something, and counts how often it is cancelled."""

    suspended = True
    phase = "receive"
    cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1


def fake_hub() -> Any:
    """As much of a hub as a cell needs that is only asked to end."""

    def at(deadline: float, call: object) -> FakeTimer:
        del deadline, call
        return FakeTimer()

    def unchecked(what: str) -> None:
        del what

    return SimpleNamespace(
        traced=False,
        careful=False,
        started=0,
        ended=0,
        ready=deque(),
        lists=deque(),
        asleep=False,
        late=None,
        check_thread=unchecked,
        tick=0.0,
        asked=None,
        now=lambda: 0.0,
        timers=SimpleNamespace(at=at),
        events=SimpleNamespace(wanted=frozenset[Any]()),
    )


def new_cell(hub: Any, owner: Any = None) -> Cell:
    """A cell with an actor."""
    cell = Cell(hub, owner, Idle._props, (), None, contextvars.copy_context())
    cell.actor = Idle()
    if owner is not None:
        cell.previous = cell.next = None
        owner.youngest = cell
    return cell


def cell_in(phase: Phase, *, worker: FakeWorker | None = None) -> Cell:
    """A cell in this phase, with one child, held by this worker."""
    hub = fake_hub()
    cell = new_cell(hub, new_cell(hub))
    new_cell(hub, cell)
    cell.queue = []
    cell.worker = worker  # type: ignore[assignment]  # what an end needs of one
    rare = cell.need_rare()
    if phase not in ("open", "halting"):
        cell.pending_exit = BEFORE
    match phase:
        case "draining":
            cell.closed = True
        case "halting":
            rare.halting = True
            cell.attention = FAIL
        case "failing":
            cell.attention = FAIL
        case "ending":
            cell.state = ENDING
        case "held" | "decided":
            cell.state = HELD
            if phase == "decided":
                rare.decision = Decision.RESTART
                cell.attention = RESUME
        case "ended":
            cell.state = ENDED
            cell.closed = True
        case _:
            pass
    assert phase_of(cell) == phase
    return cell


def ask(cell: Cell, event: Event) -> None:
    """Have it happen, as others do it."""
    match event:
        case "stop":
            cell.request_stop(EXITS["stop"])
        case "kill":
            cell.kill()
        case "halt":
            moves.halt(cell)
        case "decide":
            moves.decide(cell, Decision.RESTART)
        case _:
            moves.fail(cell, EXITS[event])


def child_of(cell: Cell) -> Cell:
    """Its one child."""
    (child,) = cell.children()
    assert isinstance(child, Cell)
    return child


SEEN: dict[Effect, Callable[[Cell, FakeWorker, Event], bool]] = {
    "close": lambda cell, _, __: cell.closed and cell.room == -1,
    "note": lambda cell, _, event: cell.pending_exit == EXITS[event],
    "hurry": lambda cell, _, __: cell.need_rare().grace_timer is not None,
    "cut": lambda cell, worker, _: bool(cell.attention & FAIL and worker.cancelled),
    "linger": lambda cell, worker, _: (
        phase_of(cell) == "halting"
        and cell.pending_exit is moves.HALTED
        and not worker.cancelled
    ),
    "add": lambda cell, _, __: cell.need_rare().errors == [BOOM],
    "retire": lambda cell, _, __: cell.need_rare().retired,
    "pass on": lambda cell, _, __: phase_of(child_of(cell)) == "failing",
    "give up": lambda cell, _, __: cell.need_rare().decision is Decision.END,
    "ask again": lambda cell, _, __: (
        phase_of(cell) == "decided" and cell.need_rare().halting
    ),
}
"""How each effect is seen."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.phase}, {row.event}")
def test_a_row_says_what_happens(row: Row) -> None:
    """A cell in the row's phase goes where it says, by its effects and no others."""
    if row.event not in ASKED:
        assert row.effects == ()  # a worker does it, in its own time
        return
    worker = FakeWorker()
    cell = cell_in(row.phase, worker=worker)

    ask(cell, row.event)

    assert phase_of(cell) == row.then
    happened = {effect for effect in SEEN if seen(effect, cell, worker, row)}
    if "linger" in row.effects:
        assert "hurry" in happened  # it waits within the grace too
        happened.discard("hurry")
    assert happened == set(row.effects)


def seen(effect: Effect, cell: Cell, worker: FakeWorker, row: Row) -> bool:
    """Whether it is seen in the cell; a decision brings no exit to be noted."""
    if row.event == "decide" and effect == "note":
        return False
    return SEEN[effect](cell, worker, row.event)


@pytest.mark.parametrize(
    ("phase", "event"),
    [pair for pair in product(PHASES, ASKED) if pair not in TABLE],
)
def test_what_is_not_in_the_table_changes_nothing(phase: Phase, event: Event) -> None:
    """Neither the phase nor anything else about the cell."""
    worker = FakeWorker()
    cell = cell_in(phase, worker=worker)
    before = facts_of(cell, worker)

    ask(cell, event)

    assert facts_of(cell, worker) == before
    assert phase_of(cell) == phase


def facts_of(cell: Cell, worker: FakeWorker | None) -> dict[str, Any]:
    """All that an end may change."""
    rare = vars(cell.need_rare()).copy()
    grace = rare.pop("grace_timer", None)
    return {
        "rare": {name: value for name, value in rare.items() if value},
        "grace": grace is not None,
        "state": cell.state,
        "closed": cell.closed,
        "room": cell.room,
        "attention": cell.attention,
        "exit": cell.pending_exit,
        "ready": len(cell.hub.ready),
        "cancelled": worker.cancelled if worker is not None else 0,
        "child": phase_of(child_of(cell)),
    }


@pytest.mark.parametrize("held", [False, True], ids=["free", "held by a worker"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_stop_on_the_short_way_is_a_row_of_the_table(
    phase: Phase,
    held: bool,  # noqa: FBT001 - a case
) -> None:
    """`request_stop` writes out what the table says of open cells."""
    both: list[dict[str, Any]] = []
    for short in (True, False):
        worker = FakeWorker() if held else None
        cell = cell_in(phase, worker=worker)
        if short:
            cell.request_stop(EXITS["stop"])
        else:
            moves.happen(cell, "stop", EXITS["stop"])
        both.append(facts_of(cell, worker))

    assert both[0] == both[1]


def test_each_pair_stands_in_the_table_once() -> None:
    """A cell never has two ways to go."""
    assert len(TABLE) == len(ROWS)


def test_the_end_is_reached_from_everywhere_and_never_left() -> None:
    """From each phase some row leads on until the cell has ended."""
    reaching: set[Phase] = {"ended"}
    for _ in PHASES:
        reaching |= {row.phase for row in ROWS if row.then in reaching}

    assert reaching == set(PHASES)
    assert all(row.phase != "ended" for row in ROWS)


def test_nothing_reopens_a_cell_but_a_restart() -> None:
    """Whoever was asked to end does."""
    assert {row.event for row in ROWS if row.then == "open"} == {"restart"}


@pytest.mark.parametrize(
    ("decision", "retired", "event"),
    [
        (None, False, "hold"),
        (None, True, "hold"),
        (Decision.HOLD, False, "hold"),
        (Decision.HOLD, True, "hold"),
        (Decision.RESTART, False, "restart"),
        (Decision.RESTART, True, "end"),
        (Decision.END, False, "end"),
        (Decision.END, True, "end"),
        (Decision.ESCALATE, False, "end"),
        (Decision.ESCALATE, True, "end"),
    ],
)
def test_what_follows_an_incarnation(
    decision: Decision | None,
    retired: bool,  # noqa: FBT001 - a case
    event: Event,
) -> None:
    """As the owner decides, but no restart of one that was asked to stop."""
    assert after(decision, retired=retired) == event


def test_an_answer_on_its_way_is_changed_by_who_decides_meanwhile() -> None:
    """While the owner is being asked, a decision is noted and nothing is begun."""
    cell = cell_in("held")
    cell.hub.asked = cell

    moves.decide(cell, Decision.END)
    moves.decide(cell, Decision.RESTART)

    assert cell.need_rare().decision is Decision.RESTART
    assert not cell.attention
