"""Actors as shapes: a tree of any size, cut to what fits; and all about one.

Looking must not hold up the service: whoever looks at many actors makes a checkpoint
after every few hundred, so a picture of a large tree is not one of a single instant.
Of those below one actor the worst are chosen, by `badness`, and shown in the order of
their start.  A router's sessions are chosen among those that have a turn, and are not
searched: there may be a million.
"""

from __future__ import annotations

import heapq
import math
from itertools import islice
from typing import Any, Final

import trio

from actors import ActorSnapshot, Crashed, Exit, Session
from actors.hosting import TurnRun, actor_of, tools_of
from supervision._routing.router import Router
from supervision._trees.pure.child import Child
from supervision._trees.pure.ledger import Ledger
from supervision._trees.shell import Shell

from .shapes import ActorDetailShape, ActorShape, RestartShape, SupervisedShape

AT_ONCE: Final = 256
"""Actors that are looked at between two checkpoints."""

SHOWN: Final = 100
"""Children that are told of at most."""

_STATES: Final = {  # {state: how much a person wants to see it}
    "held": 4,
    "ending": 3,
    "stopping": 3,
    "starting": 2,
    "waiting": 1,
    "running": 1,
    "ready": 1,
    "idle": 0,
}


def kind_of(actor: object) -> str:
    """supervisor, router, session, turn or actor."""
    if isinstance(actor, Shell):
        return "supervisor"
    if isinstance(actor, Router):
        return "router"
    if isinstance(actor, Session):
        return "session"
    if isinstance(actor, TurnRun):
        return "turn"
    return "actor"


def badness(cell: Any, now: float) -> tuple[float, ...]:
    """How much somebody who looks for trouble wants to see this actor."""
    queue = cell.queue
    depth = len(queue) if queue is not None else 0
    worker = cell.worker
    age = 0.0
    if worker is not None and worker.suspended and worker.message is not None:
        age = now - worker.since
    return (_STATES[cell._state_name()], depth + age, depth)


def children_of(cell: Any) -> list[Any]:
    """The cells right below, in the order of their start."""
    children: list[Any] = list(cell.children())
    children.reverse()
    return children


def shape_of(cell: Any, now: float, *, owns: int) -> ActorShape:
    """One actor, without those below it."""
    picture: ActorSnapshot = cell.picture(now)
    capacity = picture.mailbox.capacity
    top = cell.owner is None
    actor = None if top else actor_of(cell)
    cls, in_hand = picture.cls, picture.in_hand
    if isinstance(actor, TurnRun):
        cls = f"turn of {type(actor.session).__name__}"
        in_hand = in_hand and _doing(actor)
    return ActorShape(
        path=picture.path,
        name="" if top else cell.name,
        cls="ActorSystem" if top else cls,
        kind="system" if top else kind_of(actor),
        state=picture.state,
        incarnation=picture.incarnation,
        depth=picture.mailbox.depth,
        capacity=None if math.isinf(capacity) else capacity,
        in_hand=in_hand,
        in_hand_age=picture.in_hand_age,
        tasks=picture.tasks,
        owns=owns,
        children=[],
        hidden=owns,
    )


def _doing(run: TurnRun) -> str:
    """What a turn that has begun is at, in few words."""
    tools = tools_of(run)
    if tools:
        return f"tool {tools[-1][0]}"
    phase: str = run.phase.value if run.turn is None else run.turn.phase.value
    if phase == "running" and run.receipts:
        return f"prompt {run.receipts[0].id}"
    return phase


class Survey:
    """One look at a tree: counts what it has looked at, and makes checkpoints."""

    def __init__(
        self,
        *,
        depth: float,
        width: int,
        total: float = math.inf,
        sessions: bool = True,
    ) -> None:
        self._depth = depth
        self._width = width
        self._left = total  # how many more may be shown
        self._sessions = sessions  # those of routers are shown
        self._seen = 0
        self._now = trio.lowlevel.current_clock().current_time

    async def _pause(self) -> None:
        self._seen += 1
        if self._seen % AT_ONCE == 0:
            await trio.lowlevel.checkpoint()

    async def look(self, top: Any) -> ActorShape:
        """The tree from this cell on, level by level, so that a bound cuts leaves."""
        await trio.lowlevel.checkpoint()
        first = await self._one(top)
        level = [(first, top)]
        depth = 0
        while level and depth < self._depth:
            depth += 1
            below: list[tuple[ActorShape, Any]] = []
            for shape, cell in level:
                for child in await self._chosen(cell, shape["owns"]):
                    if self._left <= 0:
                        break
                    below.append((await self._one(child), child))
                    shape["children"].append(below[-1][0])
                shape["hidden"] = max(0, shape["owns"] - len(shape["children"]))
            level = below
        return first

    async def _one(self, cell: Any) -> ActorShape:
        await self._pause()
        self._left -= 1
        actor = actor_of(cell)
        if isinstance(actor, Router):
            owns = len(actor._house().lanes)
        else:
            owns = sum(1 for _ in cell.children())
        return shape_of(cell, self._now(), owns=owns)

    async def _chosen(self, cell: Any, owns: int) -> list[Any]:
        """The worst of those right below, in the order of their start."""
        actor = actor_of(cell)
        if isinstance(actor, Router):
            if not self._sessions:
                return []
            running = actor._house().turns.running.values()
            runs = heapq.nsmallest(self._width, running, key=_begun)
            return _sessions_of(runs)
        children = children_of(cell)
        if owns <= self._width:
            return children
        now = self._now()
        scores: list[tuple[tuple[float, ...], int]] = []
        for place, child in enumerate(children):
            await self._pause()
            if child.exit is None:
                scores.append((badness(child, now), -place))
        worst = heapq.nlargest(self._width, scores)
        return [children[place] for place in sorted(-place for _, place in worst)]


def _begun(run: Any) -> float:
    return run.id  # type: ignore[no-any-return] # an int


def _sessions_of(runs: list[Any]) -> list[Any]:
    cells = [run.lane.session.ref for run in runs if run.lane.session is not None]
    return list(dict.fromkeys(cells))


async def find(root: Any, path: str) -> Any:
    """The cell with this path; None."""
    await trio.lowlevel.checkpoint()
    if not path.startswith("/"):
        return None
    cell = root
    for name in path[1:].split("/") if path != "/" else ():
        cell = await _child(cell, name)
        if cell is None:
            return None
    return cell


async def _child(cell: Any, name: str) -> Any:
    names = cell.rare.names if cell.rare is not None else None
    if names is not None and name in names:
        return names[name]
    for seen, child in enumerate(children_of(cell), 1):
        if seen % AT_ONCE == 0:
            await trio.lowlevel.checkpoint()
        if child.name == name:
            return child
    return None


def words_for(exit: Exit | None) -> str:  # noqa: A002 - its name in the vocabulary
    """How an incarnation has ended, in one line."""
    if isinstance(exit, Crashed):
        error = exit.error
        return f"crashed: {type(error).__name__}: {error}".split("\n", 1)[0]
    return type(exit).__name__.lower() if exit is not None else "runs"


def detail_of(cell: Any, shape: ActorShape) -> ActorDetailShape:
    """What there is to say of this actor."""
    actor = actor_of(cell)
    grace = cell.props.grace
    detail = ActorDetailShape(
        actor=shape,
        grace=None if math.isinf(grace) else grace,
        handled=cell.handled,
        strategy=None,
        limit=None,
        supervised=[],
        restarts=[],
    )
    machine = getattr(actor, "_machine", None)
    if isinstance(actor, Shell):
        limit = actor.limit
        detail["limit"] = (
            f"{limit.restarts} within {limit.within:g} s" if limit is not None else None
        )
        strategy = getattr(actor, "strategy", None)
        detail["strategy"] = strategy.value if strategy is not None else None
    children: dict[str, Child] | None = getattr(machine, "children", None)
    for child in islice((children or {}).values(), SHOWN):
        detail["supervised"].append(_supervised(child))
    ledger: Ledger | None = getattr(machine, "ledger", None) or getattr(
        machine, "_ledger", None
    )
    now = trio.current_time()
    detail["restarts"] = [
        RestartShape(child=each.id, ago=now - each.at, why=words_for(each.exit))
        for each in (ledger.records() if ledger is not None else ())
    ]
    return detail


def _supervised(child: Child) -> SupervisedShape:
    cell: Any = child.ref or child.left  # Any: a ref is a cell, seen by strangers
    return SupervisedShape(
        id=child.spec.id,
        state=child.state.value,
        restart=child.spec.restart.value,
        restarts=cell.incarnation - 1 if cell is not None else 0,
    )
