"""Faults that are planted, to see that storms find them.

This is the only file here that knows the inside: each fault is one function that puts a
wrong method in the place of a right one.  The rooms are imported when a fault is
planted, so that a room that has moved breaks one fault and nothing else.  Whoever
changes the inside aims them anew: a fault is whatever breaks the sentence beside it.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest
import trio

from actors import Completed, DeadLetterReason, Lost, Withdrawn

Patch = pytest.MonkeyPatch


@attrs.frozen
class Planted:
    """One fault."""

    plant: Callable[[Patch], None]
    """Plants it; its docstring says what is broken."""
    promises: tuple[str, ...]
    """The sentences by which it may show itself."""
    known: bool = False
    """Found only if known faults count: the code does that without being broken."""


def room(path: str) -> Any:
    """Import a room of today's inside: a class, as `module:Class`."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def a_second_outcome(patch: Patch) -> None:
    """What is completed is lost, too."""
    core = room("supervision._routing.core.core:Core")
    right = core.give

    def give(self: Any, receipt: Any, outcome: Any) -> None:
        right(self, receipt, outcome)
        if isinstance(outcome, Completed):
            receipt._outcome = None
            right(self, receipt, Lost("again"))

    patch.setattr(core, "give", give)


def a_lost_outcome(patch: Patch) -> None:
    """Steering prompts of an aborted turn are forgotten."""
    steering = room("actors._sessions.turns.steering:Steering")

    def empty(self: Any) -> list[Any]:
        self._queue.clear()
        return []

    patch.setattr(steering, "empty", empty)


def two_turns_at_once(patch: Patch) -> None:
    """A turn that uses a tool does not count as one."""
    turns = room("supervision._routing.core.turns:Turns")
    tool_of = room("actors._sessions.turns.clocks:tool_of")
    right = turns.advance

    def advance(self: Any, lane: Any) -> None:
        if lane.turn is not None and tool_of(lane.turn) is not None:
            lane.turn = None
        right(self, lane)

    patch.setattr(turns, "advance", advance)


def a_slot_kept(patch: Patch) -> None:
    """A side question that was aborted keeps its slot."""
    turns = room("supervision._routing.core.turns:Turns")
    right = turns._give_back

    def give_back(self: Any, run: Any) -> Any:
        if run.aside and run.slot and run.verdict is not None:
            return []
        return right(self, run)

    patch.setattr(turns, "_give_back", give_back)


def a_slot_too_many(patch: Patch) -> None:
    """Whoever comes when nobody waits gets a slot, though all are taken."""
    slots = room("supervision._routing.parts.slots:Slots")
    right = slots.claim

    def claim(self: Any, who: Any, owner: str | None) -> bool:
        if self.running == self.limit and not self._waiting and owner is None:
            self._grant(owner)
            return True
        return bool(right(self, who, owner))

    patch.setattr(slots, "claim", claim)


def order_lost(patch: Patch) -> None:
    """The third that waits goes before the others."""
    lane = room("supervision._routing.parts.lane:Lane")
    right = lane.push

    def push(self: Any, receipt: Any) -> None:
        right(self, receipt)
        if self.waiting == 3:
            self.queue.rotate(1)

    patch.setattr(lane, "push", push)


def a_task_left(patch: Patch) -> None:
    """What a turn starts is nobody's."""
    turn = room("actors:Turn")

    async def detached(async_fn: Callable[..., Awaitable[object]], *args: Any) -> None:
        try:
            await async_fn(*args)
            await trio.sleep(500)
        except Exception:  # noqa: BLE001, S110 - as if nothing had happened
            pass

    def start_soon(self: Any, async_fn: Any, *args: Any) -> None:
        del self
        trio.lowlevel.spawn_system_task(detached, async_fn, *args, name="detached")

    patch.setattr(turn, "start_soon", start_soon)


def no_rollback(patch: Patch) -> None:
    """A turn that raises leaves what it has written."""
    run = room("actors._sessions.turns.run:TurnRun")
    right = run.decided

    def decided(self: Any, exit_: Any) -> Any:
        if self.verdict is None:
            self.before = self.lane.state
        return right(self, exit_)

    patch.setattr(run, "decided", decided)


def put_back_too_late(patch: Patch) -> None:
    """What an aborted turn has written is still there in its last hook."""
    early = importlib.import_module("actors._sessions.turns.early")

    def put_back(run: Any) -> None:
        del run

    patch.setattr(early, "put_back", put_back)


def a_withdrawn_one_runs(patch: Patch) -> None:
    """The first in the queue is taken though it was withdrawn."""
    lane = room("supervision._routing.parts.lane:Lane")
    right = lane.take

    def take(self: Any, batch: Any) -> Any:
        head = self.queue[0] if self.queue else None
        taken = right(self, batch)
        if head is not None and isinstance(head.ended, Withdrawn):
            taken.insert(0, head)
        return taken

    patch.setattr(lane, "take", take)


def an_owner_too_many(patch: Patch) -> None:
    """A key that is forgotten while its session had crashed stays its owner's."""
    leaving = room("supervision._routing.core.leaving:Leaving")
    right = leaving.forget

    def forget(self: Any, lane: Any) -> None:
        if lane.tenant is not None and lane.generation > 1:
            self._core.admission.enter(lane.tenant)
        right(self, lane)

    patch.setattr(leaving, "forget", forget)


def a_place_kept(patch: Patch) -> None:
    """A key with a second session keeps its place when it is forgotten."""
    places = room("supervision._routing.parts.places:Places")
    right = places.leave

    def leave(self: Any, lane: Any) -> None:
        if lane.generation > 1:
            self.used += 1
        right(self, lane)

    patch.setattr(places, "leave", leave)


def an_abort_forgotten(patch: Patch) -> None:
    """A turn that uses a tool says that it ends, and does not."""
    early = importlib.import_module("actors._sessions.turns.early")
    tool_of = room("actors._sessions.turns.clocks:tool_of")
    right = early.cut

    def cut(run: Any, verdict: Any) -> bool:
        return True if tool_of(run) is not None else bool(right(run, verdict))

    patch.setattr(early, "cut", cut)


def a_strange_chunk(patch: Patch) -> None:
    """The answer to a side question goes to the reader of the turn beside it."""
    turn = room("actors:Turn")
    right = turn.emit

    async def emit(self: Any, chunk: Any) -> None:
        run = self._run
        own, beside = run.stream, run.lane.turn
        if run.aside and beside is not None:
            run.stream = beside.stream
        try:
            await right(self, chunk)
        finally:
            run.stream = own

    patch.setattr(turn, "emit", emit)


def a_chunk_after_an_abort(patch: Patch) -> None:
    """Readers get what is emitted after their session was reset or closed."""
    chunks = room("actors._sessions.streams.chunks:Chunks")

    def cut(self: Any) -> None:
        del self

    patch.setattr(chunks, "cut", cut)


def a_letter_lost(patch: Patch) -> None:
    """What is dropped from a full mailbox is no dead letter."""
    letters = room("actors:DeadLetters")
    right = letters.add

    def add(self: Any, at: float, ref: Any, message: Any, reason: Any) -> None:
        if reason is not DeadLetterReason.DROPPED_OLDEST:
            right(self, at, ref, message, reason)

    patch.setattr(letters, "add", add)


ONE_OUTCOME = "every accepted prompt has exactly one outcome"
ORDER = "the prompts of a session keep their order"
SLOTS = "no more turns run than there are slots"
QUIET = "a router at rest has nothing left to do"
WHOLE = "a router at rest gives all that its limits say"
TURNS = "what TurnLog promises holds"

PLANTED = (
    Planted(a_second_outcome, (ONE_OUTCOME,)),
    Planted(a_lost_outcome, (ONE_OUTCOME,)),
    Planted(two_turns_at_once, ("no two turns of a key run at once",)),
    Planted(a_slot_kept, (QUIET, WHOLE)),
    Planted(a_slot_too_many, (SLOTS,)),
    Planted(order_lost, (ORDER,)),
    Planted(a_task_left, ("no task is left behind",)),
    Planted(no_rollback, ("the state is what the completed turns have left",)),
    Planted(put_back_too_late, ("the state is what the completed turns have left",)),
    Planted(a_withdrawn_one_runs, ("a withdrawn prompt never runs",)),
    Planted(an_owner_too_many, (WHOLE,)),
    Planted(a_place_kept, (WHOLE, QUIET)),
    Planted(an_abort_forgotten, ("a turn that a verb aborts is aborted",)),
    Planted(a_strange_chunk, ("a reader gets chunks of its own turn only",)),
    Planted(
        a_chunk_after_an_abort,
        ("nothing is read of a turn that is forgotten",),
    ),
    Planted(a_letter_lost, ("every tell is handled, or a dead letter",)),
)
"""All of them."""
