"""Where a session stands, or another actor: its turns, its tasks, what waits.

A suspended actor is a coroutine in the hands of its worker; its tasks are Trio's, in
the nursery that its cell has; a turn is a child actor of its session.  A turn that was
given up is still there, below a session that nobody routes to any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import trio

from actors import Receipt
from actors.hosting import (
    TurnRun,
    actor_of,
    last_sign_of,
    seat_of,
    steering_of,
    time_left_of,
    tools_of,
)
from supervision._routing.core.core import Core
from supervision._routing.core.looking import phase_of_turn
from supervision._routing.parts.lane import Lane

from .actors import shape_of
from .frames import TASKS, task_shape, tasks_in, trio_task
from .shapes import (
    ActorShape,
    PromptShape,
    SessionShape,
    StackShape,
    TaskShape,
    ToolShape,
    TurnShape,
)
from .values import show

TURNS: Final = 50
"""Turns of one session that are shown, children included."""
PROMPTS: Final = 20
"""Prompts that wait that are shown."""

# Any below: cells and what is in them are the engine's


def actor_stack(cell: Any) -> StackShape:
    """Where an actor stands."""
    tasks, hidden = tasks_of(cell)
    return StackShape(
        actor=_actor(cell),
        session=None,
        tasks=tasks,
        turns=[],
        queue=[],
        hidden=hidden,
    )


def session_stack(core: Core, lane: Lane | None, shape: SessionShape) -> StackShape:
    """Where a session stands; None: it is suspended."""
    session = lane.session if lane is not None else None
    cell = session.ref if session is not None else None
    tasks, hidden = tasks_of(cell) if cell is not None else ([], 0)
    turns: list[TurnShape] = []
    queue: list[PromptShape] = []
    if lane is not None:
        look = _Look(core)
        turns = [look.turn(each) for each in look.chosen(_turns_of(lane, cell))]
        for burnt in core.burning.of(lane.key):
            gone = _turns_below(burnt.session.ref)
            turns += [look.turn(each, given_up=True) for each in look.chosen(gone)]
        waiting = [*(steering_of(lane.turn) if lane.turn else ()), *lane.live()]
        if lane.extra is not None and lane.extra.aside_queue:
            waiting += [each for each in lane.extra.aside_queue if each.waits]
        queue = [look.prompt(each) for each in waiting[:PROMPTS]]
        hidden += look.hidden + len(waiting) - len(queue)
    return StackShape(
        actor=_actor(cell) if cell is not None else None,
        session=shape,
        tasks=tasks,
        turns=turns,
        queue=queue,
        hidden=hidden,
    )


def tasks_of(cell: Any) -> tuple[list[TaskShape], int]:
    """The hook that an actor waits in, its tasks, and how many are not shown."""
    found: list[TaskShape] = []
    worker = cell.worker
    if worker is not None and worker.suspended:
        below, hidden = tasks_in(worker.task)
        name = f"{cell.props.cls.__name__}.{worker.phase}"
        found.append(task_shape(name, "hook", worker.coroutine, below, hidden))
    tasks = cell.rare.tasks if cell.rare is not None else None
    nursery = tasks.nursery if tasks is not None else None
    if nursery is None:
        return found, 0
    # the task that holds the nursery open runs the first of them itself
    first = trio_task(nursery.parent_task, without=nursery)
    if any(each["yours"] for each in first["frames"]):
        found.append(first)
    several = list(nursery.child_tasks)
    found += [trio_task(each) for each in several[:TASKS]]
    return found, max(len(several) - TASKS, 0)


class _Look:
    """One look at the turns of a session: so many, and no more.

    Args:
        core: of its router.
    """

    def __init__(self, core: Core) -> None:
        self.now = core.now()
        self.hidden = 0
        self._core = core
        self._left = TURNS

    def chosen(self, runs: Iterable[TurnRun]) -> list[TurnRun]:
        """As many of them as may be shown."""
        found = list(runs)
        shown = found[: max(self._left, 0)]
        self._left -= len(shown)
        self.hidden += len(found) - len(shown)
        return shown

    def turn(self, run: TurnRun, *, given_up: bool = False) -> TurnShape:
        """One turn, and its children."""
        cell: Any = seat_of(run)
        tasks, hidden = tasks_of(cell) if cell is not None else ([], 0)
        before = self.hidden
        children = [self.turn(each) for each in self.chosen(_children_of(run, cell))]
        over = run.turn is None
        return TurnShape(
            turn=run.id,
            kind=_kind(run, given_up=given_up),
            phase=run.phase.value if over else phase_of_turn(self._core, run),
            age=self.now - run.started_at if run.has_begun else None,
            silent=self.now - last_sign_of(run) if run.has_begun else None,
            tools=[
                ToolShape(name=name, age=self.now - begun)
                for name, begun in tools_of(run)
            ],
            left={} if over else time_left_of(run, self.now),
            prompts=[receipt.id for receipt in run.receipts],
            tasks=tasks,
            children=children,
            hidden=hidden + self.hidden - before,
        )

    def prompt(self, receipt: Receipt[Any]) -> PromptShape:
        """One prompt that waits."""
        return PromptShape(
            id=receipt.id,
            kind=receipt.kind.value,
            age=self.now - receipt.at,
            text=show(receipt.prompt),
        )


def _kind(run: TurnRun, *, given_up: bool) -> str:
    if given_up:
        return "given up"
    if run.parent is not None:
        return "child"
    return "aside" if run.aside else "turn"


def _turns_of(lane: Lane, cell: Any) -> list[TurnRun]:
    """The turns of a session, the one that it has first; a child is its parent's."""
    found: dict[int, TurnRun] = {}
    if lane.turn is not None:
        found[lane.turn.id] = lane.turn
    if lane.extra is not None and lane.extra.asides:
        found.update(lane.extra.asides)
    for run in _turns_below(cell) if cell is not None else ():
        # a critical child is the session's too: here only without its parent
        if run.parent is None or run.parent.turn is None:
            found.setdefault(run.id, run)
    return list(found.values())


def _children_of(run: TurnRun, cell: Any) -> list[TurnRun]:
    family = run.extra.family if run.extra is not None else None
    found: dict[int, TurnRun] = dict(family.children) if family is not None else {}
    for child in _turns_below(cell) if cell is not None else ():
        found.setdefault(child.id, child)
    return list(found.values())


def _turns_below(cell: Any) -> list[TurnRun]:
    """The turns whose code has not ended, the oldest first."""
    found = [actor_of(child) for child in cell.children() if child.props.work]
    return [each for each in reversed(found) if type(each) is TurnRun]


def _actor(cell: Any) -> ActorShape:
    return shape_of(cell, trio.current_time(), owns=sum(1 for _ in cell.children()))
