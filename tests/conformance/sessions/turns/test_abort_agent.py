"""Aborting a turn that an agent behind a pipe works on.

Each test is a scenario of chat services that run many sessions at once, by its number.
"""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import Aborted, Completed, OutOfTurn, Receipt
from actors.testing import open_tasks, seeds
from supervision import RouterRef
from tests.conformance.sessions.agent_double import (
    Ask,
    Cancel,
    Decide,
    Host,
    Prompt,
    Reply,
    Update,
    open_host,
)


async def begin(host: Host, router: RouterRef[str, str], text: str) -> Receipt[str]:
    """Send a prompt, and wait until the agent has it."""
    receipt = router.send("k", text)
    await settle()
    assert host.agent.heard[-1] == Prompt(host.agent.prompts()[-1], text)
    return receipt


@seeds(50)
async def test_s62_a_session_that_is_cancelled_in_a_turn_still_cleans_up() -> None:
    """The agent is told, the user's message finished, nobody waits for an answer.

    An agent that takes no more words holds it up for as long as it may, no longer.
    """
    for deaf, seconds in ((False, 0), (True, 5)):
        begun = trio.current_time()
        receipts: list[Receipt[str]] = []
        held: list[Host] = []
        before = open_tasks()
        with trio.CancelScope() as scope:
            async with open_host() as (host, router, _, _system):
                held.append(host)
                receipts.append(await begin(host, router, "work"))
                receipts.append(router.send("k", "queued"))
                host.agent.deaf = deaf
                scope.cancel()
                await trio.sleep_forever()

        assert trio.current_time() == begun + seconds
        outcome = receipts[0].ended
        assert isinstance(outcome, Aborted)
        [host] = held
        assert (Cancel() in host.agent.heard) == (not deaf)
        assert host.finals == [(receipts[0].turn, outcome)]
        assert host.clients[0].waiting == {}
        assert host.agent.gone
        assert receipts[1].ended is not None
        assert receipts[1].turn is None
        assert open_tasks() == before


@seeds(20)
async def test_s65_pending_permissions_are_answered_cancelled() -> None:
    """What the agent says before its own end still belongs to the turn."""
    async with open_host() as (host, router, log, _):
        async with router.open_turn("k", "work") as answer:
            await settle()
            agent = host.agent
            [number] = agent.prompts()
            agent.say(Update("a"), Ask(71), Ask(72))
            await settle()
            assert answer.turn is not None
            router.abort(answer.turn, reason="stop")
            await settle()

            assert agent.heard[-3:] == [
                Decide(71, "cancelled"),
                Decide(72, "cancelled"),
                Cancel(),
            ]
            assert answer.ended is None
            agent.say(Update("b"), Reply(number, "cancelled"))
            outcome = await answer.outcome()
            assert outcome == Aborted(
                "stop", turn=answer.turn, notes={"stop_reason": "cancelled"}
            )
            assert [await anext(answer), await anext(answer)] == ["a", "b"]
        assert log.of(OutOfTurn) == []
        assert host.clients[0].asked == []
        assert not agent.gone


@seeds(20)
async def test_s66_an_agent_that_calls_a_cancelled_turn_its_end_is_not_believed() -> (
    None
):
    """Who has asked for the end decides; what the agent called it is a note."""
    async with open_host() as (host, router, _, _system):
        receipt = await begin(host, router, "work")
        router.cancel("k", reason="stop")
        await settle()
        host.agent.say(Reply(host.agent.prompts()[-1], "end_turn"))

        outcome = await receipt.outcome()

        assert isinstance(outcome, Aborted)
        assert outcome.reason == "stop"
        assert dict(outcome.notes) == {"stop_reason": "end_turn"}
        assert [each for _, each in host.finals] == [outcome]
        following = await begin(host, router, "next")
        host.agent.say(Reply(host.agent.prompts()[-1], "end_turn"))
        assert isinstance(await following.outcome(), Completed)
        assert len(host.agents) == 1


@seeds(20)
async def test_s67_an_agent_that_never_ends_a_cancelled_turn_is_replaced() -> None:
    """After the grace its process is ended; the session is as good as new."""
    async with open_host() as (host, router, _, _system):
        receipt = await begin(host, router, "work")
        queued = router.send("k", "queued")
        router.cancel("k", reason="stop")
        await trio.sleep(4.9)
        assert receipt.ended is None
        assert not host.agent.gone

        outcome = await receipt.outcome()

        assert trio.current_time() == 5
        assert isinstance(outcome, Aborted)
        assert not outcome.late
        assert host.agents[0].gone
        await settle()
        assert len(host.agents) == 2
        assert host.agent.heard[-1] == Prompt(host.agent.prompts()[-1], "queued")
        # the first one speaks up from its grave
        host.agent.say(Update("yes"), Reply(host.agent.prompts()[-1], "end_turn"))
        answered = await queued.outcome()
        assert isinstance(answered, Completed)
        assert answered.result == "yes"
