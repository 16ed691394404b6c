"""Who waits for an outcome: several at once, and some of them no more."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Completed,
    Outcome,
    Receipt,
    Replay,
    Session,
    Turn,
    open_system,
)
from actors.hosting import ChunkLog
from supervision import start_router
from supervision.durable import MemoryStore
from tests.routing.core.double import made, send
from tests.routing.parts.making import lane, receipt


class Crowd:
    """Tasks that wait for one outcome; each can be cancelled by itself."""

    def __init__(self, receipt: Receipt[object], nursery: trio.Nursery) -> None:
        self.receipt = receipt
        self.scopes: dict[int, trio.CancelScope] = {}
        self.got: dict[int, Outcome] = {}
        self.nursery = nursery

    async def come(self, numbers: Iterable[int]) -> None:
        """So many more, in this order."""
        for number in numbers:
            self.scopes[number] = trio.CancelScope()
            self.nursery.start_soon(self._wait, number)
            await settle()

    async def go(self, *numbers: int) -> None:
        """These are cancelled, in this order."""
        for number in numbers:
            self.scopes[number].cancel()
            await settle()

    async def _wait(self, number: int) -> None:
        with self.scopes[number]:
            self.got[number] = await self.receipt.outcome()


@pytest.mark.parametrize("gone", [*itertools.permutations(range(4), 2)], ids=repr)
async def test_who_waits_no_more_takes_nobody_along(gone: tuple[int, int]) -> None:
    """Whichever go, and in whatever order: the others get the outcome, once."""
    core, world = made()
    receipt = send(core, "a")
    world.step()
    async with trio.open_nursery() as nursery:
        crowd = Crowd(receipt, nursery)
        await crowd.come(range(4))

        await crowd.go(*gone)
        await crowd.come([4])
        world.finish(1)
        with trio.fail_after(1):
            await settle()

        assert sorted(crowd.got) == sorted({0, 1, 2, 3, 4} - {*gone})
        assert all(isinstance(each, Completed) for each in crowd.got.values())
        nursery.cancel_scope.cancel()


async def test_whoever_is_cancelled_does_not_wait_for_the_next() -> None:
    """What was a place for one outcome is used for another: nothing is mixed up."""
    core, world = made()
    first, second = send(core, "a"), send(core, "b")
    world.step()
    async with trio.open_nursery() as nursery:
        one, two = Crowd(first, nursery), Crowd(second, nursery)
        await one.come(range(2))
        await one.go(0)
        await two.come(range(2))
        world.finish(1)
        await settle()
        assert (sorted(one.got), sorted(two.got)) == ([1], [])

        await two.go(0)
        world.finish(2)
        await settle()
        assert (sorted(one.got), sorted(two.got)) == ([1], [1])
        assert one.got[1] is first.ended
        assert two.got[1] is second.ended
        nursery.cancel_scope.cancel()


async def test_an_outcome_is_given_once() -> None:
    """The second is not taken, and told to be none."""
    core, world = made()
    receipt = send(core, "a")
    world.finish(1)
    outcome = receipt.ended

    assert receipt.settle(Completed("other")) is False
    assert receipt.ended is outcome
    assert await receipt.outcome() is outcome


def test_a_receipt_that_is_left_ends_its_stream() -> None:
    """Nobody tells its outcome here any more; who reads gets what there is."""
    log = ChunkLog[str](Replay())
    given = receipt(lane("a"), 1, stream=log)
    log.put_nowait("said")

    given.leave(LookupError("gone"))

    assert log.closed
    assert log.last == 1


class Taken(list[Any]):
    """It seems to have something, until another thread has taken that."""

    def __len__(self) -> int:
        return 1

    def pop(self, *_: object) -> Any:
        """Find nothing."""
        raise IndexError


async def test_another_thread_may_take_the_last_free_place_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are shared by all runs of Trio, and a look at them says nothing."""
    monkeypatch.setattr("actors._sessions.receipt._spares", Taken())
    async with open_system() as system:
        router = start_router(system, Waiting, durable=MemoryStore())
        sent = router.send("k", "x")
        await sent.durable()
        assert isinstance(await sent.outcome(), Completed)


class Waiting(Session[str, str]):
    """Its turns take a step."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        del turn
        await trio.lowlevel.checkpoint()
