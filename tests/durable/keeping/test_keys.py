"""D39 to D47: keys come and go, and the store has what they leave."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trio.lowlevel

from actors import SaturatedError, Withdrawn
from actors.hosting import actor_of
from actors.testing import seeds
from supervision import Limits
from supervision.durable import StorePolicy
from supervision.durable._words.looks import Waiting
from supervision.durable._words.records import (
    Accept,
    Begin,
    Complete,
)
from supervision.durable._words.reminders import Due

from .stage import (
    Player,
    Process,
    Stage,
    completed,
    die_at_each_point,
    make_store,
    open_process,
    turn_runs,
)

KINDS = pytest.mark.parametrize("kind", ["memory", "sqlite"])
BRIEF = Limits(sessions=10, turns=10, idle=10)


@seeds(3)
async def test_d39_to_be_reaped_costs_no_write() -> None:
    """The next prompt finds state and token; `started` runs, `generation` goes on."""
    stage = Stage()
    async with open_process(stage, limits=BRIEF) as process:
        router = process.router
        await (await router.accept("ann", "bind:token", id="one")).outcome()
        await trio.sleep(1)
        batches = stage.memory.batches
        await trio.sleep(100)
        assert router.inspect("ann") is None
        assert stage.memory.batches - batches <= 2  # `prune` looks now and then

        await (await router.accept("ann", "two")).outcome()

    assert stage.state("ann") == ("bind:token", "two")
    assert stage.started == [("ann", 1, None), ("ann", 2, "token")]


@seeds(3)
async def test_d39_what_is_left_of_a_passivated_key_is_in_the_store() -> None:
    """Its ids too: sent again after that they are known, and cost nothing here."""
    stage = Stage()
    async with open_process(stage, limits=BRIEF) as process:
        router, core = process.router, actor_of(process.router.ref)._house()
        outcome = await (await router.accept("ann", "one", id="1")).outcome()
        await trio.sleep(100)
        assert (len(core.lanes), len(core.past), len(core.tokens)) == (0, 0, 0)

        again = await router.accept("ann", "one", id="1")
        assert await again.outcome() == outcome
        assert router.statistics().repeated == 1
    assert stage.begun == [("ann", "one")]


class Slow(Player):
    """Takes its time before it is forgotten."""

    async def suspend(self) -> None:
        """Do nothing, for long."""
        await trio.sleep(3)


@seeds(3)
async def test_d39_a_prompt_that_comes_while_its_session_goes_finds_the_state() -> None:
    """The lane stays, and its next session goes on; after a `reset` with nothing."""
    stage = Stage()
    async with open_process(stage, Slow, limits=BRIEF) as process:
        router = process.router
        await (await router.accept("ann", "bind:token")).outcome()
        await trio.sleep(11)  # `suspend` has begun
        await (await router.accept("ann", "two")).outcome()
        assert stage.state("ann") == ("bind:token", "two")
        assert stage.started[-1] == ("ann", 2, "token")

        await trio.sleep(11)
        router.reset("ann")
        await (await router.accept("ann", "three")).outcome()
    assert stage.state("ann") == ("three",)


@seeds(1)
async def test_d40_opening_does_not_read_keys_at_rest() -> None:
    """However many there are: two pages that say that nothing waits, or is due."""
    stage = Stage()
    wide = Limits(sessions=1000, turns=1000)
    async with open_process(stage, limits=wide) as process:
        receipts = [process.router.send(f"key-{n}", "x") for n in range(500)]
        for receipt in receipts:
            await receipt.outcome()
    stage.memory.stand_still()
    async with open_process(stage) as process:
        process.watch()
        stage.memory.go_on()
        await trio.sleep(30)
        kinds = [type(each) for batch in process.batches for each in batch]
        assert kinds == [Waiting, Due]
        assert process.router.list() == []


@seeds(3)
@pytest.mark.parametrize("later", [2, 8, 60])
async def test_d39_a_prompt_that_meets_a_session_on_its_way_out(later: float) -> None:
    """Its successor has the state, whether the lane has gone or not."""

    class Slow(Player):
        async def suspend(self) -> None:
            await trio.sleep(5)

    stage = Stage()
    limits = Limits(sessions=5, turns=5, idle=5)
    async with open_process(stage, Slow, limits=limits) as process:
        await (await process.router.accept("ann", "one")).outcome()
        await trio.sleep(later)
        await (await process.router.accept("ann", "two")).outcome()

    assert stage.state("ann") == ("one", "two")


@seeds(3)
async def test_d41_a_passivated_key_is_brought_by_its_prompt() -> None:
    """One commit, and no read before it; the turn sees the state."""
    stage = Stage()
    async with open_process(stage) as process:
        await (await process.router.accept("ann", "one")).outcome()
    async with open_process(stage) as process:
        await trio.sleep(5)
        process.watch()
        await (await process.router.accept("ann", "two")).outcome()
        kinds = [[type(each) for each in batch] for batch in process.batches]
        assert kinds == [[Accept], [Begin], [Complete]]
    assert stage.state("ann") == ("one", "two")


@seeds(3)
async def test_d42_a_session_is_not_evicted_before_its_commit() -> None:
    """One more key is refused, or waits, until it is idle."""
    stage = Stage()
    limits = Limits(sessions=1, turns=10)
    async with open_process(stage, limits=limits) as process:
        router = process.router
        first = await router.accept("ann", "wait:door")
        await turn_runs(stage, "wait:door")
        stage.memory.stand_still()
        stage.open("door")
        await trio.sleep(5)

        with pytest.raises(SaturatedError):
            router.send("bob", "x")

        async def late() -> None:
            receipt = await router.accept("cyd", "x")
            assert completed(await receipt.outcome())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(late)
            await trio.sleep(5)
            assert router.inspect("ann") is not None
            assert router.inspect("cyd") is None
            stage.memory.go_on()
        assert completed(first.ended)
    assert stage.state("ann") == ("wait:door",)


@seeds(3)
async def test_d42_a_place_that_is_given_back_is_the_next_keys() -> None:
    """Also when no session becomes idle by that: its key is closed."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "wait:door", id="one", attempts=2)
        await process.router.accept("bob", "say", id="two")
        process.kill()
    async with open_process(stage, limits=Limits(sessions=1, turns=1)) as process:
        await trio.sleep(1)
        assert process.router.inspect("bob") is None

        process.router.close("ann")
        await trio.sleep(1)

        assert completed(stage.outcomes()["two"])


@seeds(3)
async def test_d42_recovery_takes_keys_as_there_are_places() -> None:
    """All that waits is run, also when somebody sends meanwhile."""
    stage = Stage()
    async with open_process(stage) as process:
        for n in range(12):
            await process.router.accept(f"key-{n}", "wait:door", id="w", attempts=2)
        process.kill()
    limits = Limits(sessions=3, turns=2)
    stage.open("door")
    async with open_process(stage, limits=limits) as process:
        fresh = await process.router.accept("fresh", "x")
        assert completed(await fresh.outcome())
        again = await process.router.accept("key-11", "wait:door", id="w")
        assert completed(await again.outcome())
        await stage.all_ended()
        assert process.router.statistics().sessions <= 3
    assert len(stage.memory.prompts()) == 13


@seeds(2)
async def test_d45_a_reset_is_all_or_nothing() -> None:
    """Whatever the point at which the process dies."""

    async def story(process: Process) -> None:
        router, stage = process.router, process.stage
        await (await router.accept("ann", "bind:token", id="zero")).outcome()
        await router.accept("ann", "wait:never", id="run")
        await turn_runs(stage, "wait:never")
        for number in range(5):
            await router.accept("ann", "waits", id=str(number))
        if process.dead:
            return
        done = router.reset("ann", reason="why")
        assert len(done.withdrawn) == 5
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        rows = {each.id: each for each in stage.memory.prompts()}
        waiting = [str(n) for n in range(5) if str(n) in rows]
        ended = [name for name in waiting if rows[name].outcome is not None]
        assert ended in ([], waiting)
        session = stage.memory.session("ann")
        if ended:
            assert session is None or (session.state is None and session.token is None)
        await stage.all_ended()
        if ended:
            outcomes = stage.outcomes()
            assert all(isinstance(outcomes[name], Withdrawn) for name in ended)
            assert "waits" not in [prompt for _, prompt in stage.begun]
            await (await process.router.accept("ann", "new")).outcome()
            assert stage.state("ann") == ("new",)

    assert await die_at_each_point(story, check) > 20


@KINDS
async def test_d46_ids_outlive_their_key(kind: str, tmp_path: Path) -> None:
    """After `close` the old id is repeated, and a new one finds no state."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        router = process.router
        first = await router.accept("ann", "first bind:token", id="old")
        outcome = await first.outcome()
        assert router.close("ann")

        again = await router.accept("ann", "first bind:token", id="old")
        assert await again.outcome() == outcome
        await (await router.accept("ann", "new", id="new")).outcome()
    async with open_process(stage) as process:
        await (await process.router.accept("ann", "last", id="last")).outcome()
        again = await process.router.accept("ann", "first bind:token", id="old")
        assert await again.outcome() == outcome

    assert [prompt for _, prompt in stage.begun] == ["first bind:token", "new", "last"]
    assert all(token is None for _, _, token in stage.started)


@KINDS
async def test_d46_a_key_without_a_session_may_be_closed(
    kind: str, tmp_path: Path
) -> None:
    """One that is known to the store only."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        await (await process.router.accept("ann", "bind:token")).outcome()
    async with open_process(stage) as process:
        assert process.router.close("ann")
        await (await process.router.accept("ann", "new")).outcome()
    assert stage.started[-1][2] is None


class Suspending(Player):
    """Binds when it is suspended."""

    async def suspend(self) -> None:
        """Take a while, then bind."""
        await trio.lowlevel.checkpoint()
        self.bind(f"suspended {self.generation}")


@seeds(3)
async def test_d47_what_is_bound_in_suspend_is_found_in_this_process() -> None:
    """By the session that follows."""
    stage = Stage()
    async with open_process(stage, Suspending, limits=BRIEF) as process:
        router = process.router
        await (await router.accept("ann", "one")).outcome()
        await trio.sleep(100)
        assert router.inspect("ann") is None
        await (await router.accept("ann", "two")).outcome()
    assert stage.started == [("ann", 1, None), ("ann", 2, "suspended 1")]


@KINDS
async def test_d47_what_is_bound_in_suspend_is_found_in_the_next(
    kind: str, tmp_path: Path
) -> None:
    """When the router was drained."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage, Suspending) as process:
        await (await process.router.accept("ann", "one")).outcome()
        await process.router.drain(5)
    async with open_process(stage, Suspending) as process:
        await (await process.router.accept("ann", "two")).outcome()
    assert stage.started == [("ann", 1, None), ("ann", 2, "suspended 1")]


@seeds(2)
async def test_d45_a_reset_is_one_record() -> None:
    """Also where a batch takes no more than one."""
    policy = StorePolicy(batch=1)

    async def story(process: Process) -> None:
        router, stage = process.router, process.stage
        await (await router.accept("ann", "bind:token", id="zero")).outcome()
        await router.accept("ann", "wait:never", id="run", attempts=2)
        await turn_runs(stage, "wait:never")
        for number in range(3):
            await router.accept("ann", "waits", id=str(number))
        if not process.dead:
            router.reset("ann", reason="why")
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        del process
        rows = [each for each in stage.memory.prompts() if each.id in "012"]
        ended = [each.id for each in rows if each.outcome is not None]
        session = stage.memory.session("ann")
        if ended:
            assert ended == ["0", "1", "2"]
            assert session is None
        elif rows:
            assert session is not None
            assert session.state is not None
            assert session.token is not None
        stage.open("never")
        await stage.all_ended()
        for name in ended:
            assert stage.outcomes()[name] == Withdrawn("why")

    assert await die_at_each_point(story, check, policy=policy) > 40
