"""Slices: how long a worker goes on, and that it hurries when somebody waits."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
import trio
import trio.lowlevel
import trio.testing

from actors import Actor, ActorStoppedError, Mailbox, Request, open_system
from actors._engine.workers import sweep as sweeping
from actors._engine.workers import worker as working
from actors._engine.workers.hand import Hand
from actors._engine.workers.slice import (
    HURRIED,
    LOOK,
    MAX_STRIDE,
    MESSAGES,
    SECONDS,
    Slice,
)
from actors.testing import seeds


def new_slice(*, giving_way: int = 0) -> tuple[Any, Slice]:
    """A slice, and as much of a hub as it looks at."""
    hub: Any = SimpleNamespace(time=0.0, tick=0.0, giving_way=giving_way, woken=0)
    hub.now = lambda: hub.time
    return hub, Slice(hub)


def lasts(hub: Any, budget: Slice, each: float) -> tuple[float, int]:
    """How long a slice lasts if every message takes so long, and how many it takes."""
    budget.begin()
    begun, messages = hub.time, 0
    while True:
        hub.time += each
        messages += 1
        budget.left -= 1
        if budget.left <= 0 and budget.over():
            return hub.time - begun, messages


@pytest.mark.parametrize("each", [1e-6, 2e-6, 5e-6, 20e-6, 100e-6, 400e-6])
@pytest.mark.parametrize(("giving_way", "bound"), [(0, SECONDS), (1, HURRIED)])
def test_a_slice_is_as_long_as_it_should_be(
    each: float, giving_way: int, bound: float
) -> None:
    """Once the stride has followed, a slice is over by one look or one message."""
    hub, budget = new_slice(giving_way=giving_way)
    for _ in range(5):
        lasts(hub, budget, each)

    seconds, messages = lasts(hub, budget, each)

    if messages < MESSAGES:
        assert bound <= seconds + 1e-9 <= bound + max(2 * LOOK, each) + 2e-9
    assert messages <= MESSAGES + MAX_STRIDE


def test_the_number_bounds_a_slice_whose_time_stands_still() -> None:
    """As on a MockClock: runs repeat."""
    hub, budget = new_slice()

    assert lasts(hub, budget, 0.0)[1] in range(MESSAGES, MESSAGES + MAX_STRIDE)


def test_a_long_message_is_followed_by_a_look() -> None:
    """After a while of quick ones, one slow one delays the end once."""
    hub, budget = new_slice()
    for _ in range(5):
        lasts(hub, budget, 1e-6)
    lasts(hub, budget, 300e-6)

    assert lasts(hub, budget, 300e-6)[1] <= 2


def test_who_comes_to_wait_cuts_a_slice_that_has_begun() -> None:
    """At the next look, if it has had its short time."""
    hub, budget = new_slice()
    for _ in range(5):
        lasts(hub, budget, 5e-6)
    budget.begin()
    hub.time += HURRIED * 1.01
    assert not budget.over()

    hub.giving_way = 1

    assert budget.over()


def test_answers_end_a_slice_when_no_more_come() -> None:
    """Whoever is answered in the same slice waits for the same round anyway."""
    hub, budget = new_slice()
    for _ in range(5):
        lasts(hub, budget, 5e-6)
    budget.begin()
    hub.time += HURRIED * 1.01

    for answers in range(1, 4):
        hub.woken = answers
        assert not budget.over()

    assert budget.over()


@attrs.frozen
class Ask(Request[int]):
    """Answered when the actor is told to."""


class Later(Actor[object]):
    """Answers all that it was asked when it is told to."""

    mailbox = Mailbox(2)

    def __init__(self) -> None:
        self.asked: list[Ask] = []

    async def receive(self, message: object) -> None:
        match message:
            case Ask():
                self.asked.append(message)
            case "answer":
                for request in self.asked:
                    request.reply(1)
                self.asked.clear()
            case _:
                await trio.sleep(1)


@seeds(2)
async def test_a_worker_begins_its_slices_as_a_slice_begins() -> None:
    """It does so without the call."""
    begun: list[tuple[list[Any], list[Any]]] = []

    def fields(of: Slice) -> list[Any]:
        return [getattr(of, name) for name in Slice.__slots__]

    def sweep(hand: Hand) -> bool:
        piece, long = hand.slice, Slice(hand.hub)
        long._stride = piece._stride
        long.begin()
        begun.append((fields(piece), fields(long)))
        return way(hand)

    way = sweeping.sweep
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(working, "sweep", sweep)
        async with open_system() as system:
            system._hub.woken = 5
            await system.start(Later).tell("anything")
            await trio.testing.wait_all_tasks_blocked()
            system._hub.woken = 0

    assert begun
    assert all(short == long for short, long in begun)


@seeds(20)
async def test_nobody_is_counted_as_waiting_for_ever() -> None:
    """However senders and askers wait, are answered, leave, or are turned away."""

    async def ask(within: float | None = None) -> None:
        with contextlib.suppress(trio.TooSlowError, ActorStoppedError):
            await later.ask(Ask(), within=within)

    async def tell() -> None:
        with contextlib.suppress(ActorStoppedError):
            for _ in range(130):
                await later.tell("answer")

    async with open_system() as system, trio.open_nursery() as nursery:
        later = system.start(Later)
        for number in range(6):
            nursery.start_soon(ask, 0.5 if number % 2 else None)
            nursery.start_soon(tell)
            later.tell_nowait("wait")
            with trio.move_on_after(0.3):
                await ask()
            with trio.move_on_after(0):
                await later.tell("answer")
            await trio.sleep(2)
        nursery.start_soon(tell)
        nursery.start_soon(ask)
        later.tell_nowait("wait")
        await trio.lowlevel.checkpoint()
        later.kill()
        await later.wait_stopped()
        await trio.testing.wait_all_tasks_blocked()

        assert (system._hub.woken, system._hub.giving_way) == (0, 0)
