"""Prompts for keys of other nodes: stored here, run there, told here."""

from __future__ import annotations

import pytest
import trio

from actors import (
    Aborted,
    Completed,
    Journal,
    PromptPolicy,
    QueueFullError,
    Receipt,
    Replay,
    Steered,
    WhileBusy,
)
from actors.testing import seeds
from supervision import ElsewhereError
from supervision.durable import SharingPolicy
from tests.durable.keeping.stage import Player

from .town import TTL, Node, open_town


class Patient(Player):
    """Takes as many prompts as come."""

    prompts = PromptPolicy(capacity=1000)


@seeds(5)
async def test_d73_a_prompt_for_another_nodes_key_is_one_turn_there() -> None:
    """Accepted at a, begun once at b, and a's sender is told its outcome."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")

        receipt = await town.nodes["a"].router.accept(key, "hello", id="m")

        assert await receipt.outcome() == Completed("hello", turn=receipt.turn)
        assert town.stage.begun == [(key, "hello")]
        assert town.state(key) == ("hello",)


@seeds(5)
async def test_a_hint_makes_it_quick_and_without_hints_it_comes_all_the_same() -> None:
    """A tenth of a second with hints; without, when nodes look by themselves."""
    async with open_town("a", "b") as town:
        key, began = town.key_of("b"), trio.current_time()
        await (await town.nodes["a"].router.accept(key, "1")).outcome()
        quick = trio.current_time() - began
        for node in town.nodes.values():
            node.store.hold_hints()

        began = trio.current_time()
        await (await town.nodes["a"].router.accept(key, "2")).outcome()

        assert quick < 0.1
        assert trio.current_time() - began <= 2.5


@seeds(5)
async def test_many_of_one_sender_are_taken_in_order() -> None:
    """Fifty, sent at once at another node than their owner."""
    async with open_town("a", "b", "c", make=Patient) as town:
        key = town.key_of("b")
        router = town.nodes["a"].router

        receipts = [router.send(key, str(number)) for number in range(50)]
        for each in receipts:
            await each.outcome()

        assert town.state(key) == tuple(map(str, range(50)))


@seeds(5)
async def test_an_id_is_one_prompt_on_all_nodes() -> None:
    """Accepted at three, begun once; each sender has that outcome."""
    async with open_town("a", "b", "c") as town:
        key = town.key_of("b")

        receipts = [
            await node.router.accept(key, "once", id="same")
            for node in town.nodes.values()
        ]
        told = [await each.outcome() for each in receipts]

        assert told == [told[0]] * 3
        assert town.stage.begun == [(key, "once")]


@seeds(5)
async def test_find_from_any_node() -> None:
    """While it runs, after its end, and none for an id that nobody has sent."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        await town.nodes["b"].router.accept(key, "wait:door", id="m")

        found = await town.nodes["a"].router.find(key, "m")
        assert found is not None
        assert found.ended is None
        town.stage.open("door")

        assert isinstance(await found.outcome(), Completed)
        again = await town.nodes["a"].router.find(key, "m")
        assert again is not None
        assert again.ended is not None
        assert await town.nodes["a"].router.find(key, "x") is None


@seeds(3)
async def test_the_store_counts_what_waits() -> None:
    """A key's queue is as long as its policy says, for senders elsewhere too."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        router = town.nodes["a"].router
        receipts = [await router.accept(key, "wait:door")]
        receipts += [
            await router.accept(key, "more") for _ in range(Player.prompts.capacity - 1)
        ]
        with pytest.raises(QueueFullError):
            await router.accept(key, "too much")
        town.stage.open("door")

        for each in receipts:
            await each.outcome()


@seeds(3)
async def test_what_only_the_owner_can_do_is_refused_by_name() -> None:
    """The error says which node has the key, or what to call instead."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        router = town.nodes["a"].router
        with pytest.raises(ElsewhereError, match="node b"):
            router.ask_aside(key, "aside")
        with pytest.raises(ElsewhereError, match=r"router\.anywhere"):
            router.cancel(key)
        with pytest.raises(ElsewhereError):
            router.send(key, "x", busy=WhileBusy.REPLACE)
        with pytest.raises(ElsewhereError, match="Journal"):
            async with router.open_turn(key, "x"):
                pass

        assert await router.locate(key) is not None
        assert [each.node for each in router.nodes()] == ["a", "b"]


@seeds(5)
async def test_d79_verbs_reach_the_owner() -> None:
    """Inspect, cancel and reset of a key that runs at another node."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        router = town.nodes["a"].router
        first = await router.accept(key, "wait:never")
        await town.until(lambda: bool(town.stage.begun))
        second = await router.accept(key, "behind")
        info = await router.anywhere.inspect(key)
        assert info is not None
        assert info.key == key

        done = await router.anywhere.cancel(key, reason="enough")
        assert str(done) == f"aborting turn {done.turn} of {key!r} on node b"

        assert done.known
        assert done.turn is not None
        assert isinstance(await first.outcome(), Aborted)
        assert await second.outcome() == Completed("behind", turn=second.turn)
        assert (await router.anywhere.reset(key)).known
        assert town.state(key) is None


@seeds(3)
async def test_a_verb_without_an_owner_says_so_in_time() -> None:
    """It waits for `verb_within`, no longer: the owner is cut off."""
    policy = SharingPolicy(ttl=TTL, verb_within=TTL / 2)
    async with open_town("a", "b", policy=policy) as town:
        key = town.key_of("b")
        town.nodes["b"].store.cut_off()
        began = trio.current_time()

        with pytest.raises(ElsewhereError):
            await town.nodes["a"].router.anywhere.cancel(key)

        assert trio.current_time() - began <= TTL / 2 + 1
        town.nodes["b"].store.join_again()


@seeds(5)
async def test_a_steering_prompt_from_elsewhere_may_have_a_journal() -> None:
    """Its turn's chunks are read at the node that was asked; not with a `Replay`."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        router = town.nodes["a"].router
        first = await router.accept(key, "wait:door")
        await town.until(lambda: bool(town.stage.begun))

        late = await router.anywhere.steer(key, "count:3", id="s", stream=Journal())
        with pytest.raises(ElsewhereError):
            await router.anywhere.steer(key, "count:3", stream=Replay())
        await trio.sleep(3)
        town.stage.open("door")

        assert isinstance(await first.outcome(), Completed)
        assert isinstance(await late.outcome(), Completed)
        async with router.reopen_turn(key, "s") as answer:
            assert len([each async for each in answer]) == 3


@seeds(5)
async def test_a_steering_prompt_from_elsewhere_is_put_into_the_turn() -> None:
    """Its outcome says so, at the node that was asked."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        router = town.nodes["a"].router
        first = await router.accept(key, "wait:door point")
        await town.until(lambda: bool(town.stage.begun))

        steered = await router.anywhere.steer(key, "left")
        await trio.sleep(3)
        town.stage.open("door")

        assert isinstance(await first.outcome(), Completed)
        assert isinstance(await steered.outcome(), Steered)
        assert town.state(key) == ("wait:door point", "left")


@seeds(5)
async def test_a_node_that_has_just_come_takes_what_is_to_be_its_own() -> None:
    """A stream that is read here too, as nobody else owns the key."""
    async with open_town() as town:
        node = town.server.node("a")
        started: Node = await town.nursery.start(town.serve, "a", node)
        town.nodes["a"] = started
        chunks: list[str] = []

        async with started.router.open_turn("k", "count:3") as answer:
            chunks = [chunk async for chunk in answer]

        assert chunks == ["1.1", "1.2", "1.3"]


@seeds(10)
async def test_a_prompt_of_the_opening_after_ones_own_is_anothers() -> None:
    """Also if some were sent before the store was open, which have other numbers."""
    async with open_town() as town:
        store = town.server.node("a")
        first: Node = await town.nursery.start(town.serve, "a", store)
        town.nodes["a"] = first
        early = [first.router.send("early", f"e{number}") for number in range(5)]
        second = await town.add("b")
        for each in early:
            await each.outcome()
        await town.settled("a", "b")
        key = town.key_of("a")
        receipts: list[Receipt[str]] = []
        for number in range(12):
            node = (first, second)[number % 2]
            receipts.append(await node.router.accept(key, str(number), attempts=2))
        for each in receipts:
            await each.outcome()

        assert town.state(key) == tuple(map(str, range(12)))
        runs = [prompt for its, prompt in town.stage.begun if its == key]
        assert runs == [*map(str, range(12))]
