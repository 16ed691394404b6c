"""From an actor into the host's event loop, and back."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from actors import Completed, Failed, Outcome, Turn
from supervision.bridge import (
    AsyncTree,
    HostCancelledError,
    HostEndedError,
    WrongSideError,
    open_blocking_tree,
    open_tree,
    run_in_host,
)

from .ground import Boom, Do, Doer, Gate, Tree, play, quiet

mark: contextvars.ContextVar[str] = contextvars.ContextVar("mark", default="none")


def in_host(async_fn: Callable[..., Awaitable[object]], *args: object) -> Do:
    """Make a prompt that runs something in the host."""

    async def go(_: Turn[Any, Any]) -> object:
        return await run_in_host(async_fn, *args)

    return go


async def outcome_of(tree: AsyncTree, prompt: Do) -> Outcome:
    """Send it, and wait for its outcome."""
    router = await tree.router(Doer, "router")
    return await (await router.send("ann", prompt)).outcome()


def test_an_actor_runs_a_coroutine_function_in_the_host() -> None:
    """In its loop, as a task; result and exception come back as they are."""
    boom = Boom("in the host")

    async def where(word: str) -> tuple[str, object]:
        await asyncio.sleep(0)
        return word, asyncio.get_running_loop()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise boom

    async def main() -> None:
        async with open_tree(Tree) as tree:
            here = asyncio.get_running_loop()
            assert await outcome_of(tree, in_host(where, "hi")) == Completed(
                turn=1, result=("hi", here)
            )
            failed = await outcome_of(tree, in_host(fail))
            assert isinstance(failed, Failed)
            assert failed.error is boom
            assert await tree.run(run_in_host, where, "run") == ("run", here)

    play(main)


def test_a_cancellation_in_trio_ends_the_task_in_the_host() -> None:
    """The turn's outcome is there when the task has ended, after its clean-up."""
    log: list[str] = []

    async def main() -> None:
        begun = asyncio.Event()

        async def tidy() -> None:
            try:
                begun.set()
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)  # noqa: ASYNC102 - of asyncio
                log.append("tidied")

        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            receipt = await router.send("ann", in_host(tidy))
            await begun.wait()
            await router.cancel("ann")
            await receipt.outcome()
            assert log == ["tidied"]

    play(main)


def test_a_task_that_takes_no_notice_of_a_cancellation_is_waited_for() -> None:
    """Its result counts, and the cancellation comes at the next checkpoint."""

    async def main() -> None:
        begun = asyncio.Event()

        async def deaf() -> str:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:  # noqa: ASYNC103 - deaf
                return "all the same"  # noqa: ASYNC104
            raise AssertionError

        async def call() -> None:
            with trio.CancelScope() as scopes[0]:
                found.append(await run_in_host(deaf))
                await trio.lowlevel.checkpoint()
                raise AssertionError

        found: list[str] = []
        scopes = [trio.CancelScope()]
        async with open_tree(Tree) as tree:
            calling = asyncio.create_task(tree.run(call))
            await begun.wait()
            await tree.run_sync(lambda: scopes[0].cancel())  # noqa: PLW0108 - another by then
            await calling
            assert found == ["all the same"]

    play(main)


def test_who_is_cancelled_already_does_not_begin() -> None:
    """As any checkpoint."""

    async def never() -> None:
        raise AssertionError

    async def call() -> bool:
        with trio.CancelScope() as scope:
            scope.cancel()
            await run_in_host(never)
        return scope.cancelled_caught

    async def main() -> None:
        async with open_tree(Tree) as tree:
            assert await tree.run(call)

    play(main)


def test_the_host_may_cancel_its_task() -> None:
    """For the actor that is an error with a name, not a cancellation of its own."""

    async def main() -> None:
        async def cancels_itself() -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

        async with open_tree(Tree) as tree:
            outcome = await outcome_of(tree, in_host(cancels_itself))
            assert isinstance(outcome, Failed)
            assert isinstance(outcome.error, HostCancelledError)
            assert outcome.error.what.endswith("cancels_itself")
            assert "event loop cancelled" in str(outcome.error)

    play(main)


def test_the_host_sees_its_own_context() -> None:
    """A copy of what it was when the tree was opened; nothing of the actor's."""

    async def look() -> str:
        return mark.get()

    async def call() -> str:
        mark.set("trio's")
        return await run_in_host(look)

    async def main() -> None:
        mark.set("host's")
        async with open_tree(Tree) as tree:
            mark.set("later")
            assert await tree.run(call) == "host's"

    play(main)


def test_the_host_can_be_called_while_the_tree_stops() -> None:
    """Leaving the block holds up the task, not the loop."""
    called: list[str] = []

    async def note() -> None:
        called.append("called")

    async def last_word(_: Turn[Any, Any]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await run_in_host(note)

    async def fail() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            await router.send("ann", last_word)
            await quiet(tree)
            raise Boom

    async def main() -> None:
        with pytest.raises(Boom):
            await fail()
        assert called == ["called"]

    play(main)


def test_there_is_a_word_for_a_host_that_has_gone() -> None:
    """Its loop is closed, and the tree lives on: nobody left the block."""
    gate, begun = Gate(), Gate()
    errors: list[BaseException] = []
    trees: list[AsyncTree] = []

    async def nothing() -> None:
        pass

    async def call() -> None:
        await trio.to_thread.run_sync(gate.wait)
        try:
            await run_in_host(nothing)
        except HostEndedError as error:
            errors.append(error)

    async def stuck() -> None:
        begun.open()
        await asyncio.Event().wait()

    async def call_stuck() -> None:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(run_in_host, stuck)
                await trio.to_thread.run_sync(gate.wait)
                scope.cancel()

    async def enter() -> None:
        trees.append(await open_tree(Tree).__aenter__())

    loop = asyncio.new_event_loop()
    loop.run_until_complete(enter())
    (tree,) = trees
    calls = [tree._thread.run(call), tree._thread.run(call_stuck)]
    loop.run_until_complete(begun.wait_in_loop())
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined] # on purpose
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    gate.open()

    blocking = tree.blocking
    for each in calls:
        blocking._line.end_of(each)
    assert "event loop has ended" in str(errors[0])
    tree.stop("the test is over")
    blocking.wait_ended()
    tree._thread.join()


def test_it_is_refused_where_there_is_no_host() -> None:
    """Outside of Trio, in a tree of a thread; and what is no async function."""

    async def nothing() -> None:
        pass

    async def main() -> None:
        with pytest.raises(WrongSideError, match=r"run_in_host\(\).*outside of Trio"):
            await run_in_host(nothing)
        with pytest.raises(TypeError, match="run_in_host"):
            await run_in_host(int)  # type: ignore[arg-type] # wrong

    play(main)
    with (
        open_blocking_tree(Tree) as tree,
        pytest.raises(WrongSideError, match="without a host"),
    ):
        tree.run(run_in_host, nothing)
