"""Nothing is left of an agent and of all it has started, however it ends: S94."""

from __future__ import annotations

import math
import os
import signal
from pathlib import Path

import pytest
import trio

from actors import Receipt, TurnPolicy, open_system
from supervision import Limits, start_router
from supervision.acp import (
    AgentSession,
    AgentSettings,
    PromptLike,
    Text,
    open_agent_process,
)
from tests.acp.yard import (
    BOUND,
    SHORT,
    Yard,
    alive,
    assert_no_zombies,
    open_yard,
    puppet,
)

SPAWNED = ["", "deaf", "session", "deaf session", "deaf naked", "deaf session holding"]
"""What an agent starts: deaf to SIGTERM, in its own session, with no environment of
ours, with our pipe in its hand."""


async def spawn(yard: Yard, how: str) -> tuple[int, int]:
    """Have the agent start something; its number and the agent's. The turn runs on."""
    leader = int(str(await yard.result("tell pid")))
    async with yard.router.open_turn("k", f"start {how}") as stream:
        chunk = await anext(stream)
    assert isinstance(chunk, Text)
    child = int(chunk.text)
    assert alive(leader)
    assert alive(child)
    return leader, child


@pytest.mark.parametrize("how", SPAWNED)
async def test_what_an_agent_has_started_ends_with_it(how: str) -> None:
    """Whatever it does against that."""
    async with open_yard(puppet(end_within=SHORT)) as yard:
        leader, child = await spawn(yard, how)
        yard.router.close("k")
        await yard.router.drain(within=BOUND)
        assert not alive(leader)
        assert not alive(child)


@pytest.mark.parametrize("how", SPAWNED)
async def test_what_an_agent_has_started_ends_when_it_is_killed(how: str) -> None:
    """`kill -9` of the agent alone; the next prompt has a new agent."""
    async with open_yard(puppet(end_within=SHORT)) as yard:
        leader, child = await spawn(yard, how)
        os.kill(leader, signal.SIGKILL)
        second = await yard.router.send("k", "tell pid").outcome()
        if alive(child):  # the prompt was faster than the end of its pipe
            second = await yard.router.send("k", "tell pid").outcome()
        assert not alive(child)
        assert second.notes["stop_reason"] == "end_turn"


async def end_by(how: str, yard: Yard) -> None:
    """End the session "k", in some way."""
    match how:
        case "close":
            yard.router.close("k")
        case "close while busy":
            yard.router.send("k", "stay stubborn")
            yard.router.close("k")
        case "reset":
            yard.router.reset("k")
        case "eviction":
            await yard.result("say hello", "other")
        case "reaping":
            pass  # by itself
        case "drain":
            await yard.router.drain(within=BOUND)
        case "stop":
            yard.router.ref.stop()
            await yard.router.ref.wait_stopped()
        case _:
            pytest.fail(how)


@pytest.mark.parametrize(
    "how",
    ["close", "close while busy", "reset", "eviction", "reaping", "drain", "stop"],
)
@pytest.mark.parametrize("deaf", [False, True])
async def test_s94_an_agent_ends_with_its_session(how: str, *, deaf: bool) -> None:
    """Also one that is deaf to SIGTERM, and the end of its input."""
    limits = Limits(sessions=1, idle=SHORT if how == "reaping" else math.inf)
    words = ["deaf"] if deaf else []
    settings = puppet(*words, end_within=SHORT, cancel_grace=SHORT)
    async with open_yard(settings, limits=limits) as yard:
        pid = int(str(await yard.result("tell pid")))
        await end_by(how, yard)
        while alive(pid):
            await trio.testing.wait_all_tasks_blocked(0.01)


@pytest.mark.parametrize("busy", [False, True])
async def test_s94_agents_end_when_the_whole_program_is_cancelled(
    *, busy: bool
) -> None:
    """A deaf one too, while it answers or not."""
    receipts: list[Receipt[PromptLike]] = []
    settings = puppet("deaf", end_within=SHORT, cancel_grace=SHORT)
    pids: list[int] = []
    with trio.fail_after(BOUND), trio.CancelScope() as root:
        async with open_system() as system:
            router = start_router(system, AgentSession, settings)
            outcome = await router.send("k", "tell pid").outcome()
            pids.append(int(outcome.result))  # type: ignore[attr-defined]
            if busy:
                async with router.open_turn("k", "stay stubborn") as stream:
                    await anext(stream)
                    receipts.append(stream.receipt)
                    root.cancel()
                    await trio.sleep_forever()
            root.cancel()
            await trio.sleep_forever()

    assert root.cancelled_caught
    assert not alive(pids[0])
    assert_no_zombies()
    assert all(receipt.ended is not None for receipt in receipts)


async def test_s62_an_agent_that_is_ended_in_a_turn_is_told_to_cancel(
    tmp_path: Path,
) -> None:
    """So that it can save what it has; then its input ends."""
    diary = tmp_path / "diary"
    settings = puppet("deaf", env={"DIARY": str(diary)}, end_within=BOUND)
    async with (
        open_yard(settings) as yard,
        yard.router.open_turn("k", "stay stubborn") as stream,
    ):
        await anext(stream)
        yard.router.ref.kill()
        await yard.router.ref.wait_stopped()

    assert diary.read_text(encoding="utf-8").split()[-2:] == ["session/cancel", "end"]


async def test_a_process_lives_for_the_length_of_a_block() -> None:
    """Whoever wants another protocol may use it without sessions."""
    with trio.fail_after(BOUND):
        async with open_agent_process(puppet("rubbish")) as process:
            assert (await process.read()).startswith(b"Welcome to the agent!")
            assert process.code is None

    assert process.code is not None
    assert not alive(process.pid)


async def test_a_block_that_fails_ends_its_process() -> None:
    """And the error is its own."""
    pids: list[int] = []

    async def fail() -> None:
        async with open_agent_process(puppet("deaf", end_within=0.0)) as process:
            pids.append(process.pid)
            raise LookupError

    with pytest.raises(LookupError), trio.fail_after(BOUND):
        await fail()

    assert not alive(pids[0])


async def test_a_router_of_agents_has_ten_of_them_unless_it_is_told() -> None:
    """Each is a process.  Also where it is told other limits, or a subclass is."""

    class Own(AgentSession):
        """It is silent about how many."""

        limits = Limits(idle=60.0)

    async with open_system() as system:
        settings = AgentSettings(["agent"])
        default = start_router(system, AgentSession, settings, name="default")
        told = Limits(idle=5.0)
        some = start_router(system, AgentSession, settings, limits=told, name="some")
        own = start_router(system, Own, settings, name="own")
        many = Limits(sessions=50)
        more = start_router(system, Own, settings, limits=many, name="more")

        assert default.limits == Limits(sessions=10, turns=10)
        assert some.limits == Limits(sessions=10, turns=10, idle=5.0)
        assert own.limits == Limits(sessions=10, turns=10, idle=60.0)
        assert more.limits == Limits(sessions=50, turns=10)


def test_a_turn_of_an_agent_has_longer_to_end_than_its_process_needs() -> None:
    """Also where a subclass says other things of its turns."""
    settings = AgentSettings(["agent"])
    needed = settings.cancel_grace + settings.end_within

    assert AgentSession.turns.abort_grace == 120
    assert TurnPolicy().abort_grace == 30 > needed
