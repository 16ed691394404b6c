"""In whose code a record is made: the router, the key and the turn.

Nothing is noted while a turn runs: who makes a record asks.  From the task that runs
now it is up from nursery to nursery, to the worker that holds an actor, or to the task
that holds the nursery of its child tasks; so it is found in the turn's own code, in
nurseries that this opens and in tasks of `start_soon`, but not in threads.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import attrs
import trio

from actors.hosting import TurnRun, hub_of, open_systems

_RUN: Any = TurnRun


@attrs.frozen
class Whose:
    """A turn."""

    router: str
    """Path of its router."""
    key: str
    """Of its session."""
    turn: int
    """Its id."""


def whose() -> Whose | None:
    """The turn in whose code this is called; None: in nobody's."""
    if not trio.lowlevel.in_trio_task():
        return None
    hubs = [hub_of(system) for system in open_systems()]
    task: trio.lowlevel.Task | None = trio.lowlevel.current_task()
    while task is not None:
        for hub in hubs:
            hand = hub.workers.get(task)
            cell = hand.cell if hand is not None else hub.holders.get(task)
            if hand is not None or cell is not None:
                run = getattr(cell, "actor", None)
                return _of(run) if isinstance(run, _RUN) else None
        nursery = task.parent_nursery
        task = nursery.parent_task if nursery is not None else None
    return None


def _of(run: Any) -> Whose:
    return Whose(run.host.ref.path, run.lane.key, run.id)


class WhoseFilter(logging.Filter):
    """Lets everything through, with the fields `router`, `key`, `turn` of its turn.

    Fields that a record has already stay as they are.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add them."""
        found = None
        with contextlib.suppress(Exception):  # what it reads may be half made
            found = whose()
        if found is not None:
            fields = record.__dict__
            for name in ("router", "key", "turn"):
                fields.setdefault(name, getattr(found, name))
        return True
