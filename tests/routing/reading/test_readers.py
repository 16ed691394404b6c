"""Readers leave, come back, are several, or do not read; what the turn does then."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, ClassVar, TypeAlias

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    ActorError,
    Bounded,
    Completed,
    Latest,
    Leave,
    Limit,
    Phase,
    Receipt,
    Replay,
    Session,
    StreamGapError,
    StreamNotKeptError,
    StreamRestartedError,
    TimedOut,
    Turn,
    TurnNotCompletedError,
    TurnPolicy,
    UnknownPromptError,
    WhileBusy,
    Withdrawn,
    open_system,
)
from actors.testing import TurnLog, seeds
from supervision import (
    ChildSpec,
    Limits,
    Router,
    RouterRef,
    Supervisor,
    TurnStream,
    find_child,
    router_ref,
    start_router,
)

Deed: TypeAlias = Callable[[Turn[Any, int]], Awaitable[object]]


class Doer(Session[Deed, int]):
    """Does its prompts."""

    async def take_turn(self, turn: Turn[Deed, int]) -> object:
        return await turn.prompt(turn)


class Impatient(Doer):
    """Waits for its readers for ten seconds."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(reader_limit=10)


@asynccontextmanager
async def open_router(
    make: type[Doer] = Doer, **limits: Any
) -> AsyncGenerator[RouterRef[Deed, int]]:
    """Open a system with a router; at the end the log is checked."""
    async with open_system() as system:
        log = TurnLog(system)
        yield start_router(system, make, limits=Limits(**limits))
    log.check()


def count_to(last: int, door: trio.Event | None = None, at: int = 0) -> Deed:
    """A turn that says 1, 2, ...; it waits for the door before it says `at`."""

    async def count(turn: Turn[Any, int]) -> str:
        for number in range(1, last + 1):
            if number == at and door is not None:
                await door.wait()
            await turn.emit(number)
        return "done"

    return count


async def rest_of(reader: TurnStream[Any, int]) -> list[int]:
    """What there is still to be read, of any answer."""
    read: list[int] = []
    with suppress(TurnNotCompletedError):
        async for chunk in reader:
            read.append(chunk)  # noqa: PERF401 - kept if it ends early
    return read


# ----------------------------------------------------------------- leave, and come back


@seeds(20)
async def test_a_reader_leaves_and_reads_on_from_its_number() -> None:
    """Every chunk once, then the live ones, then the outcome."""
    door = trio.Event()
    async with open_router() as router:
        async with router.open_turn(
            "k", count_to(100, door, 50), id="m", stream=Replay()
        ) as answer:
            read = [await anext(answer) for _ in range(40)]
            number = answer.number
        assert (number, answer.ended) == (40, None)
        async with router.reopen_turn("k", "m", after=number) as again:
            assert again.number == 40
            read += [await anext(again) for _ in range(9)]
            await settle()
            door.set()
            read += await rest_of(again)
            assert again.number == 100
        outcome = await answer.outcome()

    assert read == [*range(1, 101)]
    assert outcome == again.ended
    assert isinstance(outcome, Completed)


@seeds(20)
async def test_several_read_the_same_answer() -> None:
    """Each all of it, by the message's id or the receipt's, also after its end."""
    async with open_router() as router:
        receipt = router.send("k", count_to(5), id="m", stream=Replay())
        read: list[list[int]] = []

        async def reader(id: str | int) -> None:  # noqa: A002
            async with router.reopen_turn("k", id) as answer:
                read.append(await rest_of(answer))

        async with trio.open_nursery() as nursery:
            for each in ("m", receipt.id):
                nursery.start_soon(reader, each)
        await receipt.outcome()
        await reader("m")

    assert read == [[1, 2, 3, 4, 5]] * 3


async def test_a_prompt_sent_again_is_read_from_its_beginning() -> None:
    """`open_turn` with a known id starts nothing, and leaving it aborts nothing."""
    door = trio.Event()
    async with open_router() as router:
        first = router.send("k", count_to(3, door, 3), id="m", stream=Replay())
        await settle()
        for stream in (Replay(), Bounded()):
            async with router.open_turn(
                "k", count_to(9), id="m", stream=stream, leave=Leave.ABORT
            ) as answer:
                assert answer.receipt is first
                assert [await anext(answer), await anext(answer)] == [1, 2]
        assert first.ended is None
        door.set()
        assert isinstance(await first.outcome(), Completed)


@pytest.mark.parametrize("stream", [Bounded(), Replay()], ids=repr)
async def test_what_was_not_kept_cannot_be_read_by_sending_it_again(
    stream: Bounded | Replay,
) -> None:
    """It would look empty: reading says so, at its end; closing twice is once."""
    door = trio.Event()
    async with open_router() as router:
        first = router.send("k", count_to(3, door, 3), id="m")
        async with router.open_turn("k", count_to(9), id="m", stream=stream) as answer:
            door.set()
            for _ in range(2):
                with pytest.raises(StreamNotKeptError, match="prompt 'm' of session"):
                    await anext(answer)
            assert answer.ended is first.ended
            await answer.close()
        info = router.inspect("k")
        assert info is not None
        assert info.readers == 0


@pytest.mark.parametrize("stream", [Bounded(2), Latest(), Replay()], ids=repr)
async def test_a_turn_may_go_on_without_its_reader(
    stream: Bounded | Latest | Replay,
) -> None:
    """What it says then is dropped and counted, or kept."""
    async with open_router() as router:
        async with router.open_turn(
            "k", count_to(10), stream=stream, leave=Leave.DETACH
        ) as answer:
            pass
        assert isinstance(await answer.outcome(), Completed)
        figures = router.statistics()

    dropped = 0 if isinstance(stream, Replay) else 10
    assert (figures.chunks, figures.unread) == (10, dropped)


@pytest.mark.parametrize("stream", [None, Bounded(2), Replay()], ids=repr)
async def test_a_turn_ends_with_its_reader_if_it_is_to(
    stream: Bounded | Replay | None,
) -> None:
    """The default but for `Replay`; who else reads gets what there was, and the end."""
    leave = Leave.ABORT if isinstance(stream, Replay) else None
    never = trio.Event()
    async with open_router() as router, AsyncExitStack() as stack:
        async with router.open_turn(
            "k", count_to(2, never, 2), id="m", stream=stream, leave=leave
        ) as answer:
            other: TurnStream[Deed, int] | None = None
            if isinstance(stream, Replay):
                other = await stack.enter_async_context(router.reopen_turn("k", "m"))
            assert await anext(answer) == 1
        assert isinstance(answer.ended, Aborted)
        if other is not None:
            assert await anext(other) == 1
            with pytest.raises(TurnNotCompletedError):
                await anext(other)


async def test_leaving_a_prompt_that_waits_takes_it_back_or_does_not() -> None:
    """As with a turn that runs."""
    door = trio.Event()
    async with open_router() as router:
        router.send("k", count_to(1, door, 1))
        await settle()
        async with router.open_turn("k", count_to(1)) as taken_back:
            pass
        async with router.open_turn("k", count_to(1), leave=Leave.DETACH) as stays:
            pass
        assert isinstance(taken_back.ended, Withdrawn)
        assert stays.ended is None
        door.set()
        assert isinstance(await stays.outcome(), Completed)


@seeds(20)
async def test_a_cancelled_reader_loses_no_chunk() -> None:
    """Neither while it waits nor when there is something to read."""
    door = trio.Event()
    for stream in (Bounded(), Replay()):
        async with (
            open_router() as router,
            router.open_turn("k", count_to(6, door, 3), stream=stream) as answer,
        ):
            await settle()
            read: list[int] = []
            for deadline in (-math.inf, -math.inf, trio.current_time() + 1):
                with trio.CancelScope(deadline=deadline):
                    if deadline > 0:
                        while True:
                            read.append(await anext(answer))
                    await anext(answer)
            assert read == [1, 2]
            door.set()
            assert await rest_of(answer) == [3, 4, 5, 6]
        door = trio.Event()


# -------------------------------------------------------------------- what is not there


async def test_what_was_dropped_is_told_with_what_there_is() -> None:
    """With nobody attached a turn keeps its newest chunks, and waits for nobody."""
    async with open_router() as router:
        receipt = router.send("k", count_to(10), stream=Replay(chunks=4))
        await receipt.outcome()
        assert router.statistics().unread == 6
        with pytest.raises(StreamGapError) as caught:
            async with router.reopen_turn("k", receipt.id, after=3):
                pass
        error = caught.value
        assert (error.after, error.first, error.last) == (3, 7, 10)
        async with router.reopen_turn("k", receipt.id, after=error.first - 1) as late:
            assert await rest_of(late) == [7, 8, 9, 10]


async def test_an_unknown_prompt_is_no_empty_answer() -> None:
    """Never sent, of another key, or of a router that has ended."""
    async with open_router() as router:
        receipt = router.send("k", count_to(1), id="m", stream=Replay())
        await receipt.outcome()
        for key, id_ in (("k", "other"), ("j", "m"), ("k", 99), ("j", receipt.id)):
            with pytest.raises(UnknownPromptError) as caught:
                async with router.reopen_turn(key, id_):
                    pass
            assert (caught.value.key, caught.value.id) == (key, id_)
        router.ref.stop()
        await settle()
        with pytest.raises(UnknownPromptError):
            async with router.reopen_turn("k", "m"):
                pass


async def test_an_answer_that_is_not_kept_is_told_until_there_is_an_outcome() -> None:
    """A prompt with an id that was sent without `Replay`."""
    door = trio.Event()
    async with open_router() as router:
        receipt = router.send("k", count_to(1, door, 1), id="m")
        with pytest.raises(StreamNotKeptError):
            async with router.reopen_turn("k", "m"):
                pass
        door.set()
        await receipt.outcome()
        async with router.reopen_turn("k", "m") as answer:
            with pytest.raises(StreamNotKeptError):
                await rest_of(answer)
            assert answer.ended is receipt.ended
            await answer.wait_begun()
            assert answer.phase is Phase.ENDED


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        (("k", 1.5), {}, TypeError),
        (("k", True), {}, TypeError),
        ((1, "m"), {}, TypeError),
        (("", "m"), {}, ValueError),
        (("k", "m"), {"after": -1}, ValueError),
        (("k", "m"), {"after": "3"}, TypeError),
    ],
)
async def test_bad_input_is_refused_at_the_call(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    """Of `reopen_turn`, and of what is new elsewhere."""
    async with open_router() as router:
        with pytest.raises(error):
            async with router.reopen_turn(*arguments, **options):
                pass
        wrong: Any = "abort"
        with pytest.raises(TypeError, match="Leave"):
            async with router.open_turn("k", count_to(1), leave=wrong):
                pass
        for bad in (wrong, Bounded(), Replay):
            wrong = bad
            with pytest.raises(TypeError, match="Replay"):
                router.send("k", count_to(1), stream=wrong)
            with pytest.raises(TypeError, match="Replay"):
                await router.send_wait("k", count_to(1), stream=wrong)
        assert router.statistics().accepted == 0


# ------------------------------------------------------------------------- for how long


async def test_an_answer_is_kept_for_its_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """From the end of its turn on; who reads when it is over reads on."""
    del autojump_clock
    async with open_router() as router:
        receipt = router.send("k", count_to(3), id="m", stream=Replay(keep=60))
        await receipt.outcome()
        await trio.sleep(59)
        async with router.reopen_turn("k", "m") as answer:
            assert await anext(answer) == 1
            await trio.sleep(2)
            with pytest.raises(UnknownPromptError):
                async with router.reopen_turn("k", "m"):
                    pass
            assert await rest_of(answer) == [2, 3]


async def test_so_many_answers_are_kept() -> None:
    """The one that ended first is forgotten first; the number can be changed."""
    async with open_router(replays=2) as router:
        for name in "abc":
            router.send(name, count_to(1), id="m", stream=Replay())
            await settle()
        assert [key for key in "abc" if await is_kept(router, key, "m")] == ["b", "c"]
        router.configure(Limits(replays=1))
        assert [key for key in "abc" if await is_kept(router, key, "m")] == ["c"]
        router.configure(Limits(replays=0))
        assert not await is_kept(router, "c", "m")


async def is_kept(router: RouterRef[Deed, int], key: str, id_: str | int) -> bool:
    """Whether an answer can be read again."""
    try:
        async with router.reopen_turn(key, id_):
            return True
    except UnknownPromptError:
        return False


async def test_the_newer_of_two_prompts_with_an_id_is_found_by_it() -> None:
    """When the session has forgotten the first; by its number each is."""

    class Forgetful(Doer):
        """It knows no message again."""

        prompts = attrs.evolve(Doer.prompts, dedupe=0)

    async with open_router(Forgetful) as router:
        first = router.send("k", count_to(1), id="m", stream=Replay(keep=5))
        await first.outcome()
        second = router.send("k", count_to(2), id="m", stream=Replay())
        await second.outcome()
        for id_, length in (("m", 2), (first.id, 1), (second.id, 2)):
            async with router.reopen_turn("k", id_) as answer:
                assert len(await rest_of(answer)) == length


# --------------------------------------------------------------------- before it begins


async def test_a_reader_of_a_prompt_that_waits_is_told_so() -> None:
    """And counted; it hears when the turn begins, and its first chunk is number 1."""
    door = trio.Event()
    async with open_router(turns=1) as router:
        router.send("other", count_to(1, door, 1))
        await settle()
        async with router.open_turn("k", count_to(2), stream=Replay()) as answer:
            async with router.reopen_turn("k", answer.receipt.id) as second:
                readers = [answer, second]
                assert [each.phase for each in readers] == [Phase.WAITING] * 2
                assert [each.number for each in readers] == [0, 0]
                info = router.inspect("k")
                assert info is not None
                assert info.readers == 2
                async with trio.open_nursery() as nursery:
                    for each in readers:
                        nursery.start_soon(each.wait_begun)
                    await settle()
                    assert all(each.phase is Phase.WAITING for each in readers)
                    door.set()
                assert await anext(second) == 1
                assert second.number == 1
            assert await rest_of(answer) == [1, 2]
        info = router.inspect("k")
        assert info is not None
        assert info.readers == 0


async def test_waiting_for_the_begin_ends_if_there_is_none() -> None:
    """The prompt was taken back; the phase says that it is over."""
    door = trio.Event()
    async with open_router() as router:
        router.send("k", count_to(1, door, 1))
        await settle()
        async with router.open_turn("k", count_to(1)) as answer:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(answer.wait_begun)
                await settle()
                assert answer.phase is Phase.WAITING
                answer.receipt.withdraw()
            phase: Phase = answer.phase
            assert phase is Phase.ENDED
        door.set()


async def test_the_phase_of_a_turn_is_seen() -> None:
    """Running, in a tool, over."""
    tool, end = trio.Event(), trio.Event()

    async def work(turn: Turn[Any, int]) -> None:
        with turn.tool("search"):
            await tool.wait()
        await end.wait()

    async with (
        open_router() as router,
        router.open_turn("k", work) as answer,
    ):
        await answer.wait_begun()
        await settle()
        phases = [answer.phase]
        tool.set()
        await settle()
        phases.append(answer.phase)
        end.set()
        await answer.outcome()
        phases.append(answer.phase)

    assert phases == [Phase.TOOL, Phase.RUNNING, Phase.ENDED]


@pytest.mark.parametrize("steps", [0, 3])
async def test_numbers_count_chunks_that_became_one(steps: int) -> None:
    """With `Latest` the number is that of the last one in it."""
    door = trio.Event()
    async with (
        open_router() as router,
        router.open_turn("k", count_to(5, door, steps + 1), stream=Latest()) as answer,
    ):
        await settle()
        if steps:
            assert await anext(answer) == answer.number == steps
        door.set()
        await settle()
        assert answer.number == steps
        assert await anext(answer) == answer.number == 5


# -------------------------------------------------------------------- who does not read


async def test_ten_sleeping_phones_hold_no_slots(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """By default a turn waits for a minute for a reader that does not read."""
    del autojump_clock
    begun = trio.current_time()
    async with (
        open_router(sessions=20, turns=10) as router,
        AsyncExitStack() as phones,
    ):
        asleep = [
            await phones.enter_async_context(router.open_turn(f"{n}", count_to(1000)))
            for n in range(10)
        ]
        other = router.send("other", count_to(1))
        assert isinstance(await other.outcome(), Completed)
        waited = trio.current_time() - begun

    assert waited == 60
    ends = [phone.ended for phone in asleep]
    assert all(isinstance(end, TimedOut) for end in ends)
    assert {end.limit for end in ends if isinstance(end, TimedOut)} == {Limit.READER}


async def test_a_slow_reader_is_no_sleeper(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """One that reads a chunk every nine of ten seconds reads to the end."""
    del autojump_clock
    async with (
        open_router(Impatient) as router,
        router.open_turn("k", count_to(30), stream=Bounded(2)) as answer,
    ):
        read: list[int] = []
        async for chunk in answer:
            read.append(chunk)
            await trio.sleep(9)

    assert read == [*range(1, 31)]


@pytest.mark.parametrize("stream", [Bounded(2), Replay(chunks=2)], ids=repr)
async def test_a_turn_that_may_goes_on_without_a_sleeper(
    autojump_clock: trio.testing.MockClock, stream: Bounded | Replay
) -> None:
    """The sleeper is told what it has missed, once, and then gets what there is."""
    del autojump_clock
    async with (
        open_router(Impatient) as router,
        router.open_turn("k", count_to(9), stream=stream, leave=Leave.DETACH) as answer,
    ):
        assert await anext(answer) == 1
        assert isinstance(await answer.outcome(), Completed)
        assert trio.current_time() >= 10
        with pytest.raises(StreamGapError) as caught:
            await anext(answer)
        error = caught.value
        assert (error.after, error.last) == (1, 9)
        there = [8, 9] if isinstance(stream, Replay) else []
        assert error.first == (8 if there else 10)
        assert await rest_of(answer) == there


@pytest.mark.parametrize("leave", Leave)
@pytest.mark.parametrize("stream", [Bounded(1), Bounded(2), Replay(chunks=2)], ids=repr)
async def test_who_reads_in_the_step_before_the_look_has_read(
    autojump_clock: trio.testing.MockClock, stream: Bounded | Replay, leave: Leave
) -> None:
    """The turn was let in, and has not run yet: it waits for nobody any more."""
    runs: list[Any] = []

    async def say(turn: Turn[Any, int]) -> None:
        runs.append(turn._run)
        for number in range(4):
            await turn.emit(number)
        await trio.sleep(50)
        await turn.emit(4)

    async with (
        open_router(Impatient) as router,
        router.open_turn("k", say, stream=stream, leave=leave) as answer,
    ):
        await settle()
        autojump_clock.jump(10)
        read = [await anext(answer)]
        runs[0].look()  # as the timer does, in this very pass of the loop
        read += await rest_of(answer)

    assert read == [0, 1, 2, 3, 4]
    assert isinstance(answer.ended, Completed)


async def test_an_owner_that_sleeps_ends_the_turn_for_all_if_it_is_to(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Others that sleep are let go, and the turn goes on for the owner."""
    del autojump_clock
    replay = Replay(chunks=2)
    async with open_router(Impatient) as router:
        async with (
            router.open_turn(
                "k", count_to(9), stream=replay, leave=Leave.ABORT, id="m"
            ) as owner,
            router.reopen_turn("k", "m"),
        ):
            assert await rest_of(owner) == [*range(1, 10)]
        assert isinstance(owner.ended, Completed)
        async with router.open_turn(
            "k", count_to(9), stream=replay, leave=Leave.ABORT
        ) as owner:
            await owner.outcome()
    assert owner.ended == TimedOut(Limit.READER, turn=owner.turn)


async def test_a_child_that_waits_for_the_reader_ends_the_whole_turn(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """It is the turn's reader that does not read."""
    del autojump_clock

    async def child(turn: Turn[Any, int]) -> None:
        await count_to(99)(turn)

    async def parent(turn: Turn[Any, int]) -> None:
        await turn.run_child(child, direct=True)
        await turn.emit(0)

    async with (
        open_router(Impatient) as router,
        router.open_turn("k", parent, stream=Bounded(2)) as answer,
    ):
        await answer.outcome()
    assert answer.ended == TimedOut(Limit.READER, turn=answer.turn)
    assert trio.current_time() < 11


async def test_what_a_child_says_after_its_parents_end_is_dropped() -> None:
    """The reader has had the end; it is counted, and no error of the child's."""
    door = trio.Event()
    receipts: list[Any] = []

    async def child(turn: Turn[Any, int]) -> str:
        await door.wait()
        await turn.emit(1)
        turn.emit_nowait(2)
        return "said"

    async def parent(turn: Turn[Any, int]) -> None:
        receipts.append(await turn.start_child(child, critical=True, direct=True))

    async with open_router() as router:
        async with router.open_turn("k", parent) as answer:
            assert await rest_of(answer) == []
        door.set()
        outcome = await receipts[0].outcome()
        unread = router.statistics().unread
    assert isinstance(outcome, Completed)
    assert unread == 2


# ---------------------------------------------------------------------- it is forgotten


@pytest.mark.parametrize("verb", ["reset", "close"])
@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("stream", [Bounded(), Latest(), Replay()], ids=repr)
async def test_nothing_of_what_was_forgotten_reaches_a_reader(
    verb: str, stream: Bounded | Latest | Replay, *, ended: bool
) -> None:
    """Once the verb has returned; whether the turn runs or has ended already."""
    door = trio.Event()
    async with (
        open_router() as router,
        router.open_turn("k", count_to(3, door, 3), stream=stream, id="m") as answer,
    ):
        await settle()
        if ended:
            door.set()
            await answer.outcome()
        getattr(router, verb)("k")
        door.set()

        if ended:  # as whole it was, and is not any more
            with pytest.raises(StreamGapError):
                await anext(answer)
        assert await rest_of(answer) == []
        assert not await is_kept(router, "k", "m")
    assert isinstance(answer.ended, Completed if ended else Aborted)


async def test_answers_of_a_session_that_is_gone_are_kept_until_they_are_forgotten(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Reaped is not reset: then they go, although no router entry is left."""
    del autojump_clock
    async with open_router(idle=5) as router:
        receipt = router.send("k", count_to(1), stream=Replay())
        await trio.sleep(20)
        assert router.inspect("k") is None
        assert await is_kept(router, "k", receipt.id)
        router.close("k")
        assert not await is_kept(router, "k", receipt.id)


async def test_an_aborted_answer_can_be_read_again_up_to_its_end() -> None:
    """What it had said, last words too; then that it is not complete."""
    door = trio.Event()

    async def last_words(turn: Turn[Any, int]) -> None:
        await turn.emit(1)
        try:
            await door.wait()
        finally:
            turn.emit_nowait(2)

    async with open_router() as router:
        receipt = router.send("k", last_words, stream=Replay())
        await settle()
        router.cancel("k")
        await receipt.outcome()
        async with router.reopen_turn("k", receipt.id) as answer:
            assert [await anext(answer), await anext(answer)] == [1, 2]
            with pytest.raises(TurnNotCompletedError):
                await anext(answer)


class Tree(Supervisor):
    """A router, begun anew when it ends."""

    def declare(self) -> list[ChildSpec[Any]]:
        return [ChildSpec(Router, Doer, id="router")]


async def test_a_router_that_begins_anew_knows_no_answer_of_before() -> None:
    """Its readers get what there was, and that it is not complete."""
    never = trio.Event()
    async with open_system() as system:
        tree = system.start(Tree)
        router = router_ref(await find_child(tree, "router"), Doer)
        ended = router.send("k", count_to(1), stream=Replay())
        await ended.outcome()
        async with router.open_turn(
            "k", count_to(2, never, 2), id="m", stream=Replay()
        ) as answer:
            await settle()
            router.ref.kill()
            assert await rest_of(answer) == [1]
            assert isinstance(answer.ended, Aborted)
        await settle()
        again = router.send("k", count_to(1), stream=Replay())
        await again.outcome()
        assert await is_kept(router, "k", again.id)
        for id_ in ("m", ended.id):
            assert not await is_kept(router, "k", id_)


# -------------------------------------------------------------------------- tried again


async def test_a_turn_that_is_tried_again_is_never_mixed() -> None:
    """A reader of the first try is told; from the beginning the second is whole."""
    tries: list[Session[Any, Any]] = []
    door = trio.Event()

    class Fragile(Doer):
        """Its first try crashes the session."""

        async def take_turn(self, turn: Turn[Deed, int]) -> object:
            tries.append(self)
            for number in range(1, 4):
                await turn.emit(10 * len(tries) + number)
            if len(tries) == 1:
                await door.wait()
                self.start_soon(self.crash)
                await trio.sleep_forever()
            return "done"

        async def crash(self) -> None:
            await trio.lowlevel.checkpoint()
            raise RuntimeError

    async with open_router(Fragile) as router:
        receipt = router.send("k", count_to(1), attempts=2, stream=Replay())
        async with router.reopen_turn("k", receipt.id) as answer:
            assert [await anext(answer), await anext(answer)] == [11, 12]
            door.set()
            with pytest.raises(StreamRestartedError) as caught:
                await rest_of(answer)
            assert (caught.value.attempt, caught.value.first) == (2, 4)
            assert await rest_of(answer) == [21, 22, 23]
            assert isinstance(await answer.outcome(), Completed)
        async with router.reopen_turn("k", receipt.id) as whole:
            assert await rest_of(whole) == [21, 22, 23]
            assert whole.number == 6
        with pytest.raises(StreamRestartedError):
            async with router.reopen_turn("k", receipt.id, after=2):
                pass


# --------------------------------------------------------------------- by other ways in


async def test_kept_prompts_neither_steer_nor_are_taken_together() -> None:
    """Each has an answer of its own, whatever `busy` says; `send_wait` too."""

    class Steered(Doer):
        """An ordinary prompt steers it."""

        prompts = attrs.evolve(Doer.prompts, busy=WhileBusy.STEER, capacity=1)

    door = trio.Event()
    async with open_router(Steered) as router:
        first = router.send("k", count_to(1, door, 1), stream=Replay())
        await settle()
        second = router.send("k", count_to(2), stream=Replay())
        waiting: list[Receipt[Any]] = []

        async def wait() -> None:
            waiting.append(await router.send_wait("k", count_to(3), stream=Replay()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await settle()
            assert waiting == []
            door.set()
        await waiting[0].outcome()
        read: list[list[int]] = []
        for receipt in (first, second, waiting[0]):
            async with router.reopen_turn("k", receipt.id) as answer:
                read.append(await rest_of(answer))

    assert read == [[1], [1, 2], [1, 2, 3]]


async def test_a_session_that_cannot_be_made_has_an_answer_that_ends() -> None:
    """It is over before it is in the book, and is kept for its time all the same."""

    class Unmade(Doer):
        """Its constructor fails."""

        def __init__(self) -> None:
            raise RuntimeError

    async with open_router(Unmade) as router:
        receipt = router.send("k", count_to(1), stream=Replay())
        assert receipt.ended is not None
        async with router.reopen_turn("k", receipt.id) as answer:
            assert await rest_of(answer) == []


async def test_the_outcome_can_be_awaited_by_all() -> None:
    """By each reader, and by who sent it."""
    door = trio.Event()
    async with open_router() as router, AsyncExitStack() as stack:
        receipt = router.send("k", count_to(1, door, 1), stream=Replay())
        readers = [
            await stack.enter_async_context(router.reopen_turn("k", receipt.id))
            for _ in range(3)
        ]
        ends: list[object] = []

        async def hear(reader: TurnStream[Any, int]) -> None:
            ends.append(await reader.outcome())

        async with trio.open_nursery() as nursery:
            for each in readers:
                nursery.start_soon(hear, each)
            await settle()
            door.set()
    assert ends == [receipt.ended] * 3


@pytest.mark.parametrize(
    "error",
    [
        StreamGapError(3, 7, 10),
        StreamGapError(3, 11, 10),
        StreamRestartedError(2, 4),
        UnknownPromptError("k", "m"),
        StreamNotKeptError("k", 7),
    ],
)
def test_errors_say_it_in_words(error: ActorError) -> None:
    """What is wanted, and what there is."""
    words: dict[type[ActorError], str] = {
        StreamGapError: "no chunk 4",
        StreamRestartedError: "begins anew with chunk 4, try 2",
        UnknownPromptError: "no prompt 'm'",
        StreamNotKeptError: "prompt 7 of session 'k' is not kept",
    }
    assert words[type(error)] in str(error)


@pytest.mark.parametrize("stream", [Bounded(1000), Replay(chunks=1000)], ids=repr)
async def test_a_reader_with_a_lot_to_read_leaves_the_others_their_turn(
    stream: Bounded | Replay,
) -> None:
    """What is there is taken at once, and every 64th time the others run."""
    steps = 0

    async def other() -> None:
        nonlocal steps
        while True:
            await trio.lowlevel.checkpoint()
            steps += 1

    async def say_all(turn: Turn[Any, int]) -> None:
        for number in range(1000):
            turn.emit_nowait(number)
        await trio.lowlevel.checkpoint()

    async with open_router() as router, trio.open_nursery() as nursery:
        async with router.open_turn("alice", say_all, stream=stream) as answer:
            await answer.outcome()
            nursery.start_soon(other)
            assert [number async for number in answer] == list(range(1000))
            assert steps >= 10  # of 15: it begins late
        nursery.cancel_scope.cancel()
