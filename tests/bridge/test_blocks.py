"""How the block of a tree is entered and left, whatever happens in it and to it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import trio
import trio.testing

from actors import Aborted, Actor, Completed, Exit, Lost, Turn
from supervision import ExitCode, Settings
from supervision.bridge import (
    AsyncReceipt,
    AsyncTree,
    TreeEndedError,
    open_blocking_tree,
    open_tree,
)
from supervision.bridge._blocking import opening
from supervision.bridge._blocking.waiting import arrive

from .ground import (
    Boom,
    Counter,
    Doer,
    Gate,
    Never,
    Total,
    Tree,
    hang,
    play,
    quiet,
    trees_left,
)


class Late(Actor[str]):
    """Is never ready, or fails."""

    grace = 0.0

    def __init__(self, log: list[str], error: Exception | None = None) -> None:
        self.log = log
        self.error = error

    async def started(self) -> None:
        """Hang, or fail."""
        if self.error is not None:
            raise self.error
        self.log.append("starting")
        await trio.sleep_forever()

    def stopped(self, exit: Exit) -> None:  # noqa: A002 - its name in the hook
        del exit
        self.log.append("stopped")

    def receive(self, message: str) -> None:
        del message


def test_left_in_order_it_drains() -> None:
    """What is accepted finishes; then nothing is left, and there is a report."""
    gate = Gate()
    receipts: list[AsyncReceipt[Any]] = []

    async def slowly(_: Turn[Any, Any]) -> str:
        await trio.to_thread.run_sync(gate.wait)
        return "finished"

    async def open_when_it_drains() -> None:
        await trio.testing.wait_all_tasks_blocked()
        gate.open()

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            receipts.append(await router.send("ann", slowly))
            await tree.run_sync(trio.lowlevel.spawn_system_task, open_when_it_drains)
            assert tree.report is None
            assert not tree.ended
        assert receipts[0].ended == Completed(turn=1, result="finished")
        assert await receipts[0].outcome() is receipts[0].ended
        assert tree.ended
        assert tree.crash is None
        assert tree.report is not None
        assert tree.report.exit_code == ExitCode.OK
        assert tree.report.why == "its host has left the block"
        assert repr(tree) == "<AsyncTree Tree: has ended>"
        await tree.wait_ended()

    play(main)


def test_left_by_an_exception_it_stops_without_a_drain() -> None:
    """What runs is aborted; the exception leaves when all is over."""
    receipts: list[AsyncReceipt[Any]] = []

    async def body() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            receipts.append(await router.send("ann", hang))
            receipts.append(await router.send("ann", hang))
            raise Boom

    async def main() -> None:
        with pytest.raises(Boom):
            await body()
        assert isinstance(receipts[0].ended, Aborted)
        assert isinstance(receipts[1].ended, Lost)

    play(main)


def test_a_cancelled_host_goes_on_when_the_tree_has_ended() -> None:
    """Not before; cancelled again meanwhile it still waits."""
    log: list[str] = []

    async def tidy(_: Turn[Any, Any]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.testing.wait_all_tasks_blocked()
            log.append("tidied")

    async def main() -> None:
        async def host() -> None:
            async with open_tree(Tree) as tree:
                router = await tree.router(Doer, "router")
                await router.send("ann", tidy)
                await quiet(tree)
                begun.set()
                await asyncio.Event().wait()

        begun = asyncio.Event()
        before = set(threading.enumerate())
        task = asyncio.create_task(host())
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log == ["tidied"]
        assert trees_left(before) == []

    play(main)


def test_a_deadline_around_the_block_ends_in_a_timeout() -> None:
    """`asyncio.timeout` and the block go together."""

    async def main() -> None:
        async def host() -> None:
            async with asyncio.timeout(None) as deadline, open_tree(Tree):
                deadline.reschedule(0)
                await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await host()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    play(main)


def test_a_host_that_is_cancelled_in_the_drain_cuts_it_short() -> None:
    """A hanging turn is aborted then; the cancellation is raised at the end."""

    async def main() -> None:
        async def host() -> None:
            async with open_tree(Tree, settings=Settings(budget=1000)) as tree:
                router = await tree.router(Doer, "router")
                receipts.append(await router.send("ann", hang))
                draining.set()

        receipts: list[AsyncReceipt[Any]] = []
        draining = asyncio.Event()
        task = asyncio.create_task(host())
        await draining.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(receipts[0].ended, Aborted)

    play(main)


def test_a_host_that_is_cancelled_while_the_tree_starts_leaves_none_behind() -> None:
    """It is stopped first."""
    log: list[str] = []

    async def main() -> None:
        entering = asyncio.create_task(open_tree(Late, log).__aenter__())
        await asyncio.sleep(0)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert log in ([], ["starting", "stopped"])

    play(main)


def test_a_tree_that_cannot_start_says_why() -> None:
    """The very exception; nothing is left over."""
    boom = Boom("at the start")
    log: list[str] = []

    async def main() -> None:
        before = set(threading.enumerate())
        with pytest.raises(Boom) as found:
            await open_tree(Late, log, boom).__aenter__()
        assert found.value is boom
        assert trees_left(before) == []

    play(main)
    with pytest.raises(Boom) as found:
        open_blocking_tree(Late, log, boom).__enter__()
    assert found.value is boom


def test_a_block_is_entered_once_and_its_settings_are_checked() -> None:
    """Both at the call."""

    async def main() -> None:
        block = open_tree(Tree)
        async with block:
            pass
        with pytest.raises(RuntimeError, match="entered once"):
            await block.__aenter__()
        with pytest.raises(TypeError, match="settings must be Settings"):
            await open_tree(Tree, settings=3).__aenter__()  # type: ignore[arg-type]
        wrong: Any = Tree
        with pytest.raises(TypeError, match="settings are given by name"):
            await open_tree(wrong, Settings()).__aenter__()

    play(main)
    block = open_blocking_tree(Tree, settings=Settings(name="named"))
    with block as tree:
        assert repr(tree) == "<BlockingTree named: ready>"
    with pytest.raises(RuntimeError, match="entered once"):
        block.__enter__()
    with pytest.raises(TypeError, match="settings must be Settings"):
        open_blocking_tree(Tree, settings=3)  # type: ignore[arg-type] # wrong


# --------------------------------------------------------------------- a tree that ends


async def crash(tree: AsyncTree) -> None:
    """Have the tree of one `Counter` crash."""
    await tree.tell(tree.ref, "boom")


def test_a_crash_cancels_the_body_and_leaves_the_block() -> None:
    """As the original exception; whoever waits for something of it is told."""

    async def main() -> None:
        async def host() -> None:
            async with open_tree(Counter) as tree:
                waiting.append(asyncio.create_task(tree.ask(tree.ref, Never())))
                waiting.append(asyncio.create_task(tree.run(trio.sleep_forever)))
                await asyncio.sleep(0)
                await crash(tree)
                await asyncio.Event().wait()

        waiting: list[asyncio.Task[Any]] = []
        with pytest.raises(Boom) as found:
            await host()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert results[0].__cause__ is found.value
        assert isinstance(results[1], TreeEndedError)
        assert results[1].__cause__ is found.value
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(0)  # no cancellation is left over

    play(main)


def test_a_crash_and_an_exception_leave_together() -> None:
    """Unless the exception is only that the tree has ended."""

    async def main() -> None:
        async def host(*, own: bool) -> None:
            async with open_tree(Counter) as tree:
                try:
                    await crash(tree)
                    await asyncio.Event().wait()
                except asyncio.CancelledError:  # noqa: ASYNC103 - on purpose
                    if own:
                        raise KeyError from None  # noqa: ASYNC104
                    await tree.ask(tree.ref, Total())  # noqa: ASYNC102

        with pytest.raises(Boom):
            await host(own=False)
        with pytest.RaisesGroup(KeyError, Boom, match="body of the block and the tree"):
            await host(own=True)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    play(main)


def test_a_crash_that_the_body_does_not_wait_for_leaves_too() -> None:
    """It ends without having been told; no cancellation comes afterwards."""

    async def main() -> None:
        async def host() -> None:
            async with open_tree(Counter) as tree:
                thread = tree._thread
                thread.step(lambda: tree.ref.tell_nowait("boom"))
                thread._thread.join()  # the loop stands still, and cannot hear of it

        with pytest.raises(Boom):
            await host()
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    play(main)


def test_a_tree_that_is_stopped_refuses_calls() -> None:
    """The body is not cancelled: somebody has asked for it."""

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            receipt = await router.send("ann", hang)
            waiting = asyncio.create_task(tree.run(trio.sleep_forever))
            await asyncio.sleep(0)
            await router.cancel("ann")
            tree.stop("enough")
            await tree.wait_ended()

            with pytest.raises(TreeEndedError, match="'Tree' has ended"):
                await waiting
            for call in (
                lambda: router.send("ann", hang),
                lambda: tree.run(trio.sleep_forever),
                lambda: tree.run_sync(int),
                lambda: tree.ask(tree.ref, Total()),
                router.open_turn("ann", hang).__aenter__,
            ):
                with pytest.raises(TreeEndedError):
                    await call()
            assert isinstance(await receipt.outcome(), Aborted)
            assert tree.report is not None
            assert tree.report.why == "enough"
            tree.stop("again")

    play(main)


def test_a_reader_is_told_that_the_tree_has_ended() -> None:
    """A stopped tree has drained by then: the turn has an end of its own."""

    async def main() -> None:
        async with open_tree(Tree, settings=Settings(budget=0.1)) as tree:
            router = await tree.router(Doer, "router")
            async with router.open_turn("ann", hang) as answer:
                assert await anext(answer) == "begun"
                tree.stop("enough")
                with pytest.raises(Exception, match=r"abort|Abort|ended"):
                    await anext(answer)
                assert isinstance(answer.ended, Aborted)

    play(main)


# --------------------------------------------------------------------------- in threads


def test_a_thread_leaves_in_order() -> None:
    """By the end, by an exception; nothing is left over."""
    before = set(threading.enumerate())

    with open_blocking_tree(Tree) as tree:
        receipt = tree.router(Doer, "router").send("ann", lambda t: t.emit("x"))
        assert receipt.outcome() == Completed(turn=1)
        assert not tree.ended
    assert tree.ended
    assert tree.report is not None
    assert trees_left(before) == []
    tree.wait_ended()

    def fail() -> None:
        with open_blocking_tree(Tree) as tree:
            receipts.append(tree.router(Doer, "router").send("ann", hang))
            raise Boom

    receipts: list[Any] = []
    with pytest.raises(Boom):
        fail()
    assert isinstance(receipts[0].ended, Aborted)
    assert trees_left(before) == []


def test_a_crash_leaves_the_block_of_a_thread() -> None:
    """Calls fail with it as their cause, and the body ends when it will."""

    def body(*, own: bool) -> None:
        with open_blocking_tree(Counter) as tree:
            tree.tell(tree.ref, "boom")
            tree.wait_ended(within=60)
            assert isinstance(tree.crash, Boom)
            with pytest.raises(TreeEndedError) as found:
                tree.ask(tree.ref, Total())
            assert found.value.__cause__ is tree.crash
            if own:
                raise KeyError
            raise found.value

    with pytest.raises(Boom):
        body(own=False)
    with pytest.RaisesGroup(KeyError, Boom):
        body(own=True)


def test_the_tree_of_a_thread_may_be_used_from_asyncio() -> None:
    """And from as many threads as there are."""

    async def main() -> int:
        there = AsyncTree.of(tree)
        return await there.ask(there.ref, Total())

    def add() -> None:
        for _ in range(100):
            tree.tell(tree.ref, 1)

    with open_blocking_tree(Counter) as tree:
        adders = [threading.Thread(target=add) for _ in range(4)]
        for each in adders:
            each.start()
        for each in adders:
            each.join()

        assert asyncio.run(main()) == 400


def test_ctrl_c_while_a_thread_leaves_ends_the_tree_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The interrupt is raised when the tree has ended; also while it starts."""

    def interrupted_once(source: Any) -> None:
        del source
        monkeypatch.setattr(opening, "arrive", arrive)
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    receipts: list[Any] = []

    def leave() -> None:
        with open_blocking_tree(Tree, settings=Settings(budget=1000)) as tree:
            receipts.append(tree.router(Doer, "router").send("ann", hang))
            monkeypatch.setattr(opening, "arrive", interrupted_once)

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert isinstance(receipts[0].ended, Aborted)
    assert trees_left(before) == []

    log: list[str] = []
    block = open_blocking_tree(Late, log)
    monkeypatch.setattr(opening, "arrive", interrupted_once)
    with pytest.raises(KeyboardInterrupt):
        block.__enter__()
    assert log in ([], ["starting", "stopped"])
    assert trees_left(before) == []


def test_what_was_never_left_is_stopped_by_the_hook_of_the_exit() -> None:
    """And one that has ended has no hook any more."""
    tree = open_blocking_tree(Tree).__enter__()
    receipt = tree.router(Doer, "router").send("ann", hang)
    tree._thread._at_exit()

    assert isinstance(receipt.ended, Aborted)
    tree.wait_ended()


def test_a_tree_that_has_crashed_before_the_body_begins_cancels_it() -> None:
    """The loop has been busy in between."""

    async def main() -> None:
        block = open_tree(Counter)
        tree = await block.__aenter__()
        thread = tree._thread
        thread.step(lambda: tree.ref.tell_nowait("boom"))
        thread._thread.join()
        block._body = type(block._body)()
        block._body.begin(thread)
        with pytest.raises(asyncio.CancelledError) as found:
            await asyncio.sleep(0)
        with pytest.raises(Boom):
            await block.__aexit__(type(found.value), found.value, None)

    play(main)
