"""A conversation outlives its process, if the agent can go on with it: S77, S93."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import ClassVar

import pytest
import trio
from trio.testing import MockClock

from actors import (
    Completed,
    Failed,
    Journal,
    OutOfTurn,
    TimedOut,
    TurnPolicy,
    open_system,
)
from supervision import FileTokens, Limits, MemoryTokens, start_router
from supervision.acp import AgentSession, Chunk, HistoryLost, Text, ToolCall
from supervision.durable import SqliteStore, move_tokens
from tests.acp.yard import open_yard, puppet


@pytest.mark.parametrize("how", ["load", "resume"])
async def test_the_next_process_goes_on_with_the_conversation(how: str) -> None:
    """The history that it tells again is heard by nobody."""
    async with open_yard(puppet(how)) as yard:
        first = await yard.result("tell session")
        await yard.ask("leave killed")
        chunks, outcome = await yard.ask("tell session")
        strays = yard.log.of(OutOfTurn)

    assert chunks == [Text(str(first))]
    assert isinstance(outcome, Completed)
    assert "history_lost" not in outcome.notes
    assert strays == []


@pytest.mark.parametrize("words", [(), ("load", "forgetful"), ("resume", "forgetful")])
async def test_s93_a_lost_history_is_told_once(words: tuple[str, ...]) -> None:
    """At the beginning of the next turn; the new conversation is bound."""
    async with open_yard(puppet(*words)) as yard:
        first = await yard.result("tell session")
        await yard.ask("leave killed")
        chunks, outcome = await yard.ask("tell session")
        again, _ = await yard.ask("tell session")

    lost, told = chunks
    assert isinstance(lost, HistoryLost)
    assert lost.session == first
    if words:
        assert "no such session" in lost.why
    assert isinstance(told, Text)
    assert told.text != first
    assert outcome.notes["history_lost"] is True
    assert again == [told]


async def test_a_reaped_session_is_resumed_by_its_successor() -> None:
    """The token is kept where sessions are not."""
    async with open_yard(puppet("resume"), limits=Limits(sessions=1)) as yard:
        first = await yard.result("tell session", "a")
        await yard.result("tell session", "b")  # there is room for one
        second = await yard.result("tell session", "a")

    assert first == second


async def test_a_reset_session_begins_anew() -> None:
    """Nothing is lost that was not to be."""
    async with open_yard(puppet("resume")) as yard:
        first = await yard.result("tell session")
        yard.router.reset("k")
        chunks, _ = await yard.ask("tell session")

    assert len(chunks) == 1
    assert chunks != [Text(str(first))]


async def test_a_conversation_outlives_the_service(tmp_path: Path) -> None:
    """With tokens in a file."""
    told: list[object] = []
    for _ in range(2):
        tokens = FileTokens(tmp_path / "tokens")
        async with open_yard(puppet("load"), tokens=tokens) as yard:
            told.append(await yard.result("tell session"))

    assert told[0] == told[1]


async def test_a_conversation_outlives_the_move_into_a_store(tmp_path: Path) -> None:
    """Of its tokens, by `move_tokens`; the agent is asked for what it had."""
    told: list[object] = []
    tokens, store = FileTokens(tmp_path / "tokens"), SqliteStore(tmp_path / "chat.db")
    async with open_yard(puppet("load"), tokens=tokens) as yard:
        told.append(await yard.result("tell session"))
    assert await move_tokens(tokens, store) == 1
    async with open_yard(puppet("load"), durable=store) as yard:
        told.append(await yard.result("tell session"))

    assert told[0] == told[1]


async def test_a_foreign_token_is_as_none() -> None:
    """Say one of another kind of session."""
    tokens = MemoryTokens()
    tokens.save("k", {"not": "ours"})
    async with open_yard(puppet("load"), tokens=tokens) as yard:
        chunks, _ = await yard.ask("say new")

    assert chunks == [Text("new")]


async def test_an_agent_that_dies_while_it_is_restarted_fails_the_turn_it_is_for() -> (
    None
):
    """And the turn after that has the next one."""
    async with open_yard(puppet("load")) as yard:
        await yard.result("say first")
        pid = int(str(await yard.result("tell pid")))
        os.kill(pid, signal.SIGKILL)
        outcomes = [(await yard.ask("say on"))[1] for _ in range(2)]

    assert isinstance(outcomes[0], Completed | Failed)
    assert isinstance(outcomes[1], Completed)


async def test_a_login_is_done_if_it_is_asked_for(tmp_path: Path) -> None:
    """Before the session is made."""
    diary = tmp_path / "diary"
    settings = puppet(auth_method="key", env={"DIARY": str(diary)})
    async with open_yard(settings) as yard:
        assert await yard.result("say in") == "in"

    assert diary.read_text(encoding="utf-8").split()[:4] == [
        "initialize",
        "authenticate",
        "session/new",
        "session/prompt",
    ]


class Hurried(AgentSession):
    """Its turns have ten seconds, and may be silent for eight."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=10.0, inactivity=8.0)


async def pass_seconds(clock: MockClock, seconds: int) -> None:
    """Let time pass in small steps: the loop does not stand still."""
    for _ in range(seconds * 2):
        clock.jump(0.5)
        for _ in range(3):
            await trio.lowlevel.checkpoint()


async def test_the_start_of_an_agent_does_not_count_in_the_limits_of_its_turn(
    tmp_path: Path, mock_clock: MockClock
) -> None:
    """A slow one, in the middle of a conversation; what comes after it does count."""
    mock_clock.rate = 1.0
    gate = tmp_path / "gate"
    slow = puppet("load", env={"GATE": str(gate)}, start_within=1000.0)
    async with open_yard(slow, make=Hurried, bound=10_000) as yard:
        await yard.result("say first")
        await yard.ask("leave killed")
        os.mkfifo(gate)
        async with yard.router.open_turn("k", "stay") as answer:
            held = await trio.to_thread.run_sync(gate.open, "wb")  # it is starting
            await pass_seconds(mock_clock, 100)
            assert answer.ended is None
            info = yard.router.inspect("k")
            assert info is not None
            assert info.tool == "start of the agent"
            held.close()
            assert await anext(answer) == Text("staying")
            await pass_seconds(mock_clock, 12)
            outcome = await answer.outcome()

    assert isinstance(outcome, TimedOut)


WORDS = "show thought call called plan image unknown broken"


async def test_an_answer_is_read_on_after_its_process(tmp_path: Path) -> None:
    """With the tools that the agent has called in it, as they were."""
    store = SqliteStore(tmp_path / "chat.db")
    seen: list[Chunk] = []
    async with open_system() as system:
        router = start_router(system, AgentSession, puppet(), durable=store)
        async with router.open_turn("k", WORDS, id="m", stream=Journal()) as answer:
            seen += [chunk async for chunk in answer]
    assert any(isinstance(each, ToolCall) for each in seen)

    async with open_system() as system:
        router = start_router(system, AgentSession, puppet(), durable=store)
        async with router.reopen_turn("k", "m", after=1) as answer:
            assert [chunk async for chunk in answer] == seen[1:]
        assert router.inspect("k") is None  # no agent was started for that
