"""Sessions, part 1: whose turn it is.  One turn at a time per key, one session per key.

The numbers are those of our list of scenarios, taken from chat systems that let two
turns of one session run at once, or lost the message that came between two turns.
"""

from __future__ import annotations

from typing import ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    Batch,
    CloseReason,
    Completed,
    Failed,
    Outcome,
    PromptPolicy,
    SessionStartError,
    Turn,
)
from actors.testing import seeds
from tests.conformance.sessions.conversing import (
    ScriptError,
    SlowStarter,
    Stage,
    Talker,
    open_stage,
)


async def pause(steps: int) -> None:
    """Let the others run so many times."""
    for _ in range(steps):
        await trio.lowlevel.checkpoint()


class Historian(Talker):
    """Answers with all prompts that its state knows of, joined by "+"."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        await super().take_turn(turn)
        return "+".join(turn.state)


class SlowHistorian(SlowStarter, Historian):
    """The same, and starts when it is let."""


@seeds(500)
async def test_s01_messages_at_the_end_of_a_turn_run_one_after_the_other() -> None:
    """B and C come as the turn of A ends: they run alone, B before C, in any order."""
    async with open_stage() as (stage, router, *_):

        async def end_and_send(key: str, steps: int) -> None:
            first = router.send(key, f"a wait:a{key}")
            await settle()
            stage.open(f"a{key}")
            await pause(steps)
            second = router.send(key, f"b wait:b{key}")
            third = router.send(key, "c")
            await first.outcome()
            await settle()
            info = router.inspect(key)
            assert info is not None
            assert (info.turn, info.queued) == (second.turn, 1)
            stage.open(f"b{key}")
            for receipt in (first, second, third):
                assert isinstance(await receipt.outcome(), Completed)

        keys = [f"K{steps}" for steps in range(6)]
        async with trio.open_nursery() as nursery:
            for steps, key in enumerate(keys):
                nursery.start_soon(end_and_send, key, steps)

        for key in keys:
            begun = [prompt[0] for whose, prompt in stage.begun if whose == key]
            assert begun == ["a", "b", "c"]
        assert stage.most == dict.fromkeys(keys, 1)


@seeds(500)
async def test_s03_an_abort_of_a_first_turn_harms_no_other() -> None:
    """Whatever the first turn of a key had come to, the next one and other keys run."""
    async with open_stage(SlowHistorian) as (stage, router, *_):
        keys = [f"K{steps}" for steps in (0, 1, 2, 3, 20, 21)]
        stage.open("start:J", *(f"start:{key}" for key in keys[:-1]))

        async def abort_after(key: str, steps: int) -> None:
            first = router.send(key, "first wait:never")
            await pause(steps)
            assert router.cancel(key, reason="stop")
            second = router.send(key, "second")
            stage.open(f"start:{key}")  # the last one was still starting
            assert await first.outcome() == Aborted("stop", turn=first.turn)
            outcome = await second.outcome()
            assert isinstance(outcome, Completed)
            assert outcome.result == "second"  # nothing is left of the first

        async with trio.open_nursery() as nursery:
            for key in keys:
                nursery.start_soon(abort_after, key, int(key[1:]))
            other = await router.send("J", "other").outcome()

        assert isinstance(other, Completed)
        assert other.result == "other"
        assert ("K20", "first wait:never") in stage.begun
        assert ("K21", "first wait:never") not in stage.begun
        assert stage.started.count("J") == 1
        assert sorted(stage.started) == sorted(["J", *keys])


class Newcomer(SlowStarter, Historian):
    """Notes its construction too, and takes all that waits into one turn."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=100, batch=Batch(prompts=100)
    )

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        stage.started.append("made")


@seeds(500)
async def test_s04_a_hundred_first_messages_make_one_session() -> None:
    """They share one session and one mailbox, in the order of their acceptance."""
    async with open_stage(Newcomer) as (stage, router, *_):
        stage.open("start:K")
        accepted: list[str] = []
        outcomes: list[Outcome] = []

        async def send(prompt: str) -> None:
            accepted.append(prompt)
            outcomes.append(await router.send("K", prompt).outcome())

        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(send, str(number))
        everything = await router.send("K", "end").outcome()

        assert stage.started == ["made", "K"]
        assert isinstance(everything, Completed)
        assert everything.result == "+".join([*accepted, "end"])
        assert [type(outcome) for outcome in outcomes] == [Completed] * 100
        assert router.statistics().sessions == 1


@seeds(20)
async def test_s05_a_session_that_starts_slowly_holds_up_no_other() -> None:
    """What was sent to it meanwhile is served in order when it is ready."""
    async with open_stage(SlowHistorian) as (stage, router, *_):
        stage.open("start:J")
        waiting = [router.send("K", prompt) for prompt in "abc"]

        other = await router.send("J", "d").outcome()
        await settle()

        assert isinstance(other, Completed)
        assert stage.begun == [("J", "d")]
        info = router.inspect("K")
        assert info is not None
        assert (info.phase, info.queued) == ("starting", 3)
        assert trio.current_time() == 0

        stage.open("start:K")
        last = await waiting[-1].outcome()

        assert isinstance(last, Completed)
        assert last.result == "a+b+c"
        assert stage.begun[1:] == [("K", "a"), ("K", "b"), ("K", "c")]
        assert [receipt.ended is not None for receipt in waiting] == [True] * 3


@pytest.mark.parametrize("where", ["constructor", "started"])
@seeds(20)
async def test_s06_a_failed_start_fails_who_waits_and_frees_the_key(where: str) -> None:
    """Each waiting prompt is told why; the next message starts a session anew."""
    broken = True

    class Fragile(Historian):
        def __init__(self, stage: Stage) -> None:
            super().__init__(stage)
            self.fail("constructor")

        async def started(self) -> None:
            await pause(3)
            self.fail("started")
            self.stage.started.append(self.key)

        def fail(self, here: str) -> None:
            if broken and here == where:
                raise ScriptError(here)

    async with open_stage(Fragile) as (stage, router, *_):
        waiting = [router.send("K", prompt) for prompt in "abc"]
        for receipt in waiting:
            outcome = await receipt.outcome()
            assert isinstance(outcome, Failed)
            assert isinstance(outcome.error, SessionStartError)
            assert outcome.error.key == "K"
            assert repr(outcome.error.__cause__) == repr(ScriptError(where))
            assert outcome.turn is None

        broken = False
        anew = await router.send("K", "d").outcome()

        assert isinstance(anew, Completed)
        assert anew.result == "d"
        assert stage.begun == [("K", "d")]
        assert stage.started == ["K"]
        statistics = router.statistics()
        assert statistics.outcomes == {"Failed": 3, "Completed": 1}
        died = {CloseReason.FAILED_TO_START: 1} if where == "started" else {}
        assert statistics.closed == died  # without a constructor it never was one
        assert (statistics.sessions, statistics.queued) == (1, 0)
