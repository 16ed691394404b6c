"""D31: a prompt that a turn sends is accepted if and only if the turn completes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
import trio

from actors import (
    BadInputError,
    Batch,
    Completed,
    Failed,
    Outcome,
    PromptPolicy,
    QuarantinedError,
    Session,
    Turn,
    Withdrawal,
    Withdrawn,
    open_system,
)
from actors.testing import seeds
from supervision import Limits, RestartLimit, start_router
from supervision.durable import (
    MemoryStore,
    PromptIdError,
    PromptTooLargeError,
    StorePolicy,
)
from supervision.durable._words.records import Complete
from tests.durable.keeping.stage import (
    Player,
    Process,
    Stage,
    die_at_each_point,
    make_store,
    open_process,
    turn_runs,
)


class Poster(Player):
    """Sends, too: "send:KEY/PROMPT/ID", with "_" for a blank in the prompt."""

    async def play(self, turn: Turn[str, str], verb: str, what: str) -> None:
        """Do what one word says."""
        if verb != "send":
            await super().play(turn, verb, what)
            return
        key, prompt, *name = what.split("/")
        turn.send(key, prompt.replace("_", " "), id=name[0] if name else None)


class Slow(Poster):
    """Of bob's the session goes slowly: when its door is open."""

    async def suspend(self) -> None:
        if self.key == "bob":
            await self.stage.doors["bob"].wait()


async def send_to_who_goes(process: Process, prompt: str) -> None:
    """Have bob evicted, and cat send to it while it goes; cat has one more turn."""
    router, stage = process.router, process.stage
    await (await router.accept("bob", "one")).outcome()
    await router.accept("cat", prompt)
    await router.accept("cat", "wait:end")
    await turn_runs(stage, prompt)
    await router.accept("dan", "wait:dan")  # bob is evicted for it
    await trio.sleep(1)
    stage.open("cat")
    await trio.sleep(1)


@seeds(2)
async def test_d31_what_is_sent_is_there_if_and_only_if_its_turn_has_completed() -> (
    None
):
    """At whatever point the process dies: once, and never twice."""

    async def story(process: Process) -> None:
        router = process.router
        await router.accept("ann", "send:bob/x/x send:ann/own/own", id="one")
        await router.accept("ann", "send:bob/y/y fail:why", id="two")
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        del process
        await stage.all_ended()
        outcomes = stage.outcomes()
        sent = isinstance(outcomes.get("one"), Completed)
        assert ("x" in outcomes) == ("own" in outcomes) == sent
        assert "y" not in outcomes
        assert stage.begun.count(("bob", "x")) <= 1
        if isinstance(outcomes.get("x"), Completed):
            assert stage.state("bob") == ("x",)
        if isinstance(outcomes.get("own"), Completed):
            assert stage.state("ann")[-1] == "own"

    assert await die_at_each_point(story, check, Poster) > 20


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_d31_the_outcome_and_what_was_sent_are_one_record(
    kind: str, tmp_path: Path
) -> None:
    """In both stores; it runs behind what waits."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage, Poster) as process:
        router = process.router
        first = await router.accept("ann", "wait:door send:ann/last/last", id="one")
        await router.accept("ann", "two", id="two")
        await turn_runs(stage, "wait:door send:ann/last/last")
        assert await router.find("ann", "last") is None
        stage.open("door")
        await first.outcome()
        sent = await router.find("ann", "last")
        assert sent is not None
        assert sent.prompt == "last"
        assert isinstance(await sent.outcome(), Completed)
        again = await router.accept("ann", "last", id="last")
        assert await again.outcome() == await sent.outcome()

    assert [prompt for _, prompt in stage.begun][1:] == ["two", "last"]


class Chain(Session[str, str]):
    """Its first turn sends the second, whose first try does not end."""

    def __init__(self, attempts: int, begun: trio.Event) -> None:
        self.attempts = attempts
        self.begun = begun

    async def take_turn(self, turn: Turn[str, str]) -> int:
        """Send, or stand still in the first try."""
        if turn.prompt == "begin":
            turn.send(turn.key, "ship", id="ship", attempts=self.attempts)
        elif turn.attempt == 1:
            self.begun.set()
            await trio.sleep_forever()
        return turn.attempt


@pytest.mark.parametrize(("attempts", "end"), [(1, Failed), (2, Completed)])
@seeds(2)
async def test_d31_what_is_sent_is_tried_as_often_as_its_turn_says(
    attempts: int, end: type[Outcome]
) -> None:
    """A chain of turns goes on where the process was killed."""
    store, begun = MemoryStore(), trio.Event()
    with trio.CancelScope() as process:
        async with open_system() as system:
            router = start_router(system, Chain, attempts, begun, durable=store)
            await router.accept("ann", "begin")
            await begun.wait()
            store.kill()
            process.cancel()

    async with open_system() as system:
        router = start_router(system, Chain, attempts, begun, durable=store)
        sent = await router.find("ann", "ship")
        assert sent is not None
        assert isinstance(await sent.outcome(), end)


@seeds(1)
async def test_a_wrong_number_of_attempts_is_refused_where_it_is_sent() -> None:
    """With a store or without."""
    async with open_system() as system:
        router = start_router(system, Chain, 0, trio.Event())
        outcome = await router.send("ann", "begin").outcome()

    assert isinstance(outcome, Failed)
    assert "attempts must be at least 1, got 0" in str(outcome.error)


@seeds(3)
async def test_d31_an_id_that_is_known_is_passed_over() -> None:
    """In the same turn too; the turn completes all the same."""
    stage = Stage()
    async with open_process(stage, Poster) as process:
        router = process.router
        await (await router.accept("bob", "first", id="x")).outcome()
        receipt = await router.accept(
            "ann", "send:bob/x/x send:bob/y/y send:bob/z/y", id="one"
        )
        assert isinstance(await receipt.outcome(), Completed)
        await stage.all_ended()
        statistics = router.statistics()

    assert stage.state("bob") == ("first", "y")
    assert statistics.repeated == 2
    assert statistics.accepted == 3


@seeds(3)
async def test_d31_what_was_sent_waits_in_the_store_for_a_place() -> None:
    """And above the capacity of a queue."""

    class Narrow(Poster):
        prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=1)

    stage = Stage()
    limits = Limits(sessions=2, turns=5)
    async with open_process(stage, Narrow, limits=limits) as process:
        router = process.router
        await router.accept("bob", "wait:door")
        await turn_runs(stage, "wait:door")
        waiting = await router.accept("bob", "second")
        receipt = await router.accept("ann", "send:bob/third send:cat/x/x wait:ann")
        await turn_runs(stage, "send:bob/third send:cat/x/x wait:ann")
        stage.open("ann")
        await receipt.outcome()
        assert isinstance(await (await found(router, "cat", "x")).outcome(), Completed)
        stage.open("door")
        await waiting.outcome()
        await stage.all_ended()

    assert stage.state("bob") == ("wait:door", "second", "third")
    assert stage.state("cat") == ("x",)


@seeds(3)
async def test_d31_a_session_that_leaves_comes_back_for_it() -> None:
    """Though its place has been promised to another."""
    stage = Stage()
    async with open_process(stage, Slow, limits=Limits(sessions=2, turns=5)) as process:
        router = process.router
        await (await router.accept("bob", "one")).outcome()
        await router.accept("cat", "wait:cat send:bob/x/x")
        await turn_runs(stage, "wait:cat send:bob/x/x")
        await router.accept("dan", "wait:dan")  # bob is evicted for it
        await trio.sleep(1)
        stage.open("cat")
        await trio.sleep(1)
        assert (await found(router, "bob", "x")).ended is None
        stage.open("bob", "dan")
        await stage.all_ended()

    assert stage.state("bob") == ("one", "x")


@seeds(3)
async def test_d31_a_session_that_stays_after_all_has_it() -> None:
    """Another prompt has kept it, when there was another place."""
    stage = Stage()
    async with open_process(stage, Slow, limits=Limits(sessions=2, turns=5)) as process:
        router = process.router
        await send_to_who_goes(process, "wait:cat send:bob/x/x send:bob/y/y")
        first = await found(router, "bob", "x")
        assert await found(router, "bob", "x") is first
        stage.open("end")
        await trio.sleep(1)  # cat goes instead of it
        assert router.inspect("cat") is None
        stage.open("bob", "dan")
        assert isinstance(await first.outcome(), Completed)
        await stage.all_ended()

    assert stage.state("bob") == ("one", "x", "y")


@seeds(3)
async def test_d31_one_that_was_found_before_it_came_can_be_withdrawn() -> None:
    """By the receipt that somebody had when there was no place."""
    stage = Stage()
    async with open_process(stage, Slow, limits=Limits(sessions=2, turns=5)) as process:
        router = process.router
        await send_to_who_goes(process, "wait:cat send:bob/x/x")
        first = await found(router, "bob", "x")
        stage.open("end")
        await trio.sleep(1)  # cat goes instead of it: it waits for bob's successor
        assert first.withdraw() is Withdrawal.WITHDRAWN
        assert isinstance(await first.outcome(), Withdrawn)
        stage.open("bob", "dan")
        await stage.all_ended()
        await trio.sleep(1)

    assert ("bob", "x") not in stage.begun
    assert [each for each in stage.started if each[0] == "bob"] == [("bob", 1, None)]


@seeds(3)
async def test_d31_a_reset_takes_back_what_waits_for_a_place() -> None:
    """In the store: nobody runs it, and whoever has found it is told."""
    stage = Stage()
    async with open_process(stage, Poster, limits=Limits(sessions=1)) as process:
        router = process.router
        prompt = "send:bob/x/x wait:door"
        await router.accept("ann", prompt)
        await router.accept("ann", "wait:end")
        await turn_runs(stage, prompt)
        stage.open("door")
        await trio.sleep(1)
        receipt = await found(router, "bob", "x")
        router.reset("bob")
        assert isinstance(await receipt.outcome(), Withdrawn)
        stage.open("end")
        await stage.all_ended()
        await trio.sleep(10)

    assert ("bob", "x") not in stage.begun


@seeds(3)
async def test_d31_a_key_in_quarantine_has_an_outcome_for_it() -> None:
    """It is not lost without a word."""
    stage = Stage()
    limits = Limits(sessions=9, turns=5, restarts=RestartLimit(0, within=60))
    async with open_process(stage, Poster, limits=limits) as process:
        router = process.router
        await (await router.accept("bob", "crash")).outcome()
        with pytest.raises(QuarantinedError):
            router.send("bob", "x")
        receipt = await router.accept("ann", "send:bob/x/x")
        assert isinstance(await receipt.outcome(), Completed)
        await stage.all_ended()

    outcome: Any = stage.outcomes()["x"]
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, QuarantinedError)


@seeds(3)
async def test_d31_a_reset_takes_back_what_is_on_its_way() -> None:
    """In the store and here: nobody runs it."""
    stage = Stage()
    async with open_process(stage, Poster) as process:
        router = process.router
        await (await router.accept("bob", "one")).outcome()
        await router.accept("ann", "wait:door send:bob/x/x send:cat/y/y", id="one")
        await turn_runs(stage, "wait:door send:bob/x/x send:cat/y/y")
        stage.memory.stand_still()
        stage.open("door")
        await trio.sleep(1)
        router.reset("bob")
        router.close("cat")
        stage.memory.go_on()
        await stage.all_ended()
        await trio.sleep(10)

    assert {type(each).__name__ for each in stage.outcomes().values()} == {
        "Completed",
        "Withdrawn",
    }
    assert ("bob", "x") not in stage.begun
    assert ("cat", "y") not in stage.begun


@seeds(3)
async def test_d31_a_turn_that_the_store_refuses_sends_nothing() -> None:
    """It has failed, so nothing is sent."""
    stage = Stage(MemoryStore())
    stage.memory.refuse(lambda record: isinstance(record, Complete) and record.sends)  # type: ignore[arg-type, return-value]
    async with open_process(stage, Poster) as process:
        receipt = await process.router.accept("ann", "send:bob/x/x", id="one")
        assert isinstance(await receipt.outcome(), Failed)
        await trio.sleep(10)

    assert [each.id for each in stage.memory.prompts()] == ["one"]


@seeds(3)
async def test_d31_what_cannot_be_kept_is_refused_at_the_call() -> None:
    """By a TypeError or ValueError that names it; the turn may go on."""
    heard: list[tuple[type[Exception], str]] = []

    class Odd(Player):
        prompts: ClassVar[PromptPolicy] = PromptPolicy(batch=Batch())

        async def take_turn(self, turn: Turn[str, str]) -> str:
            send: Any = turn.send
            for key, prompt, name in (
                ("bob", object(), None),
                ("bob", "x" * 50, None),
                ("bob", "x", "~x"),
                ("bob", "x", 7),
                ("", "x", None),
                (7, "x", None),
                ("bob", "x", "\ud800"),
            ):
                try:
                    send(key, prompt, id=name)
                except (TypeError, ValueError) as error:
                    heard.append((type(error), str(error)))
            return turn.prompt

    stage = Stage(MemoryStore(policy=StorePolicy(prompt_bytes=40)))
    async with open_process(stage, Odd) as process:
        receipt = await process.router.accept("ann", "one")
        assert isinstance(await receipt.outcome(), Completed)

    kinds = [kind for kind, _ in heard]
    unfit, bad, large = TypeError, BadInputError, PromptTooLargeError
    assert kinds == [unfit, large, PromptIdError, unfit, bad, unfit, bad]
    assert "object" in heard[0][1]
    assert "at most 40 bytes" in heard[1][1]
    assert "must not begin with '~'" in heard[2][1]
    assert len(stage.memory.prompts()) == 1


@seeds(3)
async def test_d31_a_drain_keeps_what_was_sent_meanwhile() -> None:
    """The next process runs it."""
    stage = Stage()
    prompt = "wait:door send:bob/wait:never/x send:ann/y/y"
    async with open_process(stage, Poster) as process:
        router = process.router
        await router.accept("ann", prompt)
        await turn_runs(stage, prompt)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(router.drain, 10)
            await trio.sleep(1)
            stage.memory.latency = 8  # its commit comes when the drain's time is over
            stage.open("door")
        router.ref.stop()
    stage.memory.latency = 0
    stage.open("never")
    async with open_process(stage, Poster):
        await stage.all_ended()

    assert stage.state("ann") == (prompt, "y")
    assert stage.state("bob") == ("wait:never",)


async def found(router: Any, key: str, name: str) -> Any:
    """Find a prompt that is there."""
    receipt = await router.find(key, name)
    assert receipt is not None
    return receipt
