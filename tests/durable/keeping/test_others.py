"""Side questions, tenants, steering, work of `run_exclusive`; places of held keys."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import pytest
import trio

from actors import (
    Failed,
    QuarantinedError,
    Receipt,
    SaturatedError,
    Steered,
    StillRunningError,
    TenantLimitError,
    Turn,
    Withdrawn,
)
from actors.testing import seeds
from supervision import Limits, PromptKeptError, RestartLimit
from supervision.durable import MemoryStore

from .stage import Player, Stage, completed, open_process, turn_runs


class Answering(Player):
    """Answers side questions."""

    async def answer_aside(self, turn: Turn[str, str]) -> object:
        """Say what the state is."""
        return (turn.prompt, turn.state)


@seeds(3)
async def test_a_side_question_is_kept_in_no_store() -> None:
    """It is answered beside the turn, and sees what was committed."""
    stage = Stage()
    async with open_process(stage, Answering) as process:
        router = process.router
        await (await router.accept("ann", "one")).outcome()
        await router.accept("ann", "wait:door")
        await turn_runs(stage, "wait:door")
        aside: Receipt[str] = router.ask_aside("ann", "what?")
        outcome = await aside.outcome()
        with pytest.raises(RuntimeError):
            await aside.durable()
        stage.memory.stand_still()
        stage.open("door")
        await trio.sleep(1)  # the turn has ended, and is not committed
        second = await router.ask_aside("ann", "and?").outcome()
        stage.memory.go_on()
        await stage.all_ended()
        third = await router.ask_aside("ann", "now?").outcome()

    answers = [getattr(each, "result", None) for each in (outcome, second, third)]
    assert answers == [
        ("what?", ("one",)),
        ("and?", ("one",)),
        ("now?", ("one", "wait:door")),
    ]
    assert len(stage.memory.prompts()) == 2


@seeds(3)
async def test_a_side_question_to_a_passivated_key_sees_its_state() -> None:
    """It is brought first."""
    stage = Stage()
    async with open_process(stage, Answering) as process:
        await (await process.router.accept("ann", "one")).outcome()
    async with open_process(stage, Answering) as process:
        outcome = await process.router.ask_aside("ann", "what?").outcome()
    assert getattr(outcome, "result", None) == ("what?", ("one",))


@seeds(3)
async def test_work_finds_the_state_of_a_passivated_key() -> None:
    """And what it makes of it is stored, by its own commit."""

    async def work(turn: Turn[str, str]) -> None:
        turn.state = (*turn.state, "worked")

    async def fails(turn: Turn[str, str]) -> None:
        turn.state = (*turn.state, object())

    stage = Stage()
    async with open_process(stage) as process:
        await (await process.router.accept("ann", "one")).outcome()
    async with open_process(stage) as process:
        assert completed(await process.router.run_exclusive("ann", work).outcome())
        assert not completed(await process.router.run_exclusive("ann", fails).outcome())
        process.kill()
    assert stage.state("ann") == ("one", "worked")
    async with open_process(stage) as process:
        await (await process.router.accept("ann", "two")).outcome()
    assert stage.state("ann") == ("one", "worked", "two")


@seeds(3)
async def test_a_tenant_owns_what_has_been_brought() -> None:
    """His limit holds for keys of an earlier process too, as soon as they are there."""
    stage = Stage()
    limits = Limits(sessions=10, turns=10, sessions_per_tenant=2, idle=10)
    async with open_process(stage, limits=limits) as process:
        for key in ("ann", "bob"):
            await process.router.accept(key, "wait:door", tenant="me", attempts=2)
        await trio.sleep(1)
        process.kill()
    async with open_process(stage, limits=limits) as process:
        router = process.router
        await trio.sleep(1)
        with pytest.raises(TenantLimitError):
            router.send("cyd", "x", tenant="me")
        info = router.inspect("ann")
        assert info is not None
        assert info.tenant == "me"
        stage.open("door")
        await trio.sleep(1)
        assert completed(await router.send("cyd", "x", tenant="me").outcome())
        await trio.sleep(1)
        left = [each.key for each in router.list()]  # one has been put away for it
        assert left in (["ann", "cyd"], ["bob", "cyd"])
        for key in ("ann", "bob", "cyd"):
            assert completed(await router.send(key, "x", tenant="me").outcome())
            await trio.sleep(1)
            assert len(router.list()) == 2


@seeds(3)
async def test_a_job_does_not_overlap_itself_after_a_restart() -> None:
    """As soon as its key is there."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "wait:door", job="job", attempts=2)
        await turn_runs(stage, "wait:door")
        process.kill()
    async with open_process(stage) as process:
        await trio.sleep(1)
        with pytest.raises(StillRunningError):
            process.router.send("ann", "x", job="job")
        stage.open("door")
        await stage.all_ended()
        assert completed(await process.router.send("ann", "x", job="job").outcome())


@seeds(3)
async def test_a_steering_prompt_is_taken_when_it_is_stored() -> None:
    """Not before; a turn that ends meanwhile leaves it for a turn of its own."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        await router.accept("ann", "wait:go point wait:on point")
        await turn_runs(stage, "wait:go point wait:on point")
        stage.memory.stand_still()
        late = router.steer("ann", "late", id="late")
        gone = router.steer("ann", "gone", id="gone")
        stage.open("go")
        await trio.sleep(1)
        assert late.turn is None
        gone.withdraw("why")
        stage.memory.go_on()
        await late.durable()
        stage.open("on")
        assert isinstance(await late.outcome(), Steered)
        assert await gone.outcome() == Withdrawn("why")

        await router.accept("ann", "wait:end")
        await turn_runs(stage, "wait:end")
        stage.memory.stand_still()
        own = router.steer("ann", "own", id="own")
        stage.open("end")
        await trio.sleep(1)
        stage.memory.go_on()
        assert completed(await own.outcome())
    outcomes = stage.outcomes()
    assert outcomes["late"] == late.ended
    assert outcomes["gone"] == gone.ended
    assert outcomes["own"] == own.ended


class Newer(Player):
    """One whose states have been written by an older one."""

    state_version: ClassVar[int] = 2


@attrs.define(eq=False)
class Flaky:
    """An upcaster that can be mended while it runs."""

    broken: bool = True

    def __call__(self, state: Any) -> Any:
        """Give the state as it is; Any: that of whoever is tested."""
        if self.broken:
            raise ValueError
        return state


async def unreadable(flaky: Flaky, *keys: str, waiting: bool = False) -> Stage:
    """Make a stage with keys that are held, and of each a prompt that waits."""
    stage = Stage(MemoryStore(upcasters={1: flaky}))
    async with open_process(stage) as process:
        for key in keys:
            await (await process.router.accept(key, "old")).outcome()
            if waiting:
                await process.router.accept(key, "wait:never")
                await process.router.accept(key, "open", id="open")
        process.kill()
    stage.begun.clear()
    return stage


@seeds(3)
async def test_d67_a_held_key_keeps_nobody_from_a_place() -> None:
    """Its prompts wait all the same; released, it has one as others do."""
    flaky = Flaky()
    stage = await unreadable(flaky, "ann", "bob")
    async with open_process(stage, Newer, limits=Limits(sessions=2)) as process:
        router = process.router
        held = [await router.accept(key, key) for key in ("ann", "bob")]
        for number in range(5):
            receipt = await router.accept(f"new{number}", "new")
            assert completed(await receipt.outcome())
        held.append(await router.accept("ann", "again"))
        for key in ("eve", "joe"):
            await router.accept(key, f"wait:{key}")
            await turn_runs(stage, f"wait:{key}")

        flaky.broken = False
        assert await router.release("ann")
        assert await router.release("bob")
        await trio.sleep(1)
        assert ("ann", "ann") not in stage.begun  # all places are taken
        stage.open("eve", "joe")
        assert all([completed(await each.outcome()) for each in held])
        assert router.statistics().queued == 0
    assert [each for key, each in stage.begun if key == "ann"] == ["ann", "again"]


@seeds(3)
async def test_d67_as_many_held_keys_as_sessions_stand_beside() -> None:
    """The others fill the places, so it is not without bounds."""
    flaky = Flaky()
    keys = ("ann", "bob", "cat", "dan", "eve")
    stage = await unreadable(flaky, *keys)
    async with open_process(stage, Newer, limits=Limits(sessions=2)) as process:
        router = process.router
        held = [await router.accept(key, "waits") for key in keys[:4]]
        await trio.sleep(1)
        with pytest.raises(SaturatedError):
            router.send("eve", "waits")
        flaky.broken = False
        for key in keys[:4]:
            assert await router.release(key)
        assert all([completed(await each.outcome()) for each in held])
        assert (await router.drain(10)).kept == ()


@pytest.mark.parametrize("verb", ["reset", "close", "cancel_all", None])
@seeds(2)
async def test_d67_a_held_key_that_waits_for_nothing_is_gone(
    verb: str | None,
) -> None:
    """Its prompt has been taken back: its lane goes too."""
    stage = await unreadable(Flaky(), "ann")
    async with open_process(stage, Newer, limits=Limits(sessions=1)) as process:
        router = process.router
        waits = await router.accept("ann", "waits")
        await trio.sleep(1)
        if verb is None:
            waits.withdraw()
        else:
            getattr(router, verb)("ann")
        assert isinstance(await waits.outcome(), Withdrawn)
        await trio.sleep(1)
        assert router.list() == []
        assert completed(await (await router.accept("bob", "new")).outcome())


@seeds(3)
async def test_d67_held_keys_that_are_left_over_go_and_come_back() -> None:
    """What waits of them in the store comes when they are released."""
    flaky = Flaky()
    keys = ("ann", "bob", "cat", "dan", "eve")
    stage = await unreadable(flaky, *keys, waiting=True)
    async with open_process(stage, Newer, limits=Limits(sessions=2)) as process:
        router = process.router
        await trio.sleep(5)
        assert completed(await (await router.accept("new", "new")).outcome())
        waits = await router.accept("ann", "waits")
        found = await router.find("dan", "open")
        assert found is not None
        flaky.broken = False
        for key in keys:
            await router.release(key)
        assert completed(await waits.outcome())
        assert completed(await found.outcome())
        await stage.all_ended()
    assert {key for key, each in stage.begun if each == "open"} == set(keys)
    assert [each for key, each in stage.begun if key == "ann"] == ["open", "waits"]


@seeds(3)
async def test_d43_a_key_in_quarantine_that_stands_in_line_takes_no_place() -> None:
    """Its store says so before it has one: there are never more than are allowed."""

    class Slow(Player):
        async def suspend(self) -> None:
            await trio.sleep(5)

    stage = Stage()
    limits = Limits(sessions=1, restarts=RestartLimit(0, within=10))
    async with open_process(stage, limits=limits) as process:
        await (await process.router.accept("bad", "crash")).outcome()
        await trio.sleep(1)
    async with open_process(stage, Slow, limits=limits) as process:
        router = process.router
        await (await router.accept("ann", "one")).outcome()
        receipt = router.send("bad", "refused")  # ann is slow to leave
        outcome = await receipt.outcome()
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, QuarantinedError)
        router.close("bad")  # before ann has left
        await trio.sleep(10)
        await router.accept("bob", "wait:door")
        await turn_runs(stage, "wait:door")
        with pytest.raises(SaturatedError):
            router.send("cat", "two")
        stage.open("door")


@pytest.mark.parametrize("other", [None, "new"])
@seeds(3)
async def test_a_drain_does_not_wait_for_held_keys(other: str | None) -> None:
    """What waits for them is kept; of others what is accepted is finished."""
    stage = await unreadable(Flaky(), "ann", "bob")
    async with open_process(stage, Newer) as process:
        router = process.router
        held = [await router.accept(key, "waits", id="1") for key in ("ann", "bob")]
        again = router.send("ann", "waits", id="1")
        await trio.sleep(1)
        assert [each.phase for each in router.list()] == ["held", "held"]
        runs = None
        if other is not None:
            runs = await router.accept(other, "wait:new")
            await turn_runs(stage, "wait:new")
            trio.lowlevel.spawn_system_task(later, stage)
        report = await router.drain(25)

        assert (report.seconds < 1) is (other is None)
        assert report.lost == ()
        assert {each.key for each in report.kept} == {"ann", "bob"}
        assert runs is None or completed(await runs.outcome())
    for each in (*held, again):
        with pytest.raises(PromptKeptError):
            await each.outcome()


async def later(stage: Stage) -> None:
    """Have the turn go on after two seconds."""
    await trio.sleep(2)
    stage.open("new")


@seeds(3)
async def test_a_key_that_is_found_to_be_held_in_a_drain_ends_it() -> None:
    """It was brought when the drain had begun."""
    stage = await unreadable(Flaky(), "ann")
    async with open_process(stage, Newer) as process:
        router = process.router
        router.send("ann", "waits")
        report = await router.drain(25)

        assert report.seconds < 1
        assert [each.key for each in report.kept] == ["ann"]
