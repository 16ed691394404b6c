"""What else a session does beside answers that are kept: nothing of it mixes in."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

import pytest
import trio

from actors import (
    Batch,
    Completed,
    Failed,
    Journal,
    Outcome,
    PromptPolicy,
    Steered,
    StreamNotKeptError,
    StreamRestartedError,
    Turn,
    TurnNotCompletedError,
    TurnOverError,
    UnknownPromptError,
)
from actors.testing import seeds
from supervision import RouterRef
from supervision.durable import MemoryStore, StorePolicy, TurnInterruptedError
from supervision.durable._words.journals import Chunks
from supervision.durable._words.records import Complete
from tests.durable.keeping.stage import (
    Player,
    Process,
    Stage,
    die_at_each_point,
    open_process,
    turn_runs,
)

from .test_journals import numbers, read

Router = RouterRef[str, str]


class Host(Player):
    """Has children and a router at hand.

    "child:NAME" runs a child turn, "direct:NAME" one that emits to its parent's reader,
    "critical:NAME" starts one of these that outlives it; each emits "NAME1", waits for
    the door NAME, and emits "NAME2".  "relay:KEY" emits the answer "m" of that key,
    "own:N" reads so much of its own, and puts that into the state.
    """

    router: ClassVar[Router]

    async def play(self, turn: Any, verb: str, what: str) -> None:
        """Do what one word says."""
        match verb:
            case "child":
                await turn.run_child(self.child, what)
            case "direct":
                await turn.run_child(self.child, what, direct=True)
            case "critical":
                await turn.start_child(self.child, what, critical=True, direct=True)
            case "relay":
                async with self.router.reopen_turn(what, "m") as answer:
                    async for chunk in answer:
                        await turn.emit(chunk)
            case "own":
                number = turn.receipts[0].id
                read_ = await read(self.router, number, most=int(what), key=turn.key)
                turn.state = (*turn.state, *read_)
            case _:
                await super().play(turn, verb, what)

    async def child(self, turn: Turn[str, str], name: str) -> None:
        """Speak, wait, speak."""
        await turn.emit(f"{name}1")
        await self.stage.doors[name].wait()
        await turn.emit(f"{name}2")


async def answers(
    stage: Stage, make: type[Player] = Host, key: str = "ann"
) -> list[str]:
    """Read the answer "m" in another process."""
    async with open_process(stage, make) as process:
        return await read(process.router, "m", key=key)


@seeds(5)
@pytest.mark.parametrize("store", ["at once", "later"])
async def test_a_child_that_outlives_its_turn_says_nothing_more(store: str) -> None:
    """Who reads while the end is being kept gets what is kept, and no more."""
    stage = Stage()
    words = "critical:c emit:a wait:go emit:b"
    async with open_process(stage, Host) as process:
        router = process.router
        await router.accept("ann", words, id="m", stream=Journal())
        async with router.reopen_turn("ann", "m") as answer:
            seen = [await anext(answer), await anext(answer)]
            await trio.sleep(1)
            if store == "later":
                stage.memory.stand_still()
            stage.open("go")
            seen.append(await anext(answer))
            await trio.sleep(1)  # its turn is over, but for the store
            stage.open("c")
            await trio.sleep(1)
            stage.memory.go_on()
            seen += [each async for each in answer]
            assert isinstance(await answer.outcome(), Completed)
        assert sorted(seen) == ["a", "b", "c1"]
    assert await answers(stage) == seen


@seeds(5)
async def test_a_child_that_waits_for_the_journal_says_nothing_behind_it() -> None:
    """Its parent has returned before there was room: there is none any more."""

    class Flood(Host):
        async def child(self, turn: Turn[str, str], name: str) -> None:
            for number in range(10, 100):
                await turn.emit(f"{name}{number}")

    stage = Stage(MemoryStore(policy=StorePolicy(journal_bytes=150)))
    words = "emit:a wait:go critical:c wait:end"
    async with open_process(stage, Flood) as process:
        router = process.router
        receipt = await router.accept("ann", words, id="m", stream=Journal())
        await turn_runs(stage, words)
        await trio.sleep(1)
        stage.memory.stand_still()
        process.watch()
        stage.open("go")
        await trio.sleep(1)  # the child waits for the store
        stage.open("end")
        await trio.sleep(1)
        stage.memory.go_on()
        async with router.reopen_turn("ann", "m") as answer:
            seen = [each async for each in answer]
        await receipt.outcome()
        await trio.sleep(1)
        records = [each for batch in process.batches for each in batch]
    (end,) = (at for at, each in enumerate(records) if isinstance(each, Complete))
    assert not any(isinstance(each, Chunks) for each in records[end:])
    assert seen == ["a", *(f"c{number}" for number in range(10, 9 + len(seen)))]
    assert 10 < len(seen) < 30
    assert await answers(stage, Flood) == seen


@seeds(5)
async def test_children_speak_in_their_parents_answer_or_not_at_all() -> None:
    """In the try that counts, and at whatever point the process dies."""
    words = "emit:a child:x direct:y emit:b"

    def stage_of(store: MemoryStore) -> Stage:
        stage = Stage(store)
        stage.open("x", "y")
        return stage

    async def story(process: Process) -> None:
        await process.router.accept("ann", words, id="m", attempts=9, stream=Journal())
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        await stage.all_ended()
        if stage.outcomes():
            assert await read(process.router, "m") == ["a", "y1", "y2", "b"]

    assert await die_at_each_point(story, check, Host, stage=stage_of) > 8


@seeds(5)
async def test_an_aside_reads_the_answer_and_adds_nothing_to_it() -> None:
    """Nor does work, which waits for its end, and a child of either."""
    stage = Stage()
    seen: list[list[str]] = []

    class Nosy(Host):
        async def answer_aside(self, turn: Turn[str, str]) -> None:
            await turn.emit("aside")
            await turn.run_child(self.child, "x", direct=True)
            seen.append(await read(self.router, "m", most=3))

    async def work(turn: Turn[str, str]) -> None:
        await turn.emit("work")
        seen.append(await read(process.router, "m"))
        turn.state = (*turn.state, "work")

    stage.open("x")
    async with open_process(stage, Nosy) as process:
        router = Nosy.router = process.router
        await router.accept("ann", "count:3 wait:go emit:b", id="m", stream=Journal())
        await turn_runs(stage, "count:3 wait:go emit:b")
        aside = router.ask_aside("ann", "what?")
        assert isinstance(await aside.outcome(), Completed)
        done = router.run_exclusive("ann", work)
        await trio.sleep(1)
        stage.open("go")
        assert isinstance(await done.outcome(), Completed)
        for number in (aside.id, done.id):
            with pytest.raises(UnknownPromptError):
                await read(router, number)
    whole = [*numbers(1, 3), "b"]
    assert seen == [numbers(1, 3), whole]
    assert stage.state("ann") == ("count:3 wait:go emit:b", "work")
    assert await answers(stage) == whole


class Together(Host):
    """Waits for more, and takes what waits together."""

    prompts = PromptPolicy(batch=Batch(window=1.0))


@seeds(5)
async def test_a_batch_neither_takes_it_in_nor_passes_it_by() -> None:
    """One between others has a turn of its own, at its place."""
    names = ("a", "b", "m", "c", "d")

    async def story(process: Process) -> None:
        for name in names:
            stream = Journal() if name == "m" else None
            await process.router.accept(
                "ann", f"emit:{name}", id=name, attempts=9, stream=stream
            )
        await trio.sleep(20)

    async def check(stage: Stage, process: Process) -> None:
        await stage.all_ended()
        outcomes = stage.outcomes()
        turns: dict[str, int | None] = {}
        for name in outcomes:
            ended = outcomes[name]
            assert isinstance(ended, Completed)
            turns[name] = ended.turn
        order = [turns[name] for name in names if name in turns]
        assert order == sorted(order, key=lambda turn: turn or 0)
        if "m" in turns:
            assert list(turns.values()).count(turns["m"]) == 1
            assert await read(process.router, "m") == ["m"]
        assert stage.state("ann") == (
            tuple(f"emit:{name}" for name in names if name in turns) or None
        )

    assert await die_at_each_point(story, check, Together) > 8


@seeds(5)
async def test_what_steers_it_is_answered_in_it() -> None:
    """And after a kill in a turn of its own, which has no journal."""
    words = "emit:a wait:go point emit:b wait:end"

    async def story(process: Process) -> None:
        router, stage = process.router, process.stage
        await router.accept("ann", words, id="m", attempts=9, stream=Journal())
        await turn_runs(stage, words)
        steering = router.steer("ann", "emit:s", id="s")
        await steering.durable()
        stage.open("go")
        await trio.sleep(5)
        stage.open("end")
        await trio.sleep(5)

    async def check(stage: Stage, process: Process) -> None:
        stage.open("go", "end")
        await stage.all_ended()
        outcomes = stage.outcomes()
        if "m" in outcomes:
            assert isinstance(outcomes["m"], Completed)
            assert await read(process.router, "m") == ["a", "b"]
        if "s" in outcomes:
            assert isinstance(outcomes["s"], Completed | Steered | Failed)
            assert await _is_kept(process.router, "s") is False

    assert await die_at_each_point(story, check, Host) > 8


async def _is_kept(router: Router, name: str) -> bool:
    """Whether there is anything to read."""
    try:
        return bool(await read(router, name))
    except (UnknownPromptError, TurnNotCompletedError, StreamNotKeptError):
        return False


@seeds(5)
async def test_an_answer_is_relayed_into_another() -> None:
    """Whole, at whatever point the process dies: or it says that it is not."""
    failed: list[tuple[str, Outcome]] = []

    async def story(process: Process) -> None:
        Host.router = process.router
        for key, words in (("ann", "count:9"), ("bob", "relay:ann")):
            await process.router.accept(
                key, words, id="m", attempts=9, stream=Journal(chunks=2)
            )
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        Host.router = process.router
        await stage.all_ended()
        for key in ("ann", "bob"):
            try:
                found = await read(process.router, "m", key=key)
            except TurnNotCompletedError as error:
                failed.append((key, error.outcome))
            except UnknownPromptError:
                return
            else:
                assert found in (numbers(1, 9, attempt) for attempt in (1, 2))

    policy = StorePolicy(journal_bytes=300)
    assert await die_at_each_point(story, check, Host, policy=policy) > 8
    for key, outcome in failed:  # its source began anew
        assert key == "bob"
        assert isinstance(outcome, Failed)
        assert not isinstance(outcome.error, TurnInterruptedError)


@seeds(5)
async def test_a_turn_reads_what_it_has_said_itself() -> None:
    """All of it, from memory and from the store, and holds itself up by nothing."""
    stage = Stage(MemoryStore(policy=StorePolicy(journal_bytes=300)))
    async with open_process(stage, Host) as process:
        router = Host.router = process.router
        receipt = await router.accept(
            "ann", "count:50 own:50", id="m", stream=Journal(chunks=2)
        )
        outcome: Outcome = await receipt.outcome()
        assert isinstance(outcome, Completed)
    assert stage.state("ann") == ("count:50 own:50", *numbers(1, 50))


@seeds(5)
@pytest.mark.parametrize("seconds", [2, 100])
@pytest.mark.parametrize("how", ["critical", "direct"])
async def test_a_child_of_a_try_that_crashed_says_nothing_in_the_next(
    how: str, seconds: float
) -> None:
    """Though it takes its time to end, or more than it has."""
    stage = Stage()
    tries: list[int] = []

    class Slow(Host):
        async def child(self, turn: Turn[str, str], name: str) -> None:
            await turn.emit(f"{name}1")
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(seconds)
                    with suppress(TurnOverError):
                        await turn.emit(f"{name}2")
                    await trio.sleep(2)
                    with suppress(TurnOverError):
                        turn.emit_nowait(f"{name}3")

        async def play(self, turn: Any, verb: str, what: str) -> None:
            if verb == "once" and turn.attempt == 1:
                tries.append(turn.attempt)
                critical = how == "critical"
                await turn.start_child(self.child, what, critical=critical, direct=True)
                await trio.sleep(1)
                await super().play(turn, "crash", "")
            elif verb == "ticks":
                for _ in range(int(what)):
                    await trio.sleep(10)
                    turn.progress()
            elif verb != "once":
                await super().play(turn, verb, what)

    async with open_process(stage, Slow) as process:
        router = process.router
        receipt = await router.accept(
            "ann",
            "emit:a once:c count:3 ticks:30",
            id="m",
            attempts=2,
            stream=Journal(),
        )
        seen: list[str] = []
        async with router.reopen_turn("ann", "m") as answer:
            while True:
                try:
                    seen.append(await anext(answer))
                except StreamRestartedError:
                    seen.clear()
                except StopAsyncIteration:
                    break
        assert isinstance(await receipt.outcome(), Completed)
        assert tries == [1]
        assert seen == ["a", *numbers(1, 3, attempt=2)]
    assert await answers(stage, Slow) == seen
