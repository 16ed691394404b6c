"""What a program of asyncio can do with a tree beside it."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest
import trio
import trio.testing

from actors import (
    Aborted,
    Completed,
    Failed,
    Turn,
    Withdrawal,
    Withdrawn,
)
from supervision import Limits, UnknownChildError, find_child
from supervision.bridge import AsyncRouter, open_tree

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
    say,
)

mark: contextvars.ContextVar[str] = contextvars.ContextVar("mark", default="none")


def test_a_prompt_is_sent_and_its_outcome_awaited() -> None:
    """From start to end; looking again asks nobody."""

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            receipt = await router.send("ann", say())
            outcome = await receipt.outcome()

            assert outcome == Completed(turn=1, result="said")
            assert await receipt.outcome() is outcome is receipt.ended
            assert (receipt.id, receipt.key, receipt.turn) == (1, "ann", 1)
            assert receipt.prompt is receipt.receipt.prompt
            assert repr(receipt).startswith("<AsyncReceipt 1 of 'ann': Completed(")
            assert repr(router) == "<AsyncRouter /Tree/router>"
            assert repr(tree) == "<AsyncTree Tree: ready>"

    play(main)


def test_what_fails_comes_over_whole() -> None:
    """The outcome holds the very exception."""
    boom = Boom("here")

    async def fail(_: Turn[Any, Any]) -> None:
        raise boom

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            outcome = await (await router.send("ann", fail)).outcome()

            assert isinstance(outcome, Failed)
            assert outcome.error is boom

    play(main)


def test_every_verb_crosses() -> None:
    """Each once; what it has done is seen in the outcomes."""

    async def work(turn: Turn[Any, Any]) -> str:
        return f"turn {turn.id}"

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router: AsyncRouter[Any, Any] = await tree.router(Doer, "router")
            first = await router.send("ann", hang)
            second = await router.send("ann", say())
            waits = await router.send_wait("ann", say())
            assert await second.withdraw("no") is Withdrawal.WITHDRAWN
            assert await waits.withdraw() is Withdrawal.WITHDRAWN
            steered = await router.steer("ann", say())
            own = await router.follow_up("ann", say())
            upkeep = await router.run_exclusive("ann", work)
            aside = await router.ask_aside("ann", say())
            info = await router.inspect("ann")
            assert info is not None
            assert info.phase == "running"
            assert [each.key for each in await router.list()] == ["ann"]
            assert (await router.statistics()).turns_running >= 1
            assert (await router.cancel("ann", reason="enough")).known
            assert await first.outcome() == Aborted(turn=1, reason="enough")
            assert await steered.outcome() == Withdrawn("enough")
            assert isinstance(await own.outcome(), Completed)
            assert isinstance(await upkeep.outcome(), Completed)
            assert isinstance(await aside.outcome(), Completed)

            more = await router.send("bob", hang)
            behind = await router.send("bob", say())
            assert (await router.cancel_all("bob", "all")).known
            assert isinstance(await more.outcome(), Aborted)
            assert await behind.outcome() == Withdrawn("all")
            last = await router.send("bob", hang)
            assert last.turn is not None
            await router.abort(last.turn, reason="by number")
            assert isinstance(await last.outcome(), Aborted)
            assert (await router.reset("bob")).known
            assert (await router.close("bob")).known
            assert not (await router.close("nobody")).known
            await router.configure(Limits(turns=1))
            assert (await router.limits()) == Limits(turns=1)
            assert list(await router.suspended()) == []
            await router.stop_admission()
            assert (await router.drain(5.0)).seconds >= 0

    play(main)


def test_actors_are_told_and_asked() -> None:
    """In the order of telling."""

    async def main() -> None:
        async with open_tree(Tree) as tree:
            counter = await tree.run(find_child, tree.ref, "counter")
            for amount in range(10):
                await tree.tell(counter, amount)

            assert await tree.ask(counter, Total()) == 45

    play(main)


def test_an_ask_may_have_its_term() -> None:
    """As in Trio."""

    async def main() -> None:
        async with open_tree(Counter) as tree:
            with pytest.raises(trio.TooSlowError):
                await tree.ask(tree.ref, Never(), within=0.001)

    play(main)


def test_anything_may_be_run_in_trio() -> None:
    """What it returns and what it raises come back as they are."""
    thing = object()
    boom = Boom("in Trio")
    several = BaseExceptionGroup("several", [boom, SystemExit(3)])

    async def give() -> object:
        await trio.lowlevel.checkpoint()
        return thing

    async def fail(error: BaseException) -> None:
        await trio.lowlevel.checkpoint()
        raise error

    def fail_sync(error: BaseException) -> None:
        raise error

    async def main() -> None:
        async with open_tree(Tree) as tree:
            assert await tree.run(give) is thing
            assert await tree.run_sync(lambda: thing) is thing
            for error in (boom, several, SystemExit(2)):
                with pytest.raises(type(error)) as found:
                    await tree.run(fail, error)
                assert found.value is error
                with pytest.raises(type(error)) as found:
                    await tree.run_sync(fail_sync, error)
                assert found.value is error
            with pytest.raises(RuntimeError, match="StopIteration"):
                await tree.run_sync(fail_sync, StopIteration())
            with pytest.raises(UnknownChildError):
                await tree.router(Doer, "nobody")

    play(main)


def test_context_variables_stay_at_home() -> None:
    """Neither the caller's nor the host's are seen in Trio, nor those of Trio here."""

    def look_and_set() -> str:
        found = mark.get()
        mark.set("trio's")
        return found

    async def look() -> str:
        return look_and_set()

    async def look_in_turn(_: Turn[Any, Any]) -> str:
        return look_and_set()

    async def main() -> None:
        mark.set("host's")
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            mark.set("caller's")
            assert await tree.run(look) == "none"
            assert await tree.run(look) == "none"
            outcome = await (await router.send("ann", look_in_turn)).outcome()

            assert isinstance(outcome, Completed)
            assert outcome.result == "none"
            assert mark.get() == "caller's"

    play(main)


def test_a_cancelled_wait_ends_the_wait_and_nothing_else() -> None:
    """The turn goes on, and somebody else may wait for it."""
    gate = Gate()

    async def slow(_: Turn[Any, Any]) -> str:
        await trio.to_thread.run_sync(gate.wait)
        return "done"

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            receipt = await router.send("ann", slow)
            waiting = asyncio.create_task(receipt.outcome())
            await asyncio.sleep(0)
            await quiet(tree)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert receipt.ended is None
            gate.open()

            assert await receipt.outcome() == Completed(turn=1, result="done")

    play(main)


def test_a_cancelled_call_has_ended_in_trio_when_that_is_raised() -> None:
    """Its clean-up is over; one that fails is heard of."""
    log: list[str] = []

    async def tidy(error: Exception | None) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.testing.wait_all_tasks_blocked()
            log.append("tidied")
            if error is not None:
                raise error

    async def main() -> None:
        async with open_tree(Tree) as tree:
            for error, expected in ((None, asyncio.CancelledError), (Boom(), Boom)):
                task = asyncio.create_task(tree.run(tidy, error))
                await asyncio.sleep(0)
                await quiet(tree)
                task.cancel()
                await asyncio.sleep(0)
                task.cancel()  # again: it changes nothing
                with pytest.raises(expected):
                    await task
                assert log.pop() == "tidied"

    play(main)


def test_a_call_that_is_cancelled_before_it_arrives_is_not_made() -> None:
    """Trio had not come to it."""
    made: list[str] = []
    gate = Gate()

    async def note() -> None:
        made.append("run")

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            busy = asyncio.create_task(tree.run_sync(gate.wait))
            await asyncio.sleep(0)
            late: list[asyncio.Task[Any]] = [
                asyncio.create_task(tree.run_sync(made.append, "step")),  # noqa: ASYNC300
                asyncio.create_task(tree.run(note)),  # noqa: ASYNC300
                asyncio.create_task(router.send("ann", say())),  # noqa: ASYNC300
            ]
            await asyncio.sleep(0)
            for task in late:
                task.cancel()
            await asyncio.sleep(0)
            gate.open()
            await busy
            results = await asyncio.gather(*late, return_exceptions=True)

            assert [type(each) for each in results] == [asyncio.CancelledError] * 3
            assert made == []
            info = await router.inspect("ann")
            assert info is None or info.queued == 0

    play(main)


def test_a_prompt_whose_sender_was_cancelled_is_taken_back() -> None:
    """It was accepted already; with an id of its own it stays, to be found by that."""

    async def main() -> None:
        async with open_tree(Tree) as tree:
            router = await tree.router(Doer, "router")
            first = await router.send("ann", hang)
            lane = await tree.run_sync(lambda: router.ref._house().lanes["ann"])
            for id_, waiting in ((None, 0), ("my own", 1)):
                waits, accepted = Gate(), Gate()
                tree._thread.post(waits.wait)  # or Trio might be done before it waits
                send = asyncio.create_task(router.send("ann", say(), id=id_))
                await asyncio.sleep(0)
                waits.open()
                tree._thread.post(accepted.open)
                accepted.wait()  # the loop stands still, and cannot hear of it
                send.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await send
                await quiet(tree)
                assert lane.waiting == waiting
            again = await router.send("ann", say(), id="my own")
            await router.cancel("ann")
            assert isinstance(await first.outcome(), Aborted)
            assert isinstance(await again.outcome(), Completed)
            assert (await router.statistics()).accepted == 3

    play(main)
