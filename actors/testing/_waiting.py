"""`who_waits`: the tree of tasks and the actors, each with the line at which it waits.

For a person who wonders why nothing goes on.  Workers of the engine are not shown as
tasks: what they carry is shown with its actor, and those that carry nothing wait for
work.
"""

from __future__ import annotations

import gc
import linecache
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final, TypeAlias

import trio

from actors import ActorSnapshot, ActorSystem
from actors._engine.park import carry_on
from actors.hosting import hub_of, open_systems

from ._tasks import _children, _is_of_trio

# The rooms that a person did not write; the first group is left out if need be only.
_OURS: Final = frozenset({"actors", "supervision"})
_OTHERS: Final = frozenset({"contextlib", "outcome", "pytest_trio", "trio"})
_SHOWN: Final = 50  # actors of one system
_KINDS: Final = {"cr": "cr_await", "gi": "gi_yieldfrom", "ag": "ag_await"}
"""Prefix of the attributes of what can be awaited: where it says what it awaits."""

Waits: TypeAlias = "dict[str, trio.lowlevel.Task]"  # {path of an actor: its task}


def who_waits() -> str:
    """Draw the tree of all tasks, and the actors below it: who waits, and in what.

    For each: the innermost line of code that is neither Trio's nor ours, and what it
    has called there.  Actors at rest with empty mailboxes are counted, not listed.
    Not a checkpoint.

    Raises:
        RuntimeError: called outside of Trio.
    """
    systems = open_systems()
    carried: list[Waits] = []
    of_engine: set[trio.lowlevel.Task] = set()
    for system in systems:
        workers: dict[trio.lowlevel.Task, Any] = hub_of(system).workers  # private
        of_engine.update(workers)
        carried.append(
            {
                worker.cell.path: task
                for task, worker in workers.items()
                if worker.cell is not None
            }
        )
    lines = ["tasks:"]
    root = trio.lowlevel.current_root_task()
    assert root is not None
    for task in _children(root):
        if not _is_of_trio(task):
            lines += _task(task, of_engine, "  ")
    for system, waits in zip(systems, carried, strict=True):
        lines += ["actors:", *_actors(system, waits)]
    return "\n".join(lines)


def _task(
    task: trio.lowlevel.Task, of_engine: set[trio.lowlevel.Task], indent: str
) -> Iterator[str]:
    frames = frames_of(task)
    hidden = task in of_engine or _is_own(frames)
    if not hidden:
        yield f"{indent}{task.name}"
        yield f"{indent}    {_where(frames)}"
        indent += "  "
    for child in _children(task):
        yield from _task(child, of_engine, indent)


def _is_own(frames: list[FrameType]) -> bool:
    """Tell whether we, or pytest-trio, have begun this, and are still at it."""
    rooms = [_room(frame) for frame in frames]
    ours = bool(rooms) and rooms[0] in _OURS | {"pytest_trio"}
    return ours and _OURS.union(_OTHERS).issuperset(rooms)


def _actors(system: ActorSystem, waits: Waits) -> Iterator[str]:
    at_rest = shown = 0
    for each in system.tree().walk():
        task = waits.get(each.path)
        if task is None and each.state == "idle" and not _is_pressed(each):
            at_rest += each.path != "/"
            continue
        shown += 1
        if shown > _SHOWN:
            continue
        yield f"  {each.path}  {_state(each)}"
        if task is not None:
            yield f"      {_where(frames_of(task))}"
    if shown > _SHOWN:
        yield f"  and {shown - _SHOWN} more that are busy"
    if at_rest:
        yield f"  and {at_rest} at rest"


def _is_pressed(actor: ActorSnapshot) -> bool:
    return bool(actor.mailbox.depth or actor.mailbox.waiting_senders or actor.tasks)


def _state(actor: ActorSnapshot) -> str:
    words = [f"{actor.cls}, {actor.state}"]
    if actor.in_hand is not None:
        words.append(f"{actor.in_hand} in hand for {actor.in_hand_age:g} s")
    if actor.mailbox.depth:
        words.append(f"{actor.mailbox.depth} in its mailbox")
    if actor.mailbox.waiting_senders:
        words.append(f"{actor.mailbox.waiting_senders} wait for room there")
    if actor.tasks:
        words.append(f"child tasks: {actor.tasks}")
    return ", ".join(words)


def _where(frames: list[FrameType]) -> str:
    """Say where these frames wait: the innermost line of a person's own code."""
    if not frames:
        return "it is not to be seen where"
    at = 0
    for not_theirs in (_OTHERS, _OURS | _OTHERS):
        theirs = [
            index
            for index, frame in enumerate(frames)
            if _room(frame) not in not_theirs
        ]
        at = theirs[-1] if theirs else at
    code, line = frames[at].f_code, frames[at].f_lineno
    source = linecache.getline(code.co_filename, line, frames[at].f_globals).strip()
    called = "".join(f"  <- {each.f_code.co_qualname}" for each in frames[at + 1 :][:1])
    text = f'File "{code.co_filename}", line {line}, in {code.co_qualname}'
    return f"{text}: {source}{called}"


def _room(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]


def frames_of(task: trio.lowlevel.Task) -> list[FrameType]:
    """List the frames in which a task waits, the outermost first.

    Those of a coroutine that the engine has begun by hand are among them: the task
    carries it on from a plain function, which ends Trio's own list.
    """
    frames: list[FrameType] = []
    if task is _current_task():
        running: FrameType | None = sys._getframe()  # nobody else knows what runs
        while running is not None:
            frames.append(running)
            running = running.f_back if running is not task.coro.cr_frame else None
        return frames[::-1]
    waits: Any = task.coro  # a coroutine, a generator, or what else can be awaited
    while waits is not None:
        kind = next((kind for kind in _KINDS if hasattr(waits, f"{kind}_frame")), None)
        if kind is None:
            waits = _generator_in(waits)
            continue
        frame: FrameType | None = getattr(waits, f"{kind}_frame")
        waits = getattr(waits, _KINDS[kind])
        if frame is None:  # pragma: no cover - it has ended, but its task has not
            break
        frames.append(frame)
        if frame.f_code is carry_on.__code__:
            waits = frame.f_locals["coroutine"]
    return frames


def _current_task() -> trio.lowlevel.Task | None:
    """Give the task that runs; None: it is Trio itself that asks."""
    try:
        return trio.lowlevel.current_task()
    except RuntimeError:
        return None


def _generator_in(waits: object) -> object:
    """Find the asynchronous generator of which a step is awaited; None: it is none."""
    # as Trio does it: there is no attribute
    found = (each for each in gc.get_referents(waits) if hasattr(each, "ag_frame"))
    return next(found, None)
