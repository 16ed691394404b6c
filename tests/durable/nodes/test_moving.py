"""Keys that go from node to node: killed, silent, joining and drained ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio

from actors import Aborted, Completed, Failed, Outcome, Receipt, Rejected
from actors.testing import seeds
from supervision.durable import StoreRefusedError, TurnInterruptedError
from supervision.durable._sharing.words import Fenced
from supervision.durable._words.records import Refused
from supervision.durable._writing.book import Entry

from .town import TTL, Town, all_told, open_town


async def _begun(town: Town, prompt: str) -> None:
    await town.until(lambda: prompt in [each for _, each in town.stage.begun])


@seeds(5)
async def test_one_node_alone_has_all() -> None:
    """All partitions, and so it takes a prompt for any key."""
    async with open_town("a") as town:
        assert town.nodes["a"].owns() == town.partitions
        receipt = await town.nodes["a"].router.accept("x", "1")
        assert await receipt.outcome() == Completed("1", turn=receipt.turn)


@seeds(5)
async def test_d71_what_a_killed_node_had_is_taken_and_goes_on() -> None:
    """Within 1.5 x ttl; what had begun has failed, what waited is done."""
    async with open_town("a", "b", "c") as town:
        keys = town.keys_of("b")[:5]
        sender = town.nodes["a"].router
        once = [await sender.accept(key, "wait:never") for key in keys]
        twice = [await sender.accept(key, "after", attempts=2) for key in keys]
        await town.until(lambda: len(town.stage.begun) == len(keys))

        town.nodes["b"].kill()
        began = trio.current_time()
        await town.settled("a", "c")

        assert trio.current_time() - began <= 1.5 * TTL
        for each in once:
            outcome = await each.outcome()
            assert isinstance(outcome, Failed)
            assert isinstance(outcome.error, TurnInterruptedError), outcome.error
        for each in twice:
            assert isinstance(await each.outcome(), Completed)
        for key in keys:
            assert town.state(key) == ("after",)


@seeds(5)
async def test_d71_what_may_be_tried_again_is() -> None:
    """With `attempts=2`, and before what waited behind it."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        sender = town.nodes["a"].router
        first = await sender.accept(key, "wait:door", attempts=2)
        second = await sender.accept(key, "behind")
        await _begun(town, "wait:door")

        town.nodes["b"].kill()
        await town.settled("a")
        town.stage.open("door")

        assert isinstance(await first.outcome(), Completed)
        assert isinstance(await second.outcome(), Completed)
        assert town.state(key) == ("wait:door", "behind")
        assert [each for _, each in town.stage.begun] == [
            "wait:door",
            "wait:door",
            "behind",
        ]


@seeds(8)
async def test_d72_a_node_that_was_silent_gives_way_and_takes_part_again() -> None:
    """Both nodes run the turns; each key's state has them once, in order."""
    async with open_town("a", "b") as town:
        keys = town.keys_of("b")[:3]
        silent = town.nodes["b"]
        receipts: list[Receipt[str]] = []
        for key in keys:
            receipts.append(await silent.router.accept(key, "wait:door", attempts=3))
            receipts.append(await silent.router.accept(key, "behind"))
        await town.until(lambda: len(town.stage.begun) == len(keys))

        silent.store.cut_off()
        await town.until(lambda: town.nodes["a"].owns() == town.partitions)
        town.stage.open("door")  # both run it now; one of them commits
        await trio.sleep(3 * TTL)
        silent.store.join_again()

        told = await all_told(receipts)
        await town.settled("a", "b")

        assert all(isinstance(each, Completed) for each in told)
        for key in keys:
            assert town.state(key) == ("wait:door", "behind")
        statistics = silent.router.statistics()
        assert statistics.turns_running == 0
        assert statistics.queued == 0
        again = await silent.router.accept(town.key_of("b"), "more")
        assert isinstance(await again.outcome(), Completed)


@seeds(5)
async def test_d75_no_partition_moves_because_the_server_was_away() -> None:
    """For 3 x ttl, while turns ended: each is told, and was begun once."""
    async with open_town("a", "b", "c") as town:
        before = {name: town.keys_of(name) for name in town.nodes}
        sender = town.nodes["a"].router
        receipts = [
            await sender.accept(key, "wait:door")
            for keys in before.values()
            for key in keys[:3]
        ]
        await town.until(lambda: len(town.stage.begun) == len(receipts))

        town.server.down()
        town.stage.open("door")
        await trio.sleep(3 * TTL)
        town.server.up()
        told = await all_told(receipts)
        await trio.sleep(2 * TTL)

        assert all(isinstance(each, Completed) for each in told)
        assert {name: town.keys_of(name) for name in town.nodes} == before
        assert len(town.stage.begun) == len(receipts)  # each once


@seeds(5)
async def test_d76_a_node_joins_and_what_runs_ends_where_it_is() -> None:
    """What waits moves to the new node, and is taken after it, in order."""
    async with open_town("a") as town:
        sender = town.nodes["a"].router
        keys = [str(number) for number in range(30)]
        running = [await sender.accept(key, "wait:door") for key in keys]
        waiting = [await sender.accept(key, "behind") for key in keys]
        await town.until(lambda: len(town.stage.begun) == len(keys))

        await town.add("b")
        await trio.sleep(2 * TTL)
        moved = town.nodes["a"].router.statistics().store
        assert moved is not None
        assert moved.moved > 0  # what waits has gone; what runs has not
        town.stage.open("door")
        told = await all_told(running + waiting)
        await town.settled("a", "b")

        assert all(isinstance(each, Completed) for each in told)
        assert len(town.stage.begun) == 2 * len(keys)
        for key in keys:
            assert town.state(key) == ("wait:door", "behind")


@seeds(5)
async def test_d76_a_node_that_drains_hands_over() -> None:
    """What runs ends there, what waits elsewhere; every sender is told."""
    async with open_town("a", "b", "c") as town:
        leaving = town.nodes["b"]
        keys = town.keys_of("b")[:10]
        running = [await leaving.router.accept(key, "wait:door") for key in keys]
        waiting = [await leaving.router.accept(key, "behind") for key in keys]
        await town.until(lambda: len(town.stage.begun) == len(keys))
        told: list[Outcome] = []

        async with trio.open_nursery() as nursery:

            async def hear(receipt: Receipt[str]) -> None:
                told.append(await receipt.outcome())

            for each in running + waiting:
                nursery.start_soon(hear, each)
            await trio.testing.wait_all_tasks_blocked()

            async def drain() -> None:
                await leaving.router.drain(100)

            nursery.start_soon(drain)
            await trio.sleep(1)
            town.stage.open("door")
        await town.settled("a", "c")

        assert len(told) == 2 * len(keys)
        assert all(isinstance(each, Completed) for each in told)
        for key in keys:
            assert town.state(key) == ("wait:door", "behind")


@seeds(3)
async def test_d78_clocks_that_are_an_hour_apart_move_nothing() -> None:
    """A reminder after 30 s comes after 30 s, and keys stay where they are."""
    async with open_town() as town:
        for name, off in (("a", 0.0), ("b", 3600.0), ("c", -3600.0)):
            await town.add(name, clock_off=off)
        await town.settled("a", "b", "c")
        before = {name: town.keys_of(name) for name in town.nodes}
        key = town.key_of("b")
        await town.nodes["b"].router.remind(key, "soon", after=30.0, prompt="now")

        await trio.sleep(25)
        assert not town.stage.begun
        await trio.sleep(10)

        assert town.stage.begun == [(key, "now")]
        assert {name: town.keys_of(name) for name in town.nodes} == before


@seeds(5)
async def test_a_node_that_stops_without_a_drain_leaves_at_once() -> None:
    """Its keys are another's before ttl is over, its turn has an end."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        sender = town.nodes["a"].router
        receipt = await sender.accept(key, "wait:never", attempts=1)
        await _begun(town, "wait:never")
        began = trio.current_time()

        town.nodes["b"].gone.cancel()
        outcome = await receipt.outcome()
        await town.settled("a")

        assert isinstance(outcome, Aborted | Failed)
        assert trio.current_time() - began < TTL


@seeds(5)
async def test_a_prompt_that_a_turn_sends_goes_to_its_owner() -> None:
    """It is begun there, and every prompt in the store has an outcome."""
    async with open_town("a", "b") as town:
        mine, theirs = town.key_of("a"), town.key_of("b")
        receipt = await town.nodes["a"].router.accept(mine, f"send:{theirs}")
        await receipt.outcome()
        await town.until(lambda: (theirs, "sent") in town.stage.begun)
        await town.until(
            lambda: all(each is not None for each in town.outcomes().values())
        )


async def _late(town: Town, send: Callable[[], Receipt[str]]) -> Receipt[str]:
    """Send to b, which is cut off: when it hears the answer all is a's."""
    silent = town.nodes["b"]
    silent.store.cut_off()
    receipt = send()
    await town.until(lambda: town.nodes["a"].owns() == town.partitions)
    silent.store.join_again()
    return receipt


@seeds(5)
async def test_what_is_sent_again_to_a_node_that_gives_way_is_one_prompt() -> None:
    """Its answer is that of the first one, and nothing of the node crashes."""
    async with open_town("a") as town:
        for key in map(str, range(20)):
            await town.nodes["a"].router.accept(key, "once", id="same")
        await town.add("b")
        await town.settled("a", "b")
        key, router = town.key_of("b"), town.nodes["b"].router

        receipt = await _late(town, lambda: router.send(key, "once", id="same"))

        assert isinstance(await receipt.outcome(), Completed)
        assert town.stage.begun.count((key, "once")) == 1
        await town.settled("a", "b")


@seeds(5)
async def test_what_is_refused_to_a_node_that_gives_way_is_told_so() -> None:
    """It is not stored, and nobody waits for it."""
    async with open_town("a", "b") as town:
        key, node = town.key_of("b"), town.nodes["b"]
        others: Any = node.router._house().keeping.others
        fenced = others.fenced

        def refuse(entry: Entry, answer: Fenced) -> None:
            fenced(entry, Fenced(answer.lease, Refused("no")))

        others.fenced = refuse  # a server says so of a number that is taken, say
        receipt = await _late(town, lambda: node.router.send(key, "hello"))

        assert isinstance(await receipt.outcome(), Rejected)
        with pytest.raises(StoreRefusedError, match="no"):
            await receipt.durable()
