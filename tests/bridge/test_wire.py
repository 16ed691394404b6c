"""The pieces that cross, each alone: boxes, calls, flows, what leaves a block."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
import trio.testing

from supervision.bridge import TreeEndedError, open_blocking_tree
from supervision.bridge._wire.boxes import Box
from supervision.bridge._wire.calls import Call, Left
from supervision.bridge._wire.flow import NOT_YET, Flow
from supervision.bridge._wire.leaving import what_leaves
from supervision.bridge._wire.thread import TrioThread

from .ground import Boom, Tree


def test_the_first_result_in_a_box_counts() -> None:
    """And each wake is called once."""
    woken: list[str] = []
    box: Box[int] = Box()
    gone = lambda: woken.append("gone")  # noqa: E731 - it is compared

    assert box.add(lambda: woken.append("first"))
    assert box.add(gone)
    box.remove(gone)
    box.remove(gone)
    box.put(1)
    box.put(2)
    box.fail(Boom())

    assert (box.get(), box.error, box.full, woken) == (1, None, True, ["first"])
    assert not box.add(gone)


def now(fn: Callable[[], object]) -> object:
    """What a flow posts is done at once here."""
    return fn()


async def test_a_flow_lets_its_writer_in_when_half_of_it_is_free() -> None:
    """Of a window of 4, when less than 2 lie there."""
    flow: Flow[int] = Flow(4, now)
    written: list[int] = []

    async def write() -> None:
        for number in range(8):
            await flow.wanted()
            flow.put(number, number)
            written.append(number)
        flow.end(None)
        flow.end(Boom())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await trio.testing.wait_all_tasks_blocked()
        assert written == [0, 1, 2, 3]
        assert [flow.take(), flow.take()] == [0, 1]
        await trio.testing.wait_all_tasks_blocked()
        assert written == [0, 1, 2, 3]
        assert flow.take() == 2
        await trio.testing.wait_all_tasks_blocked()
        assert written == [0, 1, 2, 3, 4, 5, 6]
        assert [flow.take() for _ in range(4)] == [3, 4, 5, 6]
        await trio.testing.wait_all_tasks_blocked()
        assert flow.take() == 7
    assert not flow.add(print)
    with pytest.raises(StopIteration):
        flow.take()


async def test_a_flow_without_a_window_reads_for_who_waits() -> None:
    """One, and no more until it has been taken and wanted again."""
    flow: Flow[int] = Flow(0, now)
    woken: list[str] = []

    def wake() -> None:
        woken.append("woken")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(flow.wanted)
        await trio.testing.wait_all_tasks_blocked()
        assert flow.add(wake)
        with pytest.raises(trio.BusyResourceError):
            flow.add(print)
    await flow.wanted()  # it is still
    flow.put(1, 1)
    assert woken == ["woken"]
    assert not flow.add(print)
    assert flow.take() == 1
    assert flow.take() is NOT_YET
    assert flow.add(wake)
    flow.remove(print)
    flow.remove(wake)
    flow.end(Boom())
    with pytest.raises(Boom):
        flow.take()


async def test_a_call_that_fails_in_several_ways_says_what_is_its_own() -> None:
    """A group in which the tree's end is mixed with an error gives the error."""

    async def both() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            text = "both"
            raise BaseExceptionGroup(text, [cancelled, Boom()]) from None  # noqa: ASYNC104

    async def only() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            text = "only"
            raise BaseExceptionGroup(text, [cancelled]) from None  # noqa: ASYNC104

    mixed, ended = Call[None](both, waits=True), Call[None](only, waits=True)
    async with trio.open_nursery() as nursery:
        for call in (mixed, ended):
            nursery.start_soon(call.live, lambda: TreeEndedError("tree"))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()

    with pytest.RaisesGroup(Boom):
        mixed.box.get()
    with pytest.raises(TreeEndedError, match="'tree' has ended"):
        ended.box.get()


async def test_a_call_that_was_left_drops_its_value_once() -> None:
    """It had come too late."""
    lost: list[int] = []
    call = Call[int](lambda: 5, waits=False, lost=lost.append)

    call.step()
    call.leave_now()
    call.leave_now()
    assert lost == [5]

    async def give() -> int:
        await trio.lowlevel.cancel_shielded_checkpoint()
        return 6

    late = Call[int](give, waits=True, lost=lost.append)
    late.left = True
    await late.live(lambda: Boom())  # noqa: PLW0108 - a maker of errors
    assert lost == [5, 6]

    left = Call[None](trio.sleep_forever, waits=True)
    left.scope.cancel()
    await left.live(lambda: Boom())  # noqa: PLW0108
    assert isinstance(left.box.error, Left)


def test_what_leaves_a_block() -> None:
    """A table."""
    body, crash = KeyError(), Boom()
    ended = TreeEndedError("tree")

    def no(_: BaseException) -> bool:
        return False

    assert what_leaves(None, None, no) is None
    assert what_leaves(body, None, no) is body
    assert what_leaves(None, crash, no) is crash
    assert what_leaves(ended, crash, no) is crash
    assert what_leaves(crash, crash, no) is crash
    assert what_leaves(body, crash, lambda _: True) is crash
    both = what_leaves(body, crash, no)
    with pytest.RaisesGroup(KeyError, Boom):
        raise both or body


def test_calls_that_come_too_late_fail() -> None:
    """Before the thread has a loop, after the tree, and after the run."""
    thread = TrioThread(Tree, (), None, None)
    with pytest.raises(TreeEndedError):
        thread.step(int)

    with open_blocking_tree(Tree) as tree:
        pass
    late = Call[int](int, waits=False)
    tree._thread._arrive(late)
    with pytest.raises(TreeEndedError):
        late.box.get()
    tree.stop("again")
