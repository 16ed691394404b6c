"""Answers that are read again: in their process, and after it (D54 to D58)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

import attrs
import pytest
import trio

from actors import (
    Completed,
    Failed,
    Journal,
    Replay,
    StreamGapError,
    StreamNotKeptError,
    StreamRestartedError,
    TurnNotCompletedError,
    UnknownPromptError,
    open_system,
)
from actors.testing import seeds
from supervision import NoStoreError, PromptKeptError, RouterRef, start_router
from supervision.durable import (
    CodecError,
    MemoryStore,
    SqliteStore,
    StoreAwayError,
    StorePolicy,
)
from supervision.durable._words.journals import Chunks
from supervision.durable._words.records import Complete
from tests.durable.keeping.stage import (
    Player,
    Process,
    Stage,
    make_store,
    open_process,
    turn_runs,
)
from tests.durable.keeping.test_successors import crash, open_tree
from tests.durable.sealing.boxes import Choosy, Keyed

FAR = 1_000_000_000
"""By so much the numbers of a later opening are further on."""


async def read(
    router: RouterRef[str, str],
    id: str | int,  # noqa: A002
    after: int = 0,
    most: int = 10_000,
    key: str = "ann",
) -> list[str]:
    """Read an answer behind a number, to its end or so many chunks."""
    chunks: list[str] = []
    async with router.reopen_turn(key, id, after=after) as answer:
        while len(chunks) < most:
            try:
                chunks.append(await anext(answer))
            except StopAsyncIteration:
                break
    return chunks


def numbers(first: int, last: int, attempt: int = 1) -> list[str]:
    """What `count:` emits."""
    return [f"{attempt}.{number}" for number in range(first, last + 1)]


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_d54_a_reader_that_has_left_reads_on(kind: str, tmp_path: Any) -> None:
    """And who is behind what is in memory reads in the store."""
    policy = StorePolicy(journal_bytes=500)
    stage = Stage(make_store(kind, tmp_path, policy))
    async with open_process(stage) as process:
        router = process.router
        seen: list[str] = []
        stream = Journal(chunks=8)
        prompt = "count:60 wait:door count:3"
        async with router.open_turn("ann", prompt, id="m", stream=stream) as answer:
            while answer.number < 40:
                seen.append(await anext(answer))
        assert seen == numbers(1, 40)
        async with router.reopen_turn("ann", "m", after=40) as answer:
            for each in numbers(41, 60):
                assert await anext(answer) == each
            stage.open("door")
            assert [each async for each in answer] == numbers(1, 3)
            assert isinstance(answer.ended, Completed)
        whole = numbers(1, 60) + numbers(1, 3)
        assert await read(router, "m") == whole
        assert await read(router, "m", after=62) == whole[62:]


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_behind_what_was_said_there_is_a_gap(kind: str, tmp_path: Any) -> None:
    """Of the first prompt of a key, and of one whose key is here already."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        router = process.router
        for name in ("first", "second"):
            prompt = f"count:3 wait:{name}"
            receipt = await router.accept("ann", prompt, id=name, stream=Journal())
            await turn_runs(stage, prompt)
            with pytest.raises(StreamGapError) as caught:
                await read(router, name, after=4)
            assert (caught.value.after, caught.value.last) == (4, 3)
            stage.open(name)
            await receipt.outcome()


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_an_answer_is_read_after_its_process(kind: str, tmp_path: Any) -> None:
    """By its id, or by its number; what was never there is unknown."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        receipt = await process.router.accept(
            "ann", "count:9", id="m", stream=Journal()
        )
        nameless = await process.router.accept("ann", "count:2", stream=Journal())
        await receipt.outcome()
        await nameless.outcome()
    async with open_process(stage) as process:
        router = process.router
        assert await read(router, "m") == numbers(1, 9)
        assert await read(router, "m", after=7) == numbers(8, 9)
        assert await read(router, nameless.id) == numbers(1, 2)
        with pytest.raises(UnknownPromptError):
            await read(router, 77)
        with pytest.raises(UnknownPromptError):
            await read(router, "\ud800")
        async with router.reopen_turn("ann", "m", after=9) as answer:
            assert [each async for each in answer] == []
            assert isinstance(await answer.outcome(), Completed)


@seeds(3)
async def test_d55_a_second_try_is_never_mixed_with_the_first() -> None:
    """Who was in the first is told; from 0 the second is read whole."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept(
            "ann", "count:60 wait:door", id="m", attempts=2, stream=Journal()
        )
        assert await read(process.router, "m", most=60) == numbers(1, 60)
        await trio.sleep(1)  # so that they are written
        process.kill()
    stage.begun.clear()
    async with open_process(stage) as process:
        router = process.router
        await turn_runs(stage, "count:60 wait:door")
        with pytest.raises(StreamRestartedError) as caught:
            await read(router, "m", after=40)
        assert caught.value.attempt == 2
        assert caught.value.first == FAR + 1
        assert await read(router, "m", most=60) == numbers(1, 60, attempt=2)
        stage.open("door")
        assert await read(router, "m") == numbers(1, 60, attempt=2)
        with pytest.raises(StreamRestartedError):
            await read(router, "m", after=40)
    async with open_process(stage) as process:
        with pytest.raises(StreamRestartedError) as caught:
            await read(process.router, "m", after=40)
        assert caught.value.attempt == 2
        assert await read(process.router, "m", after=FAR + 58) == ["2.59", "2.60"]
        assert await read(process.router, "m") == numbers(1, 60, attempt=2)


@seeds(3)
async def test_a_second_try_that_says_nothing_leaves_nothing_of_the_first() -> None:
    """While it runs, when it has ended, and after its process."""

    class Silent(Player):
        async def play(self, turn: Any, verb: str, what: str) -> None:
            if verb != "count" or turn.attempt == 1:
                await super().play(turn, verb, what)

    stage = Stage()
    async with open_process(stage, Silent) as process:
        await process.router.accept(
            "ann", "count:5 wait:door", id="m", attempts=2, stream=Journal()
        )
        assert await read(process.router, "m", most=5) == numbers(1, 5)
        await trio.sleep(1)
        process.kill()
    stage.open("door")
    async with open_process(stage, Silent) as process:
        assert await read(process.router, "m") == []
        with pytest.raises(StreamRestartedError):
            await read(process.router, "m", after=5)
    async with open_process(stage, Silent) as process:
        with pytest.raises(StreamRestartedError):
            await read(process.router, "m", after=5)
        assert await read(process.router, "m") == []


@seeds(3)
async def test_what_was_said_before_the_kill_is_there_if_it_has_failed() -> None:
    """And then how it ended; who had read more gets just that."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept(
            "ann", "count:6 wait:door", id="m", stream=Journal()
        )
        assert await read(process.router, "m", most=6) == numbers(1, 6)
        await trio.sleep(1)
        process.kill()
    async with open_process(stage) as process:
        seen: list[str] = []
        with pytest.raises(TurnNotCompletedError) as caught:
            async with process.router.reopen_turn("ann", "m", after=2) as answer:
                seen.extend([each async for each in answer])
        assert isinstance(caught.value.outcome, Failed)
        async with process.router.reopen_turn("ann", "m", after=99) as answer:
            with pytest.raises(TurnNotCompletedError):
                await anext(answer)  # had read more than the store was given
    async with open_process(stage) as process:
        assert await read(process.router, "m", most=6) == numbers(1, 6)
        with pytest.raises(TurnNotCompletedError):
            await read(process.router, "m")


@seeds(3)
async def test_d56_what_has_no_journal_cannot_be_read_again() -> None:
    """While it runs, here or again; ended, there is its outcome, and no silence."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "count:3 wait:door", id="m", attempts=2)
        with pytest.raises(StreamNotKeptError):
            await read(process.router, "m")
        process.kill()
    async with open_process(stage) as process:
        with pytest.raises(StreamNotKeptError):
            await read(process.router, "m")
        stage.open("door")
        receipt = await process.router.find("ann", "m")
        assert receipt is not None
        await receipt.outcome()
        async with process.router.reopen_turn("ann", "m") as answer:
            assert isinstance(answer.ended, Completed)
            with pytest.raises(StreamNotKeptError):
                await anext(answer)
    async with open_process(stage) as process:
        with pytest.raises(StreamNotKeptError):
            await read(process.router, "m")


@seeds(3)
async def test_d58_a_store_that_stands_still_holds_up_the_turn_at_last() -> None:
    """What is emitted is read; `emit` waits when too much is on its way."""
    stage = Stage(MemoryStore(policy=StorePolicy(journal_bytes=170)))
    async with open_process(stage) as process:
        router = process.router
        await router.accept(
            "ann", "wait:go count:100", id="m", stream=Journal(chunks=4)
        )
        await turn_runs(stage, "wait:go count:100")
        stage.memory.stand_still()
        stage.open("go")
        async with router.reopen_turn("ann", "m") as answer:
            seen = [await anext(answer) for _ in range(13)]  # 693 bytes on their way
            assert seen == numbers(1, 13)
            with trio.move_on_after(1000):
                seen.append(await anext(answer))
            assert seen == numbers(1, 13)
            stage.memory.go_on()
            seen += [each async for each in answer]
            assert seen == numbers(1, 100)
        assert await read(router, "m") == numbers(1, 100)


@seeds(3)
async def test_d58_an_answer_goes_with_its_outcome() -> None:
    """In front of it, in the same batch: no outcome waits for it."""
    stage = Stage()
    async with open_process(stage) as process:
        process.watch()
        receipt = await process.router.accept(
            "ann", "count:100", id="m", stream=Journal()
        )
        await receipt.outcome()
        assert [type(each) for each in process.batches[-1]] == [Chunks, Complete]
        assert trio.current_time() < 0.1


@seeds(3)
async def test_d58_a_turn_that_goes_on_is_written_now_and_then() -> None:
    """Once in `journal_every` seconds."""
    stage = Stage(MemoryStore(policy=StorePolicy(journal_every=2.0)))
    async with open_process(stage) as process:
        process.watch()
        await process.router.accept(
            "ann", "emit:a emit:b wait:door", id="m", stream=Journal()
        )
        await trio.sleep(1)
        assert not any(isinstance(each, Chunks) for each in _records(process))
        await trio.sleep(2)
        (block,) = [each for each in _records(process) if isinstance(each, Chunks)]
        assert block.last == 2
        stage.open("door")


def _records(process: Process) -> list[object]:
    return [each for batch in process.batches for each in batch]


@seeds(3)
async def test_d58_a_journal_is_pruned() -> None:
    """Before its prompt, whose outcome is kept; and never one that has none."""
    policy = StorePolicy(journal_keep=1e-6, prune_every=10, prune=2)
    stage = Stage(MemoryStore(policy=policy))
    async with open_process(stage) as process:
        router = process.router
        await router.accept("bob", "count:3 wait:door", id="open", stream=Journal())
        for number in range(5):
            receipt = await router.accept(
                "ann", "count:3", id=f"m{number}", stream=Journal()
            )
            await receipt.outcome()
        for number in range(5):
            while True:
                try:
                    await read(router, f"m{number}")
                except UnknownPromptError:
                    break
                except StreamGapError:
                    pass  # it goes while it is read
                await trio.sleep(10)
            assert await router.find("ann", f"m{number}") is not None
        async with router.reopen_turn("bob", "open") as answer:
            assert [await anext(answer) for _ in range(3)] == numbers(1, 3)
        stage.open("door")


@seeds(2)
@pytest.mark.parametrize("stream", [None, Replay(), Journal()], ids=repr)
async def test_a_journal_that_is_pruned_is_unknown_also_where_it_is_sent_again(
    stream: Any,
) -> None:
    """In this process and the next: by its id, its number, that of the second one."""
    stage = Stage(MemoryStore(policy=StorePolicy(journal_keep=1e-6, prune_every=10)))
    async with open_process(stage) as process:
        router = process.router
        first = await router.accept("ann", "count:3", id="m", stream=Journal())
        await first.outcome()
        await trio.sleep(60)
        assert (await router.passivate("ann")).away
        await sent_again_it_is_unknown(router, first.id, stream)
    async with open_process(stage) as process:
        await sent_again_it_is_unknown(process.router, first.id, stream)


async def sent_again_it_is_unknown(
    router: RouterRef[str, str], first: int, stream: Any
) -> None:
    """Whatever those who send it again would have kept."""
    again = await router.accept("ann", "count:3", id="m", stream=stream)
    assert isinstance(await again.outcome(), Completed)
    for name in ("m", first, again.id):
        with pytest.raises(UnknownPromptError):
            await read(router, name)


@seeds(2)
async def test_the_second_ones_number_is_an_address_of_the_journal_too() -> None:
    """Though it was sent without one; its number is that which was asked for."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        journal = await router.accept("ann", "count:3", id="m", stream=Journal())
        plain = await router.accept("ann", "count:3", id="p")
        for each in (journal, plain):
            await each.outcome()
        await router.passivate("ann")
        again = await router.accept("ann", "count:3", id="m")
        assert await read(router, again.id, after=1) == numbers(2, 3)
        again = await router.accept("ann", "count:3", id="p")
        for name in ("p", again.id):
            async with router.reopen_turn("ann", name, after=2) as answer:
                assert answer.number == 2
                with pytest.raises(StreamNotKeptError):
                    await anext(answer)
                assert answer.number == 2


@seeds(3)
@pytest.mark.parametrize("first", ["ended", "waiting", "running"])
async def test_sent_again_after_a_restart_it_reads_the_first_one(
    first: str,
) -> None:
    """Whatever became of it; there is one turn."""
    stage = Stage()
    words = "count:5" if first == "ended" else "count:5 wait:door"
    async with open_process(stage) as process:
        if first == "waiting":
            await process.router.accept("ann", "wait:door", attempts=2)
        receipt = await process.router.accept(
            "ann", words, id="m", attempts=2, stream=Journal()
        )
        if first == "ended":
            await receipt.outcome()
        elif first == "running":
            await turn_runs(stage, words)
        process.kill()
    async with open_process(stage) as process:
        router = process.router
        seen: list[str] = []
        async with router.open_turn("ann", words, id="m", stream=Journal()) as answer:
            with trio.move_on_after(10), suppress(StopAsyncIteration):
                while True:
                    seen.append(await anext(answer))
            async with router.reopen_turn("ann", "m") as other:
                stage.open("door")
                seen += [each async for each in answer]
                again = [each async for each in other]
            assert isinstance(await answer.outcome(), Completed)
        assert seen == again == numbers(1, 5, attempt=2 if first == "running" else 1)
    assert [prompt for _, prompt in stage.begun].count(words) == 1 + (
        first == "running"
    )


@seeds(3)
async def test_a_reader_outlives_its_router() -> None:
    """The one that comes after a crash in the same process goes on with its answer."""
    stage = Stage()
    async with open_tree(stage) as router:
        words = "count:5 wait:door"
        await router.accept("ann", words, id="m", attempts=2, stream=Journal())
        async with router.reopen_turn("ann", "m") as answer:
            assert [await anext(answer) for _ in range(5)] == numbers(1, 5)
            crash(router)
            with pytest.raises(StreamRestartedError):
                await anext(answer)
            stage.open("door")
            assert [each async for each in answer] == numbers(1, 5, attempt=2)
            assert isinstance(await answer.outcome(), Completed)


@seeds(3)
@pytest.mark.parametrize("stream", [Journal(), Replay()])
async def test_a_reader_is_told_that_its_router_has_ended(stream: Any) -> None:
    """As whoever waits for the outcome."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "wait:door", attempts=2)
        async with process.router.open_turn(
            "ann", "count:5", id="m", stream=stream
        ) as answer:
            process.router.ref.stop()
            with trio.fail_after(1000), pytest.raises(PromptKeptError):
                await anext(answer)
        await trio.sleep(100)
        with pytest.raises(StoreAwayError):  # not "unknown": its successor has it
            await read(process.router, "m")
    stage.open("door")
    if isinstance(stream, Journal):
        async with open_process(stage) as process:
            assert await read(process.router, "m") == numbers(1, 5)


@seeds(3)
async def test_what_is_reset_is_read_no_more() -> None:
    """Not what has ended either, nor after a restart."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        for id_ in ("old", "running"):
            await router.accept("ann", f"count:3 wait:{id_}", id=id_, stream=Journal())
        stage.open("old")
        assert await read(router, "old") == numbers(1, 3)
        async with router.reopen_turn("ann", "running") as answer:
            assert [await anext(answer) for _ in range(3)] == numbers(1, 3)
            router.reset("ann")
            with pytest.raises(TurnNotCompletedError):
                await anext(answer)
        for id_ in ("old", "running"):
            with pytest.raises(UnknownPromptError):
                await read(router, id_)
        assert not stage.memory.journal(1)
    async with open_process(stage) as process:
        for id_ in ("old", "running"):
            with pytest.raises(UnknownPromptError):
                await read(process.router, id_)


class Odd(Player):
    """Emits what its prompts name."""

    things: ClassVar[dict[str, Any]] = {
        "object": object(),
        "large": "x" * 2000,
        "text": "\ud800 is half of a pair",
    }

    async def play(self, turn: Any, verb: str, what: str) -> None:
        """Emit one."""
        if verb == "odd":
            await turn.emit(self.things[what])
        elif verb == "nowait":
            turn.emit_nowait(self.things[what])
        else:
            await super().play(turn, verb, what)


@seeds(3)
@pytest.mark.parametrize("how", ["odd", "nowait"])
async def test_d06_what_cannot_be_kept_is_refused_where_it_is_emitted(how: str) -> None:
    """The turn sees it; half of a pair of surrogates is kept."""
    stage = Stage(MemoryStore(policy=StorePolicy(chunk_bytes=1000)))
    async with open_process(stage, Odd) as process:
        router = process.router
        errors: list[BaseException | None] = []
        for number, what in enumerate(("object", "large", "text")):
            receipt = await router.accept(
                "ann", f"emit:a {how}:{what} emit:b", id=f"m{number}", stream=Journal()
            )
            outcome = await receipt.outcome()
            errors.append(outcome.error if isinstance(outcome, Failed) else None)
        assert isinstance(errors[0], TypeError)
        assert str(errors[0]).startswith("a chunk cannot be stored: <object object")
        assert isinstance(errors[1], ValueError)
        assert "a chunk has at most 1000 bytes when stored" in str(errors[1])
        assert errors[2] is None
        assert await read(router, "m2") == ["a", Odd.things["text"], "b"]


@seeds(3)
async def test_a_journal_wants_a_store() -> None:
    """Nothing is started without."""
    async with open_system() as system:
        router = start_router(system, Player, Stage())
        with pytest.raises(NoStoreError):
            router.send("ann", "x", stream=Journal())
        with pytest.raises(NoStoreError):
            await router.send_wait("ann", "x", stream=Journal())
        with pytest.raises(NoStoreError):
            async with router.open_turn("ann", "x", stream=Journal()):
                pass
        assert router.inspect("ann") is None


@seeds(20)
async def test_readers_of_all_paces_see_the_same() -> None:
    """Some are behind what is in memory, some come late, one leaves and comes back."""
    stage = Stage(MemoryStore(policy=StorePolicy(journal_bytes=400)))
    stage.memory.latency = 0.3
    async with open_process(stage) as process:
        router = process.router
        whole = numbers(1, 200)
        seen: dict[float, list[str]] = {}

        async def watch(pause: float) -> None:
            mine = seen[pause] = []
            while len(mine) < len(whole):
                with trio.move_on_after(5 + 40 * pause):
                    async with router.reopen_turn("ann", "m", after=len(mine)) as it:
                        async for chunk in it:
                            mine.append(chunk)
                            await trio.sleep(pause)

        await router.accept("ann", "count:200", id="m", stream=Journal(chunks=5))
        async with trio.open_nursery() as nursery:
            for pause in (0.0, 0.01, 0.1, 1.0):
                nursery.start_soon(watch, pause)
        assert all(each == whole for each in seen.values())
        assert len(seen) == 4


@seeds(3)
async def test_a_turn_put_back_by_a_drain_is_read_from_its_second_try() -> None:
    """Though that try is not counted."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept(
            "ann", "count:3 wait:door", id="m", attempts=2, stream=Journal()
        )
        assert await read(process.router, "m", most=3) == numbers(1, 3)
        report = await process.router.drain(within=5)
        assert len(report.kept) == 1
    stage.open("door")
    async with open_process(stage) as process:
        with pytest.raises(StreamRestartedError):
            await read(process.router, "m", after=2)
        assert await read(process.router, "m") == numbers(1, 3)


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_d69_a_journal_is_sealed(kind: str, tmp_path: Any) -> None:
    """With another key its reader hears so; with a block left out it is gone."""

    def store(seal: Any) -> Any:
        if kind == "memory":
            memory.encoding = attrs.evolve(memory.encoding, seal=seal)
            return memory
        return SqliteStore(tmp_path / "chat.db", seal=seal)

    memory = MemoryStore()
    async with open_process(Stage(store(Keyed(b"k")))) as process:
        receipt = await process.router.accept(
            "ann", "emit:hush emit:b", id="m", stream=Journal()
        )
        await receipt.outcome()
    if kind == "file":
        files = b"".join(each.read_bytes() for each in tmp_path.iterdir())
        assert b"hush" not in files
    async with open_process(Stage(store(Keyed(b"other")))) as process:
        with pytest.raises(CodecError, match="the seal does not open it"):
            await read(process.router, "m")
    async with open_process(Stage(store(Choosy(b"k", b"CHUNK", b"hush")))) as process:
        assert await read(process.router, "m") == ["hush", "b"]
        receipt = await process.router.accept(
            "bob", "emit:hush emit:b", id="m", stream=Journal()
        )
        await receipt.outcome()
    async with open_process(Stage(store(Keyed(b"k")))) as process:
        with pytest.raises(UnknownPromptError):
            await read(process.router, "m", key="bob")
        found = await process.router.find("bob", "m")
        assert found is not None
        assert isinstance(found.ended, Completed)
