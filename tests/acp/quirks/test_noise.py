"""What agents write that is no answer, and what they leave open."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Aborted, Completed, Failed
from supervision.acp import (
    AgentExitedError,
    AgentProtocolError,
    Information,
    Text,
    ToolCall,
    ToolUpdate,
)
from supervision.acp._pipe import noise
from supervision.acp._pipe.wire import NoiseError, WireError, glued, parse
from supervision.acp._words.updates import information
from supervision.acp._words.usage import Usages
from tests.acp.scenes import Scene, scripted
from tests.acp.yard import open_yard, puppet, texts

# ---------------------------------------------------------------------- on the output


async def test_lines_that_are_no_messages_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A banner, a log, a status line with a message at its end; with one warning."""
    said: list[str] = []

    def keep(text: str, *given: object, extra: object) -> None:
        del extra
        said.append(text % given)

    monkeypatch.setattr(noise._log, "warning", keep)
    hello = '{"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": 1}}'
    scenes: dict[str, list[Scene]] = {
        "initialize": [[["raw", f"Welcome!\n\n17\nStarting\r{hello}\n"]]],
        "session/prompt": [
            [["raw", '{"level": "info"}\nhm\n'], ["say", "well"], ["end"]]
        ],
    }
    async with open_yard(scripted(None, scenes)) as yard:
        assert await yard.result("hello") == "well"

    (text,) = said
    assert "Welcome!" in text


@pytest.mark.parametrize(
    ("lines", "limit"),
    [("hm\n" * 4, {"noise_lines": 3}), ("x" * 11 + "\n", {"noise_bytes": 10})],
)
async def test_a_flood_of_them_is_a_fault(lines: str, limit: dict[str, int]) -> None:
    """One less is none, and a message begins the count anew."""
    few: Scene = [["raw", lines[3:]], ["say", "on"], ["raw", lines[3:]], ["end"]]
    scenes: dict[str, list[Scene]] = {"session/prompt": [few, [["raw", lines]]]}
    async with open_yard(scripted(None, scenes, **limit)) as yard:
        assert await yard.result("hello") == "on"
        error, _ = await yard.failure("hello", AgentProtocolError)

    assert "a line is not JSON" in str(error)


async def test_what_is_no_agent_is_told_with_what_it_has_said() -> None:
    """Though it has said it to its standard output."""
    scenes: dict[str, list[Scene]] = {
        "session/prompt": [[["raw", "usage: sage [--acp]\n"], ["exit", 2]]]
    }
    async with open_yard(scripted(None, scenes)) as yard:
        error, _ = await yard.failure("hello", AgentExitedError)

    assert error.stderr == "usage: sage [--acp]\n"


@pytest.mark.parametrize("line", [b"hm", b"[]", b"17", b"{}", b'{"level": 1}', b"{x}"])
def test_noise_is_what_was_not_meant_as_a_message(line: bytes) -> None:
    """Half a message was."""
    with pytest.raises(NoiseError):
        parse(line)


@pytest.mark.parametrize(
    "line", [b'{"jsonrpc": "2.0", "id"', b'[{"jsonrpc": 1}]', b'{"id": 1}']
)
def test_half_a_message_is_no_noise(line: bytes) -> None:
    """Nobody would answer for the rest."""
    with pytest.raises(WireError) as caught:
        parse(line)
    assert not isinstance(caught.value, NoiseError)


def test_a_message_may_be_glued_to_noise() -> None:
    """At its end."""
    assert glued(b'..{"jsonrpc": "2.0"}') == b'{"jsonrpc": "2.0"}'
    assert glued(b"..") == b""


# -------------------------------------------------------------------- in the answer


async def test_what_is_marked_as_information_is_no_answer() -> None:
    """It is a chunk of its own; what else an agent adds is kept."""
    warning = {"_meta": {"sage": {"notify": {"level": "warning"}}}}
    phase = {"_meta": {"sage": {"phase": "final"}}}
    scene: Scene = [["say", "Beware", warning], ["say", "well", phase], ["end"]]
    async with open_yard(scripted(None, {"session/prompt": [scene]})) as yard:
        chunks, outcome = await yard.ask("hello")

    note, text = chunks
    assert note == Information("Beware", "warning")
    assert text == Text("well")
    assert isinstance(text, Text)
    assert text.meta == phase["_meta"]
    assert isinstance(outcome, Completed)
    assert outcome.result == "well"


@pytest.mark.parametrize(
    ("meta", "level"),
    [
        ({"notify": True}, ""),
        ({"level": "error"}, "error"),
        ({"a": {"kind": "Warning"}}, "Warning"),
        ({"a": {"phase": "commentary"}}, None),
        ({"a": {"b": {"kind": "warning"}}}, None),
        ({"kind": 7, "type": "text"}, None),
        ({}, None),
    ],
)
def test_how_agents_mark_information(meta: dict[str, Any], level: str | None) -> None:
    """In words of their own."""
    assert information(meta) == level


async def test_an_empty_answer_is_noted() -> None:
    """Some agents say nothing when their model fails."""
    async with open_yard(scripted(None, {"session/prompt": [[["end"]]]})) as yard:
        _, outcome = await yard.ask("hello")

    assert isinstance(outcome, Completed)
    assert outcome.notes == {"stop_reason": "end_turn", "empty": True}


# ------------------------------------------------------------------------ left open


async def test_a_tool_that_is_open_at_a_cancel_is_closed() -> None:
    """By us, as cancelled; one that the agent has closed is not."""
    async with open_yard(puppet()) as yard:
        async with yard.router.open_turn("k", "tools") as stream:
            chunks = [await anext(stream)]
            yard.router.cancel("k", hard=False)
            chunks.extend([chunk async for chunk in stream])
            outcome = await stream.outcome()
        before = yard.router.statistics().chunks
        async with yard.router.open_turn("k", "tools") as stream:
            for _ in range(2):  # it has said all that it says by itself
                await anext(stream)
            yard.router.cancel("k")
            aborted = await stream.outcome()
        told = yard.router.statistics().chunks - before

    assert isinstance(chunks[0], ToolCall)
    assert chunks[-1] == ToolUpdate("t1", None, "cancelled")
    assert isinstance(outcome, Completed)
    assert isinstance(aborted, Aborted)
    assert told == 3


async def test_a_tool_that_is_open_when_the_agent_dies_has_failed() -> None:
    """The reader is told before the end."""
    call = {"sessionUpdate": "tool_call", "toolCallId": "t1", "title": "Dig"}
    scene: Scene = [["update", call], ["say", "so"], ["exit", 1]]
    async with open_yard(scripted(None, {"session/prompt": [scene]})) as yard:
        chunks, outcome = await yard.ask("hello")

    assert isinstance(outcome, Failed)
    assert texts(chunks) == ["so"]
    assert chunks[-1] == ToolUpdate("t1", None, "failed")


# ------------------------------------------------------------------------- its counts


async def test_tokens_are_the_turns_or_are_called_a_total() -> None:
    """In the first turn both are the same."""
    counts = [{"inputTokens": 5, "outputTokens": each} for each in (3, 4, 1, 9)]
    scenes: dict[str, list[Scene]] = {
        "session/prompt": [[["say", "so"], ["end", {"usage": each}]] for each in counts]
    }
    async with open_yard(scripted(None, scenes)) as yard:
        notes = [dict((await yard.ask("hello"))[1].notes) for _ in counts]

    for each in notes:
        del each["stop_reason"]
    assert notes == [
        {"usage": counts[0]},
        {"usage_total": counts[1]},
        {"usage": counts[2]},
        {"usage": counts[3]},
    ]


def test_tokens_are_what_the_settings_say() -> None:
    """Of a total the turn's part is worked out."""
    turn = Usages("turn", fresh=False)
    total = Usages("session", fresh=True)
    resumed = Usages("session", fresh=False)
    odd: dict[str, Any] = {"outputTokens": 3, "by": "model"}

    assert turn.notes({"outputTokens": 3}) == {"usage": {"outputTokens": 3}}
    assert turn.notes(None) == {}
    assert turn.notes("many") == {"usage_total": "many"}
    assert total.notes(odd) == {"usage": {"outputTokens": 3}, "usage_total": odd}
    assert total.notes({"outputTokens": 5})["usage"] == {"outputTokens": 2}
    assert resumed.notes({"outputTokens": 5}) == {"usage_total": {"outputTokens": 5}}
    assert resumed.notes({"outputTokens": 6})["usage"] == {"outputTokens": 1}
