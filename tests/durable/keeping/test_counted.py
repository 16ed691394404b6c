"""What is remembered of keys and turns: quarantine, attempts, what a store refuses."""

from __future__ import annotations

from typing import ClassVar

import attrs
import pytest
import trio

from actors import (
    Completed,
    Failed,
    Outcome,
    QuarantinedError,
    Turn,
    Withdrawn,
)
from actors.testing import seeds
from supervision import (
    Backoff,
    Limits,
    MemoryTokens,
    NoStoreError,
    RestartLimit,
    start_router,
)
from supervision.durable import MemoryStore, StoreRefusedError
from supervision.durable._keeping import bringing, settling
from supervision.durable._words.records import Complete, Settle

from .stage import (
    WIDE,
    Player,
    Process,
    Stage,
    die_with_one_open,
    open_process,
    turn_runs,
)

ONCE = Limits(restarts=RestartLimit(0, within=100))


class Telling(Player):
    """Its outcomes are the attempt and the epoch of their turns."""

    seen: ClassVar[list[tuple[int, int]]] = []

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Say them."""
        self.seen.append((turn.attempt, turn.epoch))
        return await super().take_turn(turn)


@seeds(3)
async def test_d43_a_quarantine_outlives_the_process() -> None:
    """For the rest of its time; what waits is refused, and a reset ends it."""
    stage = Stage()
    async with open_process(stage, limits=ONCE) as process:
        await (await process.router.accept("a", "one", id="1")).outcome()
        crashed = await process.router.accept("a", "crash", id="2")
        assert isinstance(await crashed.outcome(), Failed)
        with pytest.raises(QuarantinedError):
            process.router.send("a", "three")
        await trio.sleep(1)  # it is written
        process.kill()

    async with open_process(stage, limits=ONCE) as process:
        for _ in range(2):  # the first one brings the key
            try:
                refused = await process.router.accept("a", "four")
            except QuarantinedError as error:
                assert error.key == "a"  # noqa: PT017 - or it has an outcome
            else:
                outcome = await refused.outcome()
                assert isinstance(outcome, Failed)
                assert isinstance(outcome.error, QuarantinedError)
        assert stage.state("a") == ("one",)
        process.router.reset("a")
        fresh = await process.router.accept("a", "five")
        assert isinstance(await fresh.outcome(), Completed)
        process.kill()

    async with open_process(stage, limits=ONCE) as process:
        again = await process.router.accept("a", "six")
        assert isinstance(await again.outcome(), Completed)
        assert stage.state("a") == ("five", "six")


@seeds(3)
async def test_d43_a_quarantine_ends_with_its_term(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the next process, by the wall clock: not before, whoever asks; and then."""
    passed = 0.0
    for module in (bringing, settling):
        monkeypatch.setattr(module, "wall", lambda: 1e9 + passed)
    stage = Stage()
    limits = attrs.evolve(ONCE, quarantine=Backoff(30, 60, jitter=0))
    async with open_process(stage, limits=limits) as process:
        await (await process.router.accept("a", "one")).outcome()
        await (await process.router.accept("a", "crash")).outcome()
        await trio.sleep(1)
        process.kill()

    passed = 20.0
    async with open_process(stage, limits=limits) as process:
        for _ in range(2):  # the first one brings the key
            with pytest.raises(QuarantinedError):
                await _sent(process, "early")
        with pytest.raises(QuarantinedError) as caught:
            process.router.send("a", "early")
        assert caught.value.until == pytest.approx(trio.current_time() + 10, abs=1)
        process.kill()

    passed = 31.0
    async with open_process(stage, limits=limits) as process:
        assert isinstance(await _sent(process, "late"), Completed)
    assert stage.state("a") == ("one", "late")


async def _sent(process: Process, prompt: str) -> Outcome:
    """Send it; refused by its outcome, it is raised as if at once."""
    outcome = await (await process.router.accept("a", prompt)).outcome()
    if isinstance(outcome, Failed) and isinstance(outcome.error, QuarantinedError):
        raise outcome.error
    return outcome


@seeds(3)
async def test_d43_what_waits_when_its_key_is_quarantined_has_failed() -> None:
    """Each, in the store too; the state is as it was."""
    stage = Stage()
    async with open_process(stage, limits=ONCE) as process:
        router = process.router
        await (await router.accept("a", "one", id="one")).outcome()
        await router.accept("a", "wait:door crash", id="crash")
        await turn_runs(stage, "wait:door crash")
        for name in ("2", "3"):
            await router.accept("a", "waits", id=name)
        stage.open("door")
        for name in ("2", "3"):
            found = await router.find("a", name)
            assert found is not None
            outcome = await found.outcome()
            assert isinstance(outcome, Failed)
            assert isinstance(outcome.error, QuarantinedError)
        process.kill()
    for name in ("2", "3"):
        stored = stage.outcomes()[name]
        assert isinstance(stored, Failed)
        assert type(stored.error) is QuarantinedError
    assert stage.state("a") == ("one",)


@seeds(3)
async def test_d43_a_reset_before_any_prompt_ends_a_quarantine() -> None:
    """The key is not there yet in the process that is asked."""
    stage = Stage()
    async with open_process(stage, limits=ONCE) as process:
        await (await process.router.accept("a", "crash")).outcome()
        await trio.sleep(1)
        process.kill()

    async with open_process(stage, limits=ONCE) as process:
        assert process.router.inspect("a") is None
        process.router.reset("a")
        assert isinstance(await _sent(process, "two"), Completed)


@seeds(3)
async def test_d43_a_reset_of_a_quarantined_key_outlives_the_process() -> None:
    """There is none in the next one."""
    stage = Stage()
    async with open_process(stage, limits=ONCE) as process:
        await (await process.router.accept("a", "crash")).outcome()
        process.router.reset("a")
        process.kill()

    async with open_process(stage, limits=ONCE) as process:
        await (await process.router.accept("a", "one")).outcome()
        assert stage.state("a") == ("one",)


@seeds(3)
async def test_a_turn_knows_which_attempt_it_is() -> None:
    """And whose: both rise over processes."""
    stage = Stage()
    Telling.seen.clear()
    for _ in range(2):
        async with open_process(stage, Telling) as process:
            count = len(Telling.seen)
            if not count:
                await process.router.accept("a", "wait:door", attempts=3)
            while len(Telling.seen) == count:  # noqa: ASYNC110 - nobody tells
                await trio.lowlevel.checkpoint()
            process.kill()
    stage.open("door")
    async with open_process(stage, Telling):
        await stage.all_ended()

    assert Telling.seen == [(1, 1), (2, 2), (3, 3)]
    (outcome,) = stage.outcomes().values()
    assert isinstance(outcome, Completed)


@seeds(3)
async def test_a_commit_that_is_refused_is_a_failed_turn() -> None:
    """Its state goes back, its sender is told, and the next turn runs."""
    stage = Stage()
    async with open_process(stage) as process:
        await (await process.router.accept("a", "one")).outcome()
        stage.memory.refuse(
            lambda record: isinstance(record, Complete) and record.state is not None
        )
        refused = await (await process.router.accept("a", "two")).outcome()
        stage.memory.refuse(None)
        assert isinstance(refused, Failed)
        assert isinstance(refused.error, StoreRefusedError)
        await (await process.router.accept("a", "three")).outcome()

    assert stage.state("a") == ("one", "three")
    kinds = [type(each) for each in stage.outcomes().values()]
    assert kinds == [Completed, Failed, Completed]


@seeds(3)
async def test_a_commit_that_is_refused_keeps_nothing_of_its_turn() -> None:
    """Nor what it has said to keep: state and history are what the store has."""
    stage = Stage()
    async with open_process(stage) as process:
        await (await process.router.accept("a", "one say:one")).outcome()
        stage.memory.refuse(
            lambda record: isinstance(record, Complete) and record.state is not None
        )
        await (await process.router.accept("a", "two say:two keep bind:me")).outcome()
        stage.memory.refuse(None)
        await (await process.router.accept("a", "three say:three look:9")).outcome()
        process.kill()
    async with open_process(stage) as process:
        await (await process.router.accept("a", "four")).outcome()

    assert stage.state("a") == ("one say:one", "three say:three look:9", "four")
    assert stage.seen == [("one", "three")]
    assert stage.entries("a") == ("one", "three")
    assert stage.started[-1] == ("a", 2, "me")  # a token is no turn's


@seeds(3)
async def test_a_kept_state_that_cannot_be_written_goes_back_to_where_it_began() -> (
    None
):
    """Its history too; and the next turn can be written."""
    stage = Stage()
    async with open_process(stage) as process:
        await (await process.router.accept("a", "one say:one")).outcome()
        odd = await (await process.router.accept("a", "odd say:two keep")).outcome()
        two = await (await process.router.accept("a", "two look:9")).outcome()

    assert isinstance(odd, Failed)
    assert isinstance(two, Completed)
    assert stage.state("a") == ("one say:one", "two look:9")
    assert stage.seen == [("one",)]


@seeds(3)
async def test_what_work_has_kept_stays_if_its_end_cannot_be_written() -> None:
    """State and history alike."""

    async def work(turn: Turn[str, str]) -> None:
        turn.state = (*turn.state, "kept")
        turn.history.append("kept")
        turn.keep_state()
        turn.state = (*turn.state, object())
        turn.history.append("not kept")

    stage = Stage()
    async with open_process(stage) as process:
        await (await process.router.accept("a", "one")).outcome()
        assert isinstance(
            await process.router.run_exclusive("a", work).outcome(), Failed
        )
        process.kill()

    assert stage.state("a") == ("one", "kept")
    assert stage.entries("a") == ("kept",)


@pytest.mark.parametrize("record", [Complete, Settle])
async def test_a_store_that_takes_no_outcome_is_a_crash(record: type[object]) -> None:
    """There is nothing smaller that could be written in its place."""
    stage = Stage()

    async def story() -> None:
        async with open_process(stage) as process:
            stage.memory.refuse(lambda each: isinstance(each, record))
            await process.router.accept("a", "wait:door")
            waits = await process.router.accept("a", "waits")
            waits.withdraw()
            stage.open("door")
            await trio.sleep_forever()

    with pytest.raises(StoreRefusedError):
        await story()


async def test_what_needs_a_store_says_so() -> None:
    """At the call; and so does a receipt that none keeps."""
    stage = Stage()
    async with open_process(stage) as process:
        plain = start_router(process.system, Player, stage, name="plain", limits=WIDE)
        with pytest.raises(NoStoreError, match=r"accept\(\) needs a store"):
            await plain.accept("a", "one")
        with pytest.raises(NoStoreError, match=r"find\(\) needs a store"):
            await plain.find("a", "1")
        receipt = plain.send("a", "one")
        with pytest.raises(RuntimeError, match="kept in no store"):
            await receipt.durable()
        aside = process.router.run_exclusive("a", _nothing)
        with pytest.raises(RuntimeError, match="kept in no store"):
            await aside.durable()
        with pytest.raises(TypeError, match="leave tokens= out"):
            start_router(
                process.system,
                Player,
                stage,
                name="other",
                tokens=MemoryTokens(),
                durable=stage.store,
            )
        with pytest.raises(TypeError, match="durable must be a store"):
            start_router(
                process.system,
                Player,
                stage,
                name="other",
                durable=object(),  # type: ignore[arg-type]
            )
        with pytest.raises(TypeError, match=r"durable must be a store, .* <class"):
            start_router(
                process.system,
                Player,
                stage,
                name="other",
                durable=MemoryStore,  # type: ignore[arg-type]
            )


async def _nothing(turn: Turn[str, str]) -> None:
    """Change nothing."""
    del turn


@seeds(3)
async def test_who_follows_one_that_is_taken_back_in_the_store_gets_that() -> None:
    """Of a held key: it was found, and is not in its queue."""

    def upcast(state: object) -> object:
        raise ValueError(state)

    class Newer(Player):
        state_version: ClassVar[int] = 2

    stage = Stage(MemoryStore(upcasters={1: upcast}))
    await die_with_one_open(stage)
    async with open_process(stage, Newer) as process:
        router = process.router
        found = await router.find("ann", "open")
        assert found is not None
        again = await router.accept("ann", "open", id="open")
        await trio.sleep(1)
        found.withdraw("never mind")
        for each in (found, again):
            assert await each.outcome() == Withdrawn("never mind")
        router.reset("ann")
        await trio.sleep(1)
        statistics = router.statistics()
        assert statistics.queued == 0
        assert statistics.accepted == sum(statistics.outcomes.values())
