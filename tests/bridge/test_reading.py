"""Answers read from asyncio and from threads: order, back-pressure, and leaving."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import trio

from actors import (
    Abort,
    Aborted,
    Bounded,
    Completed,
    Failed,
    Latest,
    Phase,
    QueueFullError,
    Replay,
    Steered,
    Turn,
    TurnNotCompletedError,
    UnknownPromptError,
    Withdrawn,
)
from supervision.bridge import AsyncRouter, AsyncTree, open_blocking_tree, open_tree

from .ground import Boom, Doer, Gate, Tree, hang, play, quiet, quiet_here, say


async def router_of(tree: AsyncTree) -> AsyncRouter[Any, Any]:
    """Give the router of the tree."""
    return await tree.router(Doer, "router")


def test_chunks_come_in_order_and_then_the_end() -> None:
    """More than fit on the way; afterwards there is nothing to read any more."""
    words = list(range(1000))

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            async with router.open_turn("ann", say(*words)) as answer:
                assert [word async for word in answer] == words
                assert [word async for word in answer] == []
                assert await answer.outcome() == Completed(turn=1, result="said")
            assert answer.ended is answer.receipt.ended
            assert answer.turn == 1

    play(main)


def test_nothing_is_read_behind_the_block() -> None:
    """As in Trio: neither what had come already, nor the end as if all were read."""
    left = "the block of this answer has been left"

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            async with router.open_turn("ann", say(1, 2, 3)) as answer:
                assert await anext(answer) == 1
                assert await answer.receipt.outcome() == Completed(
                    turn=1, result="said"
                )
            for _ in range(2):
                with pytest.raises(trio.ClosedResourceError, match=left):
                    await anext(answer)
            assert (answer.number, answer.turn) == (1, 1)

    play(main)
    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        with router.open_turn("ann", say(1, 2, 3)) as answer:
            assert next(answer) == 1
            answer.outcome()
        with pytest.raises(trio.ClosedResourceError, match=left):
            next(answer)


def test_chunks_come_in_order_to_a_thread() -> None:
    """The same."""
    words = list(range(1000))

    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        with router.open_turn("ann", say(*words)) as answer:
            assert list(answer) == words
            assert list(answer) == []
            assert answer.outcome() == Completed(turn=1, result="said")
        assert (answer.turn, answer.ended) == (1, answer.receipt.ended)


async def break_off(turn: Turn[Any, Any]) -> None:
    """Say something, and fail."""
    await turn.emit("so")
    raise Boom


def test_an_answer_that_is_never_complete_says_so_after_its_chunks() -> None:
    """Each time it is read."""

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            async with router.open_turn("ann", break_off) as answer:
                assert await anext(answer) == "so"
                for _ in range(2):
                    with pytest.raises(TurnNotCompletedError) as found:
                        await anext(answer)
                    assert isinstance(found.value.__cause__, Boom)
                    assert isinstance(found.value.outcome, Failed)

    play(main)
    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        with router.open_turn("ann", break_off) as answer:
            assert next(answer) == "so"
            for _ in range(2):
                with pytest.raises(TurnNotCompletedError):
                    next(answer)


def test_a_prompt_that_is_refused_raises_where_the_block_begins() -> None:
    """And the body does not run."""

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            for _ in range(11):
                await router.send("ann", hang)
            with pytest.raises(QueueFullError):
                async with router.open_turn("ann", hang):
                    raise AssertionError
            with pytest.raises(TypeError, match="stream must be"):
                router.open_turn("ann", hang, stream=5)  # type: ignore[arg-type] # wrong
            blocking = tree.blocking

            def refused() -> None:
                with (
                    pytest.raises(QueueFullError),
                    blocking.router(Doer, "router").open_turn("ann", hang),
                ):
                    raise AssertionError

            await asyncio.to_thread(refused)
            await router.cancel_all("ann")

    play(main)


async def spell(turn: Turn[Any, Any]) -> None:
    """Emit numbers, and note how far it has come."""
    progress: list[int] = turn.receipts[0].origin  # type: ignore[assignment] # a test's
    for number in range(1000):
        progress.append(number)
        await turn.emit(number)


@pytest.mark.parametrize(("capacity", "ahead"), [(1, 3), (4, 9), (200, 265)])
def test_a_slow_reader_slows_the_turn(capacity: int, ahead: int) -> None:
    """It is ahead by its stream, by as many on the bridge (64 at most), and by one."""
    progress: list[int] = []

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            stream = Bounded(capacity)
            async with router.open_turn(
                "ann", spell, stream=stream, origin=progress
            ) as answer:
                await quiet(tree)
                assert len(progress) == ahead
                assert await anext(answer) == 0
                await quiet(tree)
                assert ahead <= len(progress) <= ahead + 1
                assert [number async for number in answer] == [*range(1, 1000)]

    play(main)


def test_of_latest_a_reader_gets_what_is_newest_when_it_reads() -> None:
    """Nothing is taken before it is wanted, and the last word always comes."""
    gate = Gate()

    async def count(turn: Turn[Any, Any]) -> None:
        for number in range(10):
            await turn.emit(number)
        await trio.to_thread.run_sync(gate.wait)
        for number in range(10, 20):
            await turn.emit(number)

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            async with router.open_turn("ann", count, stream=Latest()) as answer:
                await quiet(tree)
                assert await anext(answer) == 9
                gate.open()
                rest = [number async for number in answer]
                assert rest[-1] == 19

    play(main)


def test_leaving_the_block_aborts_the_turn_and_waits_for_it() -> None:
    """In order, by an exception, by a cancellation: the clean-up is over by then."""
    log: list[str] = []

    async def tidy(turn: Turn[Any, Any]) -> None:
        try:
            await hang(turn)
        finally:
            with trio.CancelScope(shield=True):
                await trio.testing.wait_all_tasks_blocked()
            log.append("tidied")

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            opened = router.open_turn("ann", tidy)
            async with opened as answer:
                assert await anext(answer) == "begun"
            assert log.pop() == "tidied"
            assert opened.ended == Aborted(turn=1, reason="its reader has left")
            with pytest.raises(RuntimeError, match="opened once"):
                await opened.__aenter__()

            async def fail() -> None:
                async with router.open_turn("ann", tidy) as answer:
                    await anext(answer)
                    raise Boom

            with pytest.raises(Boom):
                await fail()
            assert log.pop() == "tidied"

            async def read() -> None:
                async with router.open_turn("ann", tidy) as answer:
                    async for _ in answer:
                        begun.set()

            begun = asyncio.Event()
            reading = asyncio.create_task(read())
            await begun.wait()
            reading.cancel()
            await asyncio.sleep(0)
            reading.cancel()  # again, while the turn is being aborted
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert log.pop() == "tidied"

    play(main)


def test_leaving_before_the_turn_begins_takes_the_prompt_back() -> None:
    """Also while it waits to be accepted; the session's next prompt is not held up."""

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            first = await router.send("ann", hang)
            async with router.open_turn("ann", say("never")) as answer:
                assert answer.turn is None
                assert answer.ended is None
            assert isinstance(answer.ended, Withdrawn)

            gate = Gate()
            busy = asyncio.create_task(tree.run_sync(gate.wait))
            await asyncio.sleep(0)
            opening = asyncio.create_task(router.open_turn("ann", hang).__aenter__())
            await asyncio.sleep(0)
            opening.cancel()
            gate.open()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await busy
            info = await router.inspect("ann")
            assert info is not None
            assert info.queued == 0
            await router.cancel("ann")
            assert isinstance(await first.outcome(), Aborted)

    play(main)


def test_one_read_that_is_given_up_loses_nothing() -> None:
    """`asyncio.timeout` around one chunk: read on afterwards."""
    gate = Gate()

    async def slowly(turn: Turn[Any, Any]) -> None:
        await trio.to_thread.run_sync(gate.wait)
        for number in range(3):
            await turn.emit(number)

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            async with router.open_turn("ann", slowly) as answer:
                for _ in range(2):
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0):
                            await anext(answer)
                gate.open()
                assert [number async for number in answer] == [0, 1, 2]

    play(main)


def test_a_thread_that_gives_up_one_read_loses_nothing() -> None:
    """`read(within)` raises TimeoutError, and may be called again."""
    gate = Gate()

    async def slowly(turn: Turn[Any, Any]) -> None:
        await trio.to_thread.run_sync(gate.wait)
        await turn.emit("at last")

    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        with router.open_turn("ann", slowly) as answer:
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    answer.read(within=0)
            with pytest.raises(TimeoutError):
                answer.outcome(within=0)
            gate.open()
            assert list(answer) == ["at last"]


def test_an_answer_has_one_reader() -> None:
    """A second one is told so, and the first goes on."""
    gate = Gate()

    async def slowly(turn: Turn[Any, Any]) -> None:
        await trio.to_thread.run_sync(gate.wait)
        await turn.emit("at last")

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            async with router.open_turn("ann", slowly) as answer:
                first = asyncio.create_task(anext(answer))
                await asyncio.sleep(0)
                with pytest.raises(trio.BusyResourceError):
                    await anext(answer)
                gate.open()
                assert await first == "at last"

    play(main)


def test_an_answer_can_be_steered_and_aborted() -> None:
    """By whoever reads it."""
    gate = Gate()

    async def listen(turn: Turn[Any, Any]) -> None:
        await turn.emit("begun")
        await trio.to_thread.run_sync(gate.wait)
        for more in await turn.checkpoint():
            await turn.emit(more.prompt)
        await trio.sleep_forever()

    louder = say()

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            async with router.open_turn("ann", listen) as answer:
                assert await anext(answer) == "begun"
                steered = await answer.steer(louder)
                gate.open()
                assert await anext(answer) is louder
                assert await steered.outcome() == Steered(turn=1)
                assert await answer.abort("enough") is Abort.ABORTING
                assert await answer.outcome() == Aborted(turn=1, reason="enough")

    play(main)
    gate = Gate()
    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        with router.open_turn("ann", listen) as answer:
            assert next(answer) == "begun"
            steered = answer.steer(louder)
            gate.open()
            assert next(answer) is louder
            assert steered.outcome() == Steered(turn=1)
            assert answer.abort("enough") is Abort.ABORTING
            assert answer.outcome() == Aborted(turn=1, reason="enough")


def test_a_prompt_that_is_known_has_nothing_to_read() -> None:
    """And leaving its block aborts nothing."""

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            first = await router.send("ann", hang, id="one")
            async with router.open_turn("ann", hang, id="one") as answer:
                assert answer.receipt.receipt is first.receipt
            assert first.ended is None
            await router.cancel("ann")
            assert isinstance(await first.outcome(), Aborted)

    play(main)


def test_a_thread_that_leaves_aborts_the_turn() -> None:
    """By leaving the block early."""
    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        with router.open_turn("ann", hang) as answer:
            assert next(answer) == "begun"
            quiet_here(tree)
        assert answer.ended == Aborted(turn=1, reason="its reader has left")


def test_a_reader_may_leave_and_come_back() -> None:
    """With `Replay` the turn goes on; read on from a number, or be told of a gap."""

    async def main() -> None:
        gate = Gate()

        async def slowly(turn: Turn[Any, Any]) -> None:
            for number in range(1, 6):
                await turn.emit(number)
            await trio.to_thread.run_sync(gate.wait)
            await turn.emit(6)

        async with open_tree(Tree) as tree:
            router = await router_of(tree)
            stream = Replay(chunks=4)
            async with router.open_turn("ann", slowly, stream=stream) as answer:
                await answer.wait_begun()
                assert (await anext(answer), answer.number) == (1, 1)
                assert answer.phase is not Phase.ENDED
                sent = answer.receipt.id
            await quiet_again(tree)
            gate.open()
            async with router.reopen_turn("ann", sent, after=3) as answer:
                assert answer.number == 3
                assert [number async for number in answer] == [4, 5, 6]
                assert (answer.number, answer.phase) == (6, Phase.ENDED)
            with pytest.raises(UnknownPromptError):
                await router.reopen_turn("ann", 77).__aenter__()

            def again() -> list[object]:
                here = tree.blocking.router(Doer, "router")
                with here.reopen_turn("ann", sent, after=4) as answer:
                    answer.wait_begun()
                    assert (answer.number, answer.phase) == (4, Phase.ENDED)
                    return list(answer)

            assert await asyncio.to_thread(again) == [5, 6]

    async def quiet_again(tree: AsyncTree) -> None:
        await quiet(tree)

    play(main)
