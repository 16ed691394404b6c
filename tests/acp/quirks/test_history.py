"""What belongs to the past, or to a turn before, never enters an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors import Completed, OutOfTurn
from supervision import MemoryTokens
from supervision.acp import (
    AgentRefusedError,
    AgentSession,
    AgentSettings,
    Chunk,
    HistoryLost,
    Other,
    Text,
    Thought,
    ToolCall,
    ToolUpdate,
)
from supervision.acp._conversation.opening import means_lost
from supervision.acp._words.sorting import HELD, NOBODY, PAST, Sorter
from supervision.acp._words.updates import read_update
from tests.acp.scenes import Scene, calls, hands, scripted
from tests.acp.yard import open_yard, texts

LOAD = hands({"loadSession": True})
RESUME = hands({"sessionCapabilities": {"resume": {}}})
BOTH = hands({"loadSession": True, "sessionCapabilities": {"resume": {}}})
GONE: Scene = [["error", -32002, "Resource not found"]]
TOLD: Scene = [["user", "old"], ["say", "past"]]
WELL: Scene = [["say", "well"], ["end"]]


def known() -> MemoryTokens:
    """The session "k" has a conversation."""
    tokens = MemoryTokens()
    tokens.save("k", "s1")
    return tokens


# --------------------------------------------------------------------------- the past


@pytest.mark.parametrize(
    "load",
    [
        [*TOLD, ["answer", None]],
        [["answer", None], *TOLD, *TOLD],
        [*TOLD, ["answer", None], ["say", "past"]],
    ],
)
async def test_a_history_is_heard_by_nobody_whenever_it_is_told(load: Scene) -> None:
    """Before the answer to `session/load`, after it, or both."""
    scenes: dict[str, list[Scene]] = {
        "initialize": LOAD,
        "session/load": [load],
        "session/prompt": [WELL],
    }
    settings = scripted(None, scenes, history_quiet=1.0)
    async with open_yard(settings, tokens=known()) as yard:
        chunks, outcome = await yard.ask("hello")
        strays = yard.log.of(OutOfTurn)

    assert texts(chunks) == ["well"]
    assert isinstance(outcome, Completed)
    assert outcome.result == "well"
    assert strays == []


async def test_a_history_that_comes_in_the_turn_is_known_by_its_prompts() -> None:
    """They are not ours; it ends with ours, if the agent repeats it."""
    told: Scene = [
        ["user", "an old question"],
        ["say", "an old answer"],
        ["user", "hello"],
        ["say", "well"],
        ["end"],
    ]
    scenes: dict[str, list[Scene]] = {"initialize": LOAD, "session/prompt": [told]}
    settings = scripted(None, scenes, history_quiet=0.01)
    async with open_yard(settings, tokens=known()) as yard:
        chunks, outcome = await yard.ask("hello")

    assert texts(chunks) == ["well"]
    assert isinstance(outcome, Completed)
    assert outcome.result == "well"


def piece(text: str, message: str | None = None) -> Chunk:
    """A piece of an answer."""
    return Text(text, message)


def user(text: str) -> Chunk:
    """A prompt, repeated."""
    update = {
        "sessionUpdate": "user_message_chunk",
        "content": {"type": "text", "text": text},
    }
    return read_update({"sessionId": "s", "update": update}).chunk


def test_the_past_is_over_when_it_has_been_quiet() -> None:
    """Each word of it makes it longer; without a load there is none."""
    sorter = Sorter(1.0)
    assert sorter.owner(user("?"), 0.0) == NOBODY
    sorter.load()
    assert sorter.owner(piece("a"), 0.0) == PAST
    sorter.loaded(5.0)
    assert sorter.past_for(5.5) == pytest.approx(0.5)
    assert sorter.owner(piece("b"), 5.9) == PAST
    assert sorter.past_for(5.9) == pytest.approx(1.0)
    assert sorter.past_for(7.0) < 0

    sorter.begin(1, "hello there")
    assert sorter.owner(piece("c"), 8.0) == 1
    assert sorter.owner(user("an old one"), 9.0) == PAST
    assert sorter.owner(piece("d"), 9.9) == PAST
    assert sorter.owner(piece("e"), 11.0) == 1
    assert sorter.owner(user("an older one"), 12.0) == PAST
    assert sorter.owner(user("hello"), 12.1) == 1
    assert sorter.owner(piece("f"), 12.2) == 1
    assert sorter.owner(user("an odd one"), 12.3) == 1  # the past is over

    data = {"type": "image", "data": "", "mimeType": "image/png"}
    image = {"sessionUpdate": "user_message_chunk", "content": data}
    sorter.load()
    sorter.loaded(13.0)
    odd = read_update({"sessionId": "s", "update": image}).chunk
    assert isinstance(odd, Other)
    assert sorter.owner(odd, 20.0) == PAST


def test_what_says_whose_it_is_goes_there() -> None:
    """By the id of a message, or of a tool call; a call that begins anew is new."""
    sorter = Sorter(1.0)
    call: Any = ToolCall("t", "T", "other", "pending", None)  # type: ignore[arg-type]
    sorter.begin(1, "a")
    assert sorter.owner(piece("a", "m1"), 0.0) == 1
    assert sorter.owner(call, 0.0) == 1
    assert sorter.knows_tool("t")
    assert sorter.end() == []
    assert sorter.owner(piece("b", "m2"), 0.0) == NOBODY

    sorter.begin(2, "b")
    assert not sorter.knows_tool("t")
    assert sorter.owner(ToolUpdate("t", None, "failed"), 0.0) == 1
    late, stray = piece("late", "m1"), Thought("stray", "m2")
    assert sorter.owner(late, 0.0) == HELD
    assert sorter.owner(stray, 0.0) == HELD
    assert sorter.owner(call, 0.0) == 2
    assert sorter.owner(ToolUpdate("t", None, "failed"), 0.0) == 2
    assert sorter.end() == [(1, late), (NOBODY, stray)]


def test_ids_that_are_the_same_in_each_turn_mean_nothing() -> None:
    """If nothing else has been said, it was the answer."""
    sorter = Sorter(1.0)
    sorter.begin(1, "a")
    sorter.owner(piece("a", "m"), 0.0)
    sorter.end()
    sorter.begin(2, "b")
    assert sorter.doubt() == []
    again = piece("b", "m")
    assert sorter.owner(again, 0.0) == HELD
    assert sorter.doubt() == [again]
    sorter.end()
    sorter.begin(3, "c")
    assert sorter.owner(piece("c", "m"), 0.0) == 3


def test_only_so_many_ids_are_remembered() -> None:
    """The oldest are forgotten; what is held back is bounded too."""
    sorter = Sorter(1.0)
    sorter.begin(1, "a")
    for number in range(2001):
        sorter.owner(piece("a", f"m{number}"), 0.0)
    sorter.end()
    sorter.begin(2, "b")
    whose = [sorter.owner(piece("late", "m2000"), 0.0) for _ in range(2001)]

    assert whose == [HELD] * 2000 + [1]
    assert len(sorter.end()) == 2000
    sorter.begin(3, "c")
    assert sorter.owner(piece("new", "m0"), 0.0) == 3


# --------------------------------------------------------------------- turns before


async def test_late_chunks_are_no_part_of_the_next_answer() -> None:
    """They are told as out of turn, with the turn that they are of."""
    call = {"sessionUpdate": "tool_call", "toolCallId": "tool-0001", "title": "Dig"}
    done = {
        "sessionUpdate": "tool_call_update",
        "toolCallId": "tool-0001",
        "status": "completed",
    }
    mine = {"messageId": "message-0001"}
    scenes: dict[str, list[Scene]] = {
        "session/prompt": [
            [["update", call], ["say", "one", mine], ["end"]],
            [["update", done], ["say", "late", mine], ["say", "two"], ["end"]],
        ]
    }
    async with open_yard(scripted(None, scenes)) as yard:
        await yard.ask("first")
        chunks, outcome = await yard.ask("second")
        strays = [(each.turn, each.chunk) for each in yard.log.of(OutOfTurn)]

    assert texts(chunks) == ["two"]
    assert len(chunks) == 1
    assert isinstance(outcome, Completed)
    assert outcome.result == "two"
    first = outcome.turn
    assert first is not None
    assert [turn for turn, _ in strays] == [first - 1, first - 1]
    assert strays[1][1] == Text("late", "message-0001")


async def test_an_agent_that_uses_its_ids_again_is_heard() -> None:
    """Late, and then no more."""
    mine = {"messageId": "m"}
    scenes: dict[str, list[Scene]] = {
        "session/prompt": [[["say", "well", mine], ["end"]]]
    }
    async with open_yard(scripted(None, scenes)) as yard:
        answers = [await yard.result("hello") for _ in range(3)]
        strays = yard.log.of(OutOfTurn)

    assert answers == ["well"] * 3
    assert strays == []


async def test_after_an_abort_the_next_prompt_waits_for_what_comes_late() -> None:
    """What does not say whose it is belongs to the turn that was aborted."""
    usage = {"sessionUpdate": "usage_update", "used": 1, "size": 2}
    scenes: dict[str, list[Scene]] = {
        "session/prompt": [
            [
                ["say", "one"],
                ["await", "session/cancel"],
                ["end", {"stopReason": "cancelled"}],
                ["update", usage],
                ["say", "late"],
            ],
            [["say", "two"], ["end"]],
        ]
    }
    async with open_yard(scripted(None, scenes, drain_window=1.0)) as yard:
        async with yard.router.open_turn("k", "first") as stream:
            await anext(stream)
            second = yard.router.send("k", "second")
            yard.router.cancel("k")
        outcome = await second.outcome()
        strays = len(yard.log.of(OutOfTurn))

    assert isinstance(outcome, Completed)
    assert outcome.result == "two"
    assert strays == 2


# ------------------------------------------------------------------ a lost conversation


async def test_a_lost_conversation_is_gone_on_with_in_the_same_process(
    tmp_path: Path,
) -> None:
    """The prompt is put again; nobody notices."""
    diary = tmp_path / "diary"
    scenes: dict[str, list[Scene]] = {
        "initialize": RESUME,
        "session/resume": [[["say", "past"], ["answer", {}]]],
        "session/prompt": [GONE, WELL],
    }
    async with open_yard(scripted(diary, scenes, mode="code")) as yard:
        chunks, outcome = await yard.ask("hello")

    assert texts(chunks) == ["well"]
    assert isinstance(outcome, Completed)
    assert "history_lost" not in outcome.notes
    assert calls(diary)[:7] == [
        "initialize",
        "session/new",
        "session/set_mode",
        "session/prompt",
        "session/resume",
        "session/set_mode",
        "session/prompt",
    ]


WELCOME: Scene = [["answer", {}]]
REFUSED: Scene = [["error", -32603, "no"]]


@pytest.mark.parametrize(("again", "lost"), [(WELCOME, False), (REFUSED, True)])
async def test_a_conversation_that_stays_lost_needs_a_new_process(
    tmp_path: Path, again: Scene, *, lost: bool
) -> None:
    """And if that cannot go on with it either, the reader is told so."""
    diary = tmp_path / "diary"
    # the first process refuses twice, and the second one, which plays from the
    # beginning, once: then it is in the same process again
    scenes: dict[str, list[Scene]] = {
        "initialize": RESUME,
        "session/resume": [again],
        "session/prompt": [GONE],
    }
    async with open_yard(scripted(diary, scenes)) as yard:
        error, outcome = await yard.failure("hello", AgentRefusedError)

    assert error.code == -32002
    assert calls(diary).count("initialize") == 2
    assert calls(diary).count("session/prompt") == (2 if lost else 3)
    assert outcome.notes.get("history_lost", False) is lost


async def test_a_conversation_that_is_lost_for_good_is_begun_anew() -> None:
    """In a new process, and the reader is told."""
    settings = scripted(None, {"session/prompt": [GONE]})
    makes = iter([settings, scripted(None, {"session/prompt": [WELL]})])

    class Second(AgentSession):
        def configure(self, settings: AgentSettings) -> AgentSettings:
            del settings
            return next(makes)

    async with open_yard(settings, make=Second) as yard:
        chunks, outcome = await yard.ask("hello")

    assert isinstance(chunks[0], HistoryLost)
    assert texts(chunks) == ["well"]
    assert outcome.notes["history_lost"] is True


async def test_what_was_begun_is_not_begun_again() -> None:
    """An agent that has said something is not asked twice."""
    scenes: dict[str, list[Scene]] = {
        "initialize": RESUME,
        "session/prompt": [[["say", "half"], *GONE], WELL],
    }
    async with open_yard(scripted(None, scenes)) as yard:
        _, outcome = await yard.failure("hello", AgentRefusedError)

    assert outcome.notes["partial"] == "half"


@pytest.mark.parametrize(
    ("code", "text", "data", "lost"),
    [
        (-32002, "Resource not found", None, True),
        (-32602, "Invalid params", {"details": "Session not found: s1"}, True),
        (-32602, "unknown session", None, True),
        (-32603, "Internal error", {"details": "The process exited with 1"}, True),
        (-32603, "Internal error", "ProcessTransport is not ready for writing", True),
        (-32603, "thread s1 no longer exists", None, True),
        (-32603, "no model today", None, False),
        (-32603, "Internal error", None, False),
        (-32602, "the image is not valid", None, False),
        (-32601, "unknown session", None, False),
    ],
)
def test_what_means_that_a_conversation_is_lost(
    code: int, text: str, data: object, *, lost: bool
) -> None:
    """One code does, and with two others the words do."""
    error = AgentRefusedError("a", "session/prompt", code, text, data)

    assert means_lost(error) is lost


@pytest.mark.parametrize("code", [-32601, -32603])
async def test_an_agent_that_cannot_resume_loads(tmp_path: Path, code: int) -> None:
    """Though it has said that it can."""
    diary = tmp_path / "diary"
    scenes: dict[str, list[Scene]] = {
        "initialize": BOTH,
        "session/resume": [[["error", code, "what?"]]],
        "session/load": [[["user", "old"], ["say", "past"], ["answer", None]]],
        "session/prompt": [WELL],
    }
    async with open_yard(scripted(diary, scenes), tokens=known()) as yard:
        chunks, outcome = await yard.ask("hello")

    assert texts(chunks) == ["well"]
    assert "history_lost" not in outcome.notes
    assert calls(diary)[:3] == ["initialize", "session/resume", "session/load"]
