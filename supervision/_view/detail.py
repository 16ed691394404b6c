"""All about one actor, and what its supervisor has in its books if it is one."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any, Final

import trio

from actors import Crashed, Exit
from actors.hosting import actor_of
from supervision._trees.pure.child import Child
from supervision._trees.pure.ledger import Ledger
from supervision._trees.shell import Shell

from .shapes import ActorDetailShape, ActorShape, RestartShape, SupervisedShape

SHOWN: Final = 100
"""Children that are told of at most."""


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
