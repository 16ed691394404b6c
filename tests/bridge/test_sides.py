"""Who may call what from where; and that the faces promise what the handles do."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from supervision import Anywhere, RouterRef
from supervision.bridge import (
    AsyncAnywhere,
    AsyncReceipt,
    AsyncRouter,
    AsyncTree,
    AsyncTurn,
    BlockingAnywhere,
    BlockingReceipt,
    BlockingRouter,
    BlockingTree,
    BlockingTurn,
    WrongSideError,
    open_blocking_tree,
    open_tree,
)

from .ground import Doer, Total, Tree, hang, play, say

LOOKS = {"ref", "limits", "anywhere"}  # no verbs: attributes
VERBS = [
    name for name in dir(RouterRef) if not name.startswith("_") and name not in LOOKS
]
# what a thread has instead of a deadline
ONLY_THERE = {("send_wait", "within"), ("accept", "within")}


@pytest.mark.parametrize("face", [AsyncRouter, BlockingRouter])
@pytest.mark.parametrize("verb", VERBS)
def test_a_face_has_each_verb_of_the_handle(face: type, verb: str) -> None:
    """With the same arguments and defaults."""
    theirs = inspect.signature(getattr(RouterRef, verb)).parameters
    ours = inspect.signature(getattr(face, verb)).parameters
    there = {
        name: (each.kind, each.default)
        for name, each in ours.items()
        if (verb, name) not in ONLY_THERE or face is AsyncRouter
    }

    assert there == {name: (each.kind, each.default) for name, each in theirs.items()}


@pytest.mark.parametrize("face", [AsyncAnywhere, BlockingAnywhere])
def test_a_face_has_each_verb_for_keys_of_any_node(face: type) -> None:
    """With the same arguments and defaults."""

    def verbs(whose: type) -> dict[str, list[tuple[str, Any, Any]]]:
        return {
            name: [
                (each.name, each.kind, each.default)
                for each in inspect.signature(getattr(whose, name)).parameters.values()
            ]
            for name in dir(whose)
            if not name.startswith("_")
        }

    assert verbs(face) == verbs(Anywhere)


@pytest.mark.parametrize(
    ("awaiting", "blocking"),
    [
        (AsyncAnywhere, BlockingAnywhere),
        (AsyncRouter, BlockingRouter),
        (AsyncReceipt, BlockingReceipt),
        (AsyncTree, BlockingTree),
        (AsyncTurn, BlockingTurn),
    ],
)
def test_the_two_faces_have_the_same_names(awaiting: type, blocking: type) -> None:
    """But for the way from one to the other, and `read(within)` of a thread."""
    own = {"of", "blocking", "read"}

    def names(face: type) -> set[str]:
        return {name for name in dir(face) if not name.startswith("_")} - own

    assert names(awaiting) == names(blocking)


def test_what_waits_in_asyncio_is_refused_elsewhere() -> None:
    """In Trio, and where no loop runs; nothing was done."""

    async def main() -> tuple[AsyncTree, AsyncRouter[Any, Any], AsyncReceipt[Any]]:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            receipt = await router.send("ann", say())
            calls: list[Callable[[], Awaitable[object]]] = [
                lambda: router.send("ann", say()),
                lambda: router.send_wait("ann", say()),
                lambda: router.drain(1),
                receipt.outcome,
                receipt.withdraw,
                lambda: tree.ask(tree.ref, Total()),
                tree.wait_ended,
                router.open_turn("ann", hang).__aenter__,
                open_tree(Tree).__aenter__,
                lambda: anext(router.open_turn("ann", hang)),
            ]

            async def in_trio() -> None:
                for call in calls:
                    with pytest.raises(WrongSideError, match="cannot be used inside T"):
                        await call()

            await tree.run(in_trio)
            assert (await router.statistics()).accepted == 1
            return tree, router, receipt

    _, router, receipt = play(main)
    for coroutine in (router.send("ann", say()), receipt.outcome()):
        with pytest.raises(WrongSideError, match="outside of asyncio"):
            coroutine.send(None)


def test_what_blocks_is_refused_in_an_event_loop() -> None:
    """In Trio's and in asyncio's, which would stand still."""

    async def main() -> None:
        async with open_tree(Tree) as there:
            tree = there.blocking
            router = await asyncio.to_thread(tree.router, Doer, "router")
            receipt = await asyncio.to_thread(router.send, "ann", say())
            calls: list[Callable[[], object]] = [
                lambda: router.send("ann", say()),
                lambda: router.send_wait("ann", say()),
                receipt.outcome,
                lambda: tree.ask(tree.ref, Total()),
                tree.wait_ended,
                router.open_turn("ann", hang).__enter__,
                open_blocking_tree(Tree).__enter__,
                lambda: next(router.open_turn("ann", hang)),
            ]
            for call in calls:
                with pytest.raises(WrongSideError, match="inside asyncio"):
                    call()

            async def in_trio() -> None:
                await trio.lowlevel.checkpoint()
                for call in calls:
                    with pytest.raises(WrongSideError, match="inside Trio"):
                        call()

            await there.run(in_trio)

    play(main)


def test_an_answer_is_read_inside_of_its_block() -> None:
    """Before it there is none."""

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            answer = router.open_turn("ann", hang)
            with pytest.raises(WrongSideError, match="outside of its block"):
                await anext(answer)
            with pytest.raises(WrongSideError, match="outside of its block"):
                _ = answer.receipt

    play(main)
    with open_blocking_tree(Tree) as tree:
        answer = tree.router(Doer, "router").open_turn("ann", hang)
        with pytest.raises(WrongSideError, match="outside of its block"):
            next(answer)
