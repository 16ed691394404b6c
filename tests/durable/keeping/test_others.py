"""Side questions, owners, steering and work of `run_exclusive`, with a store."""

from __future__ import annotations

import pytest
import trio

from actors import OwnerLimitError, Receipt, Steered, StillRunningError, Turn, Withdrawn
from actors.testing import seeds
from supervision import Limits

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
async def test_an_owner_owns_what_has_been_brought() -> None:
    """His limit holds for keys of an earlier process too, as soon as they are there."""
    stage = Stage()
    limits = Limits(sessions=10, turns=10, sessions_per_owner=2, idle=10)
    async with open_process(stage, limits=limits) as process:
        for key in ("ann", "bob"):
            await process.router.accept(key, "wait:door", owner="me", attempts=2)
        await trio.sleep(1)
        process.kill()
    async with open_process(stage, limits=limits) as process:
        router = process.router
        await trio.sleep(1)
        with pytest.raises(OwnerLimitError):
            router.send("cyd", "x", owner="me")
        info = router.inspect("ann")
        assert info is not None
        assert info.owner == "me"
        stage.open("door")
        await trio.sleep(100)
        assert completed(await router.send("cyd", "x", owner="me").outcome())


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
