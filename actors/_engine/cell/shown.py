"""What a person sees of a cell: frozen pictures, taken when asked for."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from actors._engine.parts.entry import Entry
from actors._engine.parts.life import ALIVE, HELD
from actors._engine.seat import Own
from actors.mailbox import MailboxStatistics
from actors.snapshot import ActorSnapshot

from .beginning import is_starting
from .fields import FAIL, Fields
from .inbox import prune_ages

FUNCTIONS: Final[dict[str, str]] = {}
"""`{name: package}` of functions whose first argument is a ref."""


def not_there(name: str) -> str:
    """Say that a ref has no such attribute, and what would be right."""
    package = FUNCTIONS.get(name)
    right = "send the actor a message, by tell() or ask()"
    if package is not None:
        right = f"it is a function of {package}, {name}(ref, ...)"
    return f"a ref has no {name!r}: {right}"


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


_ENTRIES: Final = 10_000
"""Of a mailbox that are looked through."""


def request_of(ticket: Any) -> object:  # Any: so are its holder, a cell, and messages
    """The request that has this ticket, if that is easily found; else None.

    Its asker does not keep it: who drops it unanswered is to be the last one.
    """
    cell = ticket.holder
    rare, worker = cell.rare, cell.worker
    if rare is not None and rare.held is not None and ticket in rare.held:
        drop = rare.held[ticket]
        return drop() if drop is not None else None
    sender = getattr(ticket.parking, "message", None)  # in the line before the mailbox
    if sender is not None:
        return sender
    entries: list[Any] = [worker.entry] if worker is not None else []
    entries += islice(cell.queue or (), _ENTRIES)
    if rare is not None and rare.stash is not None:
        entries += islice(rare.stash, _ENTRIES)
    for each in entries:
        if type(each) is Entry and each.ticket is ticket:
            return each.message
    return None


def _named(message: object) -> str:
    return message.what if isinstance(message, Own) else type(message).__name__


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
    props = cell.props
    return ActorSnapshot(
        path=cell.path,
        # a piece of work has no class that anybody wrote
        cls=props.label if props.work else props.cls.__name__,
        state=state_name(cell),
        incarnation=cell.incarnation,
        mailbox=mailbox_statistics(cell, now),
        in_hand=_named(worker.message) if worker is not None and waits else None,
        in_hand_age=now - worker.since if worker is not None and waits else None,
        tasks=tasks.count if tasks is not None else 0,
        children=children,
    )
