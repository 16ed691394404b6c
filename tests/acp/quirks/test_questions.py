"""What the agent asks of a person: chunks, clocks, denials, forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import trio
from acp.schema import PermissionOption, RequestPermissionRequest

from actors import Completed, Failed, Limit, TimedOut, ToolStarted, TurnPolicy
from supervision.acp import (
    AgentCancelledError,
    AgentSession,
    Elicitation,
    PermissionAsked,
    Text,
    ToolCall,
    ToolUpdate,
)
from tests.acp.scenes import Scene, scripted
from tests.acp.yard import open_yard, texts

OPTIONS = [
    {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
    {"optionId": "abort", "name": "Stop", "kind": "reject_once"},
]
TOOL = {"toolCallId": "t1", "title": "Delete everything", "kind": "delete"}
ASK = [
    "ask",
    "session/request_permission",
    {"sessionId": "s1", "toolCall": TOOL, "options": OPTIONS},
]
DONE = {
    "sessionUpdate": "tool_call_update",
    "toolCallId": "t1",
    "status": "completed",
}


class Willing(AgentSession):
    """Lets the agent do what it wants."""

    turns = TurnPolicy(inactivity=5.0, tool_limit=60.0)

    async def permission(self, request: RequestPermissionRequest) -> PermissionOption:
        await trio.lowlevel.checkpoint()
        return request.options[0]


async def test_a_tool_that_only_a_question_names_is_a_chunk() -> None:
    """With the question after it, and its clock runs from the answer."""
    scene: Scene = [ASK, ["update", DONE], ["end"]]
    async with open_yard(
        scripted(None, {"session/prompt": [scene]}), make=Willing
    ) as yard:
        chunks, outcome = await yard.ask("hello")
        started = [event.tool for event in yard.log.of(ToolStarted)]

    call, asked, update = chunks
    assert isinstance(call, ToolCall)
    assert (call.id, call.title, call.kind) == ("t1", "Delete everything", "delete")
    assert isinstance(asked, PermissionAsked)
    assert (asked.tool, asked.title) == ("t1", "Delete everything")
    assert [each.option_id for each in asked.request.options] == ["yes", "abort"]
    assert asked.meta is None
    assert isinstance(update, ToolUpdate)
    assert started[-2:] == ["permission", "Delete everything"]
    assert isinstance(outcome, Completed)


async def test_a_tool_that_was_announced_is_not_told_twice() -> None:
    """Its clock stands still while somebody is asked."""
    call = {"sessionUpdate": "tool_call", **TOOL}
    scene: Scene = [["update", call], ASK, ASK, ["update", DONE], ["end"]]
    async with open_yard(
        scripted(None, {"session/prompt": [scene]}), make=Willing
    ) as yard:
        chunks, _ = await yard.ask("hello")
        started = [event.tool for event in yard.log.of(ToolStarted)]

    assert [type(each) for each in chunks] == [
        ToolCall,
        PermissionAsked,
        PermissionAsked,
        ToolUpdate,
    ]
    assert started.count("permission") == 2
    assert started[-1] == "Delete everything"


@pytest.mark.parametrize("make", [Willing, AgentSession])
async def test_a_tool_that_may_run_has_its_own_clock(
    make: type[AgentSession], mock_clock: trio.testing.MockClock
) -> None:
    """One that may not has none: then it is the agent that is silent."""
    patient = type("Patient", (make,), {"turns": Willing.turns})
    scene: Scene = [ASK, ["say", "so"], ["await", "session/cancel"], ["end"]]
    async with (
        open_yard(scripted(None, {"session/prompt": [scene]}), make=patient) as yard,
        yard.router.open_turn("k", "hello") as stream,
    ):
        while not isinstance(await anext(stream), Text):
            pass
        # not at once: that would be a loop that stood still
        for _ in range(118 if make is Willing else 8):
            mock_clock.jump(0.5)
            await trio.testing.wait_all_tasks_blocked()
        assert stream.receipt.ended is None
        for _ in range(4):
            mock_clock.jump(0.5)
            await trio.testing.wait_all_tasks_blocked()
        outcome = await stream.outcome()

    assert isinstance(outcome, TimedOut)
    assert outcome.limit is (Limit.TOOL if make is Willing else Limit.INACTIVITY)


async def test_our_denial_is_a_denial() -> None:
    """Also if the agent knows no other way than to end its turn as cancelled."""
    scene: Scene = [["say", "well"], ASK, ["end", {"stopReason": "cancelled"}]]
    async with open_yard(scripted(None, {"session/prompt": [scene]})) as yard:
        chunks, outcome = await yard.ask("hello")

    assert isinstance(outcome, Completed)
    assert outcome.result == "well"
    assert outcome.notes["stop_reason"] == "cancelled"
    assert outcome.notes["denied"] == ("Delete everything",)
    assert chunks[-1] == ToolUpdate("t1", None, "cancelled")


async def test_what_we_have_allowed_is_no_reason_to_be_cancelled() -> None:
    """Then the agent has done that by itself."""
    scene: Scene = [ASK, ["end", {"stopReason": "cancelled"}]]
    async with open_yard(
        scripted(None, {"session/prompt": [scene]}), make=Willing
    ) as yard:
        _, outcome = await yard.ask("hello")

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, AgentCancelledError)


# ------------------------------------------------------------------------ forms


FORM: dict[str, Any] = {
    "sessionId": "s1",
    "mode": "form",
    "message": "Your name?",
    "toolCallId": "t1",
    "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}},
}
PAGE = {"sessionId": "s1", "mode": "url", "message": "Log in", "url": "http://[::1]/"}


class Clerk(AgentSession):
    """Answers as its class says, and keeps what it was asked."""

    answer: Any = None
    asked: Elicitation

    async def elicitation(self, asked: Elicitation) -> Mapping[str, Any] | None:
        await trio.lowlevel.checkpoint()
        type(self).asked = asked
        if isinstance(self.answer, Exception):
            raise self.answer
        answer: Mapping[str, Any] | None = self.answer
        return answer


def form(params: object) -> dict[str, list[Scene]]:
    """A turn that asks for something, and says what the answer was."""
    scene: Scene = [["ask", "elicitation/create", params], ["tell"], ["end"]]
    return {"session/prompt": [scene]}


@pytest.mark.parametrize(
    ("params", "answer", "heard"),
    [
        (FORM, {"name": "Ann"}, '{"action": "accept", "content": {"name": "Ann"}}'),
        (PAGE, {}, '{"action": "accept", "content": {}}'),
        (FORM, None, '{"action": "decline"}'),
        (FORM, LookupError("no"), '{"action": "cancel"}'),
        (FORM, "Ann", '{"action": "cancel"}'),
    ],
)
async def test_a_form_is_answered_as_the_hook_says(
    params: object, answer: object, heard: str
) -> None:
    """A hook that fails answers nothing."""
    make: Any = type("OneClerk", (Clerk,), {"answer": answer})
    async with open_yard(scripted(None, form(params)), make=make) as yard:
        chunks, _ = await yard.ask("hello")

    assert texts(chunks) == [heard]
    assert make.asked.message in ("Your name?", "Log in")
    assert (make.asked.mode, make.asked.tool) in (("form", "t1"), ("url", None))
    assert make.asked.url == (None if params is FORM else "http://[::1]/")
    assert bool(make.asked.schema) is (params is FORM)


async def test_by_default_a_form_is_declined() -> None:
    """In order, though we have said that nobody answers."""
    async with open_yard(scripted(None, form(FORM))) as yard:
        assert await yard.result("hello") == '{"action": "decline"}'


async def test_a_form_that_is_none_is_refused() -> None:
    """As a call that makes no sense."""
    async with open_yard(scripted(None, form({"mode": 1}))) as yard:
        assert "-32602" in str(await yard.result("hello"))


def test_the_hook_is_asynchronous() -> None:
    """It waits for a person."""

    def elicitation(*given: object) -> None:
        del given

    with pytest.raises(TypeError, match="elicitation must be `async def`"):
        type("Wrong", (AgentSession,), {"elicitation": elicitation})
