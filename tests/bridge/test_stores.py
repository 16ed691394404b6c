"""Prompts that survive, from asyncio and from threads."""

from __future__ import annotations

import asyncio

import pytest

from actors import Completed, Session, Turn
from supervision import NoStoreError, Router, Supervisor
from supervision.bridge import AsyncTree, open_blocking_tree, open_tree
from supervision.durable import MemoryStore, StoreError


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

        with pytest.raises(StoreError, match="a MemoryStore is in no file"):
            await router.backup("copy.db")

    async def main() -> None:
        for story in (accept, find):
            async with open_tree(tree_on(store)) as tree:
                await story(tree)

    asyncio.run(main())


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
