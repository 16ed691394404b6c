"""A turn with an agent is aborted, or asks for permission: S65 to S67, S82."""

from __future__ import annotations

import contextlib

import pytest
import trio
from acp.schema import PermissionOption, RequestPermissionRequest

from actors import (
    Aborted,
    Completed,
    Limit,
    Rejected,
    TimedOut,
    TurnNotCompletedError,
    TurnPolicy,
)
from supervision.acp import AgentSession, Chunk, Text, ToolCall
from tests.acp.yard import SHORT, Yard, open_yard, puppet, texts

# ------------------------------------------------------------------------------- aborts


async def abort_when_it_stays(yard: Yard, prompt: str) -> Aborted:
    """Cancel a turn once the agent has begun it."""
    async with yard.router.open_turn("k", prompt) as stream:
        assert await anext(stream) == Text("staying")
        yard.router.cancel("k", reason="enough")
        outcome = await stream.outcome()
    assert isinstance(outcome, Aborted)
    assert outcome.reason == "enough"
    return outcome


@pytest.mark.parametrize(
    ("how", "reason"),
    [("", "cancelled"), ("lying", "end_turn"), ("talking", "cancelled")],
)
async def test_s66_an_abort_is_an_abort_whatever_the_agent_says(
    how: str, reason: str
) -> None:
    """Its reason is kept as a note; the process takes the next turn."""
    async with open_yard(puppet()) as yard:
        first = await yard.result("tell pid")
        outcome = await abort_when_it_stays(yard, f"stay {how}")
        second = await yard.result("tell pid")

    assert outcome.notes["stop_reason"] == reason
    assert first == second


@pytest.mark.parametrize("how", ["stubborn", "reading nothing"])
async def test_s67_an_agent_that_does_not_cancel_is_ended(how: str) -> None:
    """After the grace; the next prompt gets another process."""
    async with open_yard(puppet(cancel_grace=SHORT)) as yard:
        first = await yard.result("tell pid")
        outcome = await abort_when_it_stays(yard, f"stay {how}")
        second = await yard.result("tell pid")

    assert "stop_reason" not in outcome.notes
    assert first != second


async def test_a_turn_that_was_aborted_in_time_is_heard_to_its_end() -> None:
    """What the agent says before it ends is still the turn's: S65."""
    async with open_yard(puppet()) as yard:
        seen: list[Chunk] = []
        async with yard.router.open_turn("k", "stay talking") as stream:
            seen.append(await anext(stream))
            yard.router.cancel("k")
            await stream.outcome()
        assert yard.router.statistics().out_of_turn == 0
        assert yard.router.statistics().chunks == 2

    assert seen == [Text("staying")]


async def test_a_soft_abort_ends_the_turn_and_keeps_what_was_said() -> None:
    """The agent is asked to end; that it says `cancelled` is right then."""
    async with (
        open_yard(puppet()) as yard,
        yard.router.open_turn("k", "stay talking") as stream,
    ):
        await anext(stream)
        yard.router.cancel("k", hard=False, hint="be brief")
        chunks = [chunk async for chunk in stream]
        outcome = await stream.outcome()

    assert chunks == [Text("well")]
    assert isinstance(outcome, Completed)
    assert outcome.interrupted == "be brief"
    assert outcome.result == "stayingwell"


class Hasty(AgentSession):
    """Has no patience with silence."""

    turns = TurnPolicy(inactivity=SHORT)


async def test_a_silent_agent_is_timed_out_and_cancelled() -> None:
    """The turn's own clock; the process is kept, because it obeys."""
    async with open_yard(puppet(), make=Hasty) as yard:
        _, outcome = await yard.ask("stay")

    assert isinstance(outcome, TimedOut)
    assert outcome.limit is Limit.INACTIVITY
    assert outcome.notes["stop_reason"] == "cancelled"


class Patient(AgentSession):
    """Has no patience with silence, and some with tools."""

    turns = TurnPolicy(inactivity=1.0, tool_limit=5.0)


async def test_s82_silence_is_no_silence_while_a_tool_runs(
    mock_clock: trio.testing.MockClock,
) -> None:
    """Only the clock of the tool counts; a busy machine is not what is silent."""
    async with (
        open_yard(puppet(), make=Patient) as yard,
        yard.router.open_turn("k", "tools") as stream,
    ):
        assert isinstance(await anext(stream), ToolCall)
        mock_clock.jump(4.9)
        await trio.testing.wait_all_tasks_blocked()
        assert stream.receipt.ended is None
        mock_clock.jump(0.2)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(0.1)  # a clock that is late is looked at once more
        outcome = await stream.outcome()

    assert isinstance(outcome, TimedOut)
    assert outcome.limit is Limit.TOOL


async def test_a_steering_prompt_becomes_a_turn_of_its_own() -> None:
    """It is never lost, and its outcome says so."""
    async with open_yard(puppet()) as yard:
        async with yard.router.open_turn("k", "stay talking") as stream:
            await anext(stream)
            steering = stream.steer("say more")
            yard.router.cancel("k")
        outcome = await steering.outcome()

    assert isinstance(outcome, Completed)
    assert outcome.result == "more"


async def test_a_side_question_is_rejected() -> None:
    """An agent answers one prompt at a time."""
    async with open_yard(puppet()) as yard:
        outcome = await yard.router.ask_aside("k", "say aside").outcome()

    assert isinstance(outcome, Rejected)
    assert "one prompt at a time" in str(outcome.reason)


# --------------------------------------------------------------------------- permission


class Judge(AgentSession):
    """Decides as its class says."""

    verdict = "yes"

    async def permission(
        self, request: RequestPermissionRequest
    ) -> PermissionOption | None:
        await trio.lowlevel.checkpoint()
        match self.verdict:
            case "raise":
                raise LookupError(request.tool_call.title)
            case "foreign":
                return PermissionOption(
                    option_id="root", name="Root", kind="allow_always"
                )
            case "wait":
                await trio.sleep_forever()
            case _:
                pass
        found = [each for each in request.options if each.option_id == self.verdict]
        return found[0] if found else None


@pytest.mark.parametrize(
    ("verdict", "heard"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("nothing", "cancelled"),
        ("raise", "cancelled"),
        ("foreign", "cancelled"),
    ],
)
async def test_permission_is_what_the_hook_says(verdict: str, heard: str) -> None:
    """A hook that fails, or invents an option, permits nothing."""
    make = type("OneJudge", (Judge,), {"verdict": verdict})
    async with open_yard(puppet(), make=make) as yard:
        assert await yard.result("permit") == heard


async def test_by_default_nothing_is_permitted() -> None:
    """The agent is told no, this once."""
    async with open_yard(puppet()) as yard:
        assert await yard.result("permit") == "no"


@pytest.mark.parametrize("hard", [False, True])
async def test_s65_an_abort_answers_what_is_being_decided(*, hard: bool) -> None:
    """It is cancelled, before the turn has ended."""
    make = type("Waiting", (Judge,), {"verdict": "wait"})
    async with open_yard(puppet(), make=make) as yard:
        chunks: list[Chunk] = []
        async with yard.router.open_turn("k", "permit to the end") as stream:
            while (info := yard.router.inspect("k")) is None or info.tool is None:
                await trio.testing.wait_all_tasks_blocked()
            assert info.tool == "permission"
            yard.router.cancel("k", hard=hard)
            with contextlib.suppress(TurnNotCompletedError):
                async for chunk in stream:
                    chunks.append(chunk)  # noqa: PERF401 - kept if it ends early

    assert texts(chunks) == ["decided: cancelled"]


async def test_more_questions_than_there_is_room_for_are_answered_no() -> None:
    """At once, while nobody decides about the others."""
    make = type("Waiting", (Judge,), {"verdict": "wait"})
    async with open_yard(puppet(queue=4), make=make) as yard:
        assert await yard.result("permit much") == "cancelled"


async def test_the_agent_may_take_its_question_back() -> None:
    """It gets the error that says so."""
    make = type("Waiting", (Judge,), {"verdict": "wait"})
    async with open_yard(puppet(), make=make) as yard:
        assert await yard.result("permit revoke") == "error -32800"


@pytest.mark.parametrize(("what", "code"), [("file", "-32601"), ("badly", "-32602")])
async def test_what_is_not_offered_is_refused(what: str, code: str) -> None:
    """Files are not, and a malformed question has no answer."""
    async with open_yard(puppet()) as yard:
        assert await yard.result(f"permit {what}") == code
