"""Steering and follow-ups: what is said to a session while a turn of it runs.

Each test is a scenario of chat services that run many sessions at once, by its number.
"""

from __future__ import annotations

from typing import ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Abort,
    Aborted,
    Batch,
    Completed,
    PromptEnded,
    PromptPolicy,
    PromptRefused,
    QueueFullError,
    Steered,
    Steering,
    ToolSkipped,
    TurnPolicy,
    WhileBusy,
    Withdrawn,
)
from actors.testing import seeds
from supervision import RouterRef
from tests.conformance.sessions.conversing import Talker
from tests.conformance.sessions.diaries import Diarist, open_stage, result

QUEUED = "queued user message"


class TakesAll(Talker):
    """Takes all steering prompts at once."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(steering=Steering.ALL)


class NeverSteered(Diarist):
    """Lets every prompt wait for a turn of its own."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(busy=WhileBusy.NEVER_STEER)


class SteeredBySend(Diarist):
    """Takes an ordinary prompt as a steering one, and batches what waits."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        busy=WhileBusy.STEER, batch=Batch(prompts=10)
    )


class TwoSteps(Diarist):
    """Has two steps in a turn."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(steps=2)


def steering(router: RouterRef[str, str], key: str = "k") -> int:
    """Count the steering prompts of a session that wait for a checkpoint."""
    info = router.inspect(key)
    assert info is not None
    return info.steering


@seeds(20)
async def test_s40_one_steering_prompt_is_taken_at_each_checkpoint() -> None:
    """The tools that were still to come are skipped, each with the reason.

    The second steering prompt waits for the next checkpoint.
    """
    async with open_stage() as (stage, router, log, _):
        first = router.send("k", "tool:t1 tool:t2 tool:t3 tool:t4 point point tool:t5")
        await settle()
        steers = [router.steer("k", "wait:pause"), router.steer("k", "two")]
        await settle()
        assert stage.skipped == []  # the running tool is left alone
        stage.open("t1")
        await settle()

        assert stage.skipped == [("t2", QUEUED), ("t3", QUEUED), ("t4", QUEUED)]
        assert stage.steered == ["wait:pause"]
        assert steers[0].ended == Steered(turn=first.turn)
        assert steers[1].ended is None
        assert steering(router) == 1

        stage.open("pause", "t5")
        outcome = await first.outcome()
        assert isinstance(outcome, Completed)
        assert stage.steered == ["wait:pause", "two"]
        assert await steers[1].outcome() == Steered(turn=outcome.turn)
        assert len(stage.skipped) == 3  # nothing is queued any more: t5 has run
        assert [each.tool for each in log.of(ToolSkipped)] == ["t2", "t3", "t4"]
        assert len(stage.begun) == 1


@seeds(20)
async def test_s41_a_session_may_take_all_steering_prompts_at_once() -> None:
    """Both at the first checkpoint, in their order."""
    async with open_stage(TakesAll) as (stage, router, _, _system):
        first = router.send("k", "tool:t1 tool:t2 point wait:pause point")
        await settle()
        steers = [router.steer("k", "one"), router.steer("k", "two")]
        stage.open("t1")
        await settle()

        assert stage.steered == ["one", "two"]
        assert [each.ended for each in steers] == [Steered(turn=first.turn)] * 2
        assert steering(router) == 0
        assert stage.skipped == [("t2", QUEUED)]

        stage.open("pause")
        assert isinstance(await first.outcome(), Completed)
        assert stage.steered == ["one", "two"]
        assert len(stage.begun) == 1


@seeds(20)
async def test_s43_a_follow_up_is_never_injected() -> None:
    """It has a turn of its own, in its place among the others.

    Also where every other prompt steers, or shares a turn.
    """
    async with open_stage(SteeredBySend) as (stage, router, _, _system):
        first = router.send("k", "wait:a point point wait:b")
        await settle()
        injected = router.send("k", "injected")
        follow = router.follow_up("k", "follow up")
        stage.open("a")
        await settle()
        assert stage.steered == ["injected"]
        later = [router.send("k", "one"), router.send("k", "two")]
        again = router.follow_up("k", "again")
        stage.open("b")

        assert await result(again)
        assert stage.steered == ["injected"]
        assert await injected.outcome() == Steered(turn=first.turn)
        turns = {each.turn for each in (first, follow, *later, again)}
        assert len(turns) >= 4  # the two ordinary ones may share theirs
        assert follow.turn not in {each.turn for each in (first, *later, again)}
        assert again.turn not in {each.turn for each in (first, *later, follow)}
        assert {prompt for _, prompt in stage.begun} >= {"follow up", "again"}

    # where nothing steers, nothing changes places
    async with open_stage() as (stage, router, _, _system):
        router.send("k", "wait:a point")
        await settle()
        router.send("k", "one")
        router.follow_up("k", "two")
        last = router.send("k", "three")
        stage.open("a")
        await last.outcome()
        prompts = [prompt for _, prompt in stage.begun]
        assert prompts == ["wait:a point", "one", "two", "three"]
        assert stage.steered == []


@seeds(20)
async def test_s44_where_nothing_steers_every_prompt_is_a_follow_up() -> None:
    """`WhileBusy.NEVER_STEER`: no tool is skipped, and the order is that of arrival."""
    async with open_stage(NeverSteered) as (stage, router, _, _system):
        first = router.send("k", "wait:a tool:t point")
        await settle()
        receipts = [
            router.send("k", "one"),
            router.steer("k", "two"),
            router.send("k", "three"),
        ]
        assert steering(router) == 0
        stage.open("a", "t")

        told = await result(receipts[-1])
        assert told == "wait:a tool:t point|one|two|three"
        assert len({each.turn for each in (first, *receipts)}) == 4
        assert all(isinstance(each.ended, Completed) for each in receipts)
        assert stage.skipped == []
        assert stage.steered == []


@seeds(20)
async def test_s45_steering_at_the_last_step_becomes_a_follow_up() -> None:
    """A turn takes a steering prompt only if it has a step left to answer it."""
    async with open_stage(TwoSteps) as (stage, router, _, _system):
        first = router.send("k", "step wait:a point step wait:b point")
        await settle()
        early = router.steer("k", "early")
        stage.open("a")
        await settle()
        late = router.steer("k", "late")
        stage.open("b")

        assert await result(first) == "step wait:a point step wait:b point|early"
        assert await early.outcome() == Steered(turn=first.turn)
        assert await result(late) == "step wait:a point step wait:b point|early|late"
        assert late.turn != first.turn
        assert stage.steered == ["early"]


@seeds(20)
async def test_s46_too_many_steering_prompts_are_refused_and_a_stop_clears_them() -> (
    None
):
    """The 11th is an error to its sender, and an event; the 10 are withdrawn, each."""
    async with open_stage() as (stage, router, log, _):
        first = router.send("k", "wait:never point")
        await settle()
        steers = [router.steer("k", f"s{number}") for number in range(10)]

        with pytest.raises(QueueFullError) as caught:
            router.steer("k", "one too many")

        error = caught.value
        assert (error.depth, error.capacity) == (10, 10)
        assert error.what == "steering prompts"
        refused = log.of(PromptRefused, "k")
        assert [type(each.error) for each in refused] == [QueueFullError]
        assert refused[0].prompt not in {first.id, *(each.id for each in steers)}
        queued = router.send("k", "queued")  # another queue, which has room

        done = router.cancel_all("k", "stop")

        outcomes = [await each.outcome() for each in (*steers, queued)]
        assert outcomes == [Withdrawn("stop")] * 11
        assert sorted(done.withdrawn) == sorted(each.id for each in (*steers, queued))
        assert isinstance(await first.outcome(), Aborted)
        assert isinstance(await router.send("k", "next").outcome(), Completed)
        assert stage.steered == []
        assert len(log.of(PromptEnded, "k")) == 13


@seeds(20)
async def test_s48_the_answer_to_a_queued_prompt_is_published_too() -> None:
    """Each answer once, in order; also that to a prompt put into a running turn."""
    published: list[tuple[str, str]] = []
    write = published.append
    async with (
        open_stage() as (stage, router, log, _),
        trio.open_nursery() as nursery,
    ):

        async def publish(name: str, script: str) -> None:
            async with router.open_turn("k", script) as answer:
                async for chunk in answer:
                    write((name, chunk))

        nursery.start_soon(publish, "first", "say:A1 wait:door point")
        await settle()
        nursery.start_soon(publish, "second", "say:A2")
        await settle()
        assert published == [("first", "A1")]
        router.steer("k", "say:B1")
        stage.open("door")
        await settle()

        assert published == [("first", "A1"), ("first", "B1"), ("second", "A2")]
        assert len(log.of(PromptEnded, "k")) == 3


@seeds(20)
async def test_s49_an_ordinary_prompt_never_aborts_a_turn() -> None:
    """It waits; `abort` is a verb of its own, and names the turn."""
    async with open_stage(Diarist) as (stage, router, _, _system):
        first = router.send("k", "wait:door tool:t")
        await settle()
        second = router.send("k", "second wait:never")
        await settle()
        assert first.ended is None
        assert stage.begun == [("k", "wait:door tool:t")]
        stage.open("door", "t")
        assert await result(first) == "wait:door tool:t"
        assert stage.skipped == []
        await settle()

        assert second.turn is not None
        assert router.abort(second.turn, reason="enough") is Abort.ABORTING
        assert await second.outcome() == Aborted("enough", turn=second.turn)
        assert await result(router.send("k", "third")) == "wait:door tool:t|third"
