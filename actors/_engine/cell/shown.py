"""What a person sees of a cell: frozen pictures, taken when asked for."""

from __future__ import annotations

from actors._engine.parts.life import ALIVE, HELD
from actors.mailbox import MailboxStatistics
from actors.snapshot import ActorSnapshot

from .beginning import is_starting
from .fields import FAIL, Fields
from .inbox import prune_ages


def mailbox_statistics(cell: Fields, now: float) -> MailboxStatistics:
    """The mailbox's figures; O(1)."""
    depth = len(cell.queue) if cell.queue is not None else 0
    prune_ages(cell)
    senders = cell.rare.senders if cell.rare is not None else None
    return MailboxStatistics(
        depth=depth,
        high_water=max(cell.high_water, depth),
        capacity=cell.props.mailbox.capacity,
        oldest_age=now - cell.since if depth else None,
        handled=cell.handled,
        waiting_senders=len(senders) if senders is not None else 0,
    )


def state_name(cell: Fields) -> str:
    """Its state in one of the words of `ActorSnapshot.state`."""
    worker = cell.worker
    if cell.state == HELD:
        return "held"
    if cell.state != ALIVE or cell.attention & FAIL:
        return "ending"
    if is_starting(cell):
        return "starting"
    if cell.closed:
        return "stopping"
    if worker is not None:
        return "waiting" if worker.suspended else "running"
    return "idle" if cell.queue is None else "ready"


def snapshot(cell: Fields, now: float) -> ActorSnapshot:
    """This actor and all below."""
    children = [snapshot(child, now) for child in cell.children()]
    return picture(cell, now, tuple(reversed(children)))


def picture(
    cell: Fields, now: float, children: tuple[ActorSnapshot, ...] = ()
) -> ActorSnapshot:
    """This actor, and what is given of those below."""
    worker = cell.worker
    waits = worker is not None and worker.suspended and worker.message is not None
    tasks = cell.rare.tasks if cell.rare is not None else None
    return ActorSnapshot(
        path=cell.path,
        cls=cell.props.cls.__name__,
        state=state_name(cell),
        incarnation=cell.incarnation,
        mailbox=mailbox_statistics(cell, now),
        in_hand=type(worker.message).__name__ if worker is not None and waits else None,
        in_hand_age=now - worker.since if worker is not None and waits else None,
        tasks=tasks.count if tasks is not None else 0,
        children=children,
    )
