"""Answers of an agent behind a pipe: late pieces, late ends, and no end at all.

Each test is a scenario of chat services that run many sessions at once, by its number.
"""

from __future__ import annotations

from typing import ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    CloseReason,
    Completed,
    Failed,
    OutOfTurn,
    SessionClosed,
    TimedOut,
    TurnEnded,
    TurnNotCompletedError,
    TurnPolicy,
)
from actors.testing import seeds
from supervision import Limits, TurnStream
from tests.conformance.sessions.agent_double import (
    AgentGoneError,
    Client,
    Open,
    Reply,
    State,
    Update,
    open_host,
)
from tests.conformance.sessions.diaries import after


class Hasty(Client):
    """Gives a prompt up after ten seconds, and waits for no answer to its cancel."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=10)
    cancel_grace: ClassVar[float] = 0.0
    kills: ClassVar[bool] = False


async def read_all(answer: TurnStream[str, str]) -> list[str]:
    """Read until the end."""
    return [chunk async for chunk in answer]


async def read_into(chunks: list[str], answer: TurnStream[str, str]) -> None:
    """Read until the end, or until it fails."""
    async for chunk in answer:
        chunks.append(chunk)  # noqa: PERF401 - what came before a failure counts


@seeds(20)
async def test_s69_a_piece_that_comes_shortly_after_the_end_belongs_to_the_answer() -> (
    None
):
    """For as long as the drain window is open, or until an explicit end."""
    for quiet, seconds in ((False, 0.2), (True, 0.05)):
        begun = trio.current_time()
        async with open_host() as (host, router, log, _):
            async with router.open_turn("k", "work") as answer:
                await settle()
                agent = host.agent
                agent.say(Update("a"), Reply(agent.prompts()[-1], "end_turn"))
                await trio.sleep(0.05)
                assert answer.ended is None
                agent.say(Update("b"), *([State("quiet")] if quiet else []))

                assert await read_all(answer) == ["a", "b"]
                outcome = await answer.outcome()
            assert isinstance(outcome, Completed)
            assert dict(outcome.notes) == {"stop_reason": "end_turn"}
            [ended] = log.of(TurnEnded)
            assert ended.at == pytest.approx(begun + seconds)
            assert log.of(OutOfTurn) == []


@seeds(20)
async def test_s70_a_piece_after_the_window_is_told_and_in_no_answer() -> None:
    """It is an event with the session's key, counted; the next answer is its own."""
    async with open_host() as (host, router, log, _):
        async with router.open_turn("k", "one") as answer:
            await settle()
            agent = host.agent
            [first] = agent.prompts()
            agent.say(Update("a"), Reply(first, "end_turn"))
            assert await read_all(answer) == ["a"]
        old = answer.turn
        agent.say(Update("late"))
        await settle()
        async with router.open_turn("k", "two") as answer:
            await settle()
            agent.say(Update("later", prompt=first), Update("b"))
            agent.say(Reply(agent.prompts()[-1], "end_turn"))
            assert await read_all(answer) == ["b"]

        events = [(each.key, each.turn, each.chunk) for each in log.of(OutOfTurn)]
        assert events == [("k", None, "late"), ("k", old, "later")]
        assert router.statistics().out_of_turn == 2


@seeds(500)
async def test_s71_the_late_answer_to_a_given_up_prompt_ends_no_other() -> None:
    """An answer is matched by the id of its prompt; the next turn's end is its own."""
    async with open_host(Hasty) as (host, router, _, _system):
        first = router.send("k", "one")
        outcome = await first.outcome()
        assert isinstance(outcome, TimedOut)
        agent = host.agent
        second = router.send("k", "two")
        await settle()
        old, new = agent.prompts()

        async with trio.open_nursery() as nursery:
            for steps, message in (
                (2, Update("x")),
                (3, Reply(new, "end_turn")),
            ):
                nursery.start_soon(after, steps, lambda m=message: agent.say(m))
            late = Reply(old, "max_tokens")
            for steps in range(5):
                nursery.start_soon(after, steps, lambda: agent.say(late))

        outcome = await second.outcome()
        assert outcome == Completed(
            "x", turn=second.turn, notes={"stop_reason": "end_turn"}
        )
        third = router.send("k", "three")
        await settle()
        agent.say(Reply(old, "max_tokens"))
        await settle()
        assert third.ended is None
        agent.say(Reply(agent.prompts()[-1], "refusal"))
        assert await third.outcome() == Completed(
            "", turn=third.turn, notes={"stop_reason": "refusal"}
        )


@seeds(500)
async def test_s75_an_agent_that_dies_in_its_answer_has_not_completed_it() -> None:
    """The turn fails, what there is is marked as a part; who reads is always woken."""
    async with open_host() as (host, router, _, _system):
        for steps in range(3):
            chunks: list[str] = []
            async with router.open_turn("k", "work") as answer:
                await settle()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(after, 1, lambda: host.agent.say(Update("a")))
                    nursery.start_soon(after, 2 + steps, host.agent.die)
                    with trio.fail_after(1), pytest.raises(TurnNotCompletedError) as e:
                        await read_into(chunks, answer)
                outcome = await answer.outcome()

            assert isinstance(outcome, Failed)
            assert isinstance(outcome.error, AgentGoneError)
            assert e.value.outcome is outcome
            assert e.value.__cause__ is outcome.error
            assert chunks == ["a"]
            assert outcome.notes["partial"] == "a"
            assert len(host.agents) == steps + 1

        following = router.send("k", "next")
        await settle()
        host.agent.say(Reply(host.agent.prompts()[-1], "end_turn"))
        assert isinstance(await following.outcome(), Completed)


@seeds(20)
async def test_s77_what_a_loaded_session_replays_reaches_nobody() -> None:
    """The replay ends with the answer to the load; the first turn is its own."""
    limits = Limits(idle=100)
    async with open_host(limits=limits) as (host, router, log, _):
        host.history["s1"] = ["old question", "old answer"]
        first = router.send("k", "one")
        await settle()
        host.agent.say(Update("1"), Reply(host.agent.prompts()[-1], "end_turn"))
        assert isinstance(await first.outcome(), Completed)
        await trio.sleep(200)
        assert [each.reason for each in log.of(SessionClosed)] == [CloseReason.REAPED]

        async with router.open_turn("k", "two") as answer:
            await settle()
            host.agent.say(Update("2"), Reply(host.agent.prompts()[-1], "end_turn"))
            assert await read_all(answer) == ["2"]
            outcome = await answer.outcome()

        assert isinstance(outcome, Completed)
        assert outcome.result == "2"
        assert len(host.agents) == 2
        assert [each.heard[0] for each in host.agents] == [Open(1, None), Open(1, "s1")]
        assert host.clients[1].replayed == ["old question", "old answer"]
        assert log.of(OutOfTurn) == []
        assert router.statistics().unread == 1  # the first turn had no reader


@seeds(20)
async def test_s80_a_turn_may_end_by_an_event_instead_of_an_answer() -> None:
    """A state of "idle" ends it on the same path, with the same drain window."""
    async with open_host() as (host, router, log, _):
        async with router.open_turn("k", "work") as answer:
            await settle()
            agent = host.agent
            agent.say(State("running"), Update("a"), State("idle", "end_turn"))
            await trio.sleep(0.1)
            assert answer.ended is None
            agent.say(Update("b"))
            assert await read_all(answer) == ["a", "b"]
            outcome = await answer.outcome()
        assert outcome == Completed(
            "a", turn=answer.turn, notes={"stop_reason": "end_turn"}
        )
        [ended] = log.of(TurnEnded)
        assert ended.seconds == pytest.approx(0.2)
        assert [each for _, each in host.finals] == [outcome]
        agent.say(State("idle", "end_turn"))  # it does nothing, and nobody is hurt
        await settle()
        following = router.send("k", "next")
        await settle()
        assert following.ended is None
        assert len(host.agents) == 1
