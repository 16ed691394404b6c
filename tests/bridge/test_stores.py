"""Prompts that survive, from asyncio and from threads."""

from __future__ import annotations

import asyncio

import pytest

from actors import Completed, Session, Turn
from supervision import NoStoreError, Router, Supervisor
from supervision.bridge import AsyncTree, open_blocking_tree, open_tree
from supervision.durable import MemoryServer, MemoryStore, SharingPolicy, StoreError


class Notes(Session[str, str, tuple[str, ...]]):
    """Takes notes."""

    initial_state = ()

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> int:
        """Note it."""
        turn.state = (*turn.state, turn.prompt)
        return len(turn.state)


def tree_on(store: MemoryStore | None) -> type[Supervisor]:
    """A tree with one router."""

    class Tree(Supervisor):
        children = (Router.spec(Notes, durable=store, id="notes"),)

    return Tree


def test_a_prompt_is_accepted_and_found_from_asyncio() -> None:
    """By its id, in the next tree on the same store too."""
    store = MemoryStore()

    async def accept(tree: AsyncTree) -> None:
        router = await tree.router(Notes, "notes")
        receipt = await router.accept("ann", "milk", id="1")
        await receipt.durable()
        assert isinstance(await receipt.outcome(), Completed)

    async def find(tree: AsyncTree) -> None:
        router = await tree.router(Notes, "notes")
        found = await router.find("ann", "1")
        assert found is not None
        assert isinstance(await found.outcome(), Completed)
        assert await router.find("ann", "2") is None
        remembered = await router.read("ann", newest=1)
        assert remembered is not None
        assert (remembered.state, remembered.live) == (("milk",), False)
        assert [each.key for each in await router.keys("a", most=5)] == ["ann"]
        assert (await router.passivate("ann")).away
        assert (await router.anywhere.passivate("ann")).away

        with pytest.raises(StoreError, match="a MemoryStore is in no file"):
            await router.backup("copy.db")

    async def main() -> None:
        for story in (accept, find):
            async with open_tree(tree_on(store)) as tree:
                await story(tree)

    asyncio.run(main())


def shared() -> MemoryStore:
    """A store whose only node this one is, and soon."""
    policy = SharingPolicy(ttl=0.1, poll=0.05)
    return MemoryServer(partitions=1, sharing=policy).node("a", address="here")


def test_what_nodes_say_crosses_to_asyncio() -> None:
    """Which there are, whose a key is; and the verbs for a key of any of them."""

    async def main() -> None:
        async with open_tree(tree_on(shared())) as tree:
            router = await tree.router(Notes, "notes")
            await (await router.accept("bob", "hello")).outcome()  # it is a node
            there = await router.locate("ann")
            assert there is not None
            assert (there.node, there.address, there.here) == ("a", "here", True)
            assert [each.node for each in await router.nodes()] == ["a"]
            assert await router.anywhere.inspect("ann") is None
            receipt = await router.anywhere.steer("ann", "milk", id="1")
            assert isinstance(await receipt.outcome(), Completed)
            seen = await router.anywhere.inspect("ann")
            assert seen is not None
            assert (await router.anywhere.cancel("ann")).turn is None
            assert (await router.anywhere.cancel_all("ann")).withdrawn == ()
            assert (await router.anywhere.reset("ann")).known
            await router.anywhere.close("ann")

    asyncio.run(main())


def test_what_nodes_say_crosses_to_a_thread() -> None:
    """The same."""
    with open_blocking_tree(tree_on(shared())) as tree:
        router = tree.router(Notes, "notes")
        router.accept("bob", "hello").outcome(within=100)  # it is a node
        there = router.locate("ann")
        assert there is not None
        assert (there.node, there.address, there.here) == ("a", "here", True)
        assert [each.node for each in router.nodes()] == ["a"]
        assert router.anywhere.inspect("ann") is None
        receipt = router.anywhere.steer("ann", "milk", id="1")
        assert isinstance(receipt.outcome(within=100), Completed)
        assert router.anywhere.inspect("ann") is not None
        assert router.anywhere.cancel("ann").turn is None
        assert router.anywhere.cancel_all("ann").withdrawn == ()
        assert router.anywhere.reset("ann").known
        router.anywhere.close("ann")


def test_a_prompt_is_accepted_and_found_from_a_thread() -> None:
    """And what needs a store says so."""
    with open_blocking_tree(tree_on(MemoryStore())) as tree:
        router = tree.router(Notes, "notes")
        receipt = router.accept("ann", "milk", id="1", within=100)
        receipt.durable(within=100)
        assert isinstance(receipt.outcome(within=100), Completed)
        found = router.find("ann", "1")
        assert found is not None
        assert found.id == receipt.id
        assert router.find("ann", "2") is None
        remembered = router.read("ann", newest=1)
        assert remembered is not None
        assert (remembered.state, remembered.live) == (("milk",), True)
        assert [each.key for each in router.keys("a", most=5)] == ["ann"]
        assert router.passivate("ann").away
        assert router.anywhere.passivate("ann").away
        assert not router.passivate("nobody")
        with pytest.raises(StoreError, match="a MemoryStore is in no file"):
            router.backup("copy.db")
    with (
        open_blocking_tree(tree_on(None)) as tree,
        pytest.raises(NoStoreError),
    ):
        tree.router(Notes, "notes").accept("ann", "milk")


def test_whoever_leaves_before_it_is_stored_has_sent_nothing() -> None:
    """From a thread, when its time is over: what comes next is not behind it."""
    store = MemoryStore()
    with open_blocking_tree(tree_on(store)) as tree:
        router = tree.router(Notes, "notes")
        assert isinstance(router.accept("ann", "milk").outcome(), Completed)
        tree._line.step(store.stand_still)
        with pytest.raises(TimeoutError):
            router.accept("ann", "bread", id="2", within=0.01)
        tree._line.step(store.go_on)
        outcome = router.accept("ann", "salt").outcome()
        assert isinstance(outcome, Completed)
        assert outcome.result == 2  # milk, salt
