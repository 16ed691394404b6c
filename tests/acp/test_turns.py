"""What a turn with an agent comes to: answers, ends, aborts; scenarios S69 to S80."""

from __future__ import annotations

import json

import attrs
import pytest
import trio
from acp.schema import McpServerStdio, TextContentBlock

from actors import (
    Aborted,
    Completed,
    OutOfTurn,
    Rejected,
    SessionStartError,
    ToolEnded,
    ToolStarted,
)
from supervision.acp import (
    AgentCancelledError,
    AgentProtocolError,
    AgentRefusedError,
    AgentSession,
    AgentSettings,
    Other,
    Plan,
    PlanStep,
    Text,
    Thought,
    ToolCall,
    ToolUpdate,
)
from supervision.acp._conversation.opening import _version
from tests.acp.scenes import Scene, scripted
from tests.acp.yard import SHORT, open_yard, puppet, texts

# ------------------------------------------------------------------------------ answers


async def test_an_answer_is_streamed_and_is_the_result() -> None:
    """Each piece as it comes, the whole at the end."""
    async with open_yard(puppet()) as yard:
        chunks, outcome = await yard.ask("say one two")

    assert chunks == [Text("one"), Text("two")]
    assert isinstance(outcome, Completed)
    assert outcome.result == "onetwo"
    assert outcome.notes == {"stop_reason": "end_turn"}


async def test_one_process_takes_all_turns_of_a_session() -> None:
    """And another one those of another session."""
    async with open_yard(puppet()) as yard:
        pids = [await yard.result("tell pid", key) for key in ("a", "a", "b")]

    assert pids[0] == pids[1] != pids[2]


async def test_a_prompt_may_be_blocks_or_several() -> None:
    """What the protocol knows goes to the agent as it is."""
    async with open_yard(puppet()) as yard:
        block = TextContentBlock(type="text", text="say it")
        results = [await yard.result(each) for each in (block, ["say", "both"])]

    assert results == ["it", "both"]


@pytest.mark.parametrize("prompt", [7, None, [], ["say", 7], b"say"])
async def test_what_is_no_prompt_fails_its_turn(prompt: object) -> None:
    """With what would be right; the agent is as good as before."""
    async with open_yard(puppet()) as yard:
        error, _ = await yard.failure(prompt, TypeError)  # type: ignore[arg-type]
        assert await yard.result("say on") == "on"

    assert "a prompt for an agent must be a str" in str(error)


async def test_every_kind_of_update_has_a_chunk() -> None:
    """What nobody knows is an `Other`, and so is a known one that is malformed."""
    async with open_yard(puppet()) as yard:
        what = "show thought call called plan image unknown broken"
        chunks, outcome = await yard.ask(what)

    thought, call, called, plan, image, unknown, broken = chunks
    assert thought == Thought("hm")
    assert isinstance(call, ToolCall)
    assert (call.id, call.title, call.kind, call.status) == (
        "t1",
        "Search",
        "search",
        "in_progress",
    )
    assert isinstance(called, ToolUpdate)
    assert (called.id, called.title, called.status) == ("t1", None, "completed")
    assert plan == Plan((PlanStep("look", "pending", "high"),))
    assert isinstance(image, Other)
    assert image.kind == "agent_message_chunk"
    assert isinstance(unknown, Other)
    assert unknown.update == {"sessionUpdate": "tomorrow", "news": 1}
    assert isinstance(broken, Other)
    assert broken.kind == "tool_call"
    assert isinstance(outcome, Completed)
    assert outcome.result == ""


async def test_the_tools_of_an_agent_are_tools_of_the_turn() -> None:
    """They have their own clock, and are told."""
    async with open_yard(puppet()) as yard:
        await yard.ask("show call called")
        started = yard.log.of(ToolStarted)
        ended = yard.log.of(ToolEnded)

    assert [event.tool for event in started] == ["Search"]
    assert [event.tool for event in ended] == ["Search"]


async def test_a_flood_of_tools_has_a_bounded_number_of_clocks() -> None:
    """All of them are told to the reader."""
    async with open_yard(puppet()) as yard:
        chunks, _ = await yard.ask("flood tools 100")
        started = yard.log.of(ToolStarted)
        ended = yard.log.of(ToolEnded)

    assert len(chunks) == 100
    assert len(started) == len(ended) == 32


async def test_an_agent_is_told_of_its_servers_of_tools() -> None:
    """As the protocol has them."""
    server = McpServerStdio(name="files", command="/bin/files", args=["-v"], env=[])
    async with open_yard(puppet(mcp_servers=[server])) as yard:
        told = json.loads(str(await yard.result("tell servers")))

    assert told == [
        {"name": "files", "command": "/bin/files", "args": ["-v"], "env": []}
    ]


async def test_a_result_is_bounded_and_a_stream_is_not() -> None:
    """The outcome says that it is cut."""
    async with open_yard(puppet(result_limit=5)) as yard:
        chunks, outcome = await yard.ask("say one two three")

    assert texts(chunks) == ["one", "two", "three"]
    assert isinstance(outcome, Completed)
    assert outcome.result == "onetw"
    assert outcome.notes["cut"] is True


async def test_s74_a_slow_reader_slows_the_agent_and_loses_nothing() -> None:
    """More than all queues and the pipe can hold."""
    async with open_yard(puppet(queue=2)) as yard:
        seen = 0
        async with yard.router.open_turn("k", "flood text 3000") as stream:
            await trio.testing.wait_all_tasks_blocked(SHORT)
            async for chunk in stream:
                assert chunk == Text(f"{seen} ")
                seen += 1
        assert yard.router.statistics().out_of_turn == 0

    assert seen == 3000


async def test_s74_cancel_works_while_the_reader_is_behind() -> None:
    """The agent is blocked at its pipe, the turn at its reader."""
    async with open_yard(puppet(queue=2)) as yard:
        async with yard.router.open_turn("k", "flood text 3000") as stream:
            await anext(stream)
            yard.router.cancel("k", reason="enough")
            outcome = await stream.outcome()
        assert await yard.result("say on") == "on"

    assert isinstance(outcome, Aborted)
    assert outcome.reason == "enough"
    assert outcome.notes["stop_reason"] == "end_turn"


# --------------------------------------------------------------------------------- ends


async def test_s69_a_chunk_after_the_end_belongs_to_the_answer() -> None:
    """If it comes in the drain window; the text too."""
    async with open_yard(puppet(drain_window=0.2)) as yard:
        chunks, outcome = await yard.ask("late words")

    assert chunks == [Text("words")]
    assert isinstance(outcome, Completed)
    assert outcome.result == "words"


async def test_s70_a_chunk_after_the_window_is_out_of_turn() -> None:
    """It is told and counted, and is not part of the next answer."""
    async with open_yard(puppet()) as yard:
        first, _ = await yard.ask("late words")
        second, _ = await yard.ask("say next")
        strays = yard.log.of(OutOfTurn)
        counted = yard.router.statistics().out_of_turn

    assert first == []
    assert second == [Text("next")]
    assert [(event.turn, event.chunk) for event in strays] == [(None, Text("words"))]
    assert counted == 1


async def test_s120_what_comes_for_no_turn_is_out_of_turn() -> None:
    """Before the first turn, and for another session."""
    async with open_yard(puppet("chatty")) as yard:
        chunks, _ = await yard.ask("show stray thought")
        strays = [event.chunk for event in yard.log.of(OutOfTurn)]

    assert chunks == [Thought("hm")]
    assert strays == [Text("by the way"), Text("not for you")]


async def test_s71_an_answer_to_nothing_is_ignored() -> None:
    """So is a notice that we do not know."""
    async with open_yard(puppet()) as yard:
        chunks, outcome = await yard.ask("show unasked odd notice thought")

    assert chunks == [Thought("hm")]
    assert isinstance(outcome, Completed)


@pytest.mark.parametrize("what", ["show thought idle", "show thought idle end"])
async def test_s80_a_turn_may_end_by_an_update(what: str) -> None:
    """As in the next version of the protocol; the next turn is not confused."""
    async with open_yard(puppet()) as yard:
        chunks, outcome = await yard.ask(what)
        assert await yard.result("say next") == "next"

    assert chunks == [Thought("hm")]
    assert isinstance(outcome, Completed)
    assert outcome.notes["stop_reason"] == "end_turn"


@pytest.mark.parametrize("reason", ["max_tokens", "max_turn_requests"])
async def test_an_answer_at_a_limit_of_the_agent_is_complete_with_a_note(
    reason: str,
) -> None:
    """It is what there is."""
    async with open_yard(puppet()) as yard:
        _, outcome = await yard.ask(f"stop {reason}")

    assert isinstance(outcome, Completed)
    assert outcome.result == "so far"
    assert outcome.notes["stop_reason"] == reason


async def test_a_refusal_is_a_rejection() -> None:
    """With what the agent has said."""
    async with open_yard(puppet()) as yard:
        _, outcome = await yard.ask("stop refusal")

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "so far"


async def test_a_turn_that_the_agent_cancels_by_itself_has_failed() -> None:
    """Nobody here has asked for it."""
    async with open_yard(puppet()) as yard:
        _, outcome = await yard.failure("stop cancelled", AgentCancelledError)
        assert await yard.result("say on") == "on"

    assert outcome.notes == {"stop_reason": "cancelled", "partial": "so far"}


@pytest.mark.parametrize("reason", ["bored", None])
async def test_an_answer_that_ends_for_a_reason_of_its_own_is_complete(
    reason: str | None,
) -> None:
    """A newer agent has newer reasons; which it was is noted."""
    ended: Scene = [
        ["say", "so far"],
        ["answer", {"stopReason": reason} if reason else {}],
    ]
    async with open_yard(scripted(None, {"session/prompt": [ended]})) as yard:
        _, outcome = await yard.ask("hello")

    assert isinstance(outcome, Completed)
    assert outcome.result == "so far"
    assert outcome.notes == {"stop_reason": reason}


@pytest.mark.parametrize("answer", [[1], {"stopReason": 7}, "done"])
async def test_an_answer_that_makes_no_sense_is_no_completion(answer: object) -> None:
    """The error shows it; the process is kept."""
    nonsense: Scene = [["say", "so far"], ["answer", answer]]
    scenes = {"session/prompt": [nonsense, [["say", "on"], ["end"]]]}
    async with open_yard(scripted(None, scenes)) as yard:
        error, outcome = await yard.failure("hello", AgentProtocolError)
        assert await yard.result("hello") == "on"

    assert "its answer to 'session/prompt' is none" in str(error)
    assert outcome.notes["partial"] == "so far"


async def test_an_error_as_answer_fails_the_turn_and_keeps_the_process() -> None:
    """With the code and the words of the agent."""
    async with open_yard(puppet()) as yard:
        first = await yard.result("tell pid")
        error, _ = await yard.failure("fail no model today", AgentRefusedError)
        second = await yard.result("tell pid")

    assert (error.method, error.code) == ("session/prompt", -32603)
    assert "no model today" in str(error)
    assert first == second


# ------------------------------------------------------------------------- declarations


class ByKey(AgentSession):
    """Runs each session's agent with its key in the environment."""

    def configure(self, settings: AgentSettings) -> AgentSettings:
        return attrs.evolve(settings, env={**settings.env, "PUPPET": self.key})


async def test_settings_may_depend_on_the_key() -> None:
    """They are made before each start of a process."""
    async with open_yard(puppet(), make=ByKey) as yard:
        told = [await yard.result("tell env", key) for key in ("a", "b")]

    assert told == ["a", "b"]


class Careless(AgentSession):
    """Forgets to return what it has made."""

    def configure(self, settings: AgentSettings) -> AgentSettings:
        del settings
        return None  # type: ignore[return-value]


async def test_settings_that_are_none_fail_the_start() -> None:
    """With the name of the hook."""
    async with open_yard(puppet(), make=Careless) as yard:
        error, _ = await yard.failure("say hello", SessionStartError)

    assert "Careless.configure() must return AgentSettings" in str(error.__cause__)


def test_hooks_of_the_wrong_kind_are_refused() -> None:
    """When the class is made."""

    def permission(*given: object) -> None:
        del given

    async def configure(*given: object) -> None:
        del given

    with pytest.raises(TypeError, match="permission must be `async def`"):
        type("Wrong", (AgentSession,), {"permission": permission})
    with pytest.raises(TypeError, match="configure must be a plain `def`"):
        type("Wrong", (AgentSession,), {"configure": configure})


async def test_a_session_takes_settings() -> None:
    """Anything else is refused when the session is made."""
    with pytest.raises(TypeError, match="takes AgentSettings, got 'my-agent'"):
        AgentSession("my-agent")  # type: ignore[arg-type]


def test_our_version_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each agent is told it at its start, and looking it up reads files."""

    def read_files(name: str) -> str:
        pytest.fail(f"looked up the version of {name}")

    known = _version()
    monkeypatch.setattr("supervision.acp._conversation.opening.version", read_files)

    assert _version() == known
