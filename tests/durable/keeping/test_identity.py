"""D32 to D37: a prompt's address is its key and id, for as long as it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
import trio

from actors import (
    Abort,
    Batch,
    Completed,
    Failed,
    PromptPolicy,
    Receipt,
    Steered,
    Turn,
    WhileBusy,
    Withdrawal,
    Withdrawn,
)
from actors.testing import seeds
from supervision import Limits
from supervision.durable import MemoryStore, StorePolicy
from supervision.durable._words.records import Prune, Record

from .stage import (
    Player,
    Stage,
    completed,
    die_with_one_open,
    make_store,
    open_process,
    turn_runs,
)

KINDS = pytest.mark.parametrize("kind", ["memory", "sqlite"])


class Forgetful(Player):
    """Remembers no ids: the store says what is known."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(dedupe=0)


@KINDS
async def test_d32_an_ended_prompt_sent_again_has_its_outcome(
    kind: str, tmp_path: Path
) -> None:
    """After a restart, at once, without a turn, and counted as repeated."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        first = await process.router.accept("ann", "hello", id="id")
        outcome = await first.outcome()
    async with open_process(stage) as process:
        again = await process.router.accept("ann", "hello", id="id")
        assert await again.outcome() == outcome
        assert process.router.statistics().repeated == 1
    assert stage.begun == [("ann", "hello")]


@seeds(3)
async def test_d32_sent_again_while_it_runs_it_has_the_same_outcome() -> None:
    """In the process that has it, with and without a memory of it."""
    for make in (Player, Forgetful):
        stage = Stage()
        async with open_process(stage, make) as process:
            first = await process.router.accept("ann", "wait:door", id="id")
            await turn_runs(stage, "wait:door")
            again = await process.router.accept("ann", "wait:door", id="id")
            third = process.router.send("ann", "wait:door", id="id")
            await trio.sleep(1)
            stage.open("door")

            outcome = await first.outcome()
            assert completed(outcome)
            assert await again.outcome() == outcome
            assert await third.outcome() == outcome
        assert stage.begun == [("ann", "wait:door")]
        assert len(stage.memory.prompts()) == 1


@seeds(3)
async def test_d32_sent_again_while_it_waits_it_is_one_prompt() -> None:
    """Without a memory of it the store says so."""
    stage = Stage()
    async with open_process(stage, Forgetful) as process:
        await process.router.accept("ann", "wait:door")
        await turn_runs(stage, "wait:door")
        first = process.router.send("ann", "x", id="id")
        again = process.router.send("ann", "x", id="id")
        third = await process.router.accept("ann", "x", id="id")
        stage.open("door")

        outcome = await first.outcome()
        assert completed(outcome)
        assert await again.outcome() == outcome
        assert await third.outcome() == outcome
    assert [prompt for _, prompt in stage.begun] == ["wait:door", "x"]


@seeds(3)
async def test_d32_sent_again_a_withdrawn_prompt_stays_withdrawn() -> None:
    """Of one that the store has had; the same after a restart."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "wait:door")
        await turn_runs(stage, "wait:door")
        first = await process.router.accept("ann", "x", id="id")
        first.withdraw("why")
        again = await process.router.accept("ann", "x", id="id")
        assert await again.outcome() == Withdrawn("why")
        stage.open("door")
    async with open_process(stage) as process:
        again = await process.router.accept("ann", "x", id="id")
        assert await again.outcome() == Withdrawn("why")
    assert [prompt for _, prompt in stage.begun] == ["wait:door"]


@seeds(3)
async def test_d32_sent_again_a_refused_prompt_is_tried_again() -> None:
    """The store has none of it."""
    stage = Stage()
    stage.memory.refuse(lambda each: getattr(each, "row", None) is not None)
    async with open_process(stage) as process:
        first = process.router.send("ann", "x", id="id")
        await first.outcome()
        stage.memory.refuse(None)
        again = await process.router.accept("ann", "x", id="id")
        assert completed(await again.outcome())
    assert stage.begun == [("ann", "x")]


@seeds(3)
async def test_d32_sent_again_an_interrupted_prompt_is_not_run() -> None:
    """Its outcome is there as soon as its key is."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "wait:never", id="id")
        await turn_runs(stage, "wait:never")
        process.kill()
    async with open_process(stage) as process:
        again = process.router.send("ann", "wait:never", id="id")
        third = await process.router.accept("ann", "wait:never", id="id")
        outcome = await again.outcome()
        assert isinstance(outcome, Failed)
        assert await third.outcome() == outcome
    assert stage.begun == [("ann", "wait:never")]


class Given(Player):
    """Writes down the ids that were given to what it takes."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(batch=Batch(window=1))

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Write them down, once it may."""
        self.stage.begun.append((turn.key, f"{[e.given_id for e in turn.receipts]}"))
        if turn.prompt == "remind":
            turn.remind("r", after=60, prompt="late")
        if turn.prompt == "steered":
            await self.stage.doors["door"].wait()
            steered = await turn.checkpoint()
            self.stage.begun.append((turn.key, f"{[e.given_id for e in steered]}"))
        return turn.prompt


@seeds(3)
async def test_a_turn_has_the_ids_that_were_given() -> None:
    """Of each prompt of a batch, of what steers it, after a restart too."""
    stage = Stage()
    async with open_process(stage, Given) as process:
        for name in ("1", None, "3"):
            receipt = await process.router.accept("ann", "x", id=name)
        await receipt.outcome()
        steered = await process.router.accept("ann", "steered", id="4")
        await trio.sleep(5)
        await process.router.accept("ann", "y", id="5", busy=WhileBusy.STEER)
        stage.open("door")
        await steered.outcome()
        await (await process.router.accept("ann", "remind")).outcome()
        await trio.sleep(100)  # the reminder comes
        stage.doors.clear()
        await process.router.accept("bob", "steered", id="6", attempts=2)
        await trio.sleep(5)
        process.kill()
    stage.open("door")
    async with open_process(stage, Given) as process:
        found = await process.router.find("bob", "6")
        assert found is not None
        await found.outcome()

    assert stage.begun == [
        ("ann", "['1', None, '3']"),
        ("ann", "['4']"),
        ("ann", "['5']"),
        ("ann", "[None]"),
        ("ann", "[None]"),
        ("bob", "['6']"),
        ("bob", "['6']"),
        ("bob", "[]"),
    ]


@KINDS
async def test_d34_two_keys_may_have_the_same_id(kind: str, tmp_path: Path) -> None:
    """They are two prompts."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        for key in ("ann", "bob"):
            receipt = await process.router.accept(key, "hello", id="id")
            assert completed(await receipt.outcome())
    assert sorted(stage.begun) == [("ann", "hello"), ("bob", "hello")]


@KINDS
async def test_d35_memory_is_only_faster(kind: str, tmp_path: Path) -> None:
    """What it does not know any more the store does: 10,000 prompts later."""

    class Short(Player):
        prompts = PromptPolicy(capacity=10_000, batch=Batch(prompts=500))
        initial_state = None

        async def take_turn(self, turn: Turn[str, str]) -> str:
            self.stage.begun += [(turn.key, each) for each in turn.prompts]
            return turn.prompt

    assert Short.prompts.dedupe == 64
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage, Short) as process:
        router = process.router
        first = await router.accept("ann", "first", id="first")
        await first.outcome()
        last = [router.send("ann", str(n), id=str(n)) for n in range(10_000)][-1]
        await last.outcome()
        again = await router.accept("ann", "first", id="first")
        assert await again.outcome() == first.ended
    async with open_process(stage, Short) as process:
        again = await process.router.accept("ann", "first", id="first")
        assert await again.outcome() == first.ended
    assert stage.begun.count(("ann", "first")) == 1
    assert len(stage.begun) == 10_001


@seeds(3)
async def test_d36_find_finds_a_prompt_in_each_state() -> None:
    """Waiting, running, ended, unknown, pruned; it starts no session."""
    policy = StorePolicy(keep=1000, prune_every=10)
    stage = Stage(MemoryStore(policy=policy))
    async with open_process(stage) as process:
        router = process.router
        ended = await router.accept("ann", "ended", id="ended")
        await ended.outcome()
        await router.accept("ann", "wait:door", id="running", attempts=2)
        await router.accept("ann", "waiting", id="waiting")
        await turn_runs(stage, "wait:door")

        found = [await router.find("ann", x) for x in ("ended", "running", "waiting")]
        assert [each and each.ended for each in found] == [ended.ended, None, None]
        assert await router.find("ann", "unknown") is None
        assert await router.find("bob", "ended") is None
        assert router.inspect("bob") is None
        process.kill()
    sessions = len(stage.started)
    stage.memory.stand_still()
    async with open_process(stage) as process:
        router = process.router
        answers: list[Receipt[str] | None] = []

        async def find(name: str) -> None:
            answers.append(await router.find("ann", name))

        async with trio.open_nursery() as nursery:
            for name in ("ended", "running", "waiting", "unknown"):
                nursery.start_soon(find, name)
            await trio.sleep(1)
            stage.memory.go_on()
        outcomes = [await each.outcome() for each in answers if each and each.ended]
        assert outcomes == [ended.ended]
        assert answers.count(None) == 1
        stage.open("door")
        rest = [await each.outcome() for each in answers if each]
        assert all(map(completed, rest))
        assert len(stage.started) == sessions + 1


@seeds(3)
async def test_d36_find_starts_no_session_for_what_has_ended() -> None:
    """And a prompt that is not kept any more is unknown."""
    policy = StorePolicy(keep=0.001, prune_every=10)
    stage = Stage(MemoryStore(policy=policy))
    async with open_process(stage) as process:
        receipt = await process.router.accept("ann", "x", id="x")
        await receipt.outcome()
        process.kill()
    async with open_process(stage) as process:
        assert await process.router.find("ann", "x") is not None
        assert process.router.inspect("ann") is None
        await trio.sleep(100)
        await trio.to_thread.run_sync(_a_moment)
        await trio.sleep(100)
        assert await process.router.find("ann", "x") is None
    assert len(stage.started) == 1


def _a_moment() -> None:
    """Let the wall clock move."""


@seeds(3)
@pytest.mark.parametrize("most", [3, 20, 500])
async def test_d65_as_many_are_pruned_as_others_do_beside_it(most: int) -> None:
    """In their batches: as many as they have records, or five; no more than may be."""
    policy = StorePolicy(keep=1e-6, prune_every=10, prune=most)
    stage = Stage(MemoryStore(policy=policy))
    async with open_process(stage, limits=Limits(sessions=900)) as process:
        router = process.router
        for number in range(800):
            router.send(f"key{number}", "x")
        await trio.sleep(9)
        stage.memory.latency = 1.0
        process.watch()
        await trio.sleep(2.5)  # the first step is over
        for number in range(20):
            router.send(f"new{number}", "x")
            await trio.sleep(0.1)
        for number in range(50):
            router.send(f"newer{number}", "x")
        await trio.sleep(7)
        batches = process.batches
        stage.memory.latency = 0.0
        await trio.sleep(1000)
        assert stage.memory.prompts() == ()
    steps = [(len(batch) - 1, batch[-1]) for batch in batches if len(batch) > 1]
    assert len(steps) > 3
    for others, step in steps:
        assert isinstance(step, Prune)
        assert step.most == min(most, max(5, others))
    assert min(others for others, _ in steps) < 5
    assert max(others for others, _ in steps) > 20


@seeds(3)
async def test_d65_while_nobody_writes_it_prunes_now_and_then() -> None:
    """A hundredth of the time, or once a second: who comes seldom meets a step."""
    policy = StorePolicy(keep=1e-6, prune_every=10)
    stage = Stage(MemoryStore(policy=policy))
    at: list[float] = []

    def note(point: str, batch: Sequence[Record]) -> None:
        if point == "after carry" and any(isinstance(each, Prune) for each in batch):
            at.append(trio.current_time())

    async with open_process(stage, limits=Limits(sessions=900)) as process:
        for number in range(800):
            process.router.send(f"key{number}", "x")
        await trio.sleep(9)
        stage.memory.at_point(note)
        stage.memory.latency = 0.001
        await trio.sleep(1.35)
        stage.memory.latency = 0.5
        await trio.sleep(100)
        assert stage.memory.prompts() == ()
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert pauses[:3] == pytest.approx([0.101] * 3)
    assert pauses[4:8] == pytest.approx([1.5] * 4)


@KINDS
async def test_d37_numbers_never_repeat(kind: str, tmp_path: Path) -> None:
    """Those of receipts and turns rise over restarts; an old turn is stale."""
    stage = Stage(make_store(kind, tmp_path))
    receipts: list[int] = []
    turns: list[int] = []
    for life in range(4):
        async with open_process(stage) as process:
            if turns:
                assert process.router.abort(turns[-1]) is Abort.STALE
            for number in range(2):
                receipt = await process.router.accept("ann", f"{life}-{number}")
                outcome = await receipt.outcome()
                assert isinstance(outcome, Completed)
                assert outcome.turn is not None
                receipts.append(receipt.id)
                turns.append(outcome.turn)

    assert receipts == sorted(set(receipts))
    assert turns == sorted(set(turns))
    assert len(receipts) == len(turns) == 8


@seeds(3)
async def test_d36_a_prompt_may_end_while_it_is_looked_for() -> None:
    """Whoever has found it before its end was stored has its outcome too."""
    stage = Stage()
    async with open_process(stage, Forgetful) as process:
        router = process.router
        first = await router.accept("ann", "wait:door", id="id")
        await turn_runs(stage, "wait:door")
        stage.memory.stand_still()
        router.send("bob", "x")  # what follows is in the batch behind this one
        await trio.sleep(1)
        async with trio.open_nursery() as nursery:

            async def find() -> None:
                found = await router.find("ann", "id")
                assert found is not None
                assert await found.outcome() == await first.outcome()

            nursery.start_soon(find)
            await trio.sleep(1)
            stage.open("door")
            await trio.sleep(1)
            stage.memory.go_on()


@seeds(3)
async def test_d36_a_prompt_that_is_being_taken_back_is_found() -> None:
    """It waits no more, and its outcome is not stored."""
    stage = Stage()
    async with open_process(stage, Forgetful) as process:
        router = process.router
        await router.accept("ann", "wait:door")
        await turn_runs(stage, "wait:door")
        first = await router.accept("ann", "x", id="id")
        stage.memory.stand_still()
        async with trio.open_nursery() as nursery:

            async def find() -> None:
                found = await router.find("ann", "id")
                assert found is not None
                assert await found.outcome() == Withdrawn("why")

            nursery.start_soon(find)
            await trio.sleep(1)
            first.withdraw("why")
            again = router.send("ann", "x", id="id")
            await trio.sleep(1)
            stage.memory.go_on()
            assert await again.outcome() == Withdrawn("why")
        stage.open("door")


@seeds(3)
async def test_d36_a_prompt_in_a_turn_is_found() -> None:
    """One that was put into it by a checkpoint: found, and sent again."""
    stage = Stage()
    async with open_process(stage, Forgetful) as process:
        router = process.router
        await router.accept("ann", "wait:go point wait:door")
        await turn_runs(stage, "wait:go point wait:door")
        first = router.steer("ann", "steers", id="id")
        await first.durable()
        stage.open("go")
        await trio.sleep(1)

        found = await router.find("ann", "id")
        again = await router.accept("ann", "steers", id="id")
        stage.open("door")

        assert isinstance(await first.outcome(), Steered)
        assert found is not None
        assert await found.outcome() == first.ended
        assert await again.outcome() == first.ended


@seeds(3)
async def test_d36_a_prompt_is_found_before_its_key_is_brought() -> None:
    """Whoever finds it, sends it again or finds it twice has the one outcome."""
    stage = Stage()
    async with open_process(stage, Forgetful) as process:
        await process.router.accept("ann", "x wait:door", id="id", attempts=2)
        await turn_runs(stage, "x wait:door")
        process.kill()
    stage.memory.stand_still()
    async with open_process(stage, Forgetful) as process:
        router = process.router
        found: list[Receipt[str] | None] = []

        async def find() -> None:
            found.append(await router.find("ann", "id"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(find)
            nursery.start_soon(find)
            again = router.send("ann", "x wait:door", id="id")
            await trio.sleep(1)
            stage.memory.go_on()
        stage.open("door")
        outcome = await again.outcome()
        assert completed(outcome)
        assert [each and await each.outcome() for each in found] == [outcome] * 2
    assert len(stage.begun) == 2


@pytest.mark.parametrize("steps", range(6))
@seeds(3)
async def test_d36_what_was_found_and_taken_back_is_not_run(steps: int) -> None:
    """Wherever its key is on the way; of both one happens."""
    stage = Stage()
    async with open_process(stage) as process:
        for key in ("ann", "bob", "cat"):
            await process.router.accept(key, "wait:never")
            await process.router.accept(key, "open", id="open")
        process.kill()
    stage.begun.clear()
    limits = Limits(sessions=1, turns=1)
    async with open_process(stage, limits=limits) as process:
        router = process.router
        found = await router.find("cat", "open")
        assert found is not None
        for _ in range(steps):
            await trio.lowlevel.checkpoint()
        gone = found.withdraw() is Withdrawal.WITHDRAWN
        await trio.sleep(500)
        assert isinstance(found.ended, Withdrawn if gone else Completed)
        assert (("cat", "open") in stage.begun) != gone
        statistics = router.statistics()
        assert (statistics.accepted, statistics.queued) == (6, 0)
        assert (await router.drain(10)).kept == ()


@seeds(3)
async def test_d36_taking_back_what_was_found_leaves_others_where_they_are() -> None:
    """Of a held key: what was found is in the store, and not in its queue."""
    broken = True

    def upcast(state: object) -> object:
        if broken:
            raise ValueError
        return state

    class Mended(Player):
        state_version: ClassVar[int] = 2

    stage = Stage(MemoryStore(upcasters={1: upcast}))
    await die_with_one_open(stage)
    stage.begun.clear()
    async with open_process(stage, Mended) as process:
        router = process.router
        waits = await router.accept("ann", "waits")
        await trio.sleep(1)
        found = await router.find("ann", "open")
        assert found is not None
        assert found.withdraw() is Withdrawal.WITHDRAWN
        broken = False
        assert await router.release("ann")
        assert completed(await waits.outcome())
        assert isinstance(found.ended, Withdrawn)
    assert stage.begun == [("ann", "waits")]
