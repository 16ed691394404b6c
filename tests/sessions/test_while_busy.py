"""What a second prompt does while a turn runs: with real sessions, by real senders."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    Completed,
    Outcome,
    Preempted,
    PromptAccepted,
    PromptPolicy,
    Session,
    SessionBusyError,
    Turn,
    TurnNotCompletedError,
    TurnPolicy,
    WhileBusy,
    open_system,
)
from actors.testing import TurnLog, seeds
from supervision import Limits, RouterRef, start_router


class Answers(Session[str, str]):
    """Answers word by word; what it has said is its state."""

    initial_state: ClassVar[Any] = ()
    turns: ClassVar[TurnPolicy] = TurnPolicy(abort_grace=5)
    prompts: ClassVar[PromptPolicy] = PromptPolicy(busy=WhileBusy.INTERRUPT)

    async def take_turn(self, turn: Turn[str, str]) -> str:
        for word in turn.prompt.split():
            await trio.sleep(1)
            await turn.emit(word)
            turn.state = (*turn.state, word)
        return turn.prompt


class Replaced(Answers):
    """What comes replaces what runs."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(busy=WhileBusy.REPLACE)


class Lingers(Answers):
    """Waits for late chunks."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(drain_window=10)


class Parent(Answers):
    """Has a child do it, one that may outlive it, and says how it ended."""

    ended: ClassVar[list[Outcome]] = []

    async def take_turn(self, turn: Turn[str, str]) -> str:
        if turn.prompt != "parent":
            return turn.prompt
        child = await turn.start_child(self.be_child, critical=True)
        try:
            await child.outcome()
        finally:
            with trio.CancelScope(shield=True):
                self.ended.append(await child.outcome())
        return turn.prompt

    async def be_child(self, turn: Turn[str, str]) -> None:
        """Take long."""
        await turn.emit("child")
        await trio.sleep(100)


async def say(router: RouterRef[str, str], key: str = "k") -> str:
    """Send one more, and say what came of it."""
    outcome = await router.send(key, "three").outcome()
    assert isinstance(outcome, Completed)
    return str(outcome.result)


@seeds(5)
@pytest.mark.parametrize(("make", "kept"), [(Answers, True), (Replaced, False)])
async def test_the_next_prompt_runs_instead(make: type[Answers], kept: Any) -> None:
    """What was said stays, or is undone; the reader of the old answer is told."""
    async with open_system() as system:
        log = TurnLog(system)
        router = start_router(system, make)
        first = router.send("k", "one two")
        waits = router.follow_up("k", "four")
        await trio.sleep(1.5)
        second = router.send("k", "three")

        reason = Preempted(second.id, kept=kept)
        assert await first.outcome() == Aborted(reason, turn=1)
        assert await second.outcome() == Completed("three", turn=2)
        assert await waits.outcome() == Completed("four", turn=3)
        outcome = await router.run_exclusive("k", state_of).outcome()
        assert isinstance(outcome, Completed)
        said = ("three", "four")
        assert outcome.result == (("one", *said) if kept else said)
        assert [each.first for each in log.of(PromptAccepted)].count(True) == 1
    log.check()


async def state_of(turn: Turn[str, str]) -> Any:
    """Say what the state is."""
    await trio.lowlevel.checkpoint()
    return turn.state


@seeds(5)
async def test_a_reader_is_told_that_its_answer_is_not_complete() -> None:
    """And by which prompt that was, though it is another reader's."""
    async with open_system() as system:
        router = start_router(system, Answers)
        read: list[str] = []

        async def other() -> None:
            await trio.sleep(1.5)
            async with router.open_turn("k", "three") as answer:
                read.extend([word async for word in answer])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            async with router.open_turn("k", "one two") as answer:
                with pytest.raises(TurnNotCompletedError) as caught:
                    read.extend([word async for word in answer])
        outcome = caught.value.outcome
        assert isinstance(outcome, Aborted)
        assert isinstance(outcome.reason, Preempted)
        assert read == ["three"]


@seeds(5)
@pytest.mark.parametrize("busy", [WhileBusy.INTERRUPT, WhileBusy.REPLACE])
async def test_a_turn_that_has_returned_completes_when_it_is_interrupted(
    busy: WhileBusy,
) -> None:
    """Its window for late chunks ends at once; replaced, it is aborted like any."""
    async with open_system() as system:
        router = start_router(system, Lingers)
        first = router.send("k", "one")
        await trio.sleep(2)  # its code is over
        second = router.send("k", "three", busy=busy)
        begun = trio.current_time()
        outcome = await first.outcome()

        assert trio.current_time() == begun
        if busy is WhileBusy.INTERRUPT:
            assert outcome == Completed("one", turn=1)
        else:
            assert outcome == Aborted(Preempted(second.id, kept=False), turn=1)
        assert isinstance(await second.outcome(), Completed)


@seeds(5)
async def test_children_of_the_turn_go_with_it() -> None:
    """Those too that may outlive a parent that ends in order."""
    Parent.ended.clear()
    async with open_system() as system:
        router = start_router(system, Parent)
        first = router.send("k", "parent")
        await settle()
        assert await say(router) == "three"

        assert isinstance(await first.outcome(), Aborted)
        assert [type(each) for each in Parent.ended] == [Aborted]


@seeds(5)
async def test_a_turn_that_does_not_end_is_given_up_for_the_next() -> None:
    """After its grace; the prompt that interrupted it runs in a new session."""

    class Deaf(Answers):
        async def take_turn(self, turn: Turn[str, str]) -> str:
            if turn.prompt == "deaf":
                turn.state = ("kept",)
                with trio.CancelScope(shield=True):
                    await trio.sleep(60)
                turn.state = ("too late",)
            return str(turn.state)

    async with open_system() as system:
        router = start_router(system, Deaf)
        first = router.send("k", "deaf")
        await settle()
        second = router.send("k", "next")

        outcome = await first.outcome()
        assert outcome == Aborted(Preempted(second.id, kept=True), turn=1, late=True)
        assert await second.outcome() == Completed("('kept',)", turn=2)


@seeds(5)
async def test_a_turn_can_be_interrupted_by_its_own_code() -> None:
    """It ends at its next checkpoint; the prompt it has sent runs."""

    class Restarts(Answers):
        async def take_turn(self, turn: Turn[str, str]) -> str:
            if turn.prompt == "again":
                router.send("k", "other")
                await trio.sleep(1)
            return turn.prompt

    async with open_system() as system:
        router = start_router(system, Restarts)
        outcome = await router.send("k", "again").outcome()

        assert isinstance(outcome, Aborted)
        assert outcome.turn == 1


@seeds(5)
async def test_who_does_not_want_to_wait_is_refused() -> None:
    """Also by `send_wait` and `open_turn`; the turn is not touched."""
    refuse = WhileBusy.REFUSE
    async with open_system() as system:
        router = start_router(system, Answers, limits=Limits(sessions=2))
        first = router.send("k", "one", busy=refuse)
        await settle()
        with pytest.raises(SessionBusyError):
            await router.send_wait("k", "two", busy=refuse)
        with pytest.raises(SessionBusyError):
            async with router.open_turn("k", "two", busy=refuse):
                pass

        assert await first.outcome() == Completed("one", turn=1)
        assert router.statistics().refused == {"SessionBusyError": 2}
        assert await router.send("k", "two", busy=refuse).outcome() == Completed(
            "two", turn=2
        )


async def test_a_wish_is_looked_at_where_it_is_said() -> None:
    """Not a WhileBusy; and who reads an answer cannot put the prompt into another."""
    wrong: Any = "interrupt"
    async with open_system() as system:
        router = start_router(system, Answers)
        with pytest.raises(TypeError, match="busy must be a WhileBusy"):
            router.send("k", "one", busy=wrong)
        with pytest.raises(TypeError, match="busy must be a WhileBusy"):
            await router.send_wait("k", "one", busy=wrong)
        with pytest.raises(ValueError, match="cannot steer"):
            async with router.open_turn("k", "one", busy=WhileBusy.STEER):
                pass
        assert router.list() == []
