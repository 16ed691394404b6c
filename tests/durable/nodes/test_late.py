"""What comes to a node that was silent for too long, before it has heard of that.

And what nobody should ever see: a turn of a node that owns its key, whose prompt has
an outcome already.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
import trio

from actors import Completed, Lost, Rejected, Withdrawn, open_system
from actors.testing import seeds
from supervision import start_router
from supervision.durable import MemoryServer, MemoryStore, TurnFenced
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from supervision.durable._sharing.words import PartitionRow
from supervision.durable._words.records import Accept, Complete, Ended
from supervision.durable._words.rules import marks_of
from tests.durable.keeping.stage import WIDE, Player, Stage

from .town import TTL, Town, open_town


def end_beside(store: MemoryStore, key: str, number: int) -> None:
    """End a prompt, with a state, past the router that runs it."""
    codec = Values(Player)
    tables: Any = store._tables
    ended = Ended(number, codec.encode(Withdrawn("by hand"), Where.OUTCOME), 1)
    tables.apply([Complete(key, 1, (ended,))])


@seeds(20)
async def test_a_prompt_that_another_node_has_by_now_gets_its_outcome() -> None:
    """Its sender has sent it elsewhere meanwhile, with the same id."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        there = town.nodes["b"]
        there.store.cut_off()
        late = there.router.send(key, "hello", id="m")
        await trio.sleep(3 * TTL)
        first = await town.nodes["a"].router.accept(key, "hello", id="m")
        outcome = await first.outcome()
        there.store.join_again()
        again = there.router.send(key, "hello", id="m")
        with trio.fail_after(3 * TTL):
            assert await late.outcome() == outcome
            assert await again.outcome() == outcome

        assert isinstance(outcome, Completed)
        assert town.stage.begun == [(key, "hello")]


@seeds(20)
async def test_a_prompt_that_comes_then_and_runs_elsewhere_gets_its_outcome() -> None:
    """While the other node runs it, too."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        there = town.nodes["b"]
        there.store.cut_off()
        late = there.router.send(key, "wait:door", id="m")
        await trio.sleep(3 * TTL)
        first = await town.nodes["a"].router.accept(key, "wait:door", id="m")
        await town.until(lambda: bool(town.stage.begun))
        there.store.join_again()
        again = there.router.send(key, "wait:door", id="m")
        await trio.sleep(TTL)
        town.stage.open("door")
        outcome = await first.outcome()
        with trio.fail_after(3 * TTL):
            assert await late.outcome() == outcome
            assert await again.outcome() == outcome

        assert len(town.stage.begun) == 1


@seeds(20)
async def test_a_turn_that_never_began_is_not_interrupted() -> None:
    """The answer to its mark was lost, and the key was another node's by then.

    Its new owner runs it, though it may be tried once only.
    """
    async with open_town("a", "b") as town:
        key, here = town.key_of("a"), town.nodes["a"]
        hub: Any = town.server._hub
        partition = town.server.partition_of(key)
        rows = hub.cluster.partitions

        def lose(point: str, batch: Sequence[Any]) -> None:
            marked = [each for each in batch if marks_of(getattr(each, "record", each))]
            if point == "after carry" and marked:
                here.store.at_point(None)
                here.store.lose_answers()
                epoch = rows[partition].epoch + 1
                rows[partition] = PartitionRow(partition, "b", epoch, 0)

        here.store.at_point(lose)
        receipt = await here.router.accept(key, "hello")
        with trio.fail_after(2 * TTL):
            assert isinstance(await receipt.outcome(), Completed)
        assert town.stage.begun == [(key, "hello")]
        assert town.server.owners()[partition] == "b"


async def overtake(store: MemoryStore) -> None:
    """Have a turn end whose prompt has an outcome of another one."""
    stage = Stage(store=store)
    async with open_system() as system:
        router = start_router(system, Player, stage, limits=WIDE, durable=store)
        events = system.subscribe(TurnFenced, capacity=10)
        first = await router.accept("k", "first")
        await first.outcome()
        late = await router.accept(
            "k", "wait:gate point wait:door send:other", id="late"
        )
        behind = await router.accept("k", "behind")
        while len(stage.begun) < 2:  # noqa: ASYNC110 - nobody tells
            await trio.sleep(1)
        turn = late.turn
        taken = router.steer("k", "taken")
        stage.open("gate")
        await trio.sleep(1)
        steers = router.steer("k", "steers")

        end_beside(store, "k", late.id)
        stage.open("door")

        with trio.fail_after(2 * TTL):
            assert await late.outcome() == Withdrawn("by hand")
            assert isinstance(await taken.outcome(), Completed)
            assert isinstance(await steers.outcome(), Completed)
            assert isinstance(await behind.outcome(), Completed)
            after = await router.accept("k", "after")
            assert isinstance(await after.outcome(), Completed)
        (event,) = events.drain()
        assert (event.key, event.turn) == ("k", turn)
        state = ("first", "taken", "steers", "behind", "after")
        assert stage.state("k") == state
        assert {key for key, _ in stage.begun} == {"k"}  # it has sent nothing
        statistics = router.statistics()
        assert (statistics.turns_running, statistics.queued) == (0, 0)


@seeds(10)
async def test_a_turn_whose_prompt_has_another_outcome_leaves_nothing() -> None:
    """It is said, its receipts get that outcome, and the key comes anew."""
    await overtake(MemoryStore())


@seeds(10)
async def test_so_it_is_where_the_store_is_shared() -> None:
    """The key is this node's all the time."""
    await overtake(MemoryServer().node("a"))


@seeds(5)
async def test_who_has_sent_again_counts_once_however_often_its_key_moves() -> None:
    """It follows a prompt that comes to its node, goes, and comes back."""
    async with open_town("a", "b") as town:
        a, b = town.nodes["a"], town.nodes["b"]
        key = town.key_of("b")
        await b.router.accept(key, "wait:door", id="m", attempts=9)
        again = a.router.send(key, "wait:door", id="m")
        await town.until(lambda: bool(town.stage.begun))
        for away, there in ((b, a), (a, b), (b, a)):
            times = len(town.stage.begun)
            away.store.cut_off()
            await town.until(partial(_has_begun, town, times + 1))
            assert there.owns() == town.partitions
            away.store.join_again()
            await trio.sleep(TTL)
        town.stage.open("door")
        with trio.fail_after(9 * TTL):
            assert isinstance(await again.outcome(), Completed)

        assert [each.router.statistics().queued for each in (a, b)] == [0, 0]


@seeds(5)
@pytest.mark.parametrize("what", ["refused", "repeated", "accepted"])
async def test_who_is_on_its_way_when_its_key_goes_counts_once(what: str) -> None:
    """The store answers when the prompt has been left to it already."""
    async with open_town("a") as town:
        a = town.nodes["a"]
        keys = [str(number) for number in range(20)]
        if what == "repeated":
            for each in keys:
                await (await a.router.accept(each, "hello", id="m")).outcome()
        b = await town.add("b")
        await town.settled("a", "b")
        others: Any = b.router._house().keeping.others
        key = next(each for each in keys if not others.has(each))
        if what == "refused":
            b.store.refuse(lambda record: isinstance(record, Accept))
        b.store.stand_still()
        receipt = b.router.send(key, "wait:door", id="m")
        others.handing.give(range(town.partitions))
        await trio.sleep(1)
        b.store.go_on()
        town.stage.open("door")
        with trio.fail_after(3 * TTL):
            outcome = await receipt.outcome()

        assert isinstance(outcome, Rejected if what == "refused" else Completed)
        looked = b.router.statistics()
        assert (looked.queued, looked.accepted) == (0, 1)
        assert sum(looked.outcomes.values()) == 1
        assert looked.store is not None
        assert looked.store.following == 0


@seeds(5)
async def test_what_never_came_to_the_store_for_another_node_is_lost_once() -> None:
    """When its router ends: the next one of this process does not follow it."""
    async with open_town("a", "b") as town:
        a, key = town.nodes["a"], town.key_of("b")
        core: Any = a.router._house()
        a.store.cut_off()
        tried = a.router.send(key, "hello")
        await trio.sleep(1)
        receipt = a.router.send(key, "hello")  # it waits behind the other one
        a.gone.cancel()
        await a.stopped.wait()

        assert isinstance(await receipt.outcome(), Lost)
        assert core.keeping.waiting == [tried]
        assert core.accepted == 1


def _has_begun(town: Town, times: int) -> bool:
    return len(town.stage.begun) >= times
