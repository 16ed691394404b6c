"""The one trick: what we rely on in the installed Trio, checked piece by piece."""

from __future__ import annotations

import types
from collections.abc import Generator
from typing import Any

import outcome
import pytest
import trio
from trio.lowlevel import Abort
from trio.testing import wait_all_tasks_blocked as settle

from actors._engine.park import WAKE, carry_on, make_trap, park


class Record:
    """Notes how a parked task came back."""

    def __init__(self) -> None:
        self.result: object = None
        self.task: trio.lowlevel.Task | None = None


def succeed(_: object) -> Abort:
    """Let every cancellation through."""
    return Abort.SUCCEEDED


async def test_a_coroutine_that_does_not_suspend_ends_on_its_first_send() -> None:
    """No trap comes out of it, so it needs no task."""

    async def ready() -> int:
        return 7

    with pytest.raises(StopIteration) as caught:
        ready().send(None)

    assert caught.value.value == 7


async def test_a_trap_is_one_object_and_an_outcome_comes_back() -> None:
    """If this fails, Trio has changed its protocol: `_engine/park.py` must follow."""
    record = Record()

    @types.coroutine
    def spy(trap: object) -> Generator[object, Any, None]:
        record.result = yield trap

    async def task() -> None:
        record.task = trio.lowlevel.current_task()
        await spy(make_trap(succeed))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(task)
        await settle()
        assert record.task is not None
        value = outcome.Value("hello")
        trio.lowlevel.reschedule(record.task, value)

    assert record.result is value


async def test_a_trap_may_be_used_again_and_again() -> None:
    """`park` on the same trap, each time until it is rescheduled with `WAKE`."""
    record = Record()
    rounds: list[int] = []

    async def task() -> None:
        record.task = trio.lowlevel.current_task()
        trap = make_trap(succeed)
        for number in range(3):
            await park(trap)
            rounds.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(task)
        for number in range(3):
            await settle()
            assert rounds == list(range(number))
            assert record.task is not None
            trio.lowlevel.reschedule(record.task, WAKE)

    assert rounds == [0, 1, 2]


async def test_a_cancelled_park_calls_abort_and_raises_cancelled() -> None:
    """As `wait_task_rescheduled` would."""
    aborts: list[object] = []

    def abort(raise_cancel: object) -> Abort:
        aborts.append(raise_cancel)
        return Abort.SUCCEEDED

    with trio.CancelScope() as scope:
        scope.cancel()
        await park(make_trap(abort))

    assert scope.cancelled_caught
    assert len(aborts) == 1


async def test_carry_on_makes_the_coroutine_and_the_task_one() -> None:
    """Scopes, nurseries and `current_task` inside belong to the carrying task."""
    seen: list[trio.lowlevel.Task] = []

    async def child() -> None:
        parent = trio.lowlevel.current_task().parent_nursery
        assert parent is not None
        seen.append(parent.parent_task)

    async def work() -> str:
        await trio.lowlevel.checkpoint()
        seen.append(trio.lowlevel.current_task())
        with trio.move_on_after(0) as scope:
            await trio.sleep_forever()
        assert scope.cancelled_caught
        async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - a task of its own
            nursery.start_soon(child)
        return "done"

    coroutine = work()
    trap = coroutine.send(None)

    assert await carry_on(coroutine, trap) == "done"
    assert seen == [trio.lowlevel.current_task()] * 2


async def test_carry_on_throws_into_the_coroutine_what_the_task_gets() -> None:
    """A cancellation from outside arrives inside, where it can be cleaned up after."""
    steps: list[str] = []

    async def work() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            steps.append("cancelled inside")
            raise

    with trio.CancelScope() as scope:
        coroutine = work()
        trap = coroutine.send(None)
        scope.cancel()
        await carry_on(coroutine, trap)

    assert scope.cancelled_caught
    assert steps == ["cancelled inside"]


async def test_carry_on_raises_what_the_coroutine_raises() -> None:
    """The very exception."""
    error = ValueError()

    async def work() -> None:
        await trio.lowlevel.checkpoint()
        raise error

    coroutine = work()
    trap = coroutine.send(None)

    with pytest.raises(ValueError) as caught:  # noqa: PT011 - this very object
        await carry_on(coroutine, trap)
    assert caught.value is error


async def test_a_coroutine_that_awaits_something_foreign_gets_trios_type_error() -> (
    None
):
    """What is no trap of Trio's is refused inside the coroutine that yielded it."""
    steps: list[str] = []

    @types.coroutine
    def foreign() -> Generator[object, Any, None]:
        yield "not a trap"

    async def work() -> None:
        try:
            await foreign()
        except TypeError:
            steps.append("refused inside")
            raise

    coroutine = work()
    trap = coroutine.send(None)

    with pytest.raises(TypeError, match="unrecognized yield"):
        await carry_on(coroutine, trap)
    assert steps == ["refused inside"]
