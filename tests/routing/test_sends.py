"""`turn.send` without a store: sent in the step in which the turn completes."""

from __future__ import annotations

import logging
from typing import ClassVar

import pytest
import trio

from actors import (
    Completed,
    Failed,
    PromptEnded,
    PromptPolicy,
    QuarantinedError,
    Session,
    TimedOut,
    Turn,
    TurnOverError,
    TurnPolicy,
    open_system,
)
from actors.testing import EventLog, seeds
from supervision import Limits, RestartLimit, start_router


class Poster(Session[str, str]):
    """Sends x to bob, and what else a word of the prompt says."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=1)
    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=50)
    door: ClassVar[trio.Event]
    begun: ClassVar[list[tuple[str, str]]]
    kept: ClassVar[list[Turn[str, str]]]

    async def take_turn(self, turn: Turn[str, str]) -> None:
        """Play."""
        self.begun.append((self.key, turn.prompt))
        if self.key == "ann":
            turn.send("bob", "x", id="x")
            turn.send("ann", "again") if turn.prompt == "own" else None
        match turn.prompt:
            case "fail":
                raise ValueError(turn.prompt)
            case "wait":
                await self.door.wait()
            case "hang":
                await trio.sleep_forever()
            case "reject":
                turn.reject()
            case "crash":
                self.start_soon(_crash)
                await trio.sleep_forever()
            case "child":
                await turn.run_child(self.child)
            case "keep":
                self.kept.append(turn)
            case _:
                pass

    async def child(self, turn: Turn[str, str]) -> None:
        """Send, and fail."""
        turn.send("cat", "x")
        raise ValueError(turn.key)

    async def answer_aside(self, turn: Turn[str, str]) -> None:
        """Send, which is refused."""
        turn.send("bob", "x")


async def _crash() -> None:
    raise ValueError


def begin() -> None:
    """Begin anew: each seed does."""
    Poster.begun, Poster.kept = [], []
    Poster.door = trio.Event()


@seeds(3)
async def test_what_was_sent_is_accepted_in_the_step_of_the_outcome() -> None:
    """And runs as any other; its own key's behind those that wait."""
    begin()
    async with open_system() as system:
        router = start_router(system, Poster)
        own = router.send("ann", "own")
        behind = router.send("ann", "two")
        await own.outcome()
        assert router.statistics().accepted == 4
        await behind.outcome()
        with trio.fail_after(1):
            while len(Poster.begun) < 4:  # noqa: ASYNC110 - nobody tells
                await trio.lowlevel.checkpoint()

    assert [each for each in Poster.begun if each[0] == "ann"] == [
        ("ann", "own"),
        ("ann", "two"),
        ("ann", "again"),
    ]
    assert Poster.begun.count(("bob", "x")) == 1  # the id was known the other times


@seeds(3)
@pytest.mark.parametrize("how", ["fail", "hang", "abort", "reject", "crash"])
async def test_a_turn_that_does_not_complete_sends_nothing(how: str) -> None:
    """Whatever ended it."""
    begin()
    async with open_system() as system:
        router = start_router(system, Poster)
        receipt = router.send("ann", "hang" if how == "abort" else how)
        if how == "abort":
            while not Poster.begun:  # noqa: ASYNC110 - nobody tells
                await trio.lowlevel.checkpoint()
            router.cancel("ann")
        outcome = await receipt.outcome()
        await trio.sleep(10)
        assert router.statistics().accepted == 1

    assert not isinstance(outcome, Completed)
    assert isinstance(outcome, TimedOut) == (how == "hang")


@seeds(3)
async def test_what_a_child_sends_is_its_parents() -> None:
    """Also of a child that fails, as with the state."""
    begin()
    async with open_system() as system:
        router = start_router(system, Poster)
        await router.send("ann", "child").outcome()
        await trio.sleep(1)

    assert ("cat", "x") in Poster.begun


@seeds(3)
async def test_an_aside_and_a_turn_that_has_ended_send_nothing() -> None:
    """They say so."""
    begin()
    async with open_system() as system:
        router = start_router(system, Poster)
        await router.send("ann", "keep").outcome()
        outcome = await router.ask_aside("ann", "what?").outcome()
        with pytest.raises(TurnOverError, match="send anything"):
            Poster.kept[0].send("bob", "y")

    assert isinstance(outcome, Failed)
    assert "side question" in str(outcome.error)


class Parent(Session[str, str]):
    """Its turns have children, who keep what they are given."""

    heard: ClassVar[list[int]]

    async def take_turn(self, turn: Turn[str, str]) -> None:
        """Have a child that ends before it, or one that outlives it."""
        if turn.prompt == "before":
            kept: list[Turn[str, str]] = []

            async def end(child: Turn[str, str]) -> None:
                kept.append(child)

            await turn.run_child(end)
            with pytest.raises(TurnOverError) as caught:
                kept[0].send("bob", "x")
            self.heard.append(caught.value.turn)
        elif turn.prompt == "after":
            await turn.start_child(self.outlive, critical=True)
            await trio.sleep(1)

    async def outlive(self, child: Turn[str, str]) -> None:
        """Send when the parent has ended."""
        await trio.sleep(2)
        with pytest.raises(TurnOverError) as caught:
            child.send("bob", "x")
        self.heard.append(caught.value.turn)


@seeds(3)
@pytest.mark.parametrize(("prompt", "turn"), [("before", 2), ("after", 1)])
async def test_what_has_ended_sends_nothing_by_what_is_left(
    prompt: str, turn: int
) -> None:
    """Neither a child of a turn that runs, nor a turn by a child that runs."""
    Parent.heard = []
    async with open_system() as system:
        router = start_router(system, Parent)
        assert isinstance(await router.send("ann", prompt).outcome(), Completed)
        await trio.sleep(5)
        assert router.statistics().accepted == 1

    assert Parent.heard == [turn]


@seeds(3)
async def test_above_the_limits_it_waits() -> None:
    """Above the capacity of the queue, and for a place."""
    begin()
    async with open_system() as system:
        router = start_router(system, Poster, limits=Limits(sessions=1, turns=1))
        first = router.send("ann", "wait")
        second = router.send("ann", "own")
        await trio.sleep(1)
        Poster.door.set()
        await first.outcome()
        await second.outcome()
        await trio.sleep(1)

    assert Poster.begun.count(("bob", "x")) == 1
    assert Poster.begun.count(("ann", "again")) == 1


@seeds(3)
async def test_a_key_in_quarantine_has_an_outcome_for_it() -> None:
    """And no turn."""
    begin()
    async with open_system() as system:
        limits = Limits(restarts=RestartLimit(0, within=60))
        router = start_router(system, Poster, limits=limits)
        await router.send("bob", "crash").outcome()
        log = EventLog(system)
        await router.send("ann", "one").outcome()
        await trio.sleep(1)
        found = [each.outcome for each in log.of(PromptEnded) if each.key == "bob"]

    assert len(found) == 1
    outcome = found[0]
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, QuarantinedError)


@seeds(3)
async def test_where_there_is_no_router_any_more_it_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A drain whose time is over: its own key's is lost, a new one's is refused."""
    begin()
    async with open_system() as system:
        router = start_router(system, Poster, limits=Limits(sessions=1))
        receipt = router.send("ann", "wait")
        while not Poster.begun:  # noqa: ASYNC110 - nobody tells
            await trio.lowlevel.checkpoint()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(router.drain, 10)
            await trio.sleep(1)
            Poster.door.set()
            with caplog.at_level(logging.WARNING):
                assert isinstance(await receipt.outcome(), Completed)
        assert router.statistics().refused == {"ClosedToNewError": 1}

    assert "has not got a prompt that a turn has left for it" in caplog.text
    assert ("bob", "x") not in Poster.begun
