"""Answers that are kept, read from asyncio and from threads."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from actors import (
    Completed,
    Journal,
    StreamRestartedError,
    UnknownPromptError,
)
from supervision import PromptKeptError, Router, Supervisor
from supervision.bridge import (
    AsyncRouter,
    AsyncTree,
    BlockingRouter,
    BlockingTree,
    TreeEndedError,
    open_blocking_tree,
    open_tree,
)
from supervision.durable import StorePolicy
from tests.bridge.ground import Gate, play
from tests.durable.keeping.stage import Player, Stage, make_store

from .test_journals import FAR, numbers

ENDED = (TreeEndedError, PromptKeptError)
LONG = "count:300 wait:door count:3"


def tree_on(stage: Stage) -> type[Supervisor]:
    """A tree with one router on the store of this stage."""

    class Tree(Supervisor):
        children = (Router.spec(Player, stage, durable=stage.store, id="router"),)

    return Tree


async def router_of(tree: AsyncTree) -> AsyncRouter[str, str]:
    """Give the router of the tree."""
    return await tree.router(Player, "router")


def router_here(tree: BlockingTree) -> BlockingRouter[str, str]:
    """Give the router of the tree."""
    return tree.router(Player, "router")


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_from_asyncio_an_answer_is_left_and_read_on(kind: str, tmp_path: Any) -> None:
    """While it runs, by two readers, when it has ended, and in the next tree."""
    stage = Stage(make_store(kind, tmp_path, StorePolicy(journal_bytes=500)))

    async def first() -> None:
        async with open_tree(tree_on(stage)) as tree:
            router = await router_of(tree)
            stream = Journal(chunks=8)
            seen: list[str] = []
            async with router.open_turn("ann", LONG, id="m", stream=stream) as answer:
                while answer.number < 40:  # and 64 more lie on the bridge
                    seen.append(await anext(answer))
            assert seen == numbers(1, 40)
            assert answer.ended is None

            async with (
                router.reopen_turn("ann", "m", after=40) as near,
                router.reopen_turn("ann", answer.receipt.id, after=7) as far,
            ):
                assert (near.number, far.number) == (40, 7)
                assert [await anext(near) for _ in range(260)] == numbers(41, 300)
                await tree.run(_open, stage)
                assert [each async for each in near] == numbers(1, 3)
                assert isinstance(await near.outcome(), Completed)
                assert near.number == 303
                rest = [each async for each in far]
                assert rest == numbers(8, 300) + numbers(1, 3)

    async def second() -> None:
        async with open_tree(tree_on(stage)) as tree:
            router = await router_of(tree)
            async with router.reopen_turn("ann", "m", after=299) as answer:
                assert [each async for each in answer] == ["1.300", *numbers(1, 3)]
                assert [each async for each in answer] == []
                assert isinstance(await answer.outcome(), Completed)
            for unknown in ("n", 77):
                with pytest.raises(UnknownPromptError):
                    await router.reopen_turn("ann", unknown).__aenter__()
            stream = Journal()
            async with router.open_turn("ann", LONG, id="m", stream=stream) as answer:
                assert len([each async for each in answer]) == 303
            await router.reset("ann")
            with pytest.raises(UnknownPromptError):
                await router.reopen_turn("ann", "m").__aenter__()

    play(first)
    play(second)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_from_a_thread_an_answer_is_left_and_read_on(kind: str, tmp_path: Any) -> None:
    """The same."""
    stage = Stage(make_store(kind, tmp_path, StorePolicy(journal_bytes=500)))
    with open_blocking_tree(tree_on(stage)) as tree:
        router = router_here(tree)
        stream = Journal(chunks=8)
        with router.open_turn("ann", LONG, id="m", stream=stream) as answer:
            assert [next(answer) for _ in range(40)] == numbers(1, 40)
            assert answer.number == 40
        assert answer.ended is None
        with router.reopen_turn("ann", "m", after=40) as answer:
            assert [next(answer) for _ in range(260)] == numbers(41, 300)
            tree.run(_open, stage)
            assert list(answer) == numbers(1, 3)
            assert isinstance(answer.outcome(), Completed)

    with open_blocking_tree(tree_on(stage)) as tree:
        router = router_here(tree)
        with router.reopen_turn("ann", "m", after=299) as answer:
            assert list(answer) == ["1.300", *numbers(1, 3)]
        for unknown in ("n", 77):
            with (
                pytest.raises(UnknownPromptError),
                router.reopen_turn("ann", unknown),
            ):
                raise AssertionError
        router.reset("ann")
        with pytest.raises(UnknownPromptError), router.reopen_turn("ann", "m"):
            raise AssertionError


class Quit(Exception):  # noqa: N818 - no error
    """Leaves a tree without a drain."""


class Reader:
    """Reads an answer until it is told that there is no more."""

    def __init__(self) -> None:
        self.chunks: list[str] = []
        self.end: BaseException | None = None
        self.has_read = Gate()

    async def read(self, router: AsyncRouter[str, str]) -> None:
        """Read in asyncio."""
        async with router.reopen_turn("ann", "m") as answer:
            while self.end is None:
                try:
                    self.got(await anext(answer))
                except StreamRestartedError:  # put back, to be tried again
                    continue
                except ENDED as error:
                    self.end = error

    def read_here(self, tree: BlockingTree) -> None:
        """Read in a thread."""
        with router_here(tree).reopen_turn("ann", "m") as answer:
            while self.end is None:
                try:
                    self.got(next(answer))
                except StreamRestartedError:
                    continue
                except ENDED as error:
                    self.end = error

    def got(self, chunk: str) -> None:
        """Note it; the ninth is the last that there is."""
        self.chunks.append(chunk)
        if chunk.endswith(".9"):
            self.has_read.open()


def test_a_tree_that_ends_under_readers_keeps_the_answer() -> None:
    """Each is told that it has ended; in the next tree the second try is no mixture."""
    stage = Stage()
    prompt = "count:9 wait:door"
    readers = [Reader(), Reader()]

    async def first() -> None:
        ends: list[Any] = []
        with suppress(Quit):  # without a drain
            async with open_tree(tree_on(stage)) as tree:
                router = await router_of(tree)
                await router.accept("ann", prompt, id="m", attempts=2, stream=Journal())
                ends.append(asyncio.ensure_future(readers[0].read(router)))
                work = asyncio.to_thread(readers[1].read_here, tree.blocking)
                ends.append(asyncio.ensure_future(work))
                for each in readers:
                    await each.has_read.wait_in_loop()
                raise Quit
        await asyncio.gather(*ends)
        assert [each.chunks for each in readers] == [numbers(1, 9)] * 2
        assert all(isinstance(each.end, ENDED) for each in readers)

    async def second() -> None:
        async with open_tree(tree_on(stage)) as tree:
            router = await router_of(tree)
            async with router.reopen_turn("ann", "m") as answer:
                assert await anext(answer) == "2.1"
                assert answer.number == FAR + 1
            with pytest.raises(StreamRestartedError) as caught:
                await router.reopen_turn("ann", "m", after=9).__aenter__()
            assert (caught.value.attempt, caught.value.first) == (2, FAR + 1)
            await tree.run(_open, stage)
            async with router.reopen_turn("ann", "m") as answer:
                assert [each async for each in answer] == numbers(1, 9, attempt=2)

    play(first)
    play(second)


async def _open(stage: Stage) -> None:
    stage.open("door")
