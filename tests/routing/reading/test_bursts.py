"""What a turn says between waking its reader and that one's next step.

Its chunks go the short way then.  Each test holds that to the long way.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    Bounded,
    Completed,
    Replay,
    Turn,
    TurnNotCompletedError,
    TurnOverError,
    TurnPolicy,
)
from actors.testing import seeds

from .test_quick_chunks import Deed, Doer, open_router, read_all

BOTH = pytest.mark.parametrize("policy", [Bounded(1000), Replay(chunks=1000)])


class Hasty(Doer):
    """Has five seconds to say something."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(inactivity=5)


class Talker(Doer):
    """Says more when its turns have ended."""

    refused: Any = None

    async def turn_ended(self, turn: Turn[Deed, int], outcome: object) -> None:
        del outcome
        with pytest.raises(TurnOverError):
            await turn.emit(-1)
        type(self).refused = turn.id


class Steps(trio.abc.Instrument):
    """Counts how often Trio has gone from one task to another."""

    def __init__(self) -> None:
        self.taken = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Count."""
        del task
        self.taken += 1


@BOTH
async def test_what_is_said_in_a_burst_is_counted(policy: Bounded | Replay) -> None:
    """Whenever somebody looks, and once."""
    counts: list[int] = []

    async with open_router() as router:

        async def say(turn: Turn[Any, int]) -> None:
            for number in range(150):
                await turn.emit(number)
                counts.append(router.statistics().chunks)

        async with router.open_turn("k", say, stream=policy) as answer:
            read = await read_all(answer)
        after = router.statistics().chunks

    assert read == [*range(150)]
    assert counts == [*range(1, 151)]
    assert after == 150


@BOTH
@pytest.mark.parametrize("first", [0, 1, 40, 62])
async def test_one_in_64_lets_others_run(policy: Bounded | Replay, first: int) -> None:
    """However much was said before the burst begins."""
    steps = Steps()
    longest = 0

    async def say(turn: Turn[Any, int]) -> None:
        nonlocal longest
        for number in range(first):  # with room, and without anybody who waits
            await turn.emit(number)
        begun, step = 0, steps.taken
        for number in range(first, 500):
            await turn.emit(number)
            if steps.taken != step:
                begun, step = number, steps.taken
            longest = max(longest, number - begun)

    async with open_router() as router:
        trio.lowlevel.add_instrument(steps)
        async with router.open_turn("k", say, stream=policy) as answer:
            read = await read_all(answer)
        trio.lowlevel.remove_instrument(steps)

    assert read == [*range(500)]
    assert longest <= 63  # since the one that did


@BOTH
async def test_each_chunk_is_a_cancellation_point(policy: Bounded | Replay) -> None:
    """A turn that has cancelled a scope of its own says nothing more in it."""

    async def say(turn: Turn[Any, int]) -> int:
        await turn.emit(0)
        await turn.emit(1)
        assert turn._run.burst is not None
        with trio.CancelScope() as scope:
            scope.cancel()
            await turn.emit(2)
        await turn.emit(3)
        return scope.cancelled_caught

    async with (
        open_router() as router,
        router.open_turn("k", say, stream=policy) as answer,
    ):
        read = await read_all(answer)
        outcome = await answer.outcome()

    assert read == [0, 1, 3]
    assert outcome == Completed(True, turn=answer.turn)  # noqa: FBT003


@BOTH
async def test_each_chunk_read_is_a_cancellation_point(
    policy: Bounded | Replay,
) -> None:
    """Also one that is ready; it is read by the next call."""

    async def say(turn: Turn[Any, int]) -> None:
        for number in range(5):
            await turn.emit(number)

    async with (
        open_router() as router,
        router.open_turn("k", say, stream=policy) as answer,
    ):
        await anext(answer)
        assert len(answer._ready) == 4
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(answer)

        assert scope.cancelled_caught
        assert answer.number == 1
        assert await read_all(answer) == [1, 2, 3, 4]


@BOTH
async def test_a_burst_ends_when_a_turn_needs_more(policy: Bounded | Replay) -> None:
    """A tool, a note, a child: then each chunk is a sign of life again."""
    seen: list[bool] = []

    async def say(turn: Turn[Any, int]) -> None:
        await turn.emit(0)
        seen.append(turn._run.burst is not None)
        turn.note(more=True)
        seen.append(turn._run.burst is not None)
        await turn.emit(1)
        seen.append(turn._run.burst is not None)

    async with (
        open_router() as router,
        router.open_turn("k", say, stream=policy) as answer,
    ):
        read = await read_all(answer)

    assert read == [0, 1]
    assert seen == [True, False, False]


async def test_a_turn_that_ends_in_a_burst_says_nothing_more() -> None:
    """Its hook is refused, as after any end."""

    async def say(turn: Turn[Any, int]) -> None:
        await turn.emit(0)
        assert turn._run.burst is not None

    async with (
        open_router(Talker) as router,
        router.open_turn("k", say) as answer,
    ):
        read = await read_all(answer)

    assert read == [0]
    assert Talker.refused == answer.turn


@BOTH
@pytest.mark.parametrize("hard", [True, False])
async def test_who_aborts_its_own_turn_in_a_burst_is_told(
    policy: Bounded | Replay, *, hard: bool
) -> None:
    """At the next wait if hard; if soft, where it looks."""
    async with open_router() as router:

        async def say(turn: Turn[Any, int]) -> str:
            await turn.emit(0)
            router.abort(turn.id, hard=hard)
            assert turn._run.burst is None
            for number in range(1, 200):
                await turn.emit(number)
            return "to the end"

        async with router.open_turn("k", say, stream=policy) as answer:
            outcome = await answer.outcome()

    if hard:
        assert isinstance(outcome, Aborted)
    else:
        assert isinstance(outcome, Completed)


@seeds(50)
@BOTH
async def test_who_resets_its_own_key_in_a_burst_has_said_what_it_said(
    policy: Bounded | Replay,
) -> None:
    """Nobody gets to read it; it is counted all the same, once."""
    async with open_router() as router:

        async def say(turn: Turn[Any, int]) -> None:
            for number in range(3):
                await turn.emit(number)
            assert turn._run.burst is not None
            router.reset("k")
            await turn.emit(3)

        async with router.open_turn("k", say, stream=policy) as answer:
            with pytest.raises(TurnNotCompletedError):
                await read_all(answer)
        statistics = router.statistics()

    assert answer.ended == Aborted(turn=1)
    assert (statistics.chunks, statistics.unread) == (3, 3)


async def test_parent_and_child_are_read_in_the_order_of_their_saying() -> None:
    """One stream, two that say: a burst of one ends when the other says something."""
    said: list[int] = []

    async def say(turn: Turn[Any, int], first: int) -> None:
        for number in range(first, first + 300):
            await turn.emit(number)
            said.append(number)

    async def both(turn: Turn[Any, int]) -> None:
        child = await turn.start_child(say, 1000, direct=True)
        await say(turn, 0)
        await child.outcome()

    async with (
        open_router() as router,
        router.open_turn("k", both, stream=Bounded(7)) as answer,
    ):
        read = await read_all(answer)
        chunks = router.statistics().chunks

    assert sorted(read) == sorted(said) == [*range(300), *range(1000, 1300)]
    assert [each for each in read if each < 1000] == [*range(300)]
    assert [each for each in read if each >= 1000] == [*range(1000, 1300)]
    assert chunks == 600


@seeds(10)
async def test_who_waits_for_the_loop_is_not_overtaken() -> None:
    """There is room; but others that say something come after it."""

    async def say(turn: Turn[Any, int]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(turn.emit, 1000)
            for number in range(70):
                await turn.emit(number)

    async with (
        open_router() as router,
        router.open_turn("k", say, stream=Bounded(1000)) as answer,
    ):
        read = await read_all(answer)

    assert sorted(read) == [*range(70), 1000]
    assert read.index(1000) > read.index(63)


@BOTH
@seeds(1)
async def test_who_is_cancelled_while_it_waits_begins_no_burst(
    policy: Bounded | Replay,
) -> None:
    """It wakes, but not to read: each chunk is a sign of life."""
    reading = trio.CancelScope()

    async def say(turn: Turn[Any, int]) -> None:
        await settle()
        reading.cancel()
        for number in range(5):
            await turn.emit(number)
            await trio.sleep(4)

    async with (
        open_router(Hasty) as router,
        router.open_turn("k", say, stream=policy) as answer,
    ):
        with reading:
            await anext(answer)
        outcome = await answer.outcome()
        read = await read_all(answer)

    assert reading.cancelled_caught
    assert isinstance(outcome, Completed)
    assert read == [*range(5)]


async def test_a_turn_that_waits_for_its_reader_can_be_cancelled() -> None:
    """What it was about to say is not said; nothing else is lost."""

    async def say(turn: Turn[Any, int]) -> None:
        for number in range(8):
            await turn.emit(number)
        with trio.CancelScope() as scope:
            turn.start_soon(cancel, scope)
            await turn.emit(8)  # the reader is woken, and has not run
        caught.append(scope.cancelled_caught)
        await turn.emit(9)

    async def cancel(scope: trio.CancelScope) -> None:
        scope.cancel()

    caught: list[bool] = []
    async with (
        open_router() as router,
        router.open_turn("k", say, stream=Bounded(8)) as answer,
    ):
        read = await read_all(answer)
        counted = router.statistics().chunks

    expected = [*range(8), 9] if caught == [True] else [*range(10)]
    assert read == expected
    assert counted == len(read)


@BOTH
@seeds(1)
async def test_what_was_cancelled_while_it_waited_for_its_reader_is_not_counted(
    policy: Bounded | Replay,
) -> None:
    """It was not said; what is said when the turn may go on is."""
    full = policy.chunks if isinstance(policy, Replay) else policy.capacity
    counts: list[int] = []

    async def say(turn: Turn[Any, int]) -> None:
        for number in range(full):
            await turn.emit(number)
        with trio.move_on_after(1):
            await turn.emit(-1)
        counts.append(router.statistics().chunks)
        await turn.emit(full)

    async with (
        open_router() as router,
        router.open_turn("k", say, stream=policy) as answer,
    ):
        await trio.sleep(2)
        counts.append(router.statistics().chunks)
        read = await read_all(answer)
        counts.append(router.statistics().chunks)

    assert read == [*range(full + 1)]
    assert counts == [full, full, full + 1]


async def test_who_has_filled_a_stream_waits_without_clocks() -> None:
    """Its reader has been woken; it takes a chunk also if it is cancelled meanwhile."""
    waiting: list[int] = []

    async def say(turn: Turn[Any, int]) -> None:
        for number in range(8):
            await turn.emit(number)
        turn_run, stream = turn._run, turn._run.stream
        assert turn_run.burst is stream
        reading.cancel()
        with trio.CancelScope() as late:
            late.cancel()
            await turn.emit(8)
        assert late.cancelled_caught
        waiting.append(stream.waiting_writers)
        await turn.emit(9)
        waiting.append(turn_run.extra is None)

    async with (
        open_router() as router,
        router.open_turn("k", say, stream=Bounded(8)) as answer,
    ):
        first: list[int] = []
        with trio.CancelScope() as reading:
            first.append(await anext(answer))
        read = await read_all(answer)

    assert first + read == [*range(8), 9]
    assert waiting == [0, True]
