"""D12 to D30: turns begin and are completed, in the store first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar

import pytest
import trio
import trio.lowlevel

from actors import (
    Aborted,
    Batch,
    Completed,
    Failed,
    Outcome,
    PromptPolicy,
    Rejected,
    SessionCrashedError,
    Steered,
    TimedOut,
    Turn,
    TurnPolicy,
    Withdrawn,
)
from actors.hosting import actor_of
from actors.testing import seeds
from supervision import Limits
from supervision.durable import (
    CodecError,
    MemoryStore,
    StateGrows,
    StateTooLargeError,
    StoredError,
    StorePolicy,
    TurnInterruptedError,
)
from supervision.durable._words.records import Begin, Complete

from .stage import Player, Process, Stage, die_at_each_point, open_process, turn_runs


@seeds(2)
async def test_d12_a_state_has_what_was_completed() -> None:
    """At whatever point the process dies."""

    async def story(process: Process) -> None:
        router = process.router
        await router.accept("ann", "one", id="one")
        await router.accept("ann", "two keep fail:why", id="two")
        await router.accept("ann", "three", id="three")
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        del process
        await stage.all_ended()
        outcomes = stage.outcomes()
        state = stage.state("ann") or ()
        for name, prompt in (("one", "one"), ("three", "three")):
            assert (prompt in state) == isinstance(outcomes.get(name), Completed)
        kept = outcomes.get("two")
        if isinstance(kept, Failed) and isinstance(kept.error, StoredError):
            assert "two keep fail:why" in state
        else:
            assert "two keep fail:why" not in state

    assert await die_at_each_point(story, check) > 20


@seeds(3)
async def test_d14_a_turn_that_was_interrupted_is_not_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It has failed, once, and the log says so; the next prompt runs."""
    caplog.clear()
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "wait:never", id="one")
        await process.router.accept("ann", "two", id="two")
        await turn_runs(stage, "wait:never")
        process.kill()
    async with open_process(stage) as process:
        receipt = await process.router.find("ann", "one")
        assert receipt is not None
        outcome = await receipt.outcome()
        await stage.all_ended()

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, TurnInterruptedError)
    assert outcome.attempts == outcome.error.attempts == 1
    said = [each.message for each in caplog.records if "has failed" in each.message]
    assert said == [f"/router: session 'ann' has failed prompt 1: {outcome.error}"]
    assert stage.begun == [("ann", "wait:never"), ("ann", "two")]
    assert stage.state("ann") == ("two",)


@seeds(3)
async def test_d15_a_prompt_that_kills_the_process_is_tried_three_times() -> None:
    """And not once more: there is no crash loop, and the next prompt runs."""
    attempts: list[tuple[str, int]] = []

    class Counting(Player):
        async def take_turn(self, turn: Turn[str, str]) -> str:
            attempts.append((turn.prompt, turn.attempt))
            return await super().take_turn(turn)

    stage = Stage()
    async with open_process(stage, Counting) as process:
        await process.router.accept("ann", "wait:never", id="one", attempts=3)
        await process.router.accept("ann", "two", id="two")
        await turn_runs(stage, "wait:never")
        process.kill()
    for life in (2, 3):
        async with open_process(stage, Counting) as process:
            while len(stage.begun) < life:  # noqa: ASYNC110 - any life
                await trio.sleep(1)
            process.kill()
    async with open_process(stage, Counting) as process:
        await stage.all_ended()

    outcome = stage.outcomes()["one"]
    assert isinstance(outcome, Failed)
    assert outcome.attempts == 3
    assert stage.begun == [*[("ann", "wait:never")] * 3, ("ann", "two")]
    assert attempts == [*[("wait:never", each) for each in (1, 2, 3)], ("two", 1)]


@seeds(3)
async def test_d16_to_wait_for_a_slot_is_no_attempt() -> None:
    """Of turns that waited none was tried, and all run."""
    stage = Stage()
    limits = Limits(sessions=10, turns=1)
    async with open_process(stage, limits=limits) as process:
        await process.router.accept("first", "wait:never")
        await turn_runs(stage, "wait:never")
        for name in "abc":
            await process.router.accept(name, name, id=name)
        await trio.sleep(5)
        assert process.router.statistics().turns_waiting == 3
        process.kill()
    tried = [each.tried for each in stage.memory.prompts()]
    async with open_process(stage, limits=limits):
        await stage.all_ended()

    assert tried == [1, 0, 0, 0]
    outcomes = stage.outcomes()
    assert all(isinstance(outcomes[name], Completed) for name in "abc")


@seeds(3)
async def test_d17_the_next_turn_waits_for_the_commit_of_the_last() -> None:
    """A key whose commit stands still does not go on; another one does."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        await router.accept("ann", "wait:door")
        await router.accept("ann", "next")
        await router.accept("bob", "x")
        await turn_runs(stage, "wait:door")
        bob = await router.accept("bob", "wait:bob")
        await turn_runs(stage, "wait:bob")

        stage.memory.stand_still()
        stage.open("door")
        await trio.sleep(5)
        assert ("ann", "next") not in stage.begun
        stage.open("bob")  # its code goes on, and ends
        await trio.sleep(5)
        assert [name for name, _ in stage.finals] == []
        assert bob.ended is None

        stage.memory.go_on()
        await bob.outcome()
        await stage.all_ended()
    assert ("ann", "next") in stage.begun


@seeds(3)
async def test_d17_another_key_begins_while_a_commit_stands_still() -> None:
    """Its mark was in the batch before, and there is a slot."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        await (await router.accept("bob", "before")).outcome()
        await router.accept("ann", "wait:door")
        await router.accept("ann", "next")
        await turn_runs(stage, "wait:door")
        stage.memory.latency = 1.0

        def at(point: str, batch: Any) -> None:
            if point == "before carry" and any(
                isinstance(each, Complete) for each in batch
            ):
                stage.memory.stand_still()

        stage.memory.at_point(at)
        router.send("bob", "x")
        await trio.sleep(0.5)  # it is on its way
        stage.open("door")
        await trio.sleep(100)
        assert stage.begun[1:] == [("ann", "wait:door"), ("bob", "x")]

        stage.memory.at_point(None)
        stage.memory.go_on()
        await stage.all_ended()
    assert stage.begun[-1] == ("ann", "next")


@seeds(3)
async def test_d18_no_more_turns_are_in_doubt_than_there_are_slots() -> None:
    """A store that stops answering after the marks holds up all the others."""
    stage = Stage()
    limits = Limits(sessions=100, turns=4)
    async with open_process(stage, limits=limits) as process:
        for number in range(20):
            process.router.send(f"key-{number}", "x", id=str(number))

        def at(point: str, batch: Any) -> None:
            if point == "after told" and any(isinstance(each, Begin) for each in batch):
                stage.memory.stand_still()

        stage.memory.at_point(at)
        await trio.sleep(100)
        assert len(stage.begun) == 4
        process.kill()
    stage.memory.go_on()
    async with open_process(stage, limits=limits):
        await stage.all_ended()

    failed = [each for each in stage.outcomes().values() if isinstance(each, Failed)]
    assert len(failed) == 4
    assert len(stage.outcomes()) == 20


class Returning(Player):
    """Returns what its prompt says."""

    async def take_turn(self, turn: Turn[str, str]) -> Any:
        """Return it: an object that no codec knows, or very much."""
        returned = {"return": object(), "return much": "x" * 20_000}
        return returned.get(turn.prompt) or await super().take_turn(turn)


@seeds(3)
async def test_d20_what_cannot_be_written_is_a_failed_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The state is as it was, the session lives, and the log names it."""
    caplog.clear()
    stage = Stage(MemoryStore(policy=StorePolicy(state_bytes=10_000)))
    async with open_process(stage, Returning) as process:
        router = process.router
        await router.accept("ann", "one", id="one")
        for prompt, error in (
            ("return", TypeError),
            ("return much", StateTooLargeError),
        ):
            receipt = await router.accept("ann", prompt, id=prompt)
            returned = await receipt.outcome()
            assert isinstance(returned, Failed)
            assert isinstance(returned.error, error)
        odd = await (await router.accept("ann", "odd", id="odd")).outcome()
        big = await (await router.accept("ann", "x" * 20_000, id="big")).outcome()
        two = await (await router.accept("ann", "two", id="two")).outcome()

    assert isinstance(odd, Failed)
    assert isinstance(odd.error, TypeError | CodecError)
    assert isinstance(big, Failed)
    assert isinstance(big.error, StateTooLargeError)
    assert isinstance(two, Completed)
    assert stage.state("ann") == ("one", "two")
    assert len(stage.started) == 1
    again = stage.outcomes()
    for name in ("odd", "big", "return", "return much"):
        assert isinstance(again[name], Failed)
    said = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert len(said) == 4
    assert all("'ann'" in each for each in said)


@seeds(2)
async def test_a_state_that_grows_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With its key; again when it has been small, or its session gone."""
    caplog.clear()
    stage = Stage(MemoryStore(policy=StorePolicy(state_large=1000)))
    limits = Limits(sessions=10, turns=10, idle=10)
    async with open_process(stage, limits=limits) as process:
        router, events = process.router, process.system.subscribe(StateGrows)

        async def told(prompt: str) -> list[tuple[str, int]]:
            await (await router.accept("ann", prompt)).outcome()
            found = [each for each in events.drain() if isinstance(each, StateGrows)]
            assert all(each.bytes > 1000 for each in found)
            return [(each.key, each.limit) for each in found]

        assert await told("small") == []
        assert await told("x" * 1000) == [("ann", 1000)]
        assert await told("more") == []
        router.reset("ann")
        assert await told("small") == []
        assert await told("x" * 1000) == [("ann", 1000)]
        await trio.sleep(100)
        assert router.inspect("ann") is None
        assert await told("more") == [("ann", 1000)]
    assert caplog.text.count("belongs into turn.history") == 3


class Hooked(Player):
    """Has a hook at the end of each turn."""

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Bind, and say how it ended."""
        self.stage.finals.append((turn.prompt, outcome))
        self.bind(f"after {turn.prompt}")
        await trio.lowlevel.checkpoint()


@seeds(2)
async def test_d21_the_hook_runs_once_before_the_commit() -> None:
    """It sees the outcome as it will be told; what it binds is in the commit."""

    async def story(process: Process) -> None:
        await process.router.accept("ann", "x", id="x")
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        finals = len(stage.finals)
        await process.router.accept("ann", "x", id="x")
        await process.router.accept("ann", "y")
        await stage.all_ended()
        outcome = stage.outcomes()["x"]
        token = next(token for _, _, token in reversed(stage.started))
        if isinstance(outcome, Completed):
            assert [each for each, _ in stage.finals].count("x") == 1
            if not finals:  # it was not completed before
                return
            assert token == "after x"  # noqa: S105 - what it has bound
        else:
            assert token is None  # what was not committed is not bound

    assert await die_at_each_point(story, check, Hooked) > 8


@seeds(3)
async def test_d21_the_hook_sees_what_cannot_be_written() -> None:
    """As the failure that it will be."""
    stage = Stage()
    async with open_process(stage, Hooked) as process:
        receipt = await process.router.accept("ann", "odd")
        outcome = await receipt.outcome()

    assert isinstance(outcome, Failed)
    assert stage.finals == [("odd", outcome)]


@seeds(3)
async def test_d22_a_kept_state_is_committed_with_the_failure() -> None:
    """Both, in one record."""
    stage = Stage()
    async with open_process(stage) as process:
        process.watch()
        receipt = await process.router.accept("ann", "half keep fail:why", id="x")
        outcome = await receipt.outcome()
        records = [each for batch in process.batches for each in batch]
        process.kill()

    assert isinstance(outcome, Failed)
    (last,) = [each for each in records if isinstance(each, Complete)]
    assert last.state is not None
    assert len(last.ended) == 1
    assert stage.state("ann") == ("half keep fail:why",)
    async with open_process(stage) as process:
        await process.router.accept("ann", "next")
        await stage.all_ended()
    assert stage.state("ann") == ("half keep fail:why", "next")


@seeds(3)
async def test_d23_a_steering_prompt_of_an_interrupted_turn_is_one_again() -> None:
    """It has a turn of its own after the retried one, before those that waited."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        await router.accept("ann", "wait:go point wait:never", id="one", attempts=2)
        await turn_runs(stage, "wait:go point wait:never")
        await router.accept("ann", "waits", id="waits")
        steering = router.steer("ann", "steers", id="steers")
        await steering.durable()
        stage.open("go")
        await trio.sleep(5)
        assert steering.ended is None  # taken, and its turn is not committed
        process.kill()
    assert stage.outcomes()["steers"] is None
    stage.open("never")
    async with open_process(stage):
        await stage.all_ended()

    prompts = [prompt for _, prompt in stage.begun]
    assert prompts == [*["wait:go point wait:never"] * 2, "steers", "waits"]
    assert all(isinstance(each, Completed) for each in stage.outcomes().values())


@seeds(2)
async def test_d24_steered_and_completed_are_one_transaction() -> None:
    """Nobody sees one without the other, at whatever point the process dies."""

    async def story(process: Process) -> None:
        router, stage = process.router, process.stage
        await router.accept("ann", "wait:go point", id="one", attempts=2)
        await turn_runs(stage, "wait:go point")
        await router.steer("ann", "steers", id="steers").durable()
        together(stage)
        stage.open("go")
        await trio.sleep(10)
        together(stage)

    def together(stage: Stage) -> None:
        outcomes = stage.outcomes()
        if isinstance(outcomes.get("steers"), Steered):
            assert isinstance(outcomes["one"], Completed)
            assert stage.state("ann") == ("wait:go point", "steers")

    async def check(stage: Stage, process: Process) -> None:
        del process
        together(stage)
        stage.open("go")
        await stage.all_ended()
        together(stage)
        assert sorted(stage.state("ann") or ()) == sorted(
            prompt
            for name, prompt in (("one", "wait:go point"), ("steers", "steers"))
            if name in stage.outcomes()
        )

    assert await die_at_each_point(story, check) > 12


class Batching(Player):
    """Takes five prompts in one turn."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(batch=Batch(prompts=5))


@seeds(2)
async def test_d25_a_turn_of_five_prompts_ends_for_all_or_none() -> None:
    """At whatever point the process dies."""

    async def story(process: Process) -> None:
        for number in range(5):
            process.router.send("ann", str(number), id=str(number))
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        del process
        ended = [each for each in stage.outcomes().values() if each is not None]
        assert len(ended) in (0, 5)
        await stage.all_ended()
        kinds = {type(each) for each in stage.outcomes().values()}
        assert len(kinds) <= 1
        done = kinds == {Completed}
        assert (stage.state("ann") is not None) == done

    assert await die_at_each_point(story, check, Batching) > 8


class Parent(Player):
    """Starts a critical child in each turn."""

    async def play(self, turn: Turn[str, str], verb: str, what: str) -> None:
        """One verb more."""
        if verb == "child":
            await turn.start_child(partial(self.be_child, what), critical=True)
        else:
            await super().play(turn, verb, what)

    async def be_child(self, door: str, turn: Turn[str, str]) -> None:
        """Wait for a door."""
        del turn
        await self.stage.doors[door].wait()


@seeds(3)
async def test_d27_a_commit_does_not_wait_for_a_critical_child() -> None:
    """The key is busy meanwhile; after a kill there is no trace of the child."""
    stage = Stage()
    limits = Limits(sessions=10, turns=10, idle=10)
    async with open_process(stage, Parent, limits=limits) as process:
        receipt = await process.router.accept("ann", "child:door")
        assert isinstance(await receipt.outcome(), Completed)
        await trio.sleep(100)
        info = process.router.inspect("ann")
        assert info is not None
        assert info.phase == "children"
        process.kill()
    async with open_process(stage, Parent, limits=limits) as process:
        await trio.sleep(5)
        assert process.router.inspect("ann") is None
        await (await process.router.accept("ann", "next")).outcome()
    assert stage.state("ann") == ("child:door", "next")


@seeds(2)
async def test_d28_work_of_run_exclusive_is_not_stored_its_state_is() -> None:
    """Killed it is as if never asked, and it is never run after a restart."""
    runs: list[str] = []

    async def compact(turn: Turn[str, str]) -> None:
        runs.append("compact")
        turn.state = (*turn.state, "compacted")

    async def story(process: Process) -> None:
        router = process.router
        await (await router.accept("ann", "one", id="one")).outcome()
        await router.run_exclusive("ann", compact).outcome()

    async def check(stage: Stage, process: Process) -> None:
        before = stage.state("ann") or ()
        told = len(runs)
        assert before in ((), ("one",), ("one", "compacted"))
        await (await process.router.accept("ann", "last", id="last")).outcome()
        assert len(runs) == told
        assert stage.state("ann") == (
            *before,
            *(
                ("one",)
                if isinstance(stage.outcomes().get("one"), Completed)
                and "one" not in before
                else ()
            ),
            "last",
        )
        assert len(stage.memory.prompts()) <= 2

    assert await die_at_each_point(story, check) > 12


@seeds(2)
async def test_d29_a_prompt_is_withdrawn_when_that_is_stored() -> None:
    """Or it runs; a receipt says `Withdrawn` only of what is stored as that."""

    async def story(process: Process) -> None:
        router, stage = process.router, process.stage
        await router.accept("ann", "wait:door", id="one", attempts=2)
        await turn_runs(stage, "wait:door")
        waits = await router.accept("ann", "waits", id="waits")
        waits.withdraw("why")
        assert waits.ended is None
        outcome = await waits.outcome()
        assert outcome == stage.outcomes()["waits"] == Withdrawn("why")

    async def check(stage: Stage, process: Process) -> None:
        del process
        stage.open("door")
        await stage.all_ended()
        ran = ("ann", "waits") in stage.begun
        outcome = stage.outcomes().get("waits")
        if outcome is not None:
            assert isinstance(outcome, Withdrawn) != ran

    assert await die_at_each_point(story, check) > 12


class Hasty(Player):
    """Has five seconds for a turn."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=5, abort_grace=1)


async def _reject(process: Process) -> None:
    await process.router.accept("ann", "reject:why", id="x")


async def _abort_softly(process: Process) -> None:
    await process.router.accept("ann", "wait:never", id="x")
    await turn_runs(process.stage, "wait:never")
    process.router.cancel("ann", reason="why", hint="please")


async def _abort(process: Process) -> None:
    await process.router.accept("ann", "wait:never", id="x")
    await turn_runs(process.stage, "wait:never")
    process.router.cancel("ann", hard=True, reason="why")


async def _time_out(process: Process) -> None:
    await process.router.accept("ann", "wait:never", id="x")


async def _cancel_all(process: Process) -> None:
    await process.router.accept("ann", "wait:never", id="first")
    await turn_runs(process.stage, "wait:never")
    await process.router.accept("ann", "x", id="x")
    process.router.cancel_all("ann", reason="why")


async def _crash(process: Process) -> None:
    await process.router.accept("ann", "crash", id="x")


async def _fail(process: Process) -> None:
    await process.router.accept("ann", "fail:why", id="x")


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (_reject, Rejected),
        (_abort_softly, Aborted),
        (_abort, Aborted),
        (_time_out, TimedOut),
        (_cancel_all, Withdrawn),
        (_crash, Failed),
        (_fail, Failed),
    ],
)
@seeds(2)
async def test_d30_each_outcome_is_read_back_as_it_was(
    cause: Callable[[Process], Awaitable[None]], kind: type[Outcome]
) -> None:
    """With its fields; an error as `StoredError`."""
    stage = Stage()
    async with open_process(stage, Hasty) as process:
        await cause(process)
        receipt = await process.router.find("ann", "x")
        assert receipt is not None
        told = await receipt.outcome()
        process.kill()
    async with open_process(stage, Hasty) as process:
        found = await process.router.find("ann", "x")
        assert found is not None
        read = await found.outcome()

    assert type(told) is type(read) is kind
    assert read.turn == told.turn
    assert getattr(read, "reason", None) == getattr(told, "reason", None)
    if isinstance(told, Failed):
        assert isinstance(read, Failed)
        assert isinstance(read.error, StoredError | SessionCrashedError)
        assert getattr(read.error, "text", str(read.error)) == str(told.error)
        assert read.attempts == told.attempts
    else:
        assert read == told
    assert stage.begun != []


class Forgetful(Player):
    """Leaves nothing but an outcome."""

    async def take_turn(self, turn: Turn[str, str, Any]) -> str:
        """Answer."""
        return turn.prompt


async def test_a_row_need_not_be_looked_for_if_it_is_as_it_was() -> None:
    """Said of a turn that keeps nothing; not after a token was bound between turns."""
    async with open_process(Stage(), Forgetful) as process:
        core = actor_of(process.router.ref)._house()
        kept = core.keeping
        said: list[bool] = []
        submit = kept.submit_of

        def listen(lane: Any, entry: Any) -> None:
            if isinstance(entry.record, Complete):
                said.append(entry.record.same)
            submit(lane, entry)

        kept.submit_of = listen
        for between in (None, None, "bind", None):
            if between is not None:
                core.lanes["ann"].session.bind("token")
            await (await process.router.accept("ann", "hello")).outcome()

        assert said == [False, True, False, True]
